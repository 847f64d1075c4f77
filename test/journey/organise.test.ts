import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clockOf, type Product, run, startProduct, until } from '../product/product.ts';

/** A lone owner waits for a day, in which the deletion can be taken back. */
const OVER_A_DAY_MS = 25 * 3_600_000;
/** The first round of the housework begins a minute after the start. */
const HOUSEWORK_MS = 100_000;

let product: Product;
let clock: string;
beforeAll(async () => {
  const folder = await mkdtemp('/var/tmp/sp-organise-');
  clock = join(folder, 'clock');
  product = await startProduct({ folder, env: clockOf(clock), args: ['--no-runner', '--unsafe-direct-push'] });
  const { code } = JSON.parse(await product.must(['member', 'add', 'bob', '--json'])) as { code: string };
  await product.must(['login', product.url, '--setup', code], { as: 'bob' });
  await product.must(['repo', 'create', 'acme/app']);
});
afterAll(() => product[Symbol.asyncDispose]());

const json = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse(await product.must([...args, '--json']));
const view = async (as: string) => (await product.cli(['repo', 'view', 'acme/app'], { as })).code;

describe('teams', () => {
  test('give what was granted to them, and what lies above them, to their members', async () => {
    const { id } = (await json('team', 'create', 'everybody')) as { id: number };
    await product.must(['team', 'create', 'backend', '--parent', 'everybody']);
    await product.must(['repo', 'access', 'grant', String(id), 'read', '--team', '-R', 'acme/app']);
    expect(await view('bob')).not.toBe(0);

    await product.must(['team', 'add', 'backend', 'bob']);
    const list = await product.must(['team', 'list']);

    expect(await view('bob')).toBe(0);
    expect(list).toMatch(/backend +everybody +bob/);

    await product.must(['team', 'remove', 'backend', 'bob']);
    expect(await view('bob')).not.toBe(0);
  });

  test('are removed with what was granted to them', async () => {
    await product.must(['team', 'add', 'everybody', 'bob']);
    expect(await view('bob')).toBe(0);
    expect((await product.cli(['team', 'remove', 'everybody'])).err).toContain('backend lies in it');
    await product.must(['team', 'remove', 'backend']);
    await product.must(['team', 'remove', 'everybody']);

    expect(await view('bob')).not.toBe(0);
    expect((await product.cli(['team', 'remove', 'everybody'])).err).toContain('cli/team-missing');
  });
});

describe('a repository', () => {
  test('has another default branch from then on, which must be there', async () => {
    const tree = await product.tree('acme/app');
    await tree.push({ a: 'a' });
    await tree.push({ b: 'b' }, { branch: 'trunk' });
    const missing = await product.cli(['repo', 'set', '--default-branch', 'nowhere', '-R', 'acme/app']);

    expect(missing.err).toContain('has no branch nowhere');
    expect(await json('repo', 'set', '--default-branch', 'trunk', '-R', 'acme/app')).toMatchObject({
      defaultBranch: 'trunk',
    });
    expect((await tree.git('ls-remote', '--symref', 'origin', 'HEAD')).out).toContain('ref: refs/heads/trunk');
  });

  test('that was deleted comes back with all refs, for those who may administer it alone; that was purged does not', async () => {
    const tree = await product.tree('acme/app');
    const before = (await tree.git('ls-remote', 'origin')).out;
    await product.must(['repo', 'create', 'acme/other']);
    for (const name of ['acme/app', 'acme/other']) await product.must(['repo', 'delete', name]);
    expect((await tree.git('ls-remote', 'origin')).code).toBe(0);

    await writeFile(clock, String(OVER_A_DAY_MS));
    const rows = await until(HOUSEWORK_MS, async () => {
      const found = (await json('repo', 'deleted')) as { id: number; name: string }[];
      return found.length === 2 && found;
    });
    const idOf = (name: string) => String(rows.find((row) => row.name === name)?.id);
    const [app, other] = [idOf('app'), idOf('other')];

    expect((await tree.git('ls-remote', 'origin')).code).not.toBe(0);
    expect(JSON.parse(await product.must(['repo', 'deleted', '--json'], { as: 'bob' }))).toEqual([]);
    for (const verb of ['restore', 'purge']) {
      expect((await product.cli(['repo', verb, app], { as: 'bob' })).err).toContain('there is no deleted repository');
    }
    await product.must(['repo', 'restore', app]);
    expect((await tree.git('ls-remote', 'origin')).out).toBe(before);
    await product.must(['repo', 'purge', other]);
    expect((await product.cli(['repo', 'restore', other])).code).not.toBe(0);
    expect(await product.must(['audit', 'list', '--action', 'repository.purge'])).toContain('repository.purge');
  });

  test('comes out of an archive, and nothing else of the archive comes', async () => {
    const env = { PATH: process.env['PATH'] ?? '', GIT_CONFIG_GLOBAL: '/dev/null' };
    const sh = (script: string) => run('sh', ['-c', script], { cwd: product.folder, env });
    const made = await sh(`git init -q -b trunk made && cd made && echo a > a && git add a &&
      git -c user.name=a -c user.email=a@b commit -qm a && echo "#!/bin/sh" > .git/hooks/post-receive &&
      tar cf ../app.tar . && tar czf ../app.tgz . && echo no > ../app.txt`);
    expect(made.err).toBe('');
    for (const kind of ['tar', 'tgz']) {
      await product.must(['repo', 'import', join(product.folder, `app.${kind}`), `acme/from-${kind}`]);
      const other = await product.tree(`acme/from-${kind}`);
      expect((await other.git('ls-remote', '--heads', 'origin')).out).toContain('refs/heads/trunk');
    }
    const refused = await product.cli(['repo', 'import', join(product.folder, 'app.txt'), 'acme/from-text']);
    const stranger = await product.cli(['repo', 'import', join(product.folder, 'app.tar'), 'acme/from-bob'], {
      as: 'bob',
    });

    expect(refused.err).toContain('repo/import-refused');
    expect(stranger.err).toContain('api/not-allowed');
    expect(await readdir(join(product.data, 'uploads'))).toEqual([]);
    const hooks = await run(
      'sh',
      ['-c', `find ${product.data}/git/repositories -name post-receive -not -path '*/sample*'`],
      { cwd: '/', env: { PATH: process.env['PATH'] ?? '' } },
    );
    expect(hooks.out).toBe('');
  });
});
