/**
 * Owns: the only way out of a sandbox: its gateway namespace, DNS, the transparent and explicit proxies, the allow
 * list with its presets and file, and what is recorded of every attempt.
 * Never: decides the trust level of a job, reads the environment or a workspace, forwards a DNS query of a job.
 */
export type { Network, NetworkSpec, ServedPort } from './network.ts';
export { type NetworkDeps, openNetwork, type PreparedNetwork, prepareNetwork } from './open.ts';
export { refusalLine } from './refusal.ts';
