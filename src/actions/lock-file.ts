import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Digest, excerpt, type SourceSpot } from '../base/index.ts';
import { fault } from './faults.ts';
import { isFullSha, parsePinKey } from './reference.ts';
import { digestsSchema, lockSchema } from './schema.ts';

/** Where the lock lies in a repository. Source: github/actions-lockfile. */
export const LOCK_PATH = '.github/workflows/actions.lock';
/** Where the content digests lie, beside it. */
export const DIGESTS_PATH = '.github/workflows/actions.digests.json';

const LOCK_BYTES_MAX = 1024 * 1024;
const LOCK_VERSION_NEW = 'v0.0.3';

/** One locked repository at one ref. */
export type LockedDependency = {
  /** The tag or branch that the commit was taken from. */
  readonly ref: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  readonly ownerId?: number;
  readonly repoId?: number;
  /** As written; only ever `github.com`. */
  readonly hostname?: string;
  /** Pin keys of what its actions use directly. */
  readonly uses: readonly string[];
};

export type Lock = {
  readonly version: 'v0.0.2' | 'v0.0.3';
  /** Path of a workflow file to the pin keys of all that it runs, transitively. */
  readonly workflows: { readonly [path: string]: readonly string[] };
  /** Pin key, `owner/repo@ref` with owner and repository in lower case, to what it stands for. */
  readonly dependencies: { readonly [key: string]: LockedDependency };
};

/** `owner/repo@commit`, lower case, to the digest of the content. */
export type LockDigests = { readonly [key: string]: Digest };

export const EMPTY_LOCK: Lock = { version: LOCK_VERSION_NEW, workflows: {}, dependencies: {} };

/** Reads `actions.lock`. Faults: `actions/lock-version`, `actions/lock-invalid`, with the place in the file. */
export function readLock(text: string, file = LOCK_PATH): Lock {
  if (Buffer.byteLength(text) > LOCK_BYTES_MAX)
    throw fault('lock-invalid', `${file} has more than ${LOCK_BYTES_MAX} bytes`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, logLevel: 'silent' });
  const problem = document.errors[0];
  if (problem !== undefined) {
    throw fault('lock-invalid', `${file}: ${problem.message}`, { at: spotAt(file, lines, problem.pos[0]) });
  }
  const value = valueOf(document, file);
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (version !== 'v0.0.2' && version !== 'v0.0.3') {
    throw fault('lock-version', `${file} has the version ${excerpt(JSON.stringify(version) ?? 'none', 40)}`, {
      at: { file, line: 1, column: 1 },
    });
  }
  const parsed = lockSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = (issue?.path ?? []).map((key) => (typeof key === 'symbol' ? String(key) : key));
    throw fault('lock-invalid', `${file}: ${path.join(' > ')}: ${issue?.message ?? 'not a lock'}`, {
      at: spotAt(file, lines, offsetOf(document, path)),
    });
  }
  const lock = lockOf(parsed.data);
  checkLock(lock, file);
  return lock;
}

/** Aliases are not part of the format, and could make a small file large. */
function valueOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw fault('lock-invalid', `${file} holds an alias`, { cause });
  }
}

function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range !== null && node.range !== undefined) return node.range[0];
  }
  return 0;
}

