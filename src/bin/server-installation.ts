import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { DoctorFact, Installation, SettingInfo, SizeInfo } from '../api/index.ts';
import type { Database } from '../database/index.ts';
import { listRunners } from '../queue/index.ts';
import type { Keys } from './keys.ts';
import { factsOf } from './server-doctor.ts';
import { sizeOf } from './server-sizes.ts';
import type { ServerPlaces } from './server-places.ts';
import type { ServerSettings, SettingSource } from './server-settings.ts';

const LESSON_BYTES_MAX = 256 * 1024;
const LESSON = /^docs\/rules\/(?:[a-z0-9-]+\/)*[a-z0-9-]+\.md$/;
/** Folders are counted file by file: not for each look. */
const SIZES_MS = 60_000;

export type InstallationOptions = {
  readonly db: Database;
  readonly settings: ServerSettings;
  readonly sources: { readonly [name: string]: SettingSource };
  readonly places: ServerPlaces;
  readonly keys: Pick<Keys, 'log' | 'witness'>;
  readonly now: () => number;
};

/** What an operator sees of this server. */
export function installationOf(options: InstallationOptions): Installation {
  const { db, settings, sources, places, keys, now } = options;
  let sizes: { readonly at: number; readonly found: Promise<readonly SizeInfo[]> } | undefined;
  return {
    settings: () => settingsInfo(settings, sources),
    doctor: () => doctorOf(db, settings),
    sizes() {
      if (sizes === undefined || now() - sizes.at > SIZES_MS) sizes = { at: now(), found: sizesOf(db, places) };
      return sizes.found;
    },
    logKeys: {
      log: { name: keys.log.name, key: keys.log.publicKey.toString('base64') },
      witness: { name: keys.witness.name, key: keys.witness.publicKey.toString('base64') },
    },
    lesson: lessonOf,
  };
}

function settingsInfo(settings: ServerSettings, sources: InstallationOptions['sources']): readonly SettingInfo[] {
  return Object.entries(settings)
    .map(([name, value]): SettingInfo => {
      const isWeakening = name.startsWith('unsafe_') && (Array.isArray(value) ? value.length > 0 : value === true);
      return { name, value: shown(name, value), source: sources[name] ?? 'default', isWeakening };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Addresses of databases and collectors may hold a password. */
function shown(name: string, value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (name === 'database_url' || !URL.canParse(value)) return name === 'database_url' ? '[secret]' : value;
  const url = new URL(value);
  if (url.username !== '' || url.password !== '') return `${url.protocol}//[secret]@${url.host}${url.pathname}`;
  return value;
}

async function doctorOf(db: Database, settings: ServerSettings): Promise<readonly DoctorFact[]> {
  const facts = (await factsOf(settings)).map(
    ({ name, text, isWeak }): DoctorFact => ({ name, text, state: isWeak ? 'weak' : 'ok' }),
  );
  const inside = (await listRunners(db)).find(({ name }) => name === 'inside');
  const walls = (inside?.capability.walls ?? []).map(
    ({ name, state, reason, remedy }): DoctorFact => ({
      name,
      state,
      text: reason,
      ...(remedy === undefined ? {} : { remedy }),
    }),
  );
  return [...facts, ...walls];
}

async function sizesOf(db: Database, places: ServerPlaces): Promise<readonly SizeInfo[]> {
  const folders = [
    ['git', places.git],
    ['logs', places.logs],
    ['artifacts and caches', places.blobs],
    ['results', places.results],
    ['scans', places.scans],
  ] as const;
  const sizes = await Promise.all(
    folders.map(async ([name, folder]): Promise<SizeInfo> => ({ name, ...(await sizeOf(folder)) })),
  );
  const { rows } = await sql<{ bytes: string; entries: string }>`
    select pg_database_size(current_database()) as bytes, (select count(*) from auditlog_entry) as entries`.execute(
    db.as(),
  );
  return [
    ...sizes,
    { name: 'database', bytes: Number(rows[0]?.bytes ?? 0) },
    { name: 'entries of the audit log', bytes: 0, entries: Number(rows[0]?.entries ?? 0) },
  ];
}

/** The page of a rule, from the package. A name that leads elsewhere is no page. */
async function lessonOf(page: string): Promise<string | undefined> {
  if (!LESSON.test(page)) return undefined;
  const text = await readFile(join(import.meta.dirname, '../..', page), 'utf8').catch(() => undefined);
  return text?.slice(0, LESSON_BYTES_MAX);
}
