import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import {
  checkpointText,
  growTiles,
  HASH_BYTES,
  hashesOfTiles,
  leafHash,
  parseCheckpoint,
  parseNote,
  renderNote,
  rootHash,
  signNote,
} from '../../../src/attest/index.ts';
import { until } from '../../product/product.ts';
import type { Rig, ServerAttack, Verdict } from './rig.ts';

const TABLES = ['auditlog_entry', 'auditlog_tile', 'auditlog_checkpoint'] as const;

type Found = { readonly entries: number; readonly deviations: readonly { position?: number; problem: string }[] };
type Edit = (sql: Client, entries: number, data: string) => Promise<void>;

/** The database, as its administrator has it: by its socket, past everything that the product asks. */
async function openSocket(rig: Rig): Promise<Client> {
  const host = join(rig.product.data, 'postgres', 'socket');
  const client = new Client({ host, user: 'sallyport', database: 'sallyport', port: 5432 });
  await client.connect();
  return client;
}

async function verify(rig: Rig): Promise<Found> {
  const done = await rig.product.cli(['audit', 'verify', '--data', rig.product.data, '--json']);
  const found = JSON.parse(done.out) as Found;
  if ((done.code === 0) !== (found.deviations.length === 0)) throw new Error(`verify ended with ${done.code}`);
  return found;
}

/** Edits the log, asks for its proof, and puts everything back: the control is the same proof of the log as it was. */
async function edited(rig: Rig, edit: Edit, isFound: (found: Found, entries: number) => boolean): Promise<Verdict> {
  const sql = await openSocket(rig);
  try {
    await until(20_000, async () => {
      const { rows } = await sql.query(
        'select 1 from auditlog_entry where seq is null union all select 1 from auditlog_checkpoint where note is null',
      );
      return rows.length === 0;
    });
    const before = await verify(rig);
    for (const table of TABLES) await sql.query(`create table kept_${table} as table ${table}`);
    await sql.query('begin');
    await edit(sql, before.entries, rig.product.data);
    await sql.query('commit');
    const after = await verify(rig);
    await sql.query('begin');
    for (const table of TABLES) {
      await sql.query(`delete from ${table}`);
      await sql.query(`insert into ${table} overriding system value select * from kept_${table}`);
      await sql.query(`drop table kept_${table}`);
    }
    await sql.query('commit');
    const told = after.deviations.slice(0, 4).map(({ position, problem }) => `${position ?? '-'} ${problem}`);
    return {
      refused: isFound(after, before.entries),
      succeeded: before.deviations.length === 0 && before.entries > 20,
      detail: `before: ${before.deviations.length} deviations in ${before.entries}; after: ${told.join('; ')}`,
    };
  } finally {
    await sql.end();
  }
}

const at =
  (...positions: readonly number[]) =>
  ({ deviations }: Found): boolean => {
    const found = deviations.flatMap(({ position }) => (position === undefined ? [] : [position]));
    return (
      found.length > 0 && found.every((one) => positions.includes(one)) && positions.every((one) => found.includes(one))
    );
  };
const told =
  (pattern: RegExp) =>
  ({ deviations }: Found): boolean =>
    deviations.some(({ problem }) => pattern.test(problem));

/** A body that says something else, and is as well formed as the true one. */
const OTHER_BODY = `convert_to(replace(convert_from(body, 'UTF8'), '"outcome":"allow"', '"outcome":"deny"'), 'UTF8') || ' '::bytea`;

/** All tiles anew, so that they fit the entries: what somebody does who knows how the log is made. */
async function forgeTiles(sql: Client): Promise<Buffer> {
  const { rows } = await sql.query<{ body: Buffer }>(
    'select body from auditlog_entry where seq is not null order by seq',
  );
  const tiles = await growTiles(
    0,
    rows.map(({ body }) => leafHash(body)),
    () => Promise.reject(new RangeError('an empty log has no tiles')),
  );
  await sql.query('delete from auditlog_tile');
  for (const { tile, bytes } of tiles) {
    if (bytes.length % HASH_BYTES !== 0) throw new RangeError('a tile of broken hashes');
    await sql.query('insert into auditlog_tile (level, tile, bytes) values ($1, $2, $3)', [
      tile.level,
      tile.index,
      bytes,
    ]);
  }
  const made = new Map(tiles.map(({ tile, bytes }) => [`${tile.level}/${tile.index}`, bytes]));
  const hashes = hashesOfTiles(rows.length, async ({ level, index, width }) => {
    const bytes = made.get(`${level}/${index}`);
    if (bytes === undefined) throw new RangeError(`no tile ${level}/${index}`);
    return bytes.subarray(0, width * HASH_BYTES);
  });
  return rootHash(rows.length, hashes);
}

