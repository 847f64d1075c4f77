/**
 * Owns: the only way out of a sandbox: its gateway namespace, DNS, the transparent and explicit proxies, the allow
 * list with its presets and file, and what is recorded of every attempt.
 * Never: decides the trust level of a job, reads the environment or a workspace, forwards a DNS query of a job.
 */
export { canonicalAddress, classifyAddress } from './address.ts';
export {
  type EgressDiagnostic,
  type EgressFileReading,
  type EgressLists,
  readEgressFile,
} from './egress-file.ts';
export { type MachineSettings, type MachineSources, readMachineSettings } from './machine.ts';
export { GATEWAY_PORT, type Network, type NetworkSpec, type ServedPort } from './network.ts';
export { type NetworkDeps, openNetwork, type PreparedNetwork, prepareNetwork } from './open.ts';
export { isPresetName, PRESET_NAMES, type PresetName, presetHosts } from './presets.ts';
export { proposeEgress } from './propose.ts';
export { EGRESS_FILE, refusalLine } from './refusal.ts';
