import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { inner, type Json, text } from './client.ts';
import { openPlace, openSession, placeOf, type RepositoryOptions, type ServerOptions } from './client-place.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { harmless } from './harmless.ts';
import { fromNow, printRows } from './table.ts';
import { paintOf } from './terminal.ts';

/** Of one list. Whoever has more asks with --json and a server of their own scripts. */
const LISTED_MAX = 10_000;
const BUNDLE = '# v';

export type CreateOptions = ServerOptions & { readonly defaultBranch?: string };

/** `sallyport repo create OWNER/NAME` */
export async function createRepository(
  named: string,
  options: CreateOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { client } = await openSession(options, dependencies);
  const { owner, name } = placeOf(named);
  const made = await client.send('POST', '/repositories', {
    owner,
    name,
    ...(options.defaultBranch === undefined ? {} : { defaultBranch: options.defaultBranch }),
  });
  printMade(made, options, dependencies);
  return EXIT.success;
}

function printMade(made: Json, options: ServerOptions, { terminal }: CliDependencies): void {
  if (options.json === true) {
    terminal.write(`${JSON.stringify(made)}\n`);
    return;
  }
  const paint = paintOf(terminal.colors);
  const url = harmless(text(made, 'cloneUrl'), false);
  const title = harmless(`${text(made, 'owner')}/${text(made, 'name')}`, false);
  terminal.write(
    `${paint('green', '✓')} ${title}\n\n  git clone ${url}\n  git remote add origin ${url} && git push -u origin ${harmless(text(made, 'defaultBranch'), false)}\n`,
  );
}

/** `sallyport repo list` */
export async function listRepositories(options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, clock } = dependencies;
  const { client } = await openSession(options, dependencies);
  const rows = await client.list('/repositories', { limit: 100 }, LISTED_MAX);
  printRows(
    rows,
    [
      { title: 'REPOSITORY', text: (row) => `${text(row, 'owner')}/${text(row, 'name')}` },
      { title: 'STATE', text: (row) => text(row, 'state') },
      { title: 'DEFAULT', text: (row) => text(row, 'defaultBranch') },
      { title: 'MADE', text: (row) => fromNow(text(row, 'createdAt'), clock.now()) },
    ],
    { terminal, json: options.json === true, none: 'there is no repository that you may read' },
  );
  return EXIT.success;
}

/** `sallyport repo view [OWNER/NAME]` */
export async function viewRepository(
  named: string | undefined,
  options: ServerOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal, clock } = dependencies;
  const place = await openPlace(named === undefined ? options : { ...options, repository: named }, dependencies);
  const row = await place.client.get(place.path);
  if (options.json === true) {
    terminal.write(`${JSON.stringify(row)}\n`);
    return EXIT.success;
  }
  const lines = [
    ['repository', `${text(row, 'owner')}/${text(row, 'name')}`],
    ['state', text(row, 'state')],
    ['default', text(row, 'defaultBranch')],
    ['clone', text(row, 'cloneUrl')],
    ['made', fromNow(text(row, 'createdAt'), clock.now())],
    ...(row['reason'] === undefined ? [] : [['reason', text(row, 'reason')]]),
  ];
  terminal.write(lines.map(([title = '', value = '']) => `${title.padEnd(12)}${harmless(value, false)}\n`).join(''));
  return EXIT.success;
}

/**
 * `sallyport repo import SOURCE OWNER/NAME`: an https address is fetched by the server, a folder or a bundle pushed from here, an archive
 * sent to the server as it is.
 */
export async function importRepository(
  source: string,
  named: string,
  options: CreateOptions,
  dependencies: CliDependencies,
): Promise<number> {
  if (/^https?:\/\//i.test(source)) return importAddress(source, named, options, dependencies);
  return importHere(resolve(dependencies.cwd, source), named, options, dependencies);
}

async function importAddress(
  url: string,
  named: string,
  options: CreateOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal, interrupt } = dependencies;
  const { client } = await openSession(options, dependencies);
  const { owner, name } = placeOf(named);
  const abort = new AbortController();
  const stop = interrupt.onInterrupt(() => abort.abort());
  try {
    const messages = client.progress('/repositories/import', { owner, name, url }, abort.signal);
    for await (const { event, data } of messages) {
      const told: Json = typeof data === 'object' && data !== null ? { ...data } : {};
      if (event === 'progress') showProgress(told, options, dependencies);
      if (event === 'failed') {
        const problem = inner(told, 'problem');
        throw fault('import-failed', `${text(problem, 'code')}: ${text(problem, 'detail')}`);
      }
      if (event === 'done') {
        if (terminal.isInteractive) terminal.writeError('\n');
        printMade(inner(told, 'repository'), options, dependencies);
        return EXIT.success;
      }
    }
  } finally {
    stop();
  }
  throw fault('import-failed', 'the server ended the import without a word');
}