function spotAt(file: string, lines: LineCounter, offset: number): SourceSpot {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

function lockOf(data: z.infer<typeof lockSchema>): Lock {
  const dependencies = Object.entries(data.dependencies).map(([key, entry]) => {
    const { owner_id: ownerId, repo_id: repoId, commit, ref, uses = [] } = entry;
    const hostname = 'hostname' in entry && typeof entry.hostname === 'string' ? entry.hostname : undefined;
    return [
      key,
      {
        ref,
        commit: commit.slice('sha1-'.length).toLowerCase(),
        ...(ownerId === undefined ? {} : { ownerId }),
        ...(repoId === undefined ? {} : { repoId }),
        ...(hostname === undefined ? {} : { hostname }),
        uses,
      },
    ] as const;
  });
  return { version: data.version, workflows: data.workflows, dependencies: Object.fromEntries(dependencies) };
}

/** Every name leads somewhere, and a commit in a name is the commit of the entry. */
function checkLock(lock: Lock, file: string): void {
  for (const [key, entry] of Object.entries(lock.dependencies)) {
    const ref = parsePinKey(key)?.ref ?? '';
    if (isFullSha(ref) && ref.toLowerCase() !== entry.commit) {
      throw fault('lock-invalid', `${file}: ${key} names another commit than its entry, ${entry.commit}`);
    }
    const dangling = entry.uses.find((used) => !Object.hasOwn(lock.dependencies, used));
    if (dangling !== undefined) throw fault('lock-invalid', `${file}: ${key} uses ${dangling}, which is not there`);
  }
  for (const [path, keys] of Object.entries(lock.workflows)) {
    const dangling = keys.find((key) => !Object.hasOwn(lock.dependencies, key));
    if (dangling !== undefined) throw fault('lock-invalid', `${file}: ${path} needs ${dangling}, which is not there`);
  }
}

/** The text of `actions.lock`, the same bytes for the same lock: sorted, texts in single quotes, as GitHub's tool. */
export function writeLock(lock: Lock): string {
  const lines = [
    '# This file is machine-generated by `sallyport lock`, in the format of `gh actions-lock`.',
    '# Do not edit by hand; run `sallyport lock` to update.',
    '# Docs: https://gh.io/actions-lockfile',
    `version: ${quote(lock.version)}`,
  ];
  const list = (keys: readonly string[], indent: string) =>
    keys.toSorted(byText).map((key) => `${indent}- ${quote(key)}`);
  const workflows = Object.entries(lock.workflows).sort(byKey);
  if (workflows.length > 0) lines.push('workflows:');
  for (const [path, keys] of workflows) {
    lines.push(keys.length === 0 ? `    ${quote(path)}: []` : `    ${quote(path)}:`, ...list(keys, '        '));
  }
  const dependencies = Object.entries(lock.dependencies).sort(byKey);
  if (dependencies.length > 0) lines.push('dependencies:');
  for (const [key, entry] of dependencies) {
    lines.push(`    ${quote(key)}:`);
    const { hostname, ownerId, repoId } = entry;
    if (hostname !== undefined && lock.version === 'v0.0.3') lines.push(`        hostname: ${quote(hostname)}`);
    lines.push(`        ref: ${quote(entry.ref)}`, `        commit: ${quote(`sha1-${entry.commit}`)}`);
    if (ownerId !== undefined) lines.push(`        owner_id: ${ownerId}`);
    if (repoId !== undefined) lines.push(`        repo_id: ${repoId}`);
    if (entry.uses.length > 0) lines.push('        uses:', ...list(entry.uses, '            '));
  }
  return `${lines.join('\n')}\n`;
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => byText(a, b);

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Reads `actions.digests.json`. Fault: `actions/lock-invalid`. */
export function readDigests(text: string, file = DIGESTS_PATH): LockDigests {
  if (Buffer.byteLength(text) > LOCK_BYTES_MAX)
    throw fault('lock-invalid', `${file} has more than ${LOCK_BYTES_MAX} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fault('lock-invalid', `${file} is not JSON`, { cause });
  }
  const parsed = digestsSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw fault('lock-invalid', `${file}: ${issue?.path.map(String).join(' > ')}: ${issue?.message}`);
  }
  return parsed.data.digests;
}

/** The text of `actions.digests.json`, the same bytes for the same digests. */
export function writeDigests(digests: LockDigests): string {
  const sorted = Object.fromEntries(Object.entries(digests).sort(byKey));
  return `${JSON.stringify({ version: 1, digests: sorted }, null, 2)}\n`;
}

/** The key of a digest: owner and repository in lower case, the commit. */
export function digestKey(key: string, commit: string): string {
  return `${key.slice(0, key.indexOf('@'))}@${commit}`;
}

/** What each locked `owner/repo@ref` stands for. Keys are pin keys: look up by `pinKey`, since names have no case. */
export function pinsOf(
  lock: Lock,
  digests: LockDigests,
): { readonly [key: string]: { readonly ref: string; readonly commit: string; readonly digest?: Digest } } {
  return Object.fromEntries(
    Object.entries(lock.dependencies).map(([key, { ref, commit }]) => {
      const digest = digests[digestKey(key, commit)];
      return [key, { ref, commit, ...(digest === undefined ? {} : { digest }) }];
    }),
  );
}
