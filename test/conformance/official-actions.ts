import { execFile, fork } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ClientResult } from './clients.ts';
import { openRig, type Rig } from './rig.ts';

export type Check = { readonly name: string; readonly ok: boolean; readonly detail: string };

/** The longest that all clients together may take. Milliseconds. */
const CLIENTS_MS_MAX = 180_000;
const CLIENTS = fileURLToPath(import.meta.resolve('./clients.ts'));
const LOCALHOST = fileURLToPath(import.meta.resolve('./localhost.ts'));
const run = promisify(execFile);

/** The npm clients and git against a gateway on a loopback port. */
export async function checkClients(report: (check: Check) => void): Promise<void> {
  await using rig = await openRig();
  for (const folder of ['workspace', 'temp']) await mkdir(join(rig.dir, folder));
  await runClients(rig, report);
  await checkGit(rig, report);
}

async function runClients(rig: Rig, report: (check: Check) => void): Promise<void> {
  let output = '';
  let checked = 0;
  const child = fork(CLIENTS, {
    execArgv: ['--import', LOCALHOST],
    env: { PATH: process.env['PATH'], HOME: rig.dir, ...rig.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output = (output + chunk.toString('utf8')).slice(-20_000)));
  }
  child.on('message', (message) => {
    const result = message as ClientResult;
    checked += 1;
    report({ name: result.name, ok: result.ok, detail: `${Math.round(result.ms)} ms ${result.detail}`.trim() });
    if (!result.ok) process.stderr.write(`${output}\n`);
    output = '';
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), CLIENTS_MS_MAX);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(deadline);
  if (code !== 0 || checked === 0) report({ name: 'clients ended', ok: false, detail: `exit ${code}\n${output}` });
}

async function checkGit(rig: Rig, report: (check: Check) => void): Promise<void> {
  const basic = (token: string) =>
    `http.extraheader=Authorization: basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
  const git = (token: string, ...args: readonly string[]) =>
    run('git', ['-c', basic(token), '-c', 'credential.helper=', ...args], {
      env: { PATH: process.env['PATH'], HOME: rig.dir, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' },
      timeout: 30_000,
    });
  const token = rig.gateway.jobToken.expose();
  const url = `${rig.gateway.serverUrl}/octo/sample`;
  const into = (name: string) => join(rig.dir, name);
  const tell = async (name: string, check: () => Promise<unknown>) =>
    report(
      await check().then(
        () => ({ name, ok: true, detail: '' }),
        (error: unknown) => ({ name, ok: false, detail: error instanceof Error ? error.message : String(error) }),
      ),
    );
  const refused = async (attempt: Promise<unknown>, wanted: RegExp) => {
    const outcome = await attempt.then(
      () => 'it succeeded',
      (error: unknown) => String(error),
    );
    if (!wanted.test(outcome)) throw new Error(outcome);
  };

  for (const version of ['0', '2']) {
    await tell(`git: clone, protocol ${version}`, async () => {
      await git(token, '-c', `protocol.version=${version}`, 'clone', '-q', `${url}.git`, into(`clone-${version}`));
      await readFile(join(into(`clone-${version}`), 'data.txt'));
    });
  }
  await tell('git: fetch of the commit by its id, depth 1', async () => {
    await git(token, 'init', '-q', into('by-id'));
    await git(token, '-C', into('by-id'), 'fetch', '-q', '--depth=1', url, `+${rig.commit}:refs/remotes/origin/x`);
    const { stdout } = await git(token, '-C', into('by-id'), 'rev-parse', 'refs/remotes/origin/x');
    if (stdout.trim() !== rig.commit) throw new Error(stdout);
  });
  await tell('git: partial clone', () => git(token, 'clone', '-q', '--filter=blob:none', url, into('partial')));
  await tell('git: push is refused', () =>
    refused(git(token, '-C', into('clone-2'), 'push', url, 'HEAD:refs/heads/new'), /403/),
  );
  await tell('git: another token is refused', () =>
    refused(git('x', 'ls-remote', url), /Authentication failed|401|could not read Username/),
  );
  await tell('git: another repository is refused', () =>
    refused(git(token, 'ls-remote', `${rig.gateway.serverUrl}/octo/other`), /not found/),
  );
}
