import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { excerpt, Fault, reasonOf } from '../base/index.ts';
import type { Gap } from '../finding/index.ts';
import { type Executor, INSIDE } from '../sandbox/index.ts';
import { IMPORT_BYTES_MAX, type Report, type Tool, TOOLS } from '../scan/index.ts';
import type { Machine } from './commands.ts';
import { openExecutor } from './executor.ts';
import { findProgram } from './programs.ts';
import { fault } from './faults.ts';
import { placeOfTool } from './scan-tool-place.ts';
import { findToolchains, isFolder } from './toolchains.ts';

const GIB = 1024 ** 3;
/** How long one tool may take. */
const TOOL_MS_MAX = 15 * 60_000;
/** What is kept of a tool's complaint. */
const COMPLAINT_CHARACTERS_MAX = 300;
/** Where a tool sees what is scanned: read-only. */
const SCANNED = '/scanned';

/** How each tool is run without a network. One without a command needs rules or data that it would fetch. */
const COMMANDS: { readonly [tool in Tool]: readonly string[] | { readonly instead: string } } = {
  bandit: ['bandit', '-r', '-q', '-f', 'json', '--exit-zero', SCANNED],
  betterleaks: [
    'betterleaks',
    'dir',
    '--no-banner',
    '--report-format',
    'json',
    '--report-path',
    '/dev/stdout',
    '--exit-code',
    '0',
    SCANNED,
  ],
  checkov: ['checkov', '-d', SCANNED, '-o', 'json', '--quiet', '--compact', '--soft-fail', '--skip-download'],
  codeql: { instead: 'it needs a database of the code: import its SARIF with --import FILE' },
  gitleaks: [
    'gitleaks',
    'dir',
    '--no-banner',
    '--report-format',
    'json',
    '--report-path',
    '/dev/stdout',
    '--exit-code',
    '0',
    SCANNED,
  ],
  gosec: ['gosec', '-fmt=json', '-quiet', '-no-fail', './...'],
  grype: { instead: 'it needs its database, which is not shown to it: import its JSON with --import FILE' },
  opengrep: ['opengrep', 'scan', '--json', '--quiet', '--config', `${SCANNED}/.semgrep`, SCANNED],
  'osv-scanner': { instead: 'it needs its database, which is not shown to it: import its JSON with --import FILE' },
  poutine: ['poutine', 'analyze_local', '--quiet', '--format', 'json', SCANNED],
  semgrep: [
    'semgrep',
    'scan',
    '--json',
    '--quiet',
    '--metrics=off',
    '--disable-version-check',
    '--config',
    `${SCANNED}/.semgrep`,
    SCANNED,
  ],
  trivy: [
    'trivy',
    'fs',
    '--quiet',
    '--format',
    'json',
    '--scanners',
    'misconfig,secret',
    '--offline-scan',
    '--skip-check-update',
    '--skip-version-check',
    SCANNED,
  ],
  zizmor: ['zizmor', '--offline', '--format', 'json', '--no-exit-codes', SCANNED],
};

export type ToolRuns = { readonly reports: readonly Report[]; readonly gaps: readonly Gap[] };

/** Names of tools as the command line has them. */
export function parseTools(names: readonly string[]): readonly Tool[] {
  return [...new Set(names)].map((name) => {
    const tool = TOOLS.find((one) => one === name);
    if (tool === undefined)
      throw fault('tool-unknown', `there is no tool ${JSON.stringify(name)}: ${TOOLS.join(', ')}`);
    return tool;
  });
}

/**
 * Runs other tools in the sandbox: without a network, with the tree read-only, as no user of this machine. One that is missing,
 * fails or takes too long is a gap.
 */
export async function runTools(
  machine: Machine,
  { tools, root, signal }: { readonly tools: readonly Tool[]; readonly root: string; readonly signal: AbortSignal },
): Promise<ToolRuns> {
  const reports: Report[] = [];
  const gaps: Gap[] = [];
  const found = tools.flatMap((tool) => {
    const command = COMMANDS[tool];
    const program = programOf(machine, tool);
    if ('instead' in command) gaps.push(gapOf(tool, command.instead));
    else if (program === undefined) gaps.push(gapOf(tool, 'it is not on the path'));
    else {
      const place = placeOfTool(program, machine.env['HOME']);
      if (!('refused' in place)) return [{ tool, command: [place.program, ...command.slice(1)] as const, place }];
      gaps.push(gapOf(tool, place.refused));
    }
    return [];
  });
  if (found.length === 0) return { reports, gaps };
  const toolchains = findToolchains({ env: machine.env, named: found.flatMap(({ place }) => place.folders), isFolder });
  const executor = openExecutor(machine, toolchains.folders);
  try {
    for (const { tool, command, place } of found) {
      signal.throwIfAborted();
      try {
        const env = { ...place.variables, PATH: toolchains.searchPath };
        const text = await runTool(executor, { machine, command, root, env, signal });
        reports.push({ name: tool, text, tool, root: SCANNED });
      } catch (thrown) {
        // A wall that this machine can't raise is told as everywhere else; what a tool does wrong is a gap.
        if (thrown instanceof Fault && thrown.status === 503) throw thrown;
        gaps.push(gapOf(tool, reasonOf(thrown)));
      }
    }
  } finally {
    await executor.close();
  }
  return { reports, gaps };
}

function gapOf(tool: string, reason: string): Gap {
  return { code: 'tool-failed', reason: `${tool} did not run: ${reason}` };
}

function programOf({ env }: Machine, tool: string): string | undefined {
  try {
    return findProgram(env, tool);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'bin/program-missing') return undefined;
    throw thrown;
  }
}

type ToolRun = {
  readonly machine: Machine;
  readonly command: readonly [string, ...string[]];
  readonly root: string;
  readonly env: { readonly [name: string]: string };
  readonly signal: AbortSignal;
};

/** One command in a pod of its own: no shell, no network, the tree read-only. Answers what it prints. */
async function runTool(executor: Executor, { machine, command, root, env, signal }: ToolRun): Promise<string> {
  const id = `tool-${randomUUID()}`;
  const scratch = join(machine.places.state, 'jobs', id);
  await mkdir(scratch, { recursive: true, mode: 0o711 });
  const bounds = { memoryBytesMax: 8 * GIB, processesMax: 512, cpusMax: availableParallelism(), diskBytesMax: 4 * GIB };
  const pod = await executor.open({ id, bounds, require: [], scratch });
  try {
    const child = pod.start({
      command,
      env: { ...env, HOME: INSIDE.home, LC_ALL: 'C.UTF-8', NO_COLOR: '1' },
      cwd: SCANNED,
      mounts: [{ host: root, inside: SCANNED, writable: false }],
      isolation: 'per-step',
    });
    const end = () => child.signal('SIGKILL');
    const timer = setTimeout(end, TOOL_MS_MAX);
    signal.addEventListener('abort', end, { once: true });
    const [output, complaint] = await Promise.all([
      textOf(child.stdout, IMPORT_BYTES_MAX),
      textOf(child.stderr, IMPORT_BYTES_MAX),
    ]);
    const { code, reason } = await child.exited;
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    // Some end with another code than 0 when they have found something: what they print counts.
    if (/^\s*[[{n]/.test(output)) return output;
    const why = complaint.trim().replaceAll(/\s+/g, ' ');
    throw fault('tool-failed', `it ended with ${reason ?? code}: ${excerpt(why, COMPLAINT_CHARACTERS_MAX)}`);
  } finally {
    await pod.close();
  }
}

/** The text of a stream. More than the limit is read and dropped: its reader then finds that it is cut. */
async function textOf(stream: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
