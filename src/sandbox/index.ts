/**
 * Owns: the walls of a job: namespaces, the read-only root, the system call filter, bounds; their probe, which
 * `doctor` prints; and the interface that every executor implements.
 * Never: knows steps, workflows or secrets; opens a path below a job's writable folders; reads the environment.
 */
export { type BubblewrapOptions, createBubblewrapExecutor } from './bubblewrap.ts';
export {
  type Bounds,
  type Executor,
  INSIDE,
  type Mount,
  type Pod,
  type PodSpec,
  type ProcessExit,
  type ProcessSpec,
  type SandboxProcess,
} from './executor.ts';
export { PIPE_GRACE_MS } from './process.ts';
export { type ProbeOptions, probeMachine } from './probe.ts';
export { explainWalls } from './walls.ts';
