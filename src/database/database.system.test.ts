import { mkdir, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Migrations, migrate, openDatabase } from './database.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { POSTGRES_PACKAGE, POSTGRES_USER } from './postgres.fixture.ts';
import { type PostgresRuntime, prepareRuntime } from './postgres-runtime.ts';

let folder: string;
let runtime: PostgresRuntime;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sp-pg-'));
  await chmod(folder, 0o711);
  runtime = await prepareRuntime(POSTGRES_PACKAGE, join(folder, 'runtime'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const MIGRATIONS: Migrations = {
  '0001-things': {
    async up(db) {
      await sql`create table test_thing (id bigint generated always as identity primary key, name text not null)`.execute(
        db,
      );
    },
  },
};

type Tables = { test_thing: { id: number; name: string } };

const start = (dir: string, unsafeNoSync = true) =>
  startPostgres({ runtime, dir: join(folder, dir), unsafeNoSync, ...POSTGRES_USER });

describe('the PostgreSQL that comes along', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await start('shared');
  });

  afterAll(async () => {
    await postgres.stop();
  });

  test('opens no port and lets nobody else near its socket', async () => {
    const db = await openDatabase(postgres.connection);

    const { rows } = await sql<{ listen: string; mode: string; collate: string }>`
      select current_setting('listen_addresses') as listen, current_setting('unix_socket_permissions') as mode,
        (select datlocale from pg_database where datname = current_database()) as collate`.execute(db.as());
    await db.close();

    expect(rows).toEqual([{ listen: '', mode: '0700', collate: 'C.UTF-8' }]);
  });

  test('a transaction that throws leaves nothing', async () => {
    const db = await openDatabase(postgres.connection);
    await migrate(db, MIGRATIONS);

    const failing = db.transaction(async (tx) => {
      await tx
        .as<Tables>()
        .insertInto('test_thing')
        .values({ name: 'one' } as never)
        .execute();
      throw new Error('stop');
    });

    await expect(failing).rejects.toThrow('stop');
    expect(await db.as<Tables>().selectFrom('test_thing').selectAll().execute()).toEqual([]);
    await db.close();
  });

  test('migrating twice changes nothing the second time', async () => {
    const db = await openDatabase(postgres.connection);

    await migrate(db, MIGRATIONS);

    expect(await migrate(db, MIGRATIONS)).toEqual([]);
    await db.close();
  });

  test('a database of a newer release is refused', async () => {
    const db = await openDatabase(postgres.connection);
    await migrate(db, MIGRATIONS);

    await expect(migrate(db, {})).rejects.toMatchObject({ code: 'database/newer' });
    await db.close();
  });

  test('a migration that fails changes nothing and is named', async () => {
    const db = await openDatabase(postgres.connection);
    const broken: Migrations = {
      ...MIGRATIONS,
      '0002-broken': {
        async up(kysely) {
          await sql`create table test_half (id int)`.execute(kysely);
          await sql`select * from nothing_there`.execute(kysely);
        },
      },
    };

    await expect(migrate(db, broken)).rejects.toThrow(/0002-broken/);
    const { rows } = await sql<{ found: string | null }>`select to_regclass('test_half')::text as found`.execute(
      db.as(),
    );
    expect(rows).toEqual([{ found: null }]);
    await db.close();
  });
});

test('what was acknowledged is there after the server was killed', async () => {
  const first = await start('killed', false);
  const db = await openDatabase(first.connection);
  await migrate(db, MIGRATIONS);
  await db
    .as<Tables>()
    .insertInto('test_thing')
    .values({ name: 'kept' } as never)
    .execute();
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  await db.close().catch(() => undefined);

  const second = await start('killed', false);
  const again = await openDatabase(second.connection);

  expect(await again.as<Tables>().selectFrom('test_thing').select('name').execute()).toEqual([{ name: 'kept' }]);
  await again.close();
  await second.stop();
});

test('data of another major version are refused with the remedy, and left alone', async () => {
  const first = await start('old');
  await first.stop();
  const path = join(folder, 'old', 'data', 'PG_VERSION');
  await writeFile(path, '13\n');

  await expect(start('old')).rejects.toMatchObject({
    code: 'database/postgres-version',
    help: expect.stringContaining('export'),
  });
  expect(await readFile(path, 'utf8')).toBe('13\n');
});

test('a second server on the same data is refused', async () => {
  const first = await start('twice');

  await expect(start('twice')).rejects.toMatchObject({ code: 'database/postgres-broken' });
  await first.stop();
});

test.runIf(process.geteuid?.() === 0)('a folder that the user of the database can not reach is named', async () => {
  const closed = join(folder, 'closed');
  await mkdir(closed, { mode: 0o700 });

  await expect(
    startPostgres({ runtime, dir: join(closed, 'postgres'), unsafeNoSync: true, ...POSTGRES_USER }),
  ).rejects.toMatchObject({ code: 'database/postgres-folder', message: expect.stringContaining(closed) });
});

test('a server that was left running is ended by the one that takes over, and nothing is lost', async () => {
  const options = { runtime, dir: join(folder, 'left'), unsafeNoSync: true, ...POSTGRES_USER };
  const left = await startPostgres(options);
  const before = await openDatabase(left.connection);
  await sql`create table kept (at int)`.execute(before.as());
  await before.close();
  // The control: without taking over it is refused.
  await expect(startPostgres(options)).rejects.toMatchObject({ code: 'database/postgres-broken' });

  await using next = await startPostgres({ ...options, takesOver: true });
  const db = await openDatabase(next.connection);

  expect(next.pid).not.toBe(left.pid);
  expect((await sql`select * from kept`.execute(db.as())).rows).toEqual([]);
  await db.close();
});

test('a server that is not there is named', async () => {
  await expect(openDatabase({ host: join(folder, 'none'), user: 'x', database: 'x' })).rejects.toMatchObject({
    code: 'database/unreachable',
  });
});
