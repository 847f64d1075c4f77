/**
 * Owns: the decision whether a plan may run, and the permit that says so.
 * Never: lets anyone else make a permit, changes a plan, starts a run.
 */
export { type Decision, type Denial, decideLocalRun, type LocalFacts } from './local.ts';
export type { Permit } from './permit.ts';
export { decideServerRun, type ServerFacts } from './server.ts';
