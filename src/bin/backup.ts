import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chown, mkdir, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sql } from 'kysely';
import { append, type Verification, verifyLog } from '../auditlog/index.ts';
import {
  type AddEntry,
  type ArchiveEntry,
  BACKUP_VERSION,
  type BackupManifest,
  backupEnd,
  backupManifest,
  exportFolder,
  exportRepository,
  exportTables,
  importFile,
  importRepository,
  importTables,
  makeRepository,
  migrationsOf,
  pathOfEntry,
  readArchive,
  sequencesOf,
  setRefs,
  type TableCounts,
  withSnapshot,
  writeArchive,
} from '../backup/index.ts';
import { excerpt, faultsOf, Secret } from '../base/index.ts';
import type { BackupReport, BackupRequest, RestoreRequest } from '../cli/index.ts';
import { type Database, migrate, openDatabase } from '../database/index.ts';
import { gitEnvironment, SERVING } from '../git/index.ts';
import { readKept } from '../keeper/index.ts';
import { readPublicKeys, openData } from './audit.ts';
import type { Machine } from './commands.ts';
import { findProgram } from './programs.ts';
import { MIGRATIONS, startEmbedded } from './server-ground.ts';
import { type ServerPlaces, serverPlaces } from './server-places.ts';
import { serverUsers } from './server-users.ts';

const fault = faultsOf('restore', {
  'archive-broken': { status: 400, help: 'The backup is not whole: take another copy, or an older one.' },
  'not-empty': { status: 409, help: 'Restore into a folder that is not there yet; move the other one away first.' },
  newer: { status: 409, help: 'Restore with the release that made the backup, or a later one.' },
  unproved: {
    status: 409,
    help: 'Nothing was put in place: the audit log in this backup does not prove itself. Keep it as evidence, and try an older one.',
  },
  'identity-missing': { status: 400, help: 'Name the file with the identity of age: a line AGE-SECRET-KEY-1….' },
});

/** Files that are copied as they are, by the name that they have in the archive. */
const FOLDERS = ['logs', 'blobs', 'keeper', 'witness', 'notify'] as const;
const ENTRY_BYTES_MAX = 64 * 1024 * 1024;
const IDENTITY_BYTES_MAX = 64 * 1024;

type RepositoryRow = { readonly id: string; readonly tips: readonly string[]; readonly branch: string };

/** `sallyport backup`: everything as of one moment, while the server goes on. */
export async function backup(machine: Machine, version: string, request: BackupRequest): Promise<BackupReport> {
  const data = request.data ?? join(machine.places.state, 'server');
  const places = serverPlaces(data);
  await using opened = await openData(data, request.databaseUrl ?? machine.env['DATABASE_URL']);
  const { db } = opened;
  await note(db, 'backup.create', { recipients: [...request.recipients] });
  const draft = `${request.output}.${randomBytes(4).toString('hex')}.part`;
  let report: BackupReport = { rows: 0, repositories: 0, files: 0, bytes: 0, entries: 0 };
  try {
    await writeArchive(createWriteStream(draft, { flags: 'wx', mode: 0o600 }), request.recipients, async (add) => {
      report = await produce(machine, {
        version,
        places,
        db,
        add,
        spool: `${draft}.spool`,
        onProgress: request.onProgress,
      });
    });
    await rename(draft, request.output);
  } finally {
    await rm(draft, { force: true });
  }
  return { ...report, bytes: (await stat(request.output)).size };
}

async function produce(
  machine: Machine,
  {
    version,
    places,
    db,
    add,
    spool,
    onProgress,
  }: {
    readonly version: string;
    readonly places: ServerPlaces;
    readonly db: Database;
    readonly add: AddEntry;
    readonly spool: string;
    readonly onProgress: (what: string) => void;
  },
): Promise<BackupReport> {
  let files = 0;
  // Keys and what they signed last come before the tables: so the log in the backup is never shorter than what was signed.
  const copy = async (names: readonly (typeof FOLDERS)[number][]) => {
    for (const name of names) {
      onProgress(name);
      files += await exportFolder(places[name], `files/${name}`, add);
    }
  };
  await copy(['keeper', 'witness', 'notify']);
  await add('files/public-keys.json', await readFile(places.publicKeys));
  const { repositories, rows } = await withSnapshot(db, async (tx) => {
    const manifest: BackupManifest = {
      version: BACKUP_VERSION,
      release: version,
      createdAt: new Date().toISOString(),
      migrations: [...(await migrationsOf(tx))],
      sequences: await sequencesOf(tx),
    };
    await add('manifest.json', Buffer.from(`${JSON.stringify(backupManifest.parse(manifest))}\n`));
    onProgress('tables');
    return { rows: await exportTables(tx, add), repositories: await repositoriesOf(tx) };
  });
  const tools = { gitPath: findProgram(machine.env, 'git'), env: gitEnvironment(SERVING), spool };
  for (const { id, tips } of repositories) {
    onProgress(`repository ${id}`);
    await exportRepository(join(places.git, 'repositories', `${id}.git`), { id: Number(id), tips }, add, tools);
  }
  await copy(['logs', 'blobs']);
  const end = { rows, repositories: repositories.length, files };
  await add('end.json', Buffer.from(`${JSON.stringify(backupEnd.parse(end))}\n`));
  return { ...end, rows: sum(rows), bytes: 0, entries: rows['auditlog_entry'] ?? 0 };
}

