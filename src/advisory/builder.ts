import { type OpenBundle, packBundle, type PackedSection } from './bundle.ts';
import { readOsv } from './osv.ts';
import type { AdvisoryRecord } from './record.ts';
import {
  maliciousCount,
  maliciousEntries,
  type MaliciousEntry,
  mergeMalicious,
  packMalicious,
  packSection,
  withoutRecords,
} from './section.ts';
import type { BundleSigner } from './signing.ts';

/** What was taken in, for progress and for the answer of a command. */
export type BuildCounts = {
  records: number;
  withdrawn: number;
  skipped: number;
  /** Records of which a later state was there. */
  older: number;
  scores: number;
  exploited: number;
};

/**
 * Collects records, scores and the list of exploited flaws, and makes a bundle of them. A newer record replaces an older, never the other
 * way round: a mirror that is behind, or a bundle that somebody kept, must not take back what is known.
 */
export class BundleBuilder {
  readonly counts: BuildCounts = { records: 0, withdrawn: 0, skipped: 0, older: 0, scores: 0, exploited: 0 };
  readonly #records = new Map<string, AdvisoryRecord>();
  readonly #removed = new Set<string>();
  readonly #scores = new Map<string, number>();
  readonly #exploited = new Map<string, string>();
  readonly #sources = new Set<string>();
  readonly #malicious = new Map<string, MaliciousEntry[]>();
  #epssDate = '';
  #exploitedDate = '';
  /** Bundles that this one goes on from: their sets of malicious packages are taken over packed. */
  readonly #previous: OpenBundle[] = [];

