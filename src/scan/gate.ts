import type { Kind } from '../finding/index.ts';
import type { ScannerShelf } from './load-scanners.ts';
import { runScan, type ScanDeps, type ScanResult } from './run-scan.ts';

export type GateOptions = {
  /** What is looked for in every change. */
  readonly kinds: readonly Kind[];
  /** Also in every line that its commits added, whether or not a later one took it out again: what is pushed stays in the history. */
  readonly history: boolean;
  /** What is kept between scans are scanners only: each change is looked at whole. */
  readonly deps: Omit<ScanDeps, 'today' | 'machine' | 'signal' | 'onProgress' | 'cacheFile' | 'buildId' | 'shelf'>;
};

export type GateChange = {
  /** Absolute path of a repository; bare is fine. */
  readonly root: string;
  /** The commit that the change goes onto: its settings and suppressions count, those that the change brings do not. */
  readonly base: string;
  readonly head: string;
  /** `YYYY-MM-DD` and the clock of this scan: a gate lives for days. */
  readonly today: string;
  readonly machine: ScanDeps['machine'];
  readonly signal: AbortSignal;
};

/** Judges changes one after the other, or several at once, in a process that stays: what a scanner takes to load is paid once. */
export type Gate = {
  scan(change: GateChange): Promise<ScanResult>;
};

export function openGate({ kinds, history, deps }: GateOptions): Gate {
  const shelf: ScannerShelf = new Map();
  return {
    scan: ({ root, base, head, today, machine, signal }) =>
      runScan(
        {
          root,
          paths: [],
          kinds,
          mode: { kind: 'change', base, head },
          gate: base,
          everything: false,
          history,
          imports: [],
          gaps: [],
          baseline: new Set(),
          options: {},
        },
        { ...deps, today, machine, signal, shelf, cacheFile: undefined, buildId: '', onProgress: () => {} },
      ),
  };
}
