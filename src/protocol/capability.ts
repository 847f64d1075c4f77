/** How well a wall stands on this machine. */
export type WallState = 'hard' | 'soft' | 'missing';

export const WALLS = [
  'user-namespace',
  'network',
  'processes',
  'filesystem',
  'seccomp',
  'hard-memory',
  'hard-pids',
  'hard-cpu',
  'hard-disk',
  'per-step',
] as const;
export type WallName = (typeof WALLS)[number];

/** One line of `sallyport doctor`. */
export type Wall = {
  readonly name: WallName;
  readonly state: WallState;
  /** Why it is so. */
  readonly reason: string;
  /** The command that mends it, when it is not hard. */
  readonly remedy?: string;
};

/** What a runner's machine can do: `sallyport doctor --json`, later sent at registration. */
export type CapabilityRecord = {
  readonly version: 1;
  readonly platform: { readonly os: string; readonly arch: string; readonly kernel: string; readonly root: boolean };
  readonly walls: readonly Wall[];
  /** Tools with their versions or nothing: `bwrap`, `git`, `node`, … */
  readonly tools: { readonly [name: string]: string | null };
};