/** A checkpoint of the forged log in the place of the newest true one, with the key of the log, which somebody stole. */
async function forgeCheckpoint(sql: Client, root: Buffer, data: string): Promise<void> {
  const { rows } = await sql.query<{ size: string; note: string }>(
    'select size, note from auditlog_checkpoint order by size desc limit 1',
  );
  const [{ size, note } = { size: '0', note: '' }] = rows;
  const { origin } = parseCheckpoint(parseNote(note).text);
  const text = checkpointText({ origin, size: Number(size), root });
  const key = createPrivateKey(await readFile(join(data, 'keeper', 'log.key')));
  const forged = renderNote({ text, signatures: [signNote(text, origin, key)] });
  await sql.query('delete from auditlog_checkpoint');
  await sql.query('insert into auditlog_checkpoint (size, text, note) values ($1, $2, $3)', [size, text, forged]);
}

function edit(id: string, title: string, act: Edit, isFound: (found: Found, entries: number) => boolean): ServerAttack {
  return { id: `R46-audit-${id}`, title, controls: ['K16'], attempt: (rig) => edited(rig, act, isFound) };
}

export const attacks: readonly ServerAttack[] = [
  edit(
    'update',
    'one entry says something else',
    async (sql) => void (await sql.query(`update auditlog_entry set body = ${OTHER_BODY} where seq = 5`)),
    at(5),
  ),
  edit(
    'delete',
    'one entry is taken out',
    async (sql) => void (await sql.query('delete from auditlog_entry where seq = 6')),
    at(6),
  ),
  edit(
    'swap',
    'two entries change places',
    async (sql) => {
      await sql.query('update auditlog_entry set seq = -1 where seq = 7');
      await sql.query('update auditlog_entry set seq = 7 where seq = 9');
      await sql.query('update auditlog_entry set seq = 9 where seq = -1');
    },
    at(7, 9),
  ),
  edit(
    'truncate',
    'the newest entries are cut off',
    async (sql, entries) => void (await sql.query('delete from auditlog_entry where seq >= $1', [entries - 3])),
    (found, entries) =>
      at(entries - 3, entries - 2, entries - 1)(found) || told(/longer log: 3 entries are gone/)(found),
  ),
  edit(
    'forged-tiles',
    'an entry says something else, and all tiles fit it',
    async (sql) => {
      await sql.query(`update auditlog_entry set body = ${OTHER_BODY} where seq = 5`);
      await forgeTiles(sql);
    },
    told(/of another log: entries before \d+ were changed/),
  ),
  edit(
    'rewritten',
    'the log is rewritten, and the checkpoints that speak against it are gone',
    async (sql) => {
      await sql.query(`update auditlog_entry set body = ${OTHER_BODY} where seq = 5`);
      await forgeTiles(sql);
      await sql.query('delete from auditlog_checkpoint');
    },
    told(/\(kept elsewhere\) is of another log/),
  ),
  edit(
    'stolen-key',
    'the log is rewritten whole, and signed anew with the stolen key of the log',
    async (sql, _entries, data) => {
      await sql.query(`update auditlog_entry set body = ${OTHER_BODY} where seq = 5`);
      await forgeCheckpoint(sql, await forgeTiles(sql), data);
    },
    (found) =>
      told(/\(kept elsewhere\) is of another log/)(found) &&
      told(/\(stored\) is not signed by/)(found) &&
      // Only what the witness kept and did not sign speaks against it: the signature of the log itself is a true one.
      !told(/\(stored\) is of another log/)(found),
  ),
  edit(
    'old-state',
    'an older state of the log, whole and signed, is put back',
    async (sql) => {
      const { rows } = await sql.query<{ size: string }>('select size from auditlog_checkpoint order by size');
      const size = rows[Math.floor(rows.length / 2)]?.size ?? '0';
      await sql.query('delete from auditlog_entry where seq >= $1', [size]);
      await sql.query('delete from auditlog_checkpoint where size > $1', [size]);
      await forgeTiles(sql);
    },
    told(/\(kept elsewhere\) is of a longer log/),
  ),
  {
    id: 'R46-audit-oversized',
    title: 'an entry that no tile of entries can hold',
    controls: ['K16'],
    async attempt(rig) {
      const sql = await openSocket(rig);
      const insert = async (bytes: number) => {
        await sql.query('begin');
        const done = await sql.query('insert into auditlog_entry (body) values ($1)', [Buffer.alloc(bytes, 0x20)]).then(
          () => true,
          () => false,
        );
        await sql.query('rollback');
        return done;
      };
      const [over, within] = [await insert(65_536), await insert(65_535)];
      await sql.end();
      return { refused: !over, succeeded: within, detail: `65536: ${over}, 65535: ${within}` };
    },
  },
];
