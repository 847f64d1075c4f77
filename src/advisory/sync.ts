import { reasonOf } from '../base/index.ts';
import type { BundleBuilder } from './builder.ts';
import type { OpenBundle } from './bundle.ts';
import { addJson, addScores, ArchiveReader, RECORD_BYTES_MAX, SCORES_BYTES_MAX } from './collect.ts';
import { fault } from './faults.ts';

/** The ecosystems whose packages the inventory knows, as the dumps spell them. */
export const SYNCED_ECOSYSTEMS = [
  'npm',
  'PyPI',
  'Go',
  'crates.io',
  'Maven',
  'RubyGems',
  'Packagist',
  'NuGet',
  'Pub',
  'Hex',
  'SwiftURL',
  'ConanCenter',
  'CRAN',
  'GitHub Actions',
] as const;

/** Records that are fetched one by one; when more have changed, the whole dump is fetched. */
const SINGLE_RECORDS_MAX = 300;
const INDEX_BYTES_MAX = 64 * 1024 * 1024;

/** What `sync` needs of the network: a request that answers a body in chunks, or nothing when it is not there (404). */
export type Fetcher = (url: string) => Promise<AsyncIterable<Uint8Array> | undefined>;

export type SyncOptions = {
  readonly fetch: Fetcher;
  /** The address below which the dumps lie: `<from>/<ECOSYSTEM>/all.zip`. */
  readonly from: string;
  readonly ecosystems: readonly string[];
  readonly epss: string | undefined;
  readonly exploited: string | undefined;
  readonly previous: OpenBundle | undefined;
  readonly onProgress: (message: string) => void;
};

/** Fills the builder from dumps in OSV's layout. Throws `advisory/sync-failed`; nothing is kept of a sync that failed. */
export async function syncAdvisories(builder: BundleBuilder, options: SyncOptions): Promise<void> {
  const { previous, onProgress } = options;
  const base = options.from.replace(/\/+$/, '');
  let synced = 0;
  if (previous !== undefined) builder.startFrom(previous);
  builder.addSource(base);
  for (const ecosystem of options.ecosystems) {
    const address = `${base}/${encodeURIComponent(ecosystem)}`;
    const since = previous?.head.sections.find(
      (one) => one.ecosystem === ecosystem && one.kind === 'advisories',
    )?.modified;
    const changed = since === undefined || since === '' ? undefined : await changedSince(options.fetch, address, since);
    if (changed !== undefined && changed.length <= SINGLE_RECORDS_MAX) {
      for (const id of changed) await addRecord(builder, options.fetch, `${address}/${encodeURIComponent(id)}.json`);
      onProgress(`${ecosystem}: ${changed.length} changed`);
      synced += 1;
      continue;
    }
    const body = await request(options.fetch, `${address}/all.zip`);
    if (body === undefined) {
      onProgress(`${ecosystem}: not there`);
      continue;
    }
    const archive = new ArchiveReader(builder, `${ecosystem}/all.zip`);
    await eachChunk(body, `${address}/all.zip`, (chunk) => archive.push(chunk, false));
    archive.push(new Uint8Array(0), true);
    onProgress(`${ecosystem}: ${archive.entries} records`);
    synced += 1;
  }
  if (synced === 0) throw fault('sync-failed', `there is no dump of any ecosystem below ${base}`);
  await addExtras(builder, options);
}

async function addExtras(builder: BundleBuilder, options: SyncOptions): Promise<void> {
  if (options.epss !== undefined) {
    const bytes = await fetchWhole(options.fetch, options.epss, SCORES_BYTES_MAX);
    if (bytes === undefined) throw fault('sync-failed', `${options.epss} is not there`);
    const { gunzipSync } = await import('node:zlib');
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const text = isPacked ? gunzipSync(bytes, { maxOutputLength: SCORES_BYTES_MAX }) : bytes;
    addScores(builder, options.epss, text.toString('utf8'));
    options.onProgress(`EPSS: ${builder.counts.scores} scores`);
  }
  if (options.exploited !== undefined) {
    const bytes = await fetchWhole(options.fetch, options.exploited, SCORES_BYTES_MAX);
    if (bytes === undefined) throw fault('sync-failed', `${options.exploited} is not there`);
    addJson(builder, options.exploited, bytes.toString('utf8'));
    options.onProgress(`known exploited: ${builder.counts.exploited}`);
  }
}

/** Ids of the records that changed after a time, from the index that lies beside a dump; nothing without an index. */
async function changedSince(fetch: Fetcher, address: string, since: string): Promise<readonly string[] | undefined> {
  const bytes = await fetchWhole(fetch, `${address}/modified_id.csv`, INDEX_BYTES_MAX);
  if (bytes === undefined) return undefined;
  const changed: string[] = [];
  const from = Date.parse(since);
  for (const line of bytes.toString('utf8').split('\n')) {
    const [time = '', path = ''] = line.trim().split(',');
    const id = path.slice(path.lastIndexOf('/') + 1);
    // The index is sorted, the newest first; all of it is looked at nevertheless: another mirror may not sort.
    if (id !== '' && Date.parse(time) > from) changed.push(id);
  }
  return changed;
}

async function addRecord(builder: BundleBuilder, fetch: Fetcher, url: string): Promise<void> {
  const bytes = await fetchWhole(fetch, url, RECORD_BYTES_MAX);
  if (bytes === undefined) throw fault('sync-failed', `${url} is named by the index and is not there`);
  addJson(builder, url, bytes.toString('utf8'));
}

async function request(fetch: Fetcher, url: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  try {
    return await fetch(url);
  } catch (thrown) {
    throw fault('sync-failed', `${url}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

async function fetchWhole(fetch: Fetcher, url: string, bytesMax: number): Promise<Buffer | undefined> {
  const body = await request(fetch, url);
  if (body === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  await eachChunk(body, url, (chunk) => {
    size += chunk.length;
    if (size > bytesMax) throw fault('input-too-large', `${url} has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  });
  return Buffer.concat(chunks);
}

async function eachChunk(
  body: AsyncIterable<Uint8Array>,
  url: string,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await chunks.next();
    } catch (thrown) {
      throw fault('sync-failed', `${url}: ${reasonOf(thrown)}`, { cause: thrown });
    }
    if (next.done === true) return;
    take(next.value);
  }
}
