/**
 * `actions/cache`, `actions/cache/restore` and `actions/cache/save`; the argument says which part runs: `main`, `post`,
 * `restore` or `save`. Keys, versions and archives are those of @actions/cache, so that entries of this program and of
 * the official one can be used by each other. A cache that can't be read or written never fails the job, as there.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { findByGlob } from './glob.ts';
import { Measure } from './measure.ts';
import {
  booleanInput,
  debug,
  info,
  input,
  lineInput,
  programArguments,
  Refusal,
  requiredInput,
  runAction,
  saveState,
  setOutput,
  state,
  variable,
  warning,
  workspace,
} from './program.ts';
import { BLOCK_BYTES, BlockUpload, call, closeConnections, download, textMember } from './results-client.ts';
import { findTool, runTool } from './run-tool.ts';

const KEYS_MAX = 10;
const KEY_CHARACTERS_MAX = 512;
const CACHE_BYTES_MAX = 10 * 1024 ** 3;
const CHUNK_BYTES_MIN = 64 * 1024;
const CHUNK_BYTES_MAX = 128 * 1024 * 1024;
const VERSION_SALT = '1.0';
const TOOL_ENV = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C.UTF-8' };

/** How archives are packed. The name is part of the version: entries of one kind are not seen by readers of the other. */
type Packing = {
  readonly name: 'gzip' | 'zstd-without-long';
  readonly create: readonly string[];
  readonly extract: readonly string[];
};

await runAction(async () => {
  const part = programArguments()[0];
  switch (part) {
    case 'main':
    case 'restore':
      await restore();
      break;
    case 'post':
    case 'save':
      await save(part === 'post');
      break;
    default:
      throw new Refusal('usage: cache main|post|restore|save');
  }
  closeConnections();
});

async function restore(): Promise<void> {
  const key = requiredInput('key');
  const keys = [key, ...lineInput('restore-keys')];
  const paths = cachePaths();
  saveState('CACHE_KEY', key);
  setOutput('cache-primary-key', key);
  const matched = await findAndRestore(paths, keys);
  if (matched === undefined) {
    if (booleanInput('fail-on-cache-miss', false)) {
      throw new Refusal(`Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: ${key}`);
    }
    return info(`Cache not found for input keys: ${keys.join(', ')}`);
  }
  saveState('CACHE_RESULT', matched);
  setOutput('cache-matched-key', matched);
  setOutput('cache-hit', String(isExact(key, matched)));
  info(`Cache ${booleanInput('lookup-only', false) ? 'found and can be restored' : 'restored'} from key: ${matched}`);
}

/** `cache-hit` compares without case, as the official action does. */
function isExact(key: string, matched: string): boolean {
  return matched !== '' && matched.localeCompare(key, undefined, { sensitivity: 'accent' }) === 0;
}

function cachePaths(): readonly string[] {
  const paths = lineInput('path').map((line) => line.replace(/^!\s+/, '!'));
  if (paths.length === 0) throw new Refusal('Input required and not supplied: path');
  return paths;
}

function checkKeys(keys: readonly string[]): void {
  if (keys.length > KEYS_MAX) throw new Refusal(`Key Validation Error: Keys are limited to a maximum of ${KEYS_MAX}.`);
  for (const key of keys) {
    if (key.length > KEY_CHARACTERS_MAX)
      throw new Refusal(`Key Validation Error: ${key} cannot be larger than ${KEY_CHARACTERS_MAX} characters.`);
    if (key.includes(',')) throw new Refusal(`Key Validation Error: ${key} cannot contain commas.`);
  }
}

async function findAndRestore(paths: readonly string[], keys: readonly string[]): Promise<string | undefined> {
  checkKeys(keys);
  if (!may('read')) {
    info(`Cache restore skipped: the effective cache-mode '${variable('ACTIONS_CACHE_MODE')}' does not permit reads.`);
    return undefined;
  }
  const [key, ...restoreKeys] = keys;
  const packing = choosePacking();
  try {
    const found = await call('CacheService', 'GetCacheEntryDownloadURL', {
      key,
      restore_keys: restoreKeys,
      version: versionOf(paths, packing),
    });
    const matched = textMember(found, 'matched_key');
    if (found['ok'] !== true || matched === '') return undefined;
    info(`Cache hit for${matched === key ? '' : ' restore-key'}: ${matched}`);
    if (booleanInput('lookup-only', false)) {
      info('Lookup only - skipping download');
      return matched;
    }
    await fetchAndExtract(textMember(found, 'signed_download_url'), packing);
    return matched;
  } catch (problem) {
    warning(`Failed to restore: ${problem instanceof Error ? problem.message : String(problem)}`);
    return undefined;
  }
}

function may(what: 'read' | 'write'): boolean {
  const mode = variable('ACTIONS_CACHE_MODE');
  if (!['none', 'read', 'write', 'write-only'].includes(mode)) return true;
  return what === 'read' ? mode === 'read' || mode === 'write' : mode === 'write' || mode === 'write-only';
}

/** Source: getCompressionMethod and getCommands of @actions/cache. */
function choosePacking(): Packing {
  if (findTool('zstd') === undefined) return { name: 'gzip', create: ['-z'], extract: ['-z'] };
  return {
    name: 'zstd-without-long',
    create: ['--use-compress-program', 'zstd -T0'],
    extract: ['--use-compress-program', 'zstd -d'],
  };
}

/** Source: getCacheVersion of @actions/cache. The paths are those of the input, before anything is expanded. */
function versionOf(paths: readonly string[], packing: Packing): string {
  // `enableCrossOsArchive` changes the version on Windows only.
  booleanInput('enableCrossOsArchive', false);
  return createHash('sha256')
    .update([...paths, packing.name, VERSION_SALT].join('|'))
    .digest('hex');
}

