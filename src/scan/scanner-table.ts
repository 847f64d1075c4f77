import type { Kind, Scanner } from '../finding/index.ts';
import { auditDoor } from './scanner-audit.ts';
import { codeDoor } from './scanner-code.ts';
import { dependenciesDoor } from './scanner-dependencies.ts';
import { infrastructureDoor } from './scanner-infrastructure.ts';
import { secretsDoor } from './scanner-secrets.ts';
import type { SettingsSource } from './settings.ts';

/** Settings of one scanner as its factory takes them. Plain JSON: it crosses threads. */
export type ScannerSettings = { readonly [key: string]: unknown };

/** One kind of scanner. What it needs is loaded when it is asked for. */
export type ScannerDoor = {
  /** What the repository and the command line say of it. */
  settings(source: SettingsSource): Promise<ScannerSettings>;
  load(settings: ScannerSettings): Promise<Scanner>;
  /** The same for the thread that puts results together, where it needs more there. Without it, `load`. */
  loadMain?(settings: ScannerSettings, machine: ScanMachine): Promise<Scanner>;
  /** Writes the inventory of what it read of all files. */
  renderInventory?(facts: ReadonlyMap<string, unknown>, options: InventoryOptions): Promise<string>;
  /** Writes what is known of the flaws of what it read; nothing when nothing is known of flaws at all. */
  renderVex?(facts: ReadonlyMap<string, unknown>, options: VexRequest): Promise<string | undefined>;
};

/** What this machine has for scanners. No plain data: it stays on one thread. */
export type ScanMachine = {
  /** Where the records of known vulnerabilities lie, if there are any. */
  readonly advisoriesFolder: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
};

export type InventoryOptions = {
  readonly format: 'cyclonedx' | 'spdx';
  readonly name: string;
  /** Of what was scanned: identifiers come from it. */
  readonly digest: string;
  /** ISO 8601 */
  readonly timestamp: string;
  readonly toolVersion: string;
};

export type VexRequest = Pick<InventoryOptions, 'digest' | 'timestamp' | 'toolVersion'> & {
  readonly settings: ScannerSettings;
  readonly machine: ScanMachine;
  /** Findings that are suppressed, each with what was said. */
  readonly putAside: readonly {
    readonly purl: string;
    readonly advisories: readonly string[];
    readonly note: string;
  }[];
};

export type ScannerTable = { readonly [kind in Kind]?: ScannerDoor };

/**
 * The scanners that there are. A kind that is missing here can't be scanned for: asked for, it is a gap. To add one: a file
 * `scanner-<kind>.ts` with its door, and a line here.
 */
export const SCANNERS: ScannerTable = {
  secrets: secretsDoor,
  code: codeDoor,
  dependencies: dependenciesDoor,
  workflows: auditDoor,
  infrastructure: infrastructureDoor,
  suppressions: {
    settings: () => Promise.resolve({}),
    load: async () => (await import('./inline.ts')).createInlineScanner(),
  },
};
