import { z } from 'zod';
import { type DataObject, excerpt, isFault, reasonOf, startTimer } from '../base/index.ts';
import { INSIDE, type Mount, type ProcessExit, type SandboxProcess } from '../sandbox/index.ts';
import type { EnvFileKind } from '../workflow/index.ts';
import { parseEnvFile } from '../workflow/index.ts';
import { fault, told } from './faults.ts';
import type { Session, Subject, Variable } from './session.ts';
import { StepLog } from './step-log.ts';
import { processEnvironment } from './variables.ts';

/** After the interrupt, how long a step may tidy up. Source: actions/runner, src/Runner.Sdk/ProcessInvoker.cs. */
const SIGINT_GRACE_MS = 7500;
/** After SIGTERM, how long until it is killed. Same source. */
const SIGTERM_GRACE_MS = 2500;
/** What one env file may hold. */
const ENV_FILE_BYTES_MAX = 1024 * 1024;

/** Who wrote the env files of a process: decides what may be set for later steps (K28). */
export type Writer = 'script' | 'local-action' | 'remote-action';

export type Launch = {
  /** Key of the step, as in events. */
  readonly step: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly github: DataObject;
  readonly variables: ReadonlyMap<string, Variable>;
  /** Variables of this process alone: INPUT_*, STATE_*, ACTIONS_*, hoisted values. */
  readonly additions: { readonly [name: string]: string };
  readonly mounts: readonly Mount[];
  readonly writer: Writer;
  /** The process was given text that an outsider could have written. */
  readonly fed: boolean;
  /** Later steps of the job name secrets. */
  readonly secretsFollow: boolean;
  readonly timeoutMs?: number;
};

export type LaunchEnd = {
  readonly exit: ProcessExit;
  readonly ended: 'exited' | 'timed-out' | 'cancelled';
  readonly outputs: { readonly [name: string]: string };
  readonly state: ReadonlyMap<string, string>;
  /** Something that the process wrote was refused: the step fails with this. */
  readonly refusal?: string;
};

/** The env files of one process: each is bound into this process alone and read through an own descriptor. */
const FILES = [
  { kind: 'env', variable: 'GITHUB_ENV' },
  { kind: 'output', variable: 'GITHUB_OUTPUT' },
  { kind: 'state', variable: 'GITHUB_STATE' },
  { kind: 'path', variable: 'GITHUB_PATH' },
  { kind: 'summary', variable: 'GITHUB_STEP_SUMMARY' },
  { kind: 'artifacts', variable: 'GITHUB_ARTIFACTS' },
] as const satisfies readonly { kind: EnvFileKind; variable: string }[];

type PrivateFile = Awaited<ReturnType<Session['pod']['privateFile']>>;

/** Runs one process of a step in the sandbox, with its log, env files, deadline and cancellation. */
export async function launch(session: Session, request: Launch): Promise<LaunchEnd> {
  session.enterStep(request.step);
  const number = session.nextNumber();
  const files = new Map<EnvFileKind, PrivateFile>();
  const mounts: Mount[] = [...session.baseMounts, ...request.mounts];
  const env = processEnvironment(session, request.github, request.variables, request.additions);
  await Promise.all(
    FILES.map(async ({ kind, variable }) => {
      const file = await session.pod.privateFile(`${number}-${kind}`, '');
      const inside = `${INSIDE.commands}/${number}-${kind}`;
      files.set(kind, file);
      mounts.push({ host: file.path, inside, writable: true });
      env[variable] = inside;
    }),
  );
  const listInside = `${INSIDE.commands}/${number}-artifacts-list`;
  mounts.push({ host: await session.subjectList(), inside: listInside, writable: false });
  env['GITHUB_ARTIFACTS_LIST'] = listInside;
  const matchers: Promise<void>[] = [];
  const log = new StepLog(session, request.step, (change, path) =>
    matchers.push(changeMatchers(session, request, change, path)),
  );
  const process = session.pod.start({
    command: request.command,
    env,
    cwd: request.cwd,
    mounts,
    isolation: session.lease.isolation,
  });
  const { exit, ended } = await follow(session, request.step, process, log, request.timeoutMs);
  if (exit.reason !== undefined)
    session.say(request.step, `The sandbox ended the step: ${boundText(exit.reason)}`, 'error');
  await Promise.all(matchers);
  const written = await readFiles(session, request, files, log);
  return { exit, ended, ...written };
}

function boundText(reason: NonNullable<ProcessExit['reason']>): string {
  switch (reason) {
    case 'memory':
      return 'it used more memory than the job may have.';
    case 'disk':
      return 'it used more disk than the job may have.';
    case 'pod':
      return 'the sandbox of the job was closed.';
    case 'setup':
      return 'the program could not be started behind its walls. The line above tells why; a `working-directory` must exist.';
  }
}

