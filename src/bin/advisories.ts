import { createReadStream, type Dirent, opendirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  addFile,
  advisoryFolder,
  ArchiveReader,
  BundleBuilder,
  dataKindOf,
  isBundle,
  loadBundle,
  type OpenBundle,
  openBundle,
  openSigner,
  parsePublicKey,
  RECORD_BYTES_MAX,
  saveBundle,
  SYNCED_ECOSYSTEMS,
  syncAdvisories,
} from '../advisory/index.ts';
import { isFault, reasonOf, systemClock } from '../base/index.ts';
import type { AdvisoriesImportRequest, AdvisoriesStatus, AdvisoriesSyncRequest } from '../cli/index.ts';
import type { Machine } from './commands.ts';
import { fault } from './faults.ts';

/** Where OSV publishes its dumps. */
const OSV_DUMPS = 'https://osv-vulnerabilities.storage.googleapis.com';
/** A server that says nothing for so long is taken as gone, milliseconds. */
const ANSWER_MS_MAX = 60_000;
/** A bundle of all ecosystems has under 50 MB. */
const BUNDLE_BYTES_MAX = 1024 * 1024 * 1024;
/** Files of one folder; the largest public database has a tenth. */
const FILES_MAX = 2_000_000;
const DEPTH_MAX = 40;
const DAY_MS = 86_400_000;

export async function sync(
  machine: Machine,
  request: AdvisoriesSyncRequest,
  onProgress: (line: string) => void,
): Promise<AdvisoriesStatus> {
  const folder = advisoryFolder(machine.places.state);
  const builder = new BundleBuilder();
  await syncAdvisories(builder, {
    fetch: fetchBody,
    from: request.from ?? OSV_DUMPS,
    ecosystems: request.ecosystems.length === 0 ? SYNCED_ECOSYSTEMS : request.ecosystems,
    epss: request.epss,
    exploited: request.exploited,
    previous: request.full ? undefined : loadUsable(folder, onProgress),
    onProgress,
  });
  return save(machine, builder, systemClock.now());
}

/** Takes files and folders; nothing is written when one of them can't be read. */
export async function importFiles(
  machine: Machine,
  request: AdvisoriesImportRequest,
  onProgress: (line: string) => void,
): Promise<AdvisoriesStatus> {
  const folder = advisoryFolder(machine.places.state);
  const builder = new BundleBuilder();
  const previous = request.replace ? undefined : loadUsable(folder, onProgress);
  if (previous !== undefined) builder.startFrom(previous);
  const keys = request.trustKey === undefined ? [] : [readKey(request.trustKey)];
  let files = 0;
  let dataMs = previous === undefined ? 0 : Date.parse(previous.info.created);
  for (const path of request.paths) {
    for (const file of filesOf(path)) {
      const taken = await importFile(builder, file, { keys, isNamed: file === path });
      files += taken.files;
      dataMs = Math.max(dataMs, taken.dataMs);
    }
    builder.addSource(`import of ${path.slice(path.lastIndexOf('/') + 1)}`);
  }
  const { records, withdrawn, skipped, older, scores, exploited } = builder.counts;
  onProgress(
    `${files} files: ${records} records, ${withdrawn} withdrawn, ${older} older than what was there, ${skipped} of another form, ${scores} scores, ${exploited} exploited`,
  );
  if (records + older + scores + exploited + withdrawn === 0 && builder.isEmpty) {
    throw fault('advisories-empty', 'nothing in the files is an advisory, a score or a bundle');
  }
  return save(machine, builder, dataMs);
}

export function status(machine: Machine): AdvisoriesStatus | undefined {
  const folder = advisoryFolder(machine.places.state);
  const bundle = loadBundle(folder);
  return bundle === undefined ? undefined : statusOf(machine, bundle);
}

/** The age is that of the data: an old bundle that is imported today stays old. */
function save(machine: Machine, builder: BundleBuilder, dataMs: number): AdvisoriesStatus {
  const folder = advisoryFolder(machine.places.state);
  const signer = openSigner(folder);
  const bytes = builder.build(new Date(Math.min(dataMs, systemClock.now())).toISOString(), signer);
  saveBundle(folder, bytes, String(process.pid));
  return statusOf(machine, openBundle(bytes, [signer.publicKey]));
}

