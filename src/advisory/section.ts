import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { z } from 'zod';
import type { Severity } from '../finding/index.ts';
import { fault } from './faults.ts';
import { isAffected } from './ranges.ts';
import type { Advisory, AdvisoryRecord, Affected } from './record.ts';

/** How a severity is written: its index. */
const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const satisfies readonly Severity[];

/** The advisories of one ecosystem: each once, and the packages, sorted by name, with indexes of them. */
const sectionSchema = z.strictObject({
  advisories: z.array(
    z.tuple([
      z.string(), // id
      z.array(z.string()), // aliases
      z.string(), // summary
      z.number(), // severity: index, -1 for none
      z.number(), // score: -1 for none
      z.string(), // vector
      z.array(z.number()), // cwes
      z.string(), // modified
      z.boolean(), // malicious
      z.string(), // informational
      z.number(), // epss: -1 for none
      z.string(), // exploited since
    ]),
  ),
  packages: z.array(
    z.tuple([
      z.string(),
      z.array(
        z.tuple([
          z.number(),
          z.array(z.array(z.string())),
          z.array(z.string()),
          z.array(z.tuple([z.string(), z.array(z.string())])),
        ]),
      ),
    ]),
  ),
});
type SectionData = z.infer<typeof sectionSchema>;

/** An unpacked section; npm's, the largest, has far less. */
const SECTION_BYTES_MAX = 512 * 1024 * 1024;

export type PackageAdvisory = Affected & { readonly advisory: Advisory };

/** The advisories of one ecosystem, ready for look-ups. */
export type Section = {
  readonly advisories: number;
  readonly packages: number;
  lookup(name: string): readonly PackageAdvisory[];
  /** All records again, for a bundle that is made of this one. */
  records(ecosystem: string): readonly AdvisoryRecord[];
};

export function packSection(ecosystem: string, records: readonly AdvisoryRecord[]): Buffer {
  const sorted = [...records].sort((a, b) => (a.advisory.id < b.advisory.id ? -1 : 1));
  const packages = new Map<string, SectionData['packages'][number][1]>();
  for (const [at, { affected }] of sorted.entries()) {
    for (const part of affected.filter((one) => one.ecosystem === ecosystem)) {
      const entries = packages.get(part.name) ?? [];
      packages.set(part.name, entries);
      entries.push([
        at,
        part.ranges.map((range) => [...range]),
        // Ranges say the same shorter; only what goes beyond them is kept.
        part.versions.filter((version) => !isAffected(ecosystem, version, { ...part, versions: [] })),
        part.imports.map(({ path, symbols }) => [path, [...symbols]]),
      ]);
    }
  }
  const data: SectionData = {
    advisories: sorted.map(({ advisory }) => packAdvisory(advisory)),
    packages: [...packages].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
  return brotliCompressSync(JSON.stringify(data), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 22 },
  });
}

function packAdvisory(advisory: Advisory): SectionData['advisories'][number] {
  return [
    advisory.id,
    [...advisory.aliases],
    advisory.summary,
    advisory.severity === undefined ? -1 : SEVERITIES.indexOf(advisory.severity),
    advisory.score ?? -1,
    advisory.vector ?? '',
    [...advisory.cwes],
    advisory.modified,
    advisory.isMalicious,
    advisory.informational ?? '',
    advisory.epss ?? -1,
    advisory.exploitedSince ?? '',
  ];
}

function unpackAdvisory(packed: SectionData['advisories'][number]): Advisory {
  const [id, aliases, summary, severity, score, vector, cwes, modified, isMalicious, informational, epss, since] =
    packed;
  return {
    id,
    aliases,
    summary,
    severity: SEVERITIES[severity],
    score: score < 0 ? undefined : score,
    vector: vector || undefined,
    cwes,
    modified,
    isMalicious,
    informational: informational || undefined,
    epss: epss < 0 ? undefined : epss,
    exploitedSince: since || undefined,
  };
}

/** Unpacks what `packSection` made. Its digest was signed, so its form is trusted after a look at the whole. */
export function unpackSection(packed: Uint8Array): Section {
  const data = readSection(packed);
  const rows = new Map(data.packages);
  const advisories = new Map<number, Advisory>();
  const advisoryAt = (at: number): Advisory => {
    const known = advisories.get(at);
    if (known !== undefined) return known;
    const row = data.advisories[at];
    if (row === undefined) throw fault('bundle-invalid', `there is no advisory ${at}`);
    const made = unpackAdvisory(row);
    advisories.set(at, made);
    return made;
  };
  const made = new Map<string, readonly PackageAdvisory[]>();
  const NONE: readonly PackageAdvisory[] = [];
  const lookup = (name: string): readonly PackageAdvisory[] => {
    const row = rows.get(name);
    if (row === undefined) return NONE;
    const known = made.get(name);
    if (known !== undefined) return known;
    const entries = row.map(([at, ranges, versions, imports]) => ({
      advisory: advisoryAt(at),
      ranges,
      versions,
      imports: imports.map(([path, symbols]) => ({ path, symbols })),
    }));
    made.set(name, entries);
    return entries;
  };
  return {
    advisories: data.advisories.length,
    packages: rows.size,
    lookup,
    records(ecosystem) {
      const affected = data.advisories.map((): AdvisoryRecord['affected'][number][] => []);
      for (const [name, row] of data.packages) {
        for (const [at, ranges, versions, imports] of row) {
          affected[at]?.push({
            ecosystem,
            name,
            ranges,
            versions,
            imports: imports.map(([path, symbols]) => ({ path, symbols })),
          });
        }
      }
      return affected.map((parts, at) => ({ advisory: advisoryAt(at), affected: parts }));
    },
  };
}

