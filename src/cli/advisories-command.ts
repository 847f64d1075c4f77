import { resolve } from 'node:path';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { harmless } from './harmless.ts';

/** What `sallyport advisories sync` was asked for. */
export type AdvisoriesSyncRequest = {
  readonly from: string | undefined;
  /** None: all that the inventory knows. */
  readonly ecosystems: readonly string[];
  readonly epss: string | undefined;
  readonly exploited: string | undefined;
  /** Fetches everything anew, instead of what changed. */
  readonly full: boolean;
};

/** What `sallyport advisories import` was asked for. Paths are absolute. */
export type AdvisoriesImportRequest = {
  readonly paths: readonly string[];
  /** A file with the public key of who made a bundle, or the key itself. */
  readonly trustKey: string | undefined;
  /** Leaves nothing of what was there. */
  readonly replace: boolean;
};

/** What is there after a command. */
export type AdvisoriesStatus = {
  readonly created: string;
  readonly ageDays: number;
  readonly digest: string;
  /** Who imports this bundle elsewhere names this key. */
  readonly publicKey: string;
  readonly file: string;
  readonly epss: string;
  readonly exploited: string;
  readonly sources: readonly string[];
  readonly ecosystems: readonly {
    readonly ecosystem: string;
    readonly advisories: number;
    readonly malicious: number;
  }[];
};

export type AdvisoriesCommands = {
  sync(request: AdvisoriesSyncRequest, onProgress: (line: string) => void): Promise<AdvisoriesStatus>;
  import(request: AdvisoriesImportRequest, onProgress: (line: string) => void): Promise<AdvisoriesStatus>;
  /** Nothing when there are no advisories yet. */
  status(): Promise<AdvisoriesStatus | undefined>;
};

export type AdvisoriesOptions = {
  readonly from?: string;
  readonly ecosystem?: readonly string[];
  readonly epss?: string;
  readonly exploited?: string;
  readonly full?: true;
  readonly trustKey?: string;
  readonly replace?: true;
  readonly json?: true;
};

/** `sallyport advisories sync` */
export async function syncAdvisories(
  options: AdvisoriesOptions,
  { terminal, commands }: CliDependencies,
): Promise<number> {
  const request = {
    from: options.from,
    ecosystems: options.ecosystem ?? [],
    epss: options.epss,
    exploited: options.exploited,
    full: options.full === true,
  };
  const status = await commands.advisories.sync(request, progressTo(terminal));
  print(status, options, terminal);
  return EXIT.success;
}

/** `sallyport advisories import FILE…` */
export async function importAdvisories(
  paths: readonly string[],
  options: AdvisoriesOptions,
  { cwd, terminal, commands }: CliDependencies,
): Promise<number> {
  const request = {
    paths: paths.map((path) => resolve(cwd, path)),
    trustKey: options.trustKey,
    replace: options.replace === true,
  };
  const status = await commands.advisories.import(request, progressTo(terminal));
  print(status, options, terminal);
  return EXIT.success;
}

/** `sallyport advisories status`: exit code 1 when there are none. */
export async function showAdvisories(
  options: AdvisoriesOptions,
  { terminal, commands }: CliDependencies,
): Promise<number> {
  const status = await commands.advisories.status();
  if (status !== undefined) {
    print(status, options, terminal);
    return EXIT.success;
  }
  if (options.json === true) terminal.write('null\n');
  terminal.writeError(
    'there are no advisories on this machine\nhelp: run sallyport advisories sync, or import a file\n',
  );
  return EXIT.failure;
}

type Terminal = CliDependencies['terminal'];

/** On standard error: standard output is the answer. */
function progressTo(terminal: Terminal): (line: string) => void {
  return (line) => terminal.writeError(`${harmless(line, false)}\n`);
}

function print(status: AdvisoriesStatus, { json }: AdvisoriesOptions, terminal: Terminal): void {
  if (json === true) {
    terminal.write(`${JSON.stringify(status)}\n`);
    return;
  }
  const age = status.ageDays < 1 ? 'today' : `${Math.floor(status.ageDays)} days old`;
  const lines = [
    `advisories from ${status.created} (${age})`,
    ...status.ecosystems.map(
      ({ ecosystem, advisories, malicious }) =>
        `  ${ecosystem}: ${advisories} advisories${malicious === 0 ? '' : `, ${malicious} malicious packages`}`,
    ),
    `  EPSS: ${status.epss || 'none'}; known exploited: ${status.exploited || 'none'}`,
    `  ${status.file}`,
    `  ${status.digest}, signed by the key ${status.publicKey}`,
  ];
  terminal.write(`${lines.map((line) => harmless(line, false)).join('\n')}\n`);
}
