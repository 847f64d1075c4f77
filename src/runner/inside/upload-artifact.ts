/**
 * `actions/upload-artifact`: finds files by patterns, packs them and uploads them while they are packed.
 * Inputs and their meaning: action.yml and src/upload of actions/upload-artifact v7.
 */
import { createReadStream, statSync } from 'node:fs';
import { basename, dirname, extname, normalize } from 'node:path';
import { Readable } from 'node:stream';
import { findByGlob } from './glob.ts';
import { Measure } from './measure.ts';
import {
  booleanInput,
  debug,
  info,
  input,
  rawInput,
  Refusal,
  requiredInput,
  runAction,
  setOutput,
  variable,
  warning,
  workspace,
} from './program.ts';
import { backendIds, BlockUpload, call, closeConnections, textMember } from './results-client.ts';

const PROTOCOL_VERSION = 7;
const DAY_MS = 24 * 60 * 60 * 1000;
const FILES_MAX = 500_000;
/** What some file systems can't hold in a name. Source: @actions/artifact, path-and-artifact-name-validation. */
const BAD_IN_PATH = /[":<>|*?\r\n]/;
const BAD_IN_NAME = /[":<>|*?\r\n\\/]/;

const MIME_TYPES: { readonly [extension: string]: string } = {
  '.css': 'text/css',
  '.csv': 'text/csv',
  '.gif': 'image/gif',
  '.gz': 'application/gzip',
  '.htm': 'text/html',
  '.html': 'text/html',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'application/javascript',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.mjs': 'application/javascript',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.tar': 'application/x-tar',
  '.txt': 'text/plain',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.xml': 'text/xml',
  '.yaml': 'application/x-yaml',
  '.yml': 'application/x-yaml',
  '.zip': 'application/zip',
};

type Found = { readonly files: readonly string[]; readonly root: string };

await runAction(async () => {
  const found = await findFiles(requiredInput('path'));
  if (found.files.length === 0) return nothingFound();
  info(
    `With the provided path, there will be ${found.files.length} file${found.files.length === 1 ? '' : 's'} uploaded`,
  );
  const isArchive = booleanInput('archive', true);
  const [only = ''] = found.files;
  if (!isArchive && found.files.length > 1) {
    throw new Refusal(
      `When 'archive' is set to false, only a single file can be uploaded. Found ${found.files.length} files to upload.`,
    );
  }
  const name = isArchive ? input('name') || 'artifact' : basename(only);
  if (BAD_IN_NAME.test(name))
    throw new Refusal(`The artifact name is not valid: ${name}. It holds one of " : < > | * ? \\ / or a line end.`);
  const level = compressionLevel();
  const expires = expiresAt();
  if (booleanInput('overwrite', false)) await removeOld(name);
  const created = await call('ArtifactService', 'CreateArtifact', {
    ...backendIds(),
    name,
    version: PROTOCOL_VERSION,
    mime_type: isArchive ? 'application/zip' : (MIME_TYPES[extname(only).toLowerCase()] ?? 'application/octet-stream'),
    ...(expires === undefined ? {} : { expires_at: expires }),
  });
  if (created['ok'] !== true) throw new Refusal(`The artifact ${name} could not be created`);
  const upload = new BlockUpload(textMember(created, 'signed_upload_url'));
  if (isArchive) await writeZip(found, level, upload);
  else for await (const chunk of createReadStream(only)) if (Buffer.isBuffer(chunk)) await upload.write(chunk);
  await finish(name, await upload.finish());
  closeConnections();
});

async function findFiles(patterns: string): Promise<Found> {
  const found = await findByGlob(patterns, {
    cwd: workspace(),
    home: variable('HOME') || '/',
    followLinks: true,
    withDescendants: true,
    withHidden: booleanInput('include-hidden-files', false),
  });
  const files: string[] = [];
  const measure = new Measure('The artifact', { entriesMax: FILES_MAX });
  const seen = new Set<string>();
  for (const path of found.paths) {
    const stats = statSync(path);
    if (stats.isDirectory()) continue;
    // A pipe or a device would never end.
    if (!stats.isFile()) throw new Refusal(`${path} is not a regular file`);
    if (seen.has(path.toLowerCase()))
      info(
        `Uploads are case insensitive: ${path} was detected that it will be overwritten by another file with the same path`,
      );
    seen.add(path.toLowerCase());
    files.push(path);
    measure.add(path, stats.size);
  }
  return { files, root: rootOf(files, found.searchPaths) };
}

/** The folder whose inside becomes the artifact's. Source: src/shared/search.ts of actions/upload-artifact. */
function rootOf(files: readonly string[], searchPaths: readonly string[]): string {
  const [first = '/', ...others] = searchPaths;
  if (others.length === 0) return files.length === 1 && files[0] === first ? dirname(first) : first;
  const split = searchPaths.map((path) =>
    normalize(path)
      .split('/')
      .filter((part) => part !== ''),
  );
  const common: string[] = [];
  for (const [at, part] of (split[0] ?? []).entries()) {
    if (split.some((parts) => parts[at] !== part)) break;
    common.push(part);
  }
  const root = `/${common.join('/')}`;
  info(
    `Multiple search paths detected. The least common ancestor is ${root}. This will be the root directory of the artifact`,
  );
  return root;
}

function nothingFound(): void {
  const message = `No files were found with the provided path: ${rawInput('path').trim()}. No artifacts will be uploaded.`;
  const behaviour = input('if-no-files-found') || 'warn';
  switch (behaviour) {
    case 'warn':
      return warning(message);
    case 'ignore':
      return info(message);
    case 'error':
      throw new Refusal(message);
    default:
      throw new Refusal(
        `Unrecognized if-no-files-found input. Provided: ${behaviour}. Available options: warn, error, ignore`,
      );
  }
}

function compressionLevel(): number {
  const text = input('compression-level') || '6';
  if (!/^[0-9]$/.test(text)) throw new Refusal('Invalid compression-level. Valid values are 0-9');
  return Number(text);
}

function expiresAt(): string | undefined {
  const text = input('retention-days');
  if (text === '' || text === '0') return undefined;
  if (!/^\d{1,5}$/.test(text)) throw new Refusal('Invalid retention-days');
  const most = Number(variable('GITHUB_RETENTION_DAYS'));
  const isOver = most > 0 && Number(text) > most;
  if (isOver)
    warning(
      `Retention days cannot be greater than the maximum allowed retention set within the repository. Using ${most} instead.`,
    );
  return new Date(Date.now() + (isOver ? most : Number(text)) * DAY_MS).toISOString();
}

async function removeOld(name: string): Promise<void> {
  try {
    await call('ArtifactService', 'DeleteArtifact', { ...backendIds(), name });
  } catch (problem) {
    // It may not exist; if it may not be removed, creating the new one says so.
    debug(problem instanceof Error ? problem.message : String(problem));
  }
}

/** Streams the archive into the upload: neither the archive nor a file is ever whole in memory or on disk. */
async function writeZip(found: Found, level: number, upload: BlockUpload): Promise<void> {
  const { ZipWriter } = await import('@zip.js/zip.js');
  const sink = new WritableStream<Uint8Array>({ write: (chunk) => upload.write(chunk) });
  const writer = new ZipWriter(sink, { useWebWorkers: false, level, keepOrder: true });
  const prefix = found.root === '/' ? '/' : `${found.root}/`;
  for (const file of found.files) {
    const path = file.startsWith(prefix) ? file.slice(prefix.length) : undefined;
    if (path === undefined) throw new Refusal(`The root directory ${found.root} is not a parent of ${file}`);
    if (BAD_IN_PATH.test(path)) {
      throw new Refusal(
        `The path for one of the files in artifact is not valid: ${path}. It holds one of " : < > | * ? or a line end, which some file systems cannot hold.`,
      );
    }
    const content: ReadableStream<Uint8Array> = Readable.toWeb(createReadStream(file));
    await writer.add(path, content, { lastModDate: statSync(file).mtime });
  }
  await writer.close();
}

async function finish(name: string, sent: { readonly bytes: number; readonly sha256: string }): Promise<void> {
  const finished = await call('ArtifactService', 'FinalizeArtifact', {
    ...backendIds(),
    name,
    size: String(sent.bytes),
    hash: `sha256:${sent.sha256}`,
  });
  const id = textMember(finished, 'artifact_id');
  if (finished['ok'] !== true || id === '') throw new Refusal(`The artifact ${name} could not be finished`);
  info(`Artifact ${name} has been successfully uploaded! Final size is ${sent.bytes} bytes. Artifact ID is ${id}`);
  const url = `${variable('GITHUB_SERVER_URL')}/${variable('GITHUB_REPOSITORY')}/actions/runs/${variable('GITHUB_RUN_ID')}/artifacts/${id}`;
  setOutput('artifact-id', id);
  setOutput('artifact-digest', sent.sha256);
  setOutput('artifact-url', url);
}