function readSection(packed: Uint8Array): SectionData {
  try {
    const value: unknown = JSON.parse(brotliDecompressSync(packed, { maxOutputLength: SECTION_BYTES_MAX }).toString());
    if (isSection(value)) return value;
  } catch (thrown) {
    throw fault('bundle-invalid', 'a section of the bundle can not be unpacked', { cause: thrown });
  }
  throw fault('bundle-invalid', 'a section of the bundle has another form');
}

/** The signature covers each byte, so a full look at a hundred thousand rows at every start would buy nothing. */
function isSection(value: unknown): value is SectionData {
  if (typeof value !== 'object' || value === null || !('advisories' in value) || !('packages' in value)) return false;
  const { advisories, packages } = value;
  if (!Array.isArray(advisories) || !Array.isArray(packages)) return false;
  return sectionSchema.safeParse({ advisories: advisories.slice(0, 1), packages: packages.slice(0, 1) }).success;
}

/** Bytes of one entry in a set of malicious packages: 8 of a hash, then year and number of the record. */
const ENTRY_BYTES = 14;
const HASH_BYTES = 8;
const ID = /^MAL-(\d{4})-(\d+)$/;

export type MaliciousEntry = { readonly name: string; readonly version: string | undefined; readonly id: string };

/**
 * Whether a record can be kept as exact entries: an id of the usual form, and either all versions of a package or a list
 * of them. The many records of malicious packages take 14 bytes each that way.
 */
export function maliciousEntries(record: AdvisoryRecord, ecosystem: string): readonly MaliciousEntry[] | undefined {
  const { id, isMalicious } = record.advisory;
  if (!isMalicious || !ID.test(id)) return undefined;
  const entries: MaliciousEntry[] = [];
  for (const { name, ranges, versions } of record.affected.filter((part) => part.ecosystem === ecosystem)) {
    if (ranges.length === 1 && ranges[0]?.length === 1 && ranges[0][0] === '+0') {
      entries.push({ name, version: undefined, id });
    } else if (ranges.length === 0) {
      entries.push(...versions.map((version) => ({ name, version, id })));
    } else return undefined;
  }
  return entries;
}

function hashOf(name: string, version: string | undefined): Buffer {
  return createHash('sha256')
    .update(`${name}\0${version ?? ''}`)
    .digest()
    .subarray(0, HASH_BYTES);
}

export function packMalicious(entries: readonly MaliciousEntry[]): Buffer {
  const rows = entries.flatMap(({ name, version, id }) => {
    const [, year = '', number = ''] = ID.exec(id) ?? [];
    const row = Buffer.alloc(ENTRY_BYTES);
    hashOf(name, version).copy(row);
    row.writeUInt16BE(Number(year), HASH_BYTES);
    row.writeUInt32BE(Math.min(Number(number), 0xffffffff), HASH_BYTES + 2);
    return [row];
  });
  return Buffer.concat(rows.sort((a, b) => Buffer.compare(a, b)));
}

/** The id of the record that names this package, or this version of it; 64 bits of a hash make a false hit unlikely. */
export function findMalicious(packed: Buffer, name: string, version: string | undefined): string | undefined {
  const wanted = hashOf(name, version);
  let low = 0;
  let high = Math.floor(packed.length / ENTRY_BYTES);
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = middle * ENTRY_BYTES;
    const order = packed.compare(wanted, 0, HASH_BYTES, at, at + HASH_BYTES);
    if (order === 0) return idAt(packed, at);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

function idAt(packed: Buffer, at: number): string {
  return `MAL-${packed.readUInt16BE(at + HASH_BYTES)}-${packed.readUInt32BE(at + HASH_BYTES + 2)}`;
}

/** A set without the entries of these records, to which newer ones are added. */
export function withoutRecords(packed: Buffer, ids: ReadonlySet<string>): readonly Buffer[] {
  const rows: Buffer[] = [];
  for (let at = 0; at + ENTRY_BYTES <= packed.length; at += ENTRY_BYTES) {
    if (!ids.has(idAt(packed, at))) rows.push(packed.subarray(at, at + ENTRY_BYTES));
  }
  return rows;
}

export function mergeMalicious(kept: readonly Buffer[], added: Buffer): Buffer {
  const rows = [...kept];
  for (let at = 0; at + ENTRY_BYTES <= added.length; at += ENTRY_BYTES) rows.push(added.subarray(at, at + ENTRY_BYTES));
  rows.sort((a, b) => Buffer.compare(a, b));
  return Buffer.concat(rows.filter((row, at) => at === 0 || Buffer.compare(row, rows[at - 1] ?? row) !== 0));
}

export function maliciousCount(packed: Buffer): number {
  return Math.floor(packed.length / ENTRY_BYTES);
}