/** Pumps the output until the process has ended; interrupts it at its deadline or when the job is cancelled. */
async function follow(
  session: Session,
  step: string,
  process: SandboxProcess,
  log: StepLog,
  timeoutMs: number | undefined,
): Promise<{ exit: ProcessExit; ended: LaunchEnd['ended'] }> {
  let ended: LaunchEnd['ended'] = 'exited';
  const timers: NodeJS.Timeout[] = [];
  const interrupt = (why: 'timed-out' | 'cancelled') => {
    if (ended !== 'exited') return;
    ended = why;
    process.signal('SIGINT');
    timers.push(setTimeout(() => process.signal('SIGTERM'), SIGINT_GRACE_MS));
    timers.push(setTimeout(() => process.signal('SIGKILL'), SIGINT_GRACE_MS + SIGTERM_GRACE_MS));
  };
  const off = session.onInterrupt(step, (state) => {
    if (state === 'cancel') return interrupt('cancelled');
    ended = ended === 'exited' ? 'cancelled' : ended;
    process.signal('SIGKILL');
  });
  const stopTimer = timeoutMs === undefined ? undefined : startTimer(timeoutMs, () => interrupt('timed-out'));
  // What a process prints must not end the runner. What can't be taken in, as a mask too many, ends the job: from there
  // on a secret could be shown.
  let isBroken = false;
  const guarded = (act: () => void) => {
    if (isBroken) return;
    try {
      act();
    } catch (error) {
      isBroken = true;
      session.log.error('Log of a step not taken in', { step, reason: reasonOf(error) });
      session.force(isFault(error) ? told(error) : reasonOf(error));
    }
  };
  const pump = (stream: SandboxProcess['stdout']) => {
    const lines = log.stream();
    stream.on('data', (chunk: Buffer) => guarded(() => lines.push(chunk)));
    return () => guarded(() => lines.end());
  };
  const ends = [pump(process.stdout), pump(process.stderr)];
  const exit = await process.exited;
  for (const end of ends) end();
  off();
  stopTimer?.();
  for (const timer of timers) clearTimeout(timer);
  return { exit, ended };
}

/** Takes over what the process wrote to its env files. A file that is refused changes nothing. */
async function readFiles(
  session: Session,
  request: Launch,
  files: ReadonlyMap<EnvFileKind, PrivateFile>,
  log: StepLog,
): Promise<Omit<LaunchEnd, 'exit' | 'ended'>> {
  const outputs: { [name: string]: string } = Object.fromEntries(log.outputs);
  const state = new Map(log.state);
  const refusals: string[] = [...log.refusals];
  for (const [kind, file] of files) {
    try {
      const bytes = await file.read(ENV_FILE_BYTES_MAX);
      if (bytes.length === 0) continue;
      await take(session, request, kind, bytes, { outputs, state });
    } catch (error) {
      if (!isFault(error)) throw error;
      refusals.push(`${FILES.find((entry) => entry.kind === kind)?.variable ?? kind}: ${told(error)}`);
    }
  }
  return { outputs, state, ...(refusals.length === 0 ? {} : { refusal: refusals.join('\n') }) };
}

async function take(
  session: Session,
  request: Launch,
  kind: EnvFileKind,
  bytes: Buffer,
  into: { outputs: { [name: string]: string }; state: Map<string, string> },
): Promise<void> {
  const refuseLoaderVariables = loaderVariablesRefused(session, request);
  const parsed = parseEnvFile(bytes, kind, { refuseLoaderVariables });
  switch (parsed.kind) {
    case 'env':
      for (const { name, value } of parsed.entries) {
        session.variables.set(name, { value, influenced: isTainted(session, request) });
      }
      return;
    case 'output':
      for (const { name, value } of parsed.entries) into.outputs[name] = value;
      return;
    case 'state':
      for (const { name, value } of parsed.entries) into.state.set(name, value);
      return;
    case 'path':
      if (request.fed && request.writer !== 'remote-action' && request.secretsFollow) {
        throw fault('env-file', 'a step that was given outside text may not change PATH for steps that hold secrets');
      }
      for (const entry of parsed.entries) session.searchPath.unshift(entry);
      return;
    case 'summary':
      session.emit({
        kind: 'summary',
        time: session.clock.now(),
        step: request.step,
        markdown: session.masker.maskText(parsed.markdown),
      });
      return;
    case 'artifacts':
      session.addSubjects(parsed.subjects.map((subject) => ({ ...subject, kind: 'oci' })));
      if (parsed.files.length > 0) session.addSubjects(await digestFiles(session, request.step, parsed.files));
      return;
  }
}

/** Everything that a step of an untrusted run writes, and what a step wrote that was fed outside text, is tainted. */
export function isTainted(session: Session, request: { readonly fed: boolean }): boolean {
  return session.level === 'untrusted' || request.fed;
}

/**
 * Variables that load code into later processes are refused when the writer could have been steered: scripts and local
 * actions that were given outside text, that run untrusted, or (they call code of dependencies) when later steps hold
 * secrets. An action from the lock may set them, as `actions/setup-python` sets LD_LIBRARY_PATH, unless both it was given
 * outside text and the run is untrusted.
 */
