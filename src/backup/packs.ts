import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { AddEntry, ArchiveEntry } from './archive.ts';
import { fault } from './faults.ts';

export type PackTools = {
  readonly gitPath: string;
  /** All that git sees of the environment. */
  readonly env: { readonly [name: string]: string };
  /** A file that nobody else uses, for the pack on its way. */
  readonly spool: string;
};

const ERROR_CHARACTERS_MAX = 500;

/** Adds one pack with everything that these commits and tags lead to. Refs that moved meanwhile change nothing: objects stay. */
export async function exportRepository(
  gitDir: string,
  { id, tips }: { readonly id: number; readonly tips: readonly string[] },
  add: AddEntry,
  tools: PackTools,
): Promise<void> {
  if (tips.length === 0) return;
  const git = start(tools, gitDir, ['pack-objects', '--revs', '--stdout', '--quiet', '--delta-base-offset']);
  try {
    const written = pipeline(git.child.stdout, createWriteStream(tools.spool, { flags: 'wx', mode: 0o600 }));
    git.child.stdin.end(`${tips.join('\n')}\n`);
    await Promise.all([written, git.ended]);
    const { size } = await stat(tools.spool);
    await add(`repositories/${id}.pack`, { bytes: size, stream: createReadStream(tools.spool) });
  } finally {
    git.child.kill('SIGKILL');
    await rm(tools.spool, { force: true });
  }
}

/** Makes an empty bare repository, as the git server does. */
export async function makeRepository(gitDir: string, branch: string, tools: PackTools): Promise<void> {
  const git = start(tools, gitDir, [
    'init',
    '--quiet',
    '--template=',
    '--object-format=sha1',
    `--initial-branch=${branch}`,
  ]);
  git.child.stdin.end();
  await git.ended;
}

/** Puts a pack into a bare repository, every object checked. */
export async function importRepository(entry: ArchiveEntry, gitDir: string, tools: PackTools): Promise<void> {
  const git = start(tools, gitDir, ['index-pack', '--stdin', '--strict']);
  try {
    await Promise.all([pipeline(entry.stream, git.child.stdin), git.ended]);
  } finally {
    git.child.kill('SIGKILL');
  }
}

/** Sets refs, all or none. Git refuses one that leads to no object. */
export async function setRefs(
  gitDir: string,
  refs: readonly { readonly name: string; readonly oid: string }[],
  tools: PackTools,
): Promise<void> {
  const git = start(tools, gitDir, ['update-ref', '--no-deref', '-z', '--stdin']);
  git.child.stdin.end(refs.map(({ name, oid }) => `create ${name}\0${oid}\0`).join(''));
  await git.ended;
}

function start(
  { gitPath, env }: PackTools,
  gitDir: string,
  args: readonly string[],
): { readonly child: ChildProcessWithoutNullStreams; readonly ended: Promise<void> } {
  const child = spawn(gitPath, [`--git-dir=${gitDir}`, ...args], { env: { ...env }, cwd: '/' });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-ERROR_CHARACTERS_MAX);
  });
  if (args[0] !== 'pack-objects') child.stdout.resume();
  const ended = new Promise<void>((done, failed) => {
    child.once('error', failed);
    child.once('close', (code, signal) => {
      if (code === 0) done();
      else failed(fault('git', `git ${args[0] ?? ''} in ${gitDir} ended with ${code ?? signal}: ${said.trim()}`));
    });
  });
  // Whoever waits for it sees it; when the pipe fails first, nobody does.
  ended.catch(() => undefined);
  return { child, ended };
}