  /** Goes on from a bundle: what is not added anew stays. Of two states of a record the newer one does. */
  startFrom(bundle: OpenBundle): void {
    this.#previous.push(bundle);
    for (const source of bundle.info.sources) this.#sources.add(source);
    if (bundle.info.epss > this.#epssDate) this.#epssDate = bundle.info.epss;
    if (bundle.info.exploited > this.#exploitedDate) this.#exploitedDate = bundle.info.exploited;
    const own = new Map<string, AdvisoryRecord>();
    for (const { ecosystem, kind } of bundle.head.sections) {
      if (kind !== 'advisories') continue;
      for (const record of bundle.records(ecosystem)) {
        // A record may stand in the sections of several ecosystems: its packages belong together again.
        const known = own.get(record.advisory.id);
        const affected = known === undefined ? record.affected : [...known.affected, ...record.affected];
        own.set(record.advisory.id, { ...record, affected });
      }
    }
    for (const [id, record] of own) if (!this.#isOlder(id, record.advisory.modified)) this.#records.set(id, record);
  }

  addSource(source: string): void {
    this.#sources.add(source);
  }

  /** Takes a value that should be an OSV record; what it is not is counted as skipped. */
  add(value: unknown): void {
    const record = readOsv(value);
    if (record === undefined) {
      this.counts.skipped += 1;
      return;
    }
    const id = record === 'withdrawn' ? textAt(value, 'id') : record.advisory.id;
    if (this.#isOlder(id, record === 'withdrawn' ? textAt(value, 'modified') : record.advisory.modified)) {
      this.counts.older += 1;
      return;
    }
    if (record === 'withdrawn') {
      this.counts.withdrawn += 1;
      this.#records.delete(id);
      this.#removed.add(id);
      return;
    }
    this.counts.records += 1;
    this.#removed.add(id);
    this.#records.delete(id);
    const ecosystems = new Set(record.affected.map(({ ecosystem }) => ecosystem));
    const entries = [...ecosystems].map((ecosystem) => [ecosystem, maliciousEntries(record, ecosystem)] as const);
    const packed = entries.filter(([, list]) => list !== undefined);
    for (const [ecosystem, list] of packed) {
      const all = this.#malicious.get(ecosystem) ?? [];
      all.push(...(list ?? []));
      this.#malicious.set(ecosystem, all);
    }
    const rest = new Set(packed.map(([ecosystem]) => ecosystem));
    const affected = record.affected.filter(({ ecosystem }) => !rest.has(ecosystem));
    if (affected.length > 0) this.#records.set(id, { ...record, affected });
  }

  /** Whether a later state of the record is known. Times of OSV are UTC, to the second or finer. */
  #isOlder(id: string, modified: string): boolean {
    const known = Date.parse(this.#records.get(id)?.advisory.modified ?? '');
    return known > (Date.parse(modified) || Number.NEGATIVE_INFINITY);
  }

  addScore(cve: string, probability: number, date: string): void {
    this.counts.scores += 1;
    this.#scores.set(cve, probability);
    if (date > this.#epssDate) this.#epssDate = date;
  }

  addExploited(cve: string, since: string, date: string): void {
    this.counts.exploited += 1;
    this.#exploited.set(cve, since);
    if (date > this.#exploitedDate) this.#exploitedDate = date;
  }

  get isEmpty(): boolean {
    return this.#records.size === 0 && this.#malicious.size === 0 && this.#previous.length === 0;
  }

  build(created: string, signer: BundleSigner): Buffer {
    const records = [...this.#records.values()].map((record) => this.#graded(record));
    const byEcosystem = new Map<string, AdvisoryRecord[]>();
    for (const record of records) {
      for (const ecosystem of new Set(record.affected.map((part) => part.ecosystem))) {
        const list = byEcosystem.get(ecosystem) ?? [];
        list.push(record);
        byEcosystem.set(ecosystem, list);
      }
    }
    const sections = [...byEcosystem].map(
      ([ecosystem, list]): PackedSection => ({
        ecosystem,
        kind: 'advisories',
        entries: list.length,
        packages: new Set(
          list.flatMap(({ affected }) => affected.flatMap((one) => (one.ecosystem === ecosystem ? one.name : []))),
        ).size,
        modified: list.reduce((latest, { advisory }) => (advisory.modified > latest ? advisory.modified : latest), ''),
        content: packSection(ecosystem, list),
      }),
    );
    return packBundle(
      [...sections, ...this.#maliciousSections()],
      { created, sources: [...this.#sources].sort(), epss: this.#epssDate, exploited: this.#exploitedDate },
      signer,
    );
  }

  #maliciousSections(): readonly PackedSection[] {
    const previous = new Map<string, Buffer[]>();
    for (const bundle of this.#previous) {
      for (const section of bundle.head.sections) {
        if (section.kind !== 'malicious') continue;
        previous.set(section.ecosystem, [...(previous.get(section.ecosystem) ?? []), bundle.content(section)]);
      }
    }
    return [...new Set([...previous.keys(), ...this.#malicious.keys()])].map((ecosystem): PackedSection => {
      const kept = (previous.get(ecosystem) ?? []).flatMap((packed) => withoutRecords(packed, this.#removed));
      const content = mergeMalicious(kept, packMalicious(this.#malicious.get(ecosystem) ?? []));
      const entries = maliciousCount(content);
      return { ecosystem, kind: 'malicious', entries, packages: entries, modified: '', content };
    });
  }

  /** Puts the score and the exploitation of its CVE to a record. */
  #graded(record: AdvisoryRecord): AdvisoryRecord {
    const ids = [record.advisory.id, ...record.advisory.aliases];
    const scores = ids.flatMap((id) => this.#scores.get(id) ?? []);
    const since = ids.flatMap((id) => this.#exploited.get(id) ?? []).sort()[0];
    if (scores.length === 0 && since === undefined) return record;
    const { advisory } = record;
    return {
      ...record,
      advisory: {
        ...advisory,
        epss: scores.length === 0 ? advisory.epss : Math.max(...scores),
        exploitedSince: since ?? advisory.exploitedSince,
      },
    };
  }
}

function textAt(value: unknown, key: 'id' | 'modified'): string {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'string' ? found : '';
}