const sum = (counts: TableCounts): number => Object.values(counts).reduce((all, count) => all + count, 0);

/** What every repository leads to, as the tables say at this moment. */
async function repositoriesOf(tx: Pick<Database, 'as'>): Promise<readonly RepositoryRow[]> {
  const { rows } = await sql<RepositoryRow>`
    select repo_repository.id::text as id, default_branch as branch,
      coalesce(array_agg(distinct oid) filter (where oid is not null), '{}') as tips
    from repo_repository left join repo_ref on repository_id = id
    where state <> 'deleted' group by id order by id`.execute(tx.as());
  return rows;
}

const tools = { now: () => Date.now(), random: (bytes: number) => randomBytes(bytes) };

async function note(
  db: Database,
  action: string,
  detail: { readonly [name: string]: string | string[] },
): Promise<void> {
  await db.transaction((tx) =>
    append(
      tx,
      {
        actor: { type: 'system', id: 'backup' },
        action,
        resource: { type: 'installation', id: 'this' },
        outcome: 'allow',
        detail,
      },
      tools,
    ),
  );
}

/**
 * `sallyport restore`: builds everything beside the place where it will be, proves the audit log, and only then puts it there. Nothing
 * is served or run by it.
 */
export async function restore(machine: Machine, request: RestoreRequest): Promise<BackupReport> {
  const data = request.data ?? join(machine.places.state, 'server');
  await requireFree(data);
  const identities = await readIdentities(request.identityFile);
  const places = serverPlaces(`${data}.restoring`);
  await rm(places.data, { recursive: true, force: true });
  await mkdir(places.data, { recursive: true, mode: 0o711 });
  try {
    const report = await build(machine, request, { places, identities });
    await rename(places.data, data);
    return report;
  } catch (thrown) {
    await rm(places.data, { recursive: true, force: true });
    throw thrown;
  }
}

/** An empty folder is as good as none. */
async function requireFree(data: string): Promise<void> {
  const names = await readdir(data).catch(() => []);
  if (names.length > 0) throw fault('not-empty', `${data} is not empty`);
  await rmdir(data).catch(() => undefined);
  await mkdir(dirname(data), { recursive: true });
}

async function readIdentities(path: string): Promise<readonly Secret[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text.length > IDENTITY_BYTES_MAX) throw fault('identity-missing', `${path} is too large`);
  const found = text
    .split('\n')
    .flatMap((line) => (line.trim().startsWith('AGE-SECRET-KEY-') ? [new Secret(line.trim())] : []));
  if (found.length === 0) throw fault('identity-missing', `${path} holds no identity`);
  return found;
}

async function build(
  machine: Machine,
  request: RestoreRequest,
  { places, identities }: { readonly places: ServerPlaces; readonly identities: readonly Secret[] },
): Promise<BackupReport> {
  const users = await serverUsers(process.geteuid?.() ?? -1);
  const url = request.databaseUrl ?? machine.env['DATABASE_URL'];
  const postgres = url === undefined ? await startEmbedded(places.data, users) : undefined;
  const db = await openDatabase(postgres?.connection ?? { connectionString: url });
  try {
    const restored = await load(machine, request, { places, identities, db });
    for (const [name, user] of [
      ['keeper', users?.keeper],
      ['witness', users?.witness],
    ] as const) {
      for (const file of user === undefined ? [] : await readdir(places[name])) {
        await chown(join(places[name], file), user?.uid ?? 0, user?.gid ?? 0);
      }
    }
    const proof = await prove(db, places);
    await note(db, 'backup.restore', { from: basename(request.input) });
    return { ...restored, entries: proof.entries };
  } finally {
    await db.close();
    await postgres?.stop();
  }
}