function showProgress(told: Json, options: ServerOptions, { terminal }: CliDependencies): void {
  if (options.json === true) {
    terminal.write(`${JSON.stringify({ kind: 'progress', ...told })}\n`);
    return;
  }
  const percent = typeof told['percent'] === 'number' ? ` ${told['percent']} %` : '';
  const line = harmless(`${text(told, 'phase')}${percent}`, false);
  terminal.writeError(terminal.isInteractive ? `\r\u001b[K${line}` : `${line}\n`);
}

async function importHere(
  path: string,
  named: string,
  options: CreateOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw fault('path-missing', path);
  const { client, tools, token } = await openSession(options, dependencies);
  const { owner, name } = placeOf(named);
  if (!found.isDirectory() && !(await isBundle(path))) {
    if (options.defaultBranch !== undefined) throw fault('usage', 'the default branch of an archive is in the archive');
    printMade(await client.upload(`/imports/${owner}/${name}`, path), options, dependencies);
    return EXIT.success;
  }
  const sign = { origin: client.origin, token };
  const made = await client.send('POST', '/repositories', {
    owner,
    name,
    ...(options.defaultBranch === undefined ? {} : { defaultBranch: options.defaultBranch }),
  });
  const url = `${client.origin}/${owner}/${name}.git`;
  if (found.isDirectory()) {
    const refs = ['refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'];
    // Hooks of a repository that somebody else made are not run for it.
    const args = ['-c', 'core.hooksPath=/dev/null', 'push', url, ...refs];
    if ((await tools.git(args, { cwd: path, sign })) !== 0) throw fault('git-failed', `git push to ${url}`);
  } else {
    await pushBundle(path, url, { tools, sign });
  }
  printMade(made, options, dependencies);
  return EXIT.success;
}

/** Of git; every other file is an archive, which the server looks into. */
async function isBundle(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BUNDLE.length), 0, BUNDLE.length, 0);
    return buffer.toString('latin1', 0, bytesRead) === BUNDLE;
  } finally {
    await file.close();
  }
}

async function pushBundle(
  path: string,
  url: string,
  {
    tools,
    sign,
  }: Pick<Awaited<ReturnType<typeof openSession>>, 'tools'> & { readonly sign: { origin: string; token: string } },
): Promise<void> {
  const { mkdtemp, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const folder = await mkdtemp(`${tmpdir()}/sallyport-import-`);
  try {
    const steps = [
      ['init', '--quiet', '--bare', '.'],
      ['fetch', '--quiet', path, 'refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'],
      ['push', url, 'refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'],
    ];
    for (const args of steps) {
      if ((await tools.git(args, { cwd: folder, sign })) !== 0) throw fault('git-failed', `git ${args[0]} of ${path}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export type AccessOptions = RepositoryOptions & { readonly team?: true };

/** `sallyport repo access list` */
export async function listAccess(options: RepositoryOptions, dependencies: CliDependencies): Promise<number> {
  const place = await openPlace(options, dependencies);
  const rows = await place.client.list(`${place.path}/access`, {}, LISTED_MAX);
  printRows(
    rows,
    [
      { title: 'WHO', text: (row) => text(inner(row, 'to'), 'name') },
      { title: 'IS A', text: (row) => text(inner(row, 'to'), 'type') },
      { title: 'ROLE', text: (row) => text(row, 'role') },
    ],
    {
      terminal: dependencies.terminal,
      json: options.json === true,
      none: 'nobody was named: see sallyport member list',
    },
  );
  return EXIT.success;
}

/** `sallyport repo access grant MEMBER ROLE`, and `revoke MEMBER` without a role. */
export async function changeAccess(
  who: string,
  role: string | undefined,
  options: AccessOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal } = dependencies;
  const place = await openPlace(options, dependencies);
  const path = `${place.path}/access/${options.team === true ? 'teams' : 'users'}/${encodeURIComponent(who)}`;
  if (role === undefined) await place.client.send('DELETE', path);
  else await place.client.send('PUT', path, { role });
  if (options.json === true) terminal.write(`${JSON.stringify({ who, role: role ?? null })}\n`);
  else terminal.write(`${who} has ${role ?? 'no role'} in ${place.owner}/${place.name}\n`);
  return EXIT.success;
}
