import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sizeOf } from '../auditlog/index.ts';
import { silentLog } from '../base/index.ts';
import { openRepoServer } from '../repo/index.ts';
import { verifyAudit } from './audit.ts';
import { backup, restore } from './backup.ts';
import { type Ground, openGround } from './server-ground.ts';
import { serverPlaces } from './server-places.ts';
import { readSettings } from './server-settings.ts';

const VERSION = '9.9.9';
const OWNER = { id: '1', name: 'owner', kind: 'user' } as const;
let folder: string;
let key: string;
let recipient: string;

const machine = () => ({
  env: { PATH: process.env['PATH'] },
  places: { state: folder, cache: folder },
  writeError: () => {},
  isDebug: false,
});
const data = (name: string) => join(folder, name);
const ground = async (name: string): Promise<Ground> =>
  openGround(
    await readSettings({ environment: {}, flags: {}, dataDefault: data(name), processors: 2, cwd: folder }),
    process.geteuid?.() ?? -1,
    silentLog,
  );
const repositories = ({ db }: Ground, name: string) =>
  openRepoServer({
    db,
    root: serverPlaces(data(name)).git,
    gitPath: '/usr/bin/git',
    authorise: () => true,
    now: Date.now,
    random: (bytes) => randomBytes(bytes),
    network: { lookup: async () => [] },
    log: silentLog,
  });
/** The newest signed checkpoint covers all that was appended. */
const signed = ({ db }: Ground) =>
  vi.waitFor(
    async () => {
      const { rows } = await sql<{ count: string }>`select count(*) from auditlog_entry`.execute(db.as());
      expect(await sizeOf(db)).toBe(Number(rows[0]?.count));
    },
    { timeout: 20_000, interval: 50 },
  );
const git = (...args: string[]) =>
  execFileSync('git', args, {
    cwd: data('work'),
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
  }).trim();
const options = (name: string, file = 'one.age') => ({
  data: data(name),
  databaseUrl: undefined,
  output: data(file),
  recipients: [recipient],
  onProgress: () => {},
});
const restoring = (name: string, file = 'one.age') => ({
  data: data(name),
  databaseUrl: undefined,
  input: data(file),
  identityFile: key,
  onProgress: () => {},
});
const asking = (name: string) => ({ data: data(name), databaseUrl: undefined, keys: undefined, checkpoints: [] });

beforeAll(async () => {
  folder = await mkdtemp('/var/tmp/sp-backup-');
  execFileSync('chmod', ['711', folder]);
  const identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  key = join(folder, 'key.txt');
  await writeFile(key, `# a comment\n${identity}\n`);
  execFileSync('git', ['init', '-q', '-b', 'main', data('work')]);
  for (const text of ['one', 'two']) {
    await writeFile(join(data('work'), 'file'), text);
    git('add', '.');
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', text);
  }
  git('tag', 'v1', 'HEAD~1');
  const from = await ground('from');
  const server = await repositories(from, 'from');
  await server.import({ principal: OWNER, owner: 'acme', name: 'app', from: { kind: 'folder', path: data('work') } });
  await server.create(OWNER, { owner: 'acme', name: 'empty' });
  await server.close();
  await signed(from);
  await backup(machine(), VERSION, options('from'));
  await from.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a backup of a running server is restored as it was, and the log goes on', async () => {
  const report = await restore(machine(), restoring('to'));
  expect(report).toMatchObject({ repositories: 2, entries: expect.any(Number) });
  expect(await verifyAudit(machine(), asking('to'))).toMatchObject({ deviations: [] });

  const to = await ground('to');
  const server = await repositories(to, 'to');
  const found = await server.find(OWNER, { owner: 'acme', name: 'app' });
  const created = await server.create(OWNER, { owner: 'acme', name: 'new' });
  await signed(to);
  const after = await verifyAudit(machine(), asking('to'));
  const head = execFileSync(
    'git',
    ['--git-dir', join(serverPlaces(data('to')).git, 'repositories', `${found?.id}.git`), 'rev-parse', 'main', 'v1'],
    { encoding: 'utf8' },
  );
  await server.close();
  await to.close();

  expect(server.stopped.size).toBe(0);
  expect(head.trim().split('\n')).toEqual([git('rev-parse', 'main'), git('rev-parse', 'v1')]);
  expect(created.id).toBeGreaterThan(found?.id ?? 0);
  expect(after).toMatchObject({ unsigned: 0, open: 0, deviations: [] });
  expect(after.entries).toBeGreaterThan(report.entries);
});

test('is not restored over anything', async () => {
  await expect(restore(machine(), restoring('from'))).rejects.toMatchObject({ code: 'restore/not-empty' });
});

test('opens for its recipient alone, and tells of a file that was cut or changed', async () => {
  const other = join(folder, 'other.txt');
  await writeFile(other, await generateIdentity());
  await expect(restore(machine(), { ...restoring('none'), identityFile: other })).rejects.toMatchObject({
    code: 'backup/key-wrong',
  });
  await cp(data('one.age'), data('cut.age'));
  await truncate(data('cut.age'), (await stat(data('cut.age'))).size - 20_000);
  await expect(restore(machine(), restoring('none', 'cut.age'))).rejects.toMatchObject({
    code: 'backup/archive-broken',
  });
  const bytes = await readFile(data('one.age'));
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(data('flipped.age'), bytes);
  await expect(restore(machine(), restoring('none', 'flipped.age'))).rejects.toMatchObject({
    code: 'backup/archive-broken',
  });
  await expect(stat(data('none'))).rejects.toThrow();
  await expect(stat(data('none.restoring'))).rejects.toThrow();
});

test('R46: is not put in place when its audit log was changed', async () => {
  const from = await ground('from');
  await sql`update auditlog_entry set body = convert_to(replace(convert_from(body, 'UTF8'), 'allow', 'error'), 'UTF8') where seq = 1`.execute(
    from.db.as(),
  );
  await backup(machine(), VERSION, options('from', 'changed.age'));
  await from.close();

  await expect(restore(machine(), restoring('changed', 'changed.age'))).rejects.toMatchObject({
    code: 'restore/unproved',
    message: expect.stringContaining('entry 1'),
  });
  await expect(stat(data('changed'))).rejects.toThrow();
  expect((await verifyAudit(machine(), asking('from'))).deviations[0]).toMatchObject({ position: 1 });
});
