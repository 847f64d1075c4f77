import {
  commitTree,
  type FileChange,
  findRepository,
  folderTree,
  type GitProgram,
  indexTree,
  listChanges,
  memoryTree,
  mergeBase,
  openRepository,
  type OpenRepository,
  resolveCommit,
  type Tree,
} from '../source/index.ts';
import { fault } from './faults.ts';

/** What is scanned: all that is there, or what came since. */
export type ScanMode =
  /** Of a commit; without one what is there: of a bare repository its HEAD. */
  | { readonly kind: 'tree'; readonly commit?: string }
  /** What is staged, against HEAD. */
  | { readonly kind: 'staged' }
  /** The folder as it is, against where it left `since`. */
  | { readonly kind: 'since'; readonly since: string }
  /** A commit, against where it left another. */
  | { readonly kind: 'change'; readonly base: string; readonly head: string };

/** The trees of a scan, opened. */
export type Scope = {
  readonly tree: Tree;
  /** With one, only what is new against it is reported. */
  readonly base?: { readonly tree: Tree; readonly commit?: string; readonly changes: readonly FileChange[] };
  /** In gate mode: the tree whose settings count, and what differs from it. */
  readonly gate?: { readonly tree: Tree; readonly changes: readonly FileChange[] };
  readonly opened?: OpenRepository;
  /** The commits of the change; nothing: all. */
  readonly range?: { readonly base: string; readonly head: string };
  close(): void;
};

type Head = { readonly tree: Tree; readonly end: Parameters<typeof listChanges>[1]['head']; readonly commit?: string };

export async function openScope(
  root: string,
  { mode, gate }: { readonly mode: ScanMode; readonly gate: string | undefined },
  git: GitProgram | undefined,
): Promise<Scope> {
  const repository = git === undefined ? undefined : findRepository(root);
  if (git === undefined || repository === undefined) {
    if (mode.kind !== 'tree' || gate !== undefined) throw fault('no-repository', `${root} is in no git repository`);
    const tree = folderTree(root, undefined);
    return { tree, close: () => tree.close() };
  }
  const opened = openRepository(git, repository);
  try {
    return await scopeOf(root, { mode, gate }, opened);
  } catch (thrown) {
    opened.objects.close();
    throw thrown;
  }
}

async function scopeOf(
  root: string,
  { mode, gate }: { readonly mode: ScanMode; readonly gate: string | undefined },
  opened: OpenRepository,
): Promise<Scope> {
  const head = await openHead(root, mode, opened);
  let range: Scope['range'];
  const open = async (commit: string) => {
    const tree = commitTree(opened, commit);
    return { tree, commit, changes: await listChanges(opened, { base: commit, head: head.end }) };
  };
  // A push is judged by what it goes onto, so that both are often the same commit: then git is asked once.
  const asked = new Map<string, ReturnType<typeof open>>();
  const against = (commit: string) => {
    const known = asked.get(commit) ?? open(commit);
    asked.set(commit, known);
    return known;
  };
  const [base, gated] = await Promise.all([
    openBase(mode, { opened, head, against }),
    gate === undefined ? undefined : resolveCommit(opened, gate).then(against),
  ]);
  if (base?.commit !== undefined && (mode.kind === 'since' || mode.kind === 'change')) {
    range = { base: base.commit, head: head.commit ?? 'HEAD' };
  }
  return {
    tree: head.tree,
    opened,
    ...(range === undefined ? {} : { range }),
    ...(base === undefined ? {} : { base }),
    ...(gated === undefined ? {} : { gate: gated }),
    close: () => {
      head.tree.close();
      opened.objects.close();
    },
  };
}

async function openHead(root: string, mode: ScanMode, opened: OpenRepository): Promise<Head> {
  const { git, repository } = opened;
  if (mode.kind === 'staged') return { tree: indexTree(opened), end: { kind: 'index' } };
  const named = mode.kind === 'change' ? mode.head : mode.kind === 'tree' ? mode.commit : undefined;
  if (named !== undefined || repository.top === undefined) {
    const commit = await resolveCommit(opened, named ?? 'HEAD');
    return { tree: commitTree(opened, commit), end: { kind: 'commit', commit }, commit };
  }
  return { tree: folderTree(root, { git, repository }), end: { kind: 'folder', root } };
}

async function openBase(
  mode: ScanMode,
  {
    opened,
    head,
    against,
  }: {
    readonly opened: OpenRepository;
    readonly head: Head;
    readonly against: (commit: string) => Promise<NonNullable<Scope['base']>>;
  },
): Promise<Scope['base']> {
  switch (mode.kind) {
    case 'tree':
      return undefined;
    case 'staged': {
      const commit = await resolveCommit(opened, 'HEAD').catch(() => undefined);
      if (commit !== undefined) return against(commit);
      // Before the first commit all that is staged is new.
      const entries = await head.tree.list();
      return { tree: memoryTree({}), changes: entries.map((entry) => ({ head: entry })) };
    }
    case 'since':
    case 'change': {
      const [named, other] = await Promise.all([
        resolveCommit(opened, mode.kind === 'since' ? mode.since : mode.base),
        head.commit ?? resolveCommit(opened, 'HEAD'),
      ]);
      return against(await mergeBase(opened, [named, other]));
    }
  }
}
