import {
  growTiles,
  HASH_BYTES,
  type Hash,
  hashesOfTiles,
  leafHash,
  type NoteVerifier,
  parseCheckpoint,
  parseNote,
  type ReadTile,
  rootHash,
  TILE_WIDTH,
  verifyNote,
} from '../attest/index.ts';
import { reasonOf } from '../base/index.ts';
import type { Database } from '../database/index.ts';
import type { AuditlogTables } from './tables.ts';

const READ_ROWS = 4096;
/** Deviations of one sort that are told, entries and others; more say nothing new. */
const DEVIATIONS_MAX = 100;
/** A time that is so much before that of the entry before it is a clock that was set back. Milliseconds. */
const CLOCK_STEP_MS = 60_000;

/** Something that is not as it was signed. `position` is that of an entry, from 0. */
export type Deviation = { readonly position?: number; readonly problem: string };

export type Verification = {
  readonly entries: number;
  /** Signed ones. */
  readonly checkpoints: number;
  /** Entries of the tree that no signature speaks for yet: those of the last moment, when the signer is well. */
  readonly unsigned: number;
  /** Of appended entries that no checkpoint has yet. */
  readonly open: number;
  readonly deviations: readonly Deviation[];
  /** Where the clock of the server was set back: no edit of the log, but times around there are not to be trusted. */
  readonly clockSteps: readonly ClockStep[];
};

/** An entry that says an earlier time than the one before it. Entries that commit at once may differ by less than a step. */
export type ClockStep = { readonly position: number; readonly backMs: number };

/**
 * Proves the whole log: every entry is hashed again and compared with its tile, every tile with the one above, every checkpoint with
 * the root at its size and with the log's key. `known` are checkpoints that somebody else kept (a witness, an export): a log that was
 * rewritten and signed anew does not fit them. With `witness` every checkpoint must carry its signature too.
 */
export async function verifyLog(
  db: Database,
  log: NoteVerifier,
  known: readonly string[] = [],
  witness?: NoteVerifier,
): Promise<Verification> {
  const deviations: Deviation[] = [];
  const told = { entry: 0, other: 0 };
  const tell = (problem: string, position?: number) => {
    const sort = position === undefined ? 'other' : 'entry';
    told[sort] += 1;
    if (told[sort] <= DEVIATIONS_MAX) deviations.push({ problem, ...(position === undefined ? {} : { position }) });
  };
  const computed = new Tiles();
  const clock = new ClockReader();
  const size = await rehash(db, computed, { tell, clock });
  await compareTiles(db, computed, tell);
  const rows = await db
    .as<AuditlogTables>()
    .selectFrom('auditlog_checkpoint')
    .select(['size', 'note'])
    .orderBy('size')
    .execute();
  const stored = rows.flatMap(({ note }) => (note === null ? [] : [note]));
  for (const { size: at, note } of rows.slice(0, -1)) {
    if (note === null) tell(`the checkpoint of ${at} entries has no signature, and a later one is there`);
  }
  for (const [origin, notes] of [
    ['stored', stored],
    ['kept elsewhere', known],
  ] as const) {
    for (const note of notes)
      await compareCheckpoint(
        { note, origin, size, computed, signers: witness === undefined ? [log] : [log, witness] },
        tell,
      );
  }
  const last = rows.at(-1);
  if (Number(last?.size ?? 0) !== size)
    tell(`the newest checkpoint has ${last?.size ?? 0} entries, the log has ${size}`);
  const { open } = await db
    .as<AuditlogTables>()
    .selectFrom('auditlog_entry')
    .select((all) => all.fn.countAll<string>().as('open'))
    .where('seq', 'is', null)
    .executeTakeFirstOrThrow();
  const signed = rows.findLast(({ note }) => note !== null);
  const unsigned = Math.max(size - Number(signed?.size ?? 0), 0);
  return {
    entries: size,
    checkpoints: stored.length,
    unsigned,
    open: Number(open),
    deviations,
    clockSteps: clock.steps,
  };
}

const TIME = Buffer.from('"time":"');
const TIME_BYTES = '2026-01-01T00:00:00.000Z'.length;

/** Reads the times of entries without parsing them: canonical JSON has `time` behind all that others choose. */
class ClockReader {
  readonly steps: ClockStep[] = [];
  #last = 0;