async function fetchAndExtract(address: string, packing: Packing): Promise<void> {
  const draft = await mkdtemp(join(variable('RUNNER_TEMP') || '/tmp', 'cache-'));
  try {
    const file = join(draft, 'cache');
    const { bytes } = await download(address, file, CACHE_BYTES_MAX);
    info(`Cache Size: ~${Math.round(bytes / (1024 * 1024))} MB (${bytes} B)`);
    const tar = toolOrRefuse('tar');
    const args = ['-xf', file, '-P', '-C', workspace(), ...packing.extract];
    const run = await runTool(tar, args, { cwd: workspace(), env: TOOL_ENV });
    if (run.code !== 0) throw new Refusal(`tar failed with exit code ${run.code}: ${run.stderr.slice(-500)}`);
    info('Cache restored successfully');
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function toolOrRefuse(name: string): string {
  const path = findTool(name);
  if (path === undefined) throw new Refusal(`${name} is not there`);
  return path;
}

async function save(isPost: boolean): Promise<void> {
  const key = (isPost ? state('CACHE_KEY') : '') || input('key');
  if (key === '') return warning('Key is not specified.');
  if (isPost && isExact(key, state('CACHE_RESULT'))) {
    return info(`Cache hit occurred on the primary key ${key}, not saving cache.`);
  }
  try {
    checkKeys([key]);
    if (!may('write')) {
      return info(
        `Cache save skipped: the effective cache-mode '${variable('ACTIONS_CACHE_MODE')}' does not permit writes.`,
      );
    }
    await packAndUpload(cachePaths(), key);
  } catch (problem) {
    warning(`Failed to save: ${problem instanceof Error ? problem.message : String(problem)}`);
  }
}

async function packAndUpload(paths: readonly string[], key: string): Promise<void> {
  const packing = choosePacking();
  const members = await membersOf(paths);
  if (members.length === 0) {
    throw new Refusal(
      'Path Validation Error: Path(s) specified in the action for caching do(es) not exist, hence no cache is being saved.',
    );
  }
  const measure = new Measure('The cache');
  for (const member of members) measure.addTree(resolve(workspace(), member));
  const request = { key, version: versionOf(paths, packing) };
  const created = await call('CacheService', 'CreateCacheEntry', request);
  if (created['ok'] !== true) {
    const why = textMember(created, 'message');
    return info(
      `Failed to save: Unable to reserve cache with key ${key}, another job may be creating this cache.${why === '' ? '' : ` ${why}`}`,
    );
  }
  const upload = new BlockUpload(textMember(created, 'signed_upload_url'), chunkBytes());
  await pack(members, packing, upload);
  const sent = await upload.finish();
  const finished = await call('CacheService', 'FinalizeCacheEntryUpload', {
    ...request,
    size_bytes: String(sent.bytes),
  });
  if (finished['ok'] !== true) {
    throw new Refusal(
      textMember(finished, 'message') ||
        `Unable to finalize cache with key ${key}, another job may be finalizing this cache.`,
    );
  }
  info(`Cache Size: ~${Math.round(sent.bytes / (1024 * 1024))} MB (${sent.bytes} B)`);
  info(`Cache saved with key: ${key}`);
}

/** Paths relative to the workspace, as the official client writes them into the archive. */
async function membersOf(paths: readonly string[]): Promise<readonly string[]> {
  const root = workspace();
  const found = await findByGlob(paths.join('\n'), {
    cwd: root,
    home: variable('HOME') || '/',
    followLinks: true,
    withDescendants: false,
    withHidden: true,
  });
  return found.paths.map((path) => relative(root, path) || '.');
}

function chunkBytes(): number {
  const text = input('upload-chunk-size');
  if (text === '') return BLOCK_BYTES;
  const bytes = Number(text);
  if (!Number.isInteger(bytes) || bytes < CHUNK_BYTES_MIN || bytes > CHUNK_BYTES_MAX) {
    throw new Refusal(`upload-chunk-size must be between ${CHUNK_BYTES_MIN} and ${CHUNK_BYTES_MAX} bytes`);
  }
  return bytes;
}

/** Streams the archive from tar into the upload. Names go by standard input, each ended by NUL: none is an option. */
async function pack(members: readonly string[], packing: Packing, upload: BlockUpload): Promise<void> {
  const args = [
    '--posix',
    '-cf',
    '-',
    '-P',
    '-C',
    workspace(),
    '--null',
    '--verbatim-files-from',
    '--files-from=-',
    ...packing.create,
  ];
  const child = spawn(toolOrRefuse('tar'), args, { cwd: workspace(), env: TOOL_ENV, stdio: 'pipe' });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < 4000) stderr += chunk.toString('utf8');
  });
  // A tar that ends early closes its input: its exit code tells.
  child.stdin.on('error', () => {});
  child.stdin.end(members.map((member) => `${member}\0`).join(''));
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 128));
  });
  let bytes = 0;
  try {
    for await (const chunk of child.stdout) {
      if (!Buffer.isBuffer(chunk)) continue;
      bytes += chunk.length;
      if (bytes > CACHE_BYTES_MAX)
        throw new Refusal(`Cache size is over the ${CACHE_BYTES_MAX} bytes limit, not saving cache.`);
      await upload.write(chunk);
    }
  } catch (problem) {
    child.kill('SIGKILL');
    throw problem;
  }
  const code = await ended;
  debug(`tar ended with ${code}`);
  if (code !== 0) throw new Refusal(`tar failed with exit code ${code}: ${stderr.trim().slice(-500)}`);
}