async function prove(db: Database, places: ServerPlaces): Promise<Verification> {
  const { log, witness } = await readPublicKeys(places.publicKeys);
  const proof = await verifyLog(db, log, await readKept(join(places.witness, 'checkpoints')), witness);
  const [first] = proof.deviations;
  if (first !== undefined) {
    const place = first.position === undefined ? '' : `entry ${first.position}: `;
    throw fault(
      'unproved',
      `${place}${first.problem}${proof.deviations.length > 1 ? `, and ${proof.deviations.length - 1} more` : ''}`,
    );
  }
  return proof;
}

async function load(
  machine: Machine,
  request: RestoreRequest,
  {
    places,
    identities,
    db,
  }: { readonly places: ServerPlaces; readonly identities: readonly Secret[]; readonly db: Database },
): Promise<BackupReport> {
  const archive = readArchive(createReadStream(request.input), identities);
  const next = async (): Promise<ArchiveEntry> => {
    const { value, done } = await archive.next();
    if (done === true) throw fault('archive-broken', 'the export did not come to its end');
    return value;
  };
  let files = 0;
  const takeFile = async (found: ArchiveEntry) => {
    const path = pathOfEntry(found.name, 'files');
    // Anybody can encrypt for a recipient: settings, hooks or a runner's key are no part of a backup, whatever it says.
    const isKnown = path === 'public-keys.json' || FOLDERS.some((folder) => path.startsWith(`${folder}/`));
    if (!isKnown) throw fault('archive-broken', excerpt(found.name, 100));
    await importFile(found, join(places.data, path));
    files += 1;
  };
  let entry = await next();
  for (; entry.name.startsWith('files/'); entry = await next()) await takeFile(entry);
  if (entry.name !== 'manifest.json') throw fault('archive-broken', 'there is no manifest where it should be');
  const manifest = backupManifest.parse(JSON.parse(await textOf(entry)));
  await migrateTo(db, manifest.migrations);
  request.onProgress('tables');
  const rows = await importTables(db, manifest.sequences, async (insert) => {
    for (entry = await next(); entry.name.startsWith('tables/'); entry = await next()) {
      const [table = ''] = pathOfEntry(entry.name, 'tables').split('/');
      const lines = (await textOf(entry)).split('\n').filter((line) => line !== '');
      await insert(
        table,
        lines.map((line) => String(JSON.parse(line))),
      );
    }
  });
  const repositories = await repositoriesOf(db);
  const git = { gitPath: findProgram(machine.env, 'git'), env: gitEnvironment(SERVING), spool: '' };
  const folderOfRepository = (id: string) => join(places.git, 'repositories', `${id}.git`);
  await mkdir(join(places.git, 'repositories'), { recursive: true, mode: 0o700 });
  for (const { id, branch } of repositories) await makeRepository(folderOfRepository(id), branch, git);
  for (; entry.name !== 'end.json'; entry = await next()) {
    const [, id] = /^repositories\/([1-9]\d{0,15})\.pack$/.exec(entry.name) ?? [];
    if (entry.name.startsWith('files/')) await takeFile(entry);
    else if (id === undefined || !repositories.some((row) => row.id === id))
      throw fault('archive-broken', excerpt(entry.name));
    else {
      request.onProgress(`repository ${id}`);
      await importRepository(entry, folderOfRepository(id), git);
    }
  }
  const end = backupEnd.parse(JSON.parse(await textOf(entry)));
  const differs = Object.keys({ ...rows, ...end.rows }).find((table) => rows[table] !== end.rows[table]);
  if (differs !== undefined) throw fault('archive-broken', `rows of the table ${differs} are missing`);
  for (const { id } of repositories) await setRefs(folderOfRepository(id), await refsOf(db, id), git);
  const { size } = await stat(request.input);
  return { rows: sum(rows), repositories: repositories.length, files, bytes: size, entries: 0 };
}

async function refsOf(db: Database, id: string): Promise<readonly { readonly name: string; readonly oid: string }[]> {
  const { rows } = await sql<{ name: string; oid: string }>`
    select name, oid from repo_ref where repository_id = ${id}::bigint order by name`.execute(db.as());
  return rows;
}

async function textOf({ name, bytes, stream }: ArchiveEntry): Promise<string> {
  if (bytes > ENTRY_BYTES_MAX) throw fault('archive-broken', `${excerpt(name, 100)} has ${bytes} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** The tables as they were when the backup was made; the next start of the server brings them up to date. */
async function migrateTo(db: Database, names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => MIGRATIONS[name] === undefined);
  if (unknown !== undefined)
    throw fault('newer', `the backup has the migration ${excerpt(unknown, 100)}, which is not known here`);
  await migrate(db, Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => names.includes(name))));
}
