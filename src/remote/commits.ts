import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CommitContent } from '../actions/index.ts';
import { reasonOf, type Secret } from '../base/index.ts';
import { gitEnvironment } from '../git/index.ts';
import { fault } from './faults.ts';

const run = promisify(execFile);
const FETCH_MS_MAX = 10 * 60_000;

/** Fetches into one bare repository go one after the other: git has one lock for its shallow commits. */
const fetching = new Map<string, Promise<unknown>>();

/** Contents of the commit of a run, for `./` actions: fetched with the job's token when they are first asked for, that commit alone. */
export function remoteCommits(
  contents: CommitContent,
  options: {
    readonly url: URL;
    readonly repository: string;
    readonly repositoryId: string;
    readonly jobToken: Secret;
    readonly ca?: string;
    readonly git: string;
    /** Of this runner; holds a bare repository for each. */
    readonly folder: string;
  },
): CommitContent {
  const gitDir = join(
    options.folder,
    `${/^\d{1,16}$/.test(options.repositoryId) ? options.repositoryId : 'other'}.git`,
  );
  const known = new Map<string, Promise<void>>();
  const have = (commit: string): Promise<void> => {
    const asked = known.get(commit) ?? queued(gitDir, () => fetchCommit(gitDir, commit, options));
    known.set(commit, asked);
    return asked;
  };
  const here = async ({ commit }: { readonly commit: string }) => {
    await have(commit);
    return { gitDir, commit };
  };
  return {
    folder: async (source) => contents.folder(await here(source)),
    readText: async (source, path, bytesMax) => contents.readText(await here(source), path, bytesMax),
    digest: async (source, path) => contents.digest(await here(source), path),
  };
}

function queued(gitDir: string, work: () => Promise<void>): Promise<void> {
  const next = (fetching.get(gitDir) ?? Promise.resolve()).catch(() => undefined).then(work);
  fetching.set(gitDir, next);
  return next;
}

async function fetchCommit(
  gitDir: string,
  commit: string,
  { url, repository, jobToken, ca, git, folder }: Parameters<typeof remoteCommits>[1],
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const certificates = join(folder, 'server-ca.pem');
  if (ca !== undefined) await writeFile(certificates, ca, { mode: 0o600 });
  const basic = Buffer.from(`x-access-token:${jobToken.expose()}`).toString('base64');
  // The token is in the environment of git alone: not on its command line, not in a file.
  const env = gitEnvironment([
    ['http.extraHeader', `Authorization: Basic ${basic}`],
    ['protocol.allow', 'never'],
    ['protocol.https.allow', 'always'],
    ['protocol.http.allow', url.protocol === 'http:' ? 'always' : 'never'],
    ['http.followRedirects', 'false'],
    ['transfer.fsckObjects', 'true'],
    ['credential.helper', ''],
    ...(ca === undefined ? [] : [['http.sslCAInfo', certificates] as const]),
  ]);
  const options = { env: { ...env }, cwd: '/', timeout: FETCH_MS_MAX };
  try {
    await run(git, ['init', '--quiet', '--bare', '--template=', gitDir], options);
    const place = `${url.origin}/${repository}.git`;
    await run(
      git,
      ['--git-dir', gitDir, 'fetch', '--quiet', '--no-tags', '--depth=1', '--no-write-fetch-head', place, commit],
      options,
    );
  } catch (thrown) {
    throw fault(
      'unreachable',
      `the commit ${commit} can't be fetched: ${reasonOf(thrown).split('\n').slice(1, 3).join(' ')}`,
      {
        cause: thrown,
      },
    );
  }
}
