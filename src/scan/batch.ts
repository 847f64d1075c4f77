import { createHash } from 'node:crypto';
import { reasonOf } from '../base/index.ts';
import { type FileOutcome, type Gap, type Kind, type Scanner, viewOf } from '../finding/index.ts';
import { FILE_BYTES_MAX, isGeneratedText, type Tree, type TreeEntry } from '../source/index.ts';

/** One file to scan. Plain data: it crosses threads. */
export type FileTask = {
  readonly entry: TreeEntry;
  /** The scanners that look at it. */
  readonly kinds: readonly Kind[];
  /** What is known of earlier contents of this path: digest of the content, kinds whose outcome is kept. */
  readonly known: readonly (readonly [digest: string, kinds: readonly Kind[]])[];
  /** A change that is judged brings this file: what it says of its own origin has no effect. */
  readonly isDoubted?: true;
  /** Scanners may put it off. */
  readonly mayPutOff?: true;
  /** The content, when only the sender can read it. */
  readonly content?: Uint8Array;
};

export type FileResult = {
  readonly path: string;
  /** Of the content, when results are kept. */
  readonly digest?: string;
  /** What was found out now; what is known of this digest already is left out. */
  readonly outcomes: { readonly [kind in Kind]?: FileOutcome<unknown> };
  readonly bytes: number;
  readonly gap?: Gap;
};

export type Scanners = ReadonlyMap<Kind, Scanner>;

/** Kinds that say something of sources only: a file that a program wrote is mended where it is made. */
const SOURCES_ONLY: ReadonlySet<Kind> = new Set(['code']);

const NOTHING: FileOutcome<unknown> = { matches: [] };

export type BatchOptions = {
  readonly scanners: Scanners;
  readonly tree: Tree;
  /** Whether results are kept, so that digests are needed. */
  readonly keeps: boolean;
  /** Also files that a program wrote. */
  readonly generated: boolean;
};

/** Reads one file and lets the scanners look at it that have not yet seen this content. */
export async function scanFile(task: FileTask, options: BatchOptions): Promise<FileResult> {
  const { path } = task.entry;
  const reading = task.content === undefined ? await options.tree.read(task.entry) : undefined;
  if (reading?.ok === false) {
    // A file that was deleted since it was listed has nothing to be found in.
    if (reading.reason === 'gone') return { path, outcomes: {}, bytes: 0 };
    return { path, outcomes: {}, bytes: 0, gap: gapOf(path, reading.reason) };
  }
  const bytes = task.content ?? reading?.bytes ?? new Uint8Array();
  if (task.entry.kind === 'symlink') return scanLink(task, bytes, options.scanners);
  const digest = options.keeps ? digestOf(task.entry, bytes) : undefined;
  const have = task.known.find(([known]) => known === digest)?.[1] ?? [];
  const missing = task.kinds.filter((kind) => !have.includes(kind));
  const outcomes: { [kind in Kind]?: FileOutcome<unknown> } = {};
  if (missing.length > 0) {
    const view = viewOf(path, bytes);
    let isGenerated: boolean | undefined;
    for (const kind of missing) {
      if (SOURCES_ONLY.has(kind) && !options.generated && task.isDoubted !== true)
        isGenerated ??= isGeneratedText(bytes);
      const skipped = SOURCES_ONLY.has(kind) && isGenerated === true;
      outcomes[kind] = skipped ? NOTHING : outcomeOf(options.scanners.get(kind), view, task);
    }
  }
  return { path, ...(digest === undefined ? {} : { digest }), outcomes, bytes: bytes.length };
}

/**
 * Asks for all contents of a batch at once where another process has them: while it looks for one, this one scans another. A batch is small
 * enough to be held.
 */
export function readingAhead(tree: Tree, tasks: readonly FileTask[]): Tree {
  if (tree.spec?.kind !== 'objects') return tree;
  const readings = new Map(
    tasks.flatMap((task) => (task.content === undefined ? [[task.entry, tree.read(task.entry)] as const] : [])),
  );
  return { ...tree, read: (entry) => readings.get(entry) ?? tree.read(entry) };
}

/** Not kept: a file at the same path with the same bytes is something else. */
function scanLink({ entry, kinds }: FileTask, bytes: Uint8Array, scanners: Scanners): FileResult {
  const target = Buffer.from(bytes).toString('utf8');
  const outcomes: { [kind in Kind]?: FileOutcome<unknown> } = {};
  for (const kind of kinds) outcomes[kind] = scanners.get(kind)?.scanLink?.(entry.path, target) ?? NOTHING;
  return { path: entry.path, outcomes, bytes: bytes.length };
}

/** A scanner that throws has an error of ours: its file counts as not looked at, the others go on. */
function outcomeOf(
  scanner: Scanner | undefined,
  view: ReturnType<typeof viewOf>,
  { mayPutOff }: FileTask,
): FileOutcome<unknown> {
  if (scanner === undefined) return NOTHING;
  try {
    return scanner.scanFile(view, { mayPutOff: mayPutOff === true });
  } catch (thrown) {
    const reason = `the ${scanner.kind} scanner failed at ${view.path}: ${reasonOf(thrown).slice(0, 300)}`;
    return {
      matches: [],
      gaps: [
        { code: 'scanner-failed', file: view.path, reason, help: 'This is an error of Sallyport: please report it.' },
      ],
    };
  }
}

/** Of a content in git by its id there, else by SHA-256: the two never meet, so that a collision in one is none in the other. */
function digestOf(entry: TreeEntry, bytes: Uint8Array): string {
  if (entry.blob !== undefined) return `git:${entry.blob}`;
  return createHash('sha256').update(bytes).digest('base64url');
}

function gapOf(file: string, reason: 'unreadable' | 'too-large'): Gap {
  if (reason === 'unreadable') {
    return {
      code: 'file-unreadable',
      file,
      reason: `${file} can't be read`,
      help: 'Make it readable, or ignore it (.gitignore).',
    };
  }
  return {
    code: 'file-too-large',
    file,
    reason: `${file} is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`,
    help: 'Keep it out of the repository, or ignore it (.gitignore).',
  };
}
