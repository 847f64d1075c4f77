import type { Kind, Scanner } from '../finding/index.ts';
import { dependencies } from './scanner-dependencies.ts';
import type { SettingsSource } from './settings.ts';

/** Settings of one scanner as its factory takes them. Plain JSON: it crosses threads. */
export type ScannerSettings = { readonly [key: string]: unknown };

/** One kind of scanner. What it needs is loaded when it is asked for. */
export type ScannerDoor = {
  /** What the repository and the command line say of it. */
  settings(source: SettingsSource): Promise<ScannerSettings>;
  load(settings: ScannerSettings): Promise<Scanner>;
};

export type ScannerTable = { readonly [kind in Kind]?: ScannerDoor };

/**
 * The scanners that there are. A kind that is missing here can't be scanned for: asked for, it is a gap. To add one: a file
 * `scanner-<kind>.ts` with its door, and a line here.
 */
export const SCANNERS: ScannerTable = {
  dependencies,
  suppressions: {
    settings: () => Promise.resolve({}),
    load: async () => (await import('./inline.ts')).createInlineScanner(),
  },
};
