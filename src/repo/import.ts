import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { excerpt, isFault } from '../base/index.ts';
import { limitedCommand } from '../git/index.ts';
import { askGit } from '../source/index.ts';
import { importEnvironment } from './environment.ts';
import { discardImport } from './deletion.ts';
import { fault } from './faults.ts';
import { gitDirOf, rememberProcess, sizeOfFolder } from './folder.ts';
import { answerHooks } from './hook.ts';
import { type ImportFrom, type ImportNetwork, type ImportSource, importSource } from './import-source.ts';
import { refProblem } from './names.ts';
import type { Principal } from './principal.ts';
import { prepareMove, settleMoves, type RefLogDeps } from './ref-log.ts';
import { change, createRepository, type RepositoriesDeps, type RepositoryRow } from './repositories.ts';
import { ZERO } from './rules.ts';

export type ImportProgress = {
  readonly phase: 'looking' | 'receiving' | 'resolving' | 'recording';
  /** Of the phase; nothing when git does not tell. */
  readonly percent?: number;
};

export type ImportRequest = {
  readonly owner: string;
  readonly name: string;
  readonly from: ImportFrom;
  readonly principal: Principal;
  readonly progress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
};

export type ImportDeps = RepositoriesDeps & {
  readonly refLog: RefLogDeps;
  readonly network: ImportNetwork;
  readonly repositoryBytesMax: number;
};

const IMPORT_MS_MAX = 6 * 60 * 60_000;
const LOOK_MS_MAX = 60_000;
const LOOK_BYTES_MAX = 32 * 1024 * 1024;
/** Refs of one import. */
const REFS_MAX = 50_000;
const HOOK_BYTES_MAX = REFS_MAX * 300;
const MEMORY_BYTES_MAX = 4 * 1024 ** 3;
/** How often the growing repository is measured. */
const MEASURE_MS = 500;
const ERROR_BYTES_MAX = 4096;
const PUSH_ID_BYTES = 12;

/**
 * Makes a new repository of another one: branches and tags, each with its entry; nothing runs. Until it is whole the repository can't
 * be read, and after a failure it is deleted. Faults: `repo/import-refused`, `repo/import-failed`, `repo/over-quota`, and those of creation.
 */
