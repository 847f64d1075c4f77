import type { ExpressionTree, Reference } from '../workflow/index.ts';
import { valueReferences } from '../workflow/index.ts';
import type { Command } from './script.ts';

/**
 * What leads to the head of an outsider's change. `sha`: to one commit that the event names. `ref`: to whatever is
 * there when it is fetched.
 */
export type Head = {
  readonly kind: 'sha' | 'ref';
  readonly text: string;
  readonly events?: readonly string[];
  /** The input of a reusable workflow that it is, if its caller hands a head over. */
  readonly input?: string;
};

export type HeadScope = {
  readonly outputOf: (id: string, name: string) => Head | undefined;
  readonly needOf: (id: string, name: string) => Head | undefined;
  readonly envOf: (name: string) => Head | undefined;
  readonly inputOf: (name: string) => Head | undefined;
};

const CHANGES = ['pull_request', 'pull_request_target', 'pull_request_review', 'pull_request_review_comment'];

const REFERENCES: readonly (readonly [RegExp, Head['kind'], readonly string[] | undefined])[] = [
  [/^github\.event\.pull_request\.head\.sha$/, 'sha', CHANGES],
  [/^github\.event\.pull_request\.merge_commit_sha$/, 'sha', CHANGES],
  [/^github\.event\.pull_request\.head\.(?:ref|label)$/, 'ref', CHANGES],
  [/^github\.event\.pull_request\.head\.(?:repo|user)\b/, 'ref', CHANGES],
  [/^github\.head_ref$/, 'ref', CHANGES],
  [/^github\.event\.workflow_run\.head_sha$|^github\.event\.workflow_run\.head_commit\.id$/, 'sha', ['workflow_run']],
  [/^github\.event\.workflow_run\.head_branch$/, 'ref', ['workflow_run']],
  [/^github\.event\.workflow_run\.head_repository\b/, 'ref', ['workflow_run']],
  [/^github\.event\.workflow_run\.pull_requests\..*head\.(?:sha|ref)$/, 'sha', ['workflow_run']],
  [
    /^github\.event\.check_(?:run|suite)\.(?:head_sha|pull_requests\..*head\.(?:sha|ref))$/,
    'sha',
    ['check_run', 'check_suite'],
  ],
];

/** Numbers of changes: they lead to the head inside of `refs/pull/…`. */
const NUMBER = /^github\.event\.(?:number|pull_request\.number|issue\.number|workflow_run\.pull_requests\..*number)$/;

export function headOfReference({ context, path }: Reference, scope: HeadScope): Head | undefined {
  const text = [context, ...path].join('.');
  if (context === 'steps' && path[1] === 'outputs') return scope.outputOf(path[0] ?? '', path[2] ?? '*');
  if (context === 'needs' && path[1] === 'outputs') return scope.needOf(path[0] ?? '', path[2] ?? '*');
  if (context === 'env') return scope.envOf(path[0] ?? '');
  if (context === 'inputs') return scope.inputOf(path[0] ?? '');
  const known = REFERENCES.find(([pattern]) => pattern.test(text));
  return known === undefined
    ? undefined
    : { kind: known[1], text, ...(known[2] === undefined ? {} : { events: known[2] }) };
}

/** The head that a `ref:` or `repository:` names: its text with expressions taken out, and their trees. */
export function headOfText(
  literal: string,
  trees: readonly (ExpressionTree | undefined)[],
  scope: HeadScope,
): Head | undefined {
  if (/(?:^|\/)pull\//.test(literal)) return { kind: 'ref', text: 'refs/pull', ...eventsOfNumber(trees) };
  for (const tree of trees) {
    for (const reference of tree === undefined ? [] : valueReferences(tree)) {
      const head = headOfReference(reference, scope);
      if (head !== undefined) return head;
    }
    if (tree?.kind === 'call' && tree.name === 'format' && tree.args[0]?.kind === 'literal') {
      if (/pull\//.test(String(tree.args[0].value))) return { kind: 'ref', text: 'refs/pull' };
    }
  }
  return undefined;
}

function eventsOfNumber(trees: readonly (ExpressionTree | undefined)[]): { readonly events?: readonly string[] } {
  const names = trees
    .flatMap((tree) => (tree === undefined ? [] : valueReferences(tree)))
    .map(({ context, path }) => [context, ...path].join('.'))
    .filter((text) => NUMBER.test(text));
  if (names.some((name) => name.includes('.issue.'))) return { events: ['issue_comment'] };
  if (names.some((name) => name.includes('.workflow_run.'))) return { events: ['workflow_run'] };
  return names.length > 0 ? { events: CHANGES } : {};
}

const FETCHES_CHANGE = /\b(?:gh|hub)\s+pr\s+checkout\b/;
const GIT_MOVES =
  /^git(?:\s+-[cC]\s+\S+)*\s+(?:checkout|switch|reset|merge|pull|clone|fetch|worktree|rebase|cherry-pick|read-tree)\b/;

/** The head that a command of a script puts into the workspace. */
export function headOfCommand(
  command: Command,
  headOfMarks: (raw: string) => Head | undefined,
  fetched: Head | undefined,
): { readonly head: Head; readonly isFetch: boolean } | undefined {
  const { raw } = command;
  if (FETCHES_CHANGE.test(raw))
    return { head: headOfMarks(raw) ?? { kind: 'ref', text: 'gh pr checkout' }, isFetch: false };
  if (!GIT_MOVES.test(command.words.join(' '))) return undefined;
  const isFetch = /\bgit\b.*\sfetch\b/.test(raw);
  if (/(?:^|[\s/:+"'])(?:refs\/)?pull\/\S+\/(?:head|merge)/.test(raw))
    return { head: { kind: 'ref', text: 'refs/pull' }, isFetch };
  const head = headOfMarks(raw);
  if (head !== undefined) return { head, isFetch };
  return fetched !== undefined && /\bFETCH_HEAD\b|\bgit\s+(?:checkout|switch)\s+(?!-b?\s*main|-)/.test(raw)
    ? { head: fetched, isFetch: false }
    : undefined;
}

/** Whether a script looks up the head of a change and gives it on. */
export function headOfScript(text: string): Head | undefined {
  const isSha = /headRefOid|head\.sha|head_sha|\.head\.sha/.test(text);
  const isRef = /headRefName|headRepository|head\.ref\b|head_ref\b|head\.label/.test(text);
  const looksUp = /\bgh\s+(?:pr|api)\b|pulls\.get\b|pulls\/|pull_request|listPullRequests|octokit/i.test(text);
  if (!looksUp || (!isSha && !isRef)) return undefined;
  return { kind: isRef && !isSha ? 'ref' : 'sha', text: 'the head of the change' };
}
