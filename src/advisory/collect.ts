import { gunzipSync } from 'node:zlib';
import { Unzip, UnzipInflate, type UnzipFile } from 'fflate';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { BundleBuilder } from './builder.ts';
import { fault } from './faults.ts';

/** One record; the largest published has under 3 MB. */
export const RECORD_BYTES_MAX = 32 * 1024 * 1024;
/** A CSV of scores, unpacked: a line of 40 bytes for each CVE. */
export const SCORES_BYTES_MAX = 256 * 1024 * 1024;
/** Records of one archive: several times what the largest dump has. */
const ARCHIVE_ENTRIES_MAX = 2_000_000;
/** Bytes of one archive, unpacked: what is beyond is a bomb. */
const ARCHIVE_BYTES_MAX = 8 * 1024 * 1024 * 1024;
/** YAML anchors that one record may use. */
const YAML_ALIASES_MAX = 100;

/** What a file holds, by its name: records, an archive of them, scores, exploited flaws. */
export type DataKind = 'json' | 'yaml' | 'zip' | 'csv' | 'csv.gz' | 'other';

export function dataKindOf(name: string): DataKind {
  if (/\.json$/i.test(name)) return 'json';
  if (/\.ya?ml$/i.test(name)) return 'yaml';
  if (/\.zip$/i.test(name)) return 'zip';
  if (/\.csv$/i.test(name)) return 'csv';
  return /\.csv\.gz$/i.test(name) ? 'csv.gz' : 'other';
}

/** Takes one file that is no archive. Throws `advisory/record-invalid` when its text can't be read as what its name says. */
export function addFile(builder: BundleBuilder, name: string, bytes: Uint8Array): void {
  switch (dataKindOf(name)) {
    case 'json':
      addJson(builder, name, Buffer.from(bytes).toString('utf8'));
      return;
    case 'yaml':
      builder.add(
        parse(name, () =>
          parseYaml(Buffer.from(bytes).toString('utf8'), { maxAliasCount: YAML_ALIASES_MAX, schema: 'core' }),
        ),
      );
      return;
    case 'csv':
      addScores(builder, name, Buffer.from(bytes).toString('utf8'));
      return;
    case 'csv.gz':
      addScores(
        builder,
        name,
        parse(name, () => gunzipSync(bytes, { maxOutputLength: SCORES_BYTES_MAX }).toString('utf8')),
      );
      return;
    case 'zip':
    case 'other':
      throw fault('record-invalid', `${name} is of no kind that is read`);
  }
}

function parse<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw fault('record-invalid', `${name} can't be read`, { cause: thrown });
  }
}

const kevSchema = z.object({
  dateReleased: z.string().optional(),
  vulnerabilities: z.array(z.object({ cveID: z.string(), dateAdded: z.string().optional() })),
});

/** A record, a list of records, or the catalogue of exploited vulnerabilities as CISA publishes it. */
export function addJson(builder: BundleBuilder, name: string, text: string): void {
  const value: unknown = parse(name, () => JSON.parse(text));
  const kev = kevSchema.safeParse(value);
  if (kev.success) {
    for (const { cveID, dateAdded } of kev.data.vulnerabilities) {
      builder.addExploited(cveID, dateAdded ?? '', kev.data.dateReleased ?? '');
    }
    return;
  }
  for (const record of Array.isArray(value) ? value : [value]) builder.add(record);
}

/** Scores as FIRST publishes them: a comment with the date, a header, `cve,epss,percentile`. */
export function addScores(builder: BundleBuilder, name: string, text: string): void {
  const date = /score_date:([0-9T:.+-]+)/.exec(text.slice(0, 300))?.[1] ?? '';
  let found = 0;
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end);
    start = end < 0 ? text.length : end + 1;
    const [cve = '', epss = ''] = line.split(',');
    const probability = Number(epss);
    if (!cve.startsWith('CVE-') || epss === '' || !(probability >= 0 && probability <= 1)) continue;
    builder.addScore(cve, probability, date);
    found += 1;
  }
  if (found === 0) throw fault('record-invalid', `${name} has no line of the form cve,epss,percentile`);
}

/** An archive that is pushed in chunks; each entry of it that is a record is given to the builder when it is whole. */
export class ArchiveReader {
  readonly #unzip: Unzip;
  readonly #name: string;
  readonly #builder: BundleBuilder;
  #entries = 0;
  #bytes = 0;
  #unfinished = 0;
  #failure: unknown;

  constructor(builder: BundleBuilder, name: string) {
    this.#builder = builder;
    this.#name = name;
    this.#unzip = new Unzip((file) => this.#open(file));
    this.#unzip.register(UnzipInflate);
  }

  push(chunk: Uint8Array, isLast: boolean): void {
    try {
      this.#unzip.push(chunk, isLast);
    } catch (thrown) {
      this.#failure ??= thrown;
    }
    if (this.#failure === undefined && isLast && (this.#entries === 0 || this.#unfinished > 0)) {
      this.#failure = new RangeError('the archive is cut off');
    }
    if (this.#failure !== undefined) this.#fail();
  }

  get entries(): number {
    return this.#entries;
  }

  #fail(): never {
    const cause = this.#failure;
    if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('advisory/')) throw cause;
    throw fault('record-invalid', `${this.#name} is no archive that can be read`, { cause });
  }

  #open(file: UnzipFile): void {
    this.#entries += 1;
    const kind = dataKindOf(file.name);
    if (this.#entries > ARCHIVE_ENTRIES_MAX) {
      throw fault('input-too-large', `${this.#name} has more than ${ARCHIVE_ENTRIES_MAX} entries`);
    }
    if (kind !== 'json' && kind !== 'yaml') return;
    const chunks: Uint8Array[] = [];
    let size = 0;
    this.#unfinished += 1;
    file.ondata = (error, chunk, isLast) => {
      if (this.#failure !== undefined) return;
      if (error !== null) {
        this.#failure = error;
        return;
      }
      size += chunk.length;
      this.#bytes += chunk.length;
      if (size > RECORD_BYTES_MAX || this.#bytes > ARCHIVE_BYTES_MAX) {
        this.#failure = fault('input-too-large', `${this.#name}: ${file.name.slice(0, 100)} unpacks to too much`);
        file.terminate();
        return;
      }
      chunks.push(chunk);
      if (!isLast) return;
      this.#unfinished -= 1;
      try {
        addFile(this.#builder, file.name, Buffer.concat(chunks));
      } catch (thrown) {
        this.#failure = thrown;
      }
    };
    file.start();
  }
}