  read(position: number, body: Buffer): void {
    const at = body.lastIndexOf(TIME);
    if (at === -1) return;
    const from = at + TIME.length;
    const time = Date.parse(body.toString('latin1', from, from + TIME_BYTES));
    if (!Number.isFinite(time)) return;
    const backMs = this.#last - time;
    if (backMs > CLOCK_STEP_MS && this.steps.length < DEVIATIONS_MAX) this.steps.push({ position, backMs });
    // Behind a step the new time counts, so that each is told once.
    this.#last = backMs > CLOCK_STEP_MS ? time : Math.max(this.#last, time);
  }
}

type Tell = (problem: string, position?: number) => void;

/** Tiles made of the entries as they are. */
class Tiles {
  readonly #tiles = new Map<string, Buffer>();
  size = 0;

  readonly read: ReadTile = async ({ level, index, width }) => {
    const bytes = this.#tiles.get(`${level}/${index}`);
    if (bytes === undefined) throw new RangeError(`no tile ${level}/${index}`);
    return bytes.subarray(0, width * HASH_BYTES);
  };

  async grow(leaves: readonly Hash[]): Promise<void> {
    for (const { tile, bytes } of await growTiles(this.size, leaves, this.read)) {
      this.#tiles.set(`${tile.level}/${tile.index}`, bytes);
    }
    this.size += leaves.length;
  }

  entries(): Iterable<[string, Buffer]> {
    return this.#tiles;
  }

  get(level: number, index: string): Buffer | undefined {
    return this.#tiles.get(`${level}/${index}`);
  }
}

async function rehash(
  db: Database,
  computed: Tiles,
  { tell, clock }: { readonly tell: Tell; readonly clock: ClockReader },
): Promise<number> {
  for (let next = 0; ; ) {
    const rows = await db
      .as<AuditlogTables>()
      .selectFrom('auditlog_entry')
      .select(['seq', 'body'])
      .where('seq', '>=', String(next))
      .orderBy('seq')
      .limit(READ_ROWS)
      .execute();
    if (rows.length === 0) return next;
    const leaves: Hash[] = [];
    for (const { seq, body } of rows) {
      const position = Number(seq);
      // A hole: whatever stood there can't be known, and the positions after it must stay what they are.
      for (; next < position; next += 1) {
        tell('the entry is gone', next);
        leaves.push(Buffer.alloc(HASH_BYTES));
      }
      leaves.push(leafHash(body));
      clock.read(position, body);
      next += 1;
    }
    await computed.grow(leaves);
  }
}

async function compareTiles(db: Database, computed: Tiles, tell: Tell): Promise<void> {
  const rows = await db
    .as<AuditlogTables>()
    .selectFrom('auditlog_tile')
    .selectAll()
    .orderBy('level')
    .orderBy('tile')
    .execute();
  const seen = new Set<string>();
  for (const { level, tile, bytes } of rows) {
    seen.add(`${level}/${tile}`);
    const wanted = computed.get(level, tile);
    if (wanted === undefined) {
      tell(`the tile ${level}/${tile} has no entries below it`);
      continue;
    }
    const width = Math.max(wanted.length, bytes.length) / HASH_BYTES;
    for (let at = 0; at < width; at += 1) {
      const stored = bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
      const found = wanted.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
      if (stored.equals(found)) continue;
      if (level === 0) {
        const position = Number(tile) * TILE_WIDTH + at;
        tell(found.length === 0 ? 'the entry is gone' : 'the entry is not what was recorded', position);
      } else {
        tell(`the tile ${level}/${tile} does not follow from those below it`);
        break;
      }
    }
  }
  for (const [name] of computed.entries()) if (!seen.has(name)) tell(`the tile ${name} is gone`);
}

async function compareCheckpoint(
  {
    note,
    origin,
    size,
    computed,
    signers,
  }: {
    readonly note: string;
    readonly origin: string;
    readonly size: number;
    readonly computed: Tiles;
    readonly signers: readonly NoteVerifier[];
  },
  tell: Tell,
): Promise<void> {
  try {
    const parsed = parseNote(note);
    const checkpoint = parseCheckpoint(parsed.text);
    const title = `the checkpoint of ${checkpoint.size} entries (${origin})`;
    for (const signer of signers) {
      if (verifyNote(parsed, signer) === undefined) tell(`${title} is not signed by ${signer.name}`);
    }
    if (checkpoint.size > size) {
      tell(`${title} is of a longer log: ${checkpoint.size - size} entries are gone`);
      return;
    }
    const root = await rootHash(checkpoint.size, hashesOfTiles(checkpoint.size, computed.read));
    if (!root.equals(checkpoint.root))
      tell(`${title} is of another log: entries before ${checkpoint.size} were changed`);
  } catch (thrown) {
    tell(`a checkpoint (${origin}) can't be read: ${reasonOf(thrown)}`);
  }
}