export async function importRepository(deps: ImportDeps, request: ImportRequest): Promise<RepositoryRow> {
  const { owner, name, principal } = request;
  const id = Buffer.from(deps.random(PUSH_ID_BYTES)).toString('hex');
  const staged = join(deps.folders.staging, `import-${id}`);
  await mkdir(staged, { recursive: true, mode: 0o700 });
  try {
    request.progress?.({ phase: 'looking' });
    const source = await importSource(request.from, {
      staged,
      bytesMax: deps.repositoryBytesMax,
      network: deps.network,
    });
    const defaultBranch = await defaultBranchOf(deps, source, staged);
    const repository = await createRepository(deps, { owner, name, defaultBranch }, { principal, state: 'importing' });
    try {
      await fetchAll(deps, { request, source, repository, push: id });
      return await change(
        deps,
        repository.id,
        { principal, action: 'repository.import', from: ['importing'] },
        async () => ({ state: 'active' as const }),
      );
    } catch (thrown) {
      await discardImport(deps, repository.id, principal);
      throw thrown;
    }
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

/** The branch that the other side shows first, when its name is one that is taken here. */
async function defaultBranchOf(deps: ImportDeps, source: ImportSource, staged: string): Promise<string> {
  const env = importEnvironment(deps.folders, staged, source.settings);
  const place = { gitDir: join(staged, 'none'), cwd: staged };
  try {
    const opened = source.settings.flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const { stdout } = await askGit(
      { path: deps.gitPath, env },
      place,
      [...opened, 'ls-remote', '--symref', '--quiet', '--end-of-options', source.place, 'HEAD'],
      { msMax: LOOK_MS_MAX, bytesMax: LOOK_BYTES_MAX },
    );
    const branch = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(stdout.toString('utf8'))?.[1];
    return branch !== undefined && refProblem(`refs/heads/${branch}`) === undefined ? branch : 'main';
  } catch (thrown) {
    throw fault('import-failed', excerpt(isFault(thrown) ? thrown.message : String(thrown), 400), { cause: thrown });
  }
}

type Fetch = {
  readonly request: ImportRequest;
  readonly source: ImportSource;
  readonly repository: RepositoryRow;
  readonly push: string;
};

async function fetchAll(deps: ImportDeps, { request, source, repository, push }: Fetch): Promise<void> {
  const gitDir = gitDirOf(deps.folders, repository.id);
  const child = startFetch(deps, gitDir, source);
  const end = () => killGroup(child);
  let problem: string | undefined;
  let isOverQuota = false;
  const socket = child.stdio[3];
  if (isDuplex(socket)) {
    socket.on('error', end);
    answerHooks(socket, HOOK_BYTES_MAX, async (call) => {
      if (call.kind !== 'prepared') return { isAllowed: call.kind === 'aborted' };
      request.progress?.({ phase: 'recording' });
      const lines = call.lines.filter(({ ref }) => ref.startsWith('refs/'));
      const refused = lines.find(({ ref, old }) => refProblem(ref) !== undefined || old !== ZERO);
      if (lines.length > REFS_MAX) problem = `more than ${REFS_MAX} refs`;
      else if (refused !== undefined)
        problem = `${excerpt(refused.ref, 200)}: ${refProblem(refused.ref) ?? 'is there'}`;
      if (problem !== undefined) return { isAllowed: false, lines: [problem] };
      const { principal } = request;
      const { id: repositoryId, defaultBranch } = repository;
      await prepareMove(deps.refLog, { repositoryId, push, cause: 'import', principal, lines, defaultBranch });
      return { isAllowed: true };
    });
  }
  const deadline = setTimeout(end, IMPORT_MS_MAX);
  const measure = setInterval(() => {
    void sizeOfFolder(gitDir).then(
      (bytes) => {
        if (bytes <= deps.repositoryBytesMax) return;
        isOverQuota = true;
        end();
      },
      () => undefined,
    );
  }, MEASURE_MS);
  request.signal?.addEventListener('abort', end, { once: true });
  if (request.signal?.aborted === true) end();
  const forget = child.pid === undefined ? undefined : await rememberProcess(deps.folders, child.pid);
  try {
    const { code, stderr } = await endOf(child, request.progress);
    const bytes = await sizeOfFolder(gitDir);
    if (isOverQuota || bytes > deps.repositoryBytesMax) {
      throw fault('over-quota', `the repository has more than ${deps.repositoryBytesMax} bytes`);
    }
    if (code !== 0) throw fault('import-failed', problem ?? excerpt(stderr.trim(), 400));
    await settleMoves(deps.refLog, repository.id, push);
  } finally {
    clearTimeout(deadline);
    clearInterval(measure);
    request.signal?.removeEventListener('abort', end);
    await forget?.();
  }
}

function startFetch(deps: ImportDeps, gitDir: string, source: ImportSource): ChildProcess {
  const git = [
    `--git-dir=${gitDir}`,
    'fetch',
    '--atomic',
    '--progress',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-recurse-submodules',
    '--no-auto-maintenance',
    '--end-of-options',
    source.place,
    '+refs/heads/*:refs/heads/*',
    '+refs/tags/*:refs/tags/*',
  ];
  const [program, args] = limitedCommand([deps.gitPath, ...git], MEMORY_BYTES_MAX);
  return spawn(program, args, {
    env: importEnvironment(deps.folders, gitDir, source.settings),
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
}

const PHASES: readonly (readonly [RegExp, ImportProgress['phase']])[] = [
  [/^Receiving objects: +(\d+)%/, 'receiving'],
  [/^Resolving deltas: +(\d+)%/, 'resolving'],
];

function endOf(
  child: ChildProcess,
  progress: ImportRequest['progress'],
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  let stderr = '';
  let line = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (line + text).split(/[\r\n]/);
    line = (parts.pop() ?? '').slice(-ERROR_BYTES_MAX);
    for (const part of parts) {
      const told = PHASES.map(([form, phase]) => ({ phase, percent: form.exec(part)?.[1] })).find(
        ({ percent }) => percent !== undefined,
      );
      if (told?.percent !== undefined) progress?.({ phase: told.phase, percent: Number(told.percent) });
      else stderr = `${stderr}${part}\n`.slice(-ERROR_BYTES_MAX);
    }
  });
  return new Promise((resolve, reject) => {
    child.once('error', (thrown) => reject(fault('import-failed', thrown.message, { cause: thrown })));
    child.once('close', (code) => resolve({ code, stderr: stderr + line }));
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function isDuplex(stream: unknown): stream is Duplex {
  return typeof stream === 'object' && stream !== null && 'write' in stream && 'read' in stream;
}
