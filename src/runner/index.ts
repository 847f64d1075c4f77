/**
 * Owns: one lease at a time, from sandbox to outcome: gateway, steps, actions, logs, masks, matchers, env files.
 * Never: opens a path that a job can write, runs git in a workspace, decides what may run or holds another job's state.
 */
export { builtinFor } from './builtin.ts';
export type { GatewayServer } from './gateway.ts';
export { createRunner, type FinishedJob, type RunJob, type RunnerDeps } from './job.ts';
