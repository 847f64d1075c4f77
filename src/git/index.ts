/**
 * Owns: how git answers over smart HTTP: one process for each request, what it sees of the machine, and the limits of request, process
 * and queue.
 * Never: decides who may read or write, knows where repositories are, dials out.
 */
export { type ConfigEntry, gitEnvironment, limitedCommand, SERVING } from './environment.ts';
export { CommandSection, type CommandSectionLimits } from './command-section.ts';
export { type GitLimits, gitLimits, type Protocol, protocolOf, refuse, type Slots, slotsOf } from './request.ts';
export { type GitOutcome, type GitService, type RunningGit, serveGit } from './serve.ts';