function statusOf({ places }: Machine, { info }: OpenBundle): AdvisoriesStatus {
  return {
    created: info.created,
    ageDays: (systemClock.now() - Date.parse(info.created)) / DAY_MS,
    digest: info.digest,
    publicKey: info.publicKey,
    file: join(advisoryFolder(places.state).directory, 'advisories.bundle'),
    epss: info.epss,
    exploited: info.exploited,
    sources: info.sources,
    ecosystems: info.ecosystems,
  };
}

/** A bundle that is broken is no reason not to make a new one. */
function loadUsable(
  folder: ReturnType<typeof advisoryFolder>,
  onProgress: (line: string) => void,
): OpenBundle | undefined {
  try {
    const bundle = loadBundle(folder);
    // Digests of sections are checked when they are used: here all of them are.
    for (const section of bundle?.head.sections ?? []) bundle?.content(section);
    return bundle;
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    onProgress(`the advisories that were there are left out: ${thrown.message}`);
    return undefined;
  }
}

function readKey(keyOrFile: string): string {
  let text = keyOrFile;
  try {
    if (statSync(keyOrFile).isFile()) text = readFileSync(keyOrFile, 'utf8');
  } catch {
    // No file of this name: it is the key itself.
  }
  return parsePublicKey(text);
}

/** The files below a path, or the path itself. Links are not followed: a folder from elsewhere could lead anywhere. */
function* filesOf(path: string, depth = 0): Iterable<string> {
  if (depth === 0 && !statOf(path).isDirectory()) {
    yield path;
    return;
  }
  if (depth > DEPTH_MAX) return;
  const directory = opendirSync(path);
  const entries: Dirent[] = [];
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      entries.push(entry);
      if (entries.length > FILES_MAX) throw fault('file-unreadable', `${path} has more than ${FILES_MAX} files`);
    }
  } finally {
    directory.closeSync();
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const next = join(path, entry.name);
    if (entry.isDirectory()) yield* filesOf(next, depth + 1);
    else if (entry.isFile() && dataKindOf(entry.name) !== 'other') yield next;
  }
}

function statOf(path: string) {
  try {
    return statSync(path);
  } catch (thrown) {
    throw fault('file-unreadable', `${path} can't be read`, { cause: thrown });
  }
}

type Taken = { readonly files: number; readonly dataMs: number };

/** Takes a file. Its data are as old as itself; scores and lists of exploited flaws say nothing of the age of records. */
async function importFile(
  builder: BundleBuilder,
  path: string,
  { keys, isNamed }: { readonly keys: readonly string[]; readonly isNamed: boolean },
): Promise<Taken> {
  const { size, mtimeMs } = statOf(path);
  const kind = dataKindOf(path);
  const before = builder.counts.records;
  const taken = () => ({ files: 1, dataMs: builder.counts.records > before ? mtimeMs : 0 });
  if (kind === 'zip') {
    const archive = new ArchiveReader(builder, path);
    for await (const chunk of createReadStream(path)) {
      if (chunk instanceof Uint8Array) archive.push(chunk, false);
    }
    archive.push(new Uint8Array(0), true);
    return taken();
  }
  if (kind === 'other') {
    if (size > BUNDLE_BYTES_MAX) throw fault('file-unreadable', `${path} has more than ${BUNDLE_BYTES_MAX} bytes`);
    const bytes = readFileSync(path);
    if (!isBundle(bytes)) throw fault('advisories-empty', `${path} is neither a bundle nor a file of records`);
    const bundle = openBundle(bytes, keys);
    builder.startFrom(bundle);
    return { files: 1, dataMs: Date.parse(bundle.info.created) };
  }
  if (size > RECORD_BYTES_MAX * (kind === 'csv' ? 8 : 1)) throw fault('file-unreadable', `${path} is too large`);
  try {
    addFile(builder, path, readFileSync(path));
    return taken();
  } catch (thrown) {
    // A folder of a database holds other files too; a file that was named has to be what it is taken for.
    if (isNamed || !isFault(thrown, 'advisory/record-invalid')) throw thrown;
    builder.counts.skipped += 1;
    return { files: 0, dataMs: 0 };
  }
}

/** One request; the body in chunks, or nothing when there is none of that name. */
async function fetchBody(url: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  const response = await fetch(url, { redirect: 'follow', signal: AbortSignal.timeout(ANSWER_MS_MAX * 10) });
  if (response.status === 404) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok || response.body === null) {
    throw fault('fetch-failed', `${url} answers ${response.status}: ${reasonOf(response.statusText)}`);
  }
  return response.body;
}