function loaderVariablesRefused(session: Session, request: Launch): boolean {
  const isUntrusted = session.level === 'untrusted';
  if (request.writer === 'remote-action') return request.fed && isUntrusted;
  return request.fed || isUntrusted || request.secretsFollow;
}

/** Runs one of Sallyport's own programs inside and returns what it printed. Its messages go to the step's log. */
export async function runInside(
  session: Session,
  request: {
    readonly step: string;
    readonly program: string;
    readonly args: readonly string[];
    readonly input?: string;
    readonly bytesMax: number;
    readonly env?: { readonly [name: string]: string };
    readonly mounts?: readonly Mount[];
  },
): Promise<Buffer> {
  const process = session.pod.start({
    command: [INSIDE_NODE, insideProgram(request.program), ...request.args],
    env: { PATH: '/usr/bin:/bin', HOME: session.paths.home, ...request.env },
    cwd: session.paths.workspace,
    isolation: session.lease.isolation,
    ...(request.mounts === undefined ? {} : { mounts: request.mounts }),
    ...(request.input === undefined ? {} : { stdin: Buffer.from(request.input) }),
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  process.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= request.bytesMax) chunks.push(chunk);
    else process.signal('SIGKILL');
  });
  let complaint = '';
  process.stderr.on('data', (chunk: Buffer) => {
    complaint = excerpt(complaint + chunk.toString('utf8'), 2000);
  });
  const timer = setTimeout(() => process.signal('SIGKILL'), INSIDE_PROGRAM_MS_MAX);
  const exit = await process.exited;
  clearTimeout(timer);
  if (bytes > request.bytesMax) {
    throw fault('inside-program', `${request.program} printed more than ${request.bytesMax} bytes`);
  }
  if (exit.code !== 0) {
    throw fault(
      'inside-program',
      `${request.program} ended with ${exit.code}: ${session.masker.maskText(complaint.trim())}`,
    );
  }
  return Buffer.concat(chunks);
}

const DIGEST_LIST_BYTES_MAX = 1024 * 1024;
const digestList = z.array(z.strictObject({ name: z.string(), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }));

/** Digests of files that a step declares as built. They are the job's own word: what provenance says is decided later. */
async function digestFiles(session: Session, step: string, files: readonly string[]): Promise<readonly Subject[]> {
  const printed = await runInside(session, {
    step,
    program: 'digest-files',
    args: [],
    input: JSON.stringify(files),
    bytesMax: DIGEST_LIST_BYTES_MAX,
    env: { GITHUB_WORKSPACE: session.paths.workspace },
  });
  const read = digestList.safeParse(JSON.parse(printed.toString('utf8')));
  if (!read.success) throw fault('inside-program', 'digest-files printed something else than digests');
  return read.data.map((subject) => ({ ...subject, kind: 'file' }));
}

/** A problem matcher file of the job is read inside, like every path that the job names. */
async function changeMatchers(
  session: Session,
  request: Launch,
  change: 'add' | 'remove',
  path: string,
): Promise<void> {
  const { step, mounts } = request;
  try {
    const file = path.startsWith('/') ? path : `${session.paths.workspace}/${path}`;
    // Actions bring their matchers along: any place inside will do, what is there is the job's own.
    const bytes = await runInside(session, {
      step,
      program: 'read-file',
      args: [file, String(MATCHER_BYTES_MAX)],
      bytesMax: MATCHER_BYTES_MAX,
      env: { GITHUB_WORKSPACE: '/' },
      mounts,
    });
    if (change === 'add') session.matchers.add(bytes.toString('utf8'));
    else session.matchers.removeFile(bytes.toString('utf8'));
  } catch (error) {
    if (!isFault(error)) throw error;
    session.say(step, `${change}-matcher: ${error.message}`, 'warning');
  }
}

/** A problem matcher file. */
const MATCHER_BYTES_MAX = 256 * 1024;

/** What `hash-files` prints. */
const HASH_BYTES_MAX = 4096;

/** Computes `hashFiles(…)` of an expression, inside. */
export async function hashFiles(session: Session, step: string, patterns: readonly string[]): Promise<string> {
  const out = await runInside(session, {
    step,
    program: 'hash-files',
    args: [],
    input: JSON.stringify(patterns),
    bytesMax: HASH_BYTES_MAX,
    env: { GITHUB_WORKSPACE: session.paths.workspace },
  });
  return out.toString('utf8').trim();
}

/** The longest that a program of ours may take inside, as hashing a large workspace. */
const INSIDE_PROGRAM_MS_MAX = 10 * 60 * 1000;

export const INSIDE_NODE = '/sallyport/node';

/** Where one of our own programs lies inside: sources in a checkout, bundled JavaScript in the package. */
export function insideProgram(name: string): string {
  const isBuilt = import.meta.url.endsWith('.js');
  return isBuilt ? `/sallyport/inside/${name}.mjs` : `/sallyport/src/runner/inside/${name}.ts`;
}
