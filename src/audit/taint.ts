import { type ExpressionTree, githubReach, valueReferences } from '../workflow/index.ts';
import type { Span } from './yaml-tree.ts';

/** Where a text may come from that somebody else chooses. */
export type Source = {
  /**
   * `outside`: anyone writes it. `member`: someone who may write to the repository. `file`: content of files that an
   * outsider's code or artifact brought. `input`: the caller of this action or workflow. `output`: an action or workflow
   * of this tree, looked at when all files are known.
   */
  readonly kind: 'outside' | 'member' | 'file' | 'input' | 'output';
  /** As it is called in the file: `github.event.issue.title`. */
  readonly text: string;
  /** Events at which it is there; nothing for any. */
  readonly events?: readonly string[];
  /** It may hold line breaks. */
  readonly isMultiline: boolean;
  /** `input`: its name. `output`: the name of the output. */
  readonly name?: string;
  /** `output`: path of the action's folder or of the workflow file in this tree. */
  readonly path?: string;
  /** `output`: inputs of that action that hold an outsider's text. */
  readonly tainted?: readonly string[];
  /** Of an action: the names of the outputs that hold the text, as a pattern. */
  readonly outputs?: RegExp;
  /** Where it came in, when that is elsewhere than where it is used. */
  readonly at?: Span;
};

export type Taint = readonly Source[];

/** Sources of one value that are kept. One is enough for a finding. */
const SOURCES_MAX = 8;

export function join(taints: readonly Taint[]): Taint {
  const found = new Map<string, Source>();
  for (const taint of taints) {
    for (const source of taint) {
      const key = `${source.kind} ${source.path ?? ''} ${source.text}`;
      if (!found.has(key) && found.size < SOURCES_MAX) found.set(key, source);
    }
  }
  return [...found.values()];
}

/** What an expression can see. */
export type Scope = {
  readonly env: ReadonlyMap<string, Taint>;
  /** Outputs of steps, of needed jobs: id and output in lower case. */
  readonly outputOf: (context: 'steps' | 'needs', id: string, name: string) => Taint;
  readonly input: (name: string) => Taint;
  readonly matrix: (name: string) => Taint;
};

/** The sources of the text that an expression gives. */
export function taintOfTree(tree: ExpressionTree | undefined, scope: Scope): Taint {
  if (tree === undefined) return [];
  return join(valueReferences(tree).map(({ context, path }) => taintOfReference(context, path, scope)));
}

function taintOfReference(context: string, path: readonly string[], scope: Scope): Taint {
  const [first = '*', second = '*', third = '*'] = path;
  switch (context) {
    case 'github':
      return taintOfGithub(path, scope);
    case 'env':
      return first === '*' ? join([...scope.env.values()]) : envOf(scope.env, first);
    case 'inputs':
      return scope.input(first);
    case 'steps':
      return second === 'outputs' || second === '*' ? scope.outputOf('steps', first, third) : [];
    case 'needs':
    case 'jobs':
      return second === 'outputs' || second === '*' ? scope.outputOf('needs', first, third) : [];
    case 'matrix':
      return scope.matrix(first);
    default:
      return [];
  }
}

/** References are in lower case; the names of variables are as written. */
function envOf(env: ReadonlyMap<string, Taint>, name: string): Taint {
  return join([...env].filter(([key]) => key.toLowerCase() === name).map(([, taint]) => taint));
}

function taintOfGithub(path: readonly string[], scope: Scope): Taint {
  if (path[0] === 'event' && path[1] === 'inputs' && path[2] !== undefined && path[2] !== '*')
    return scope.input(path[2]);
  const reach = githubReach(path);
  if (reach !== 'free' && reach !== 'member') return [];
  const events = eventsOf(path);
  return [
    {
      kind: reach === 'free' ? 'outside' : 'member',
      text: ['github', ...path].join('.'),
      ...(events === undefined ? {} : { events }),
      isMultiline:
        path.length === 0 || /^(?:body|message|description|event|from|\*)$/.test(path.at(-1) ?? '') || path.length < 3,
    },
  ];
}

const CHANGES = ['pull_request', 'pull_request_target', 'pull_request_review', 'pull_request_review_comment'];

/** Members of `github.event` and the events that have them. */
const MEMBERS: { readonly [member: string]: readonly string[] } = {
  answer: ['discussion'],
  client_payload: ['repository_dispatch'],
  comment: ['issue_comment', 'pull_request_review_comment', 'commit_comment', 'discussion_comment'],
  commits: ['push'],
  discussion: ['discussion', 'discussion_comment'],
  head_commit: ['push'],
  issue: ['issues', 'issue_comment'],
  merge_group: ['merge_group'],
  pages: ['gollum'],
  pull_request: CHANGES,
  release: ['release'],
  review: ['pull_request_review'],
  workflow_run: ['workflow_run'],
};

/** The events whose runs have this member of `github`; nothing when any may. */
export function eventsOf(path: readonly string[]): readonly string[] | undefined {
  const [first, second] = path;
  if (first === 'head_ref') return CHANGES;
  // On changes the name of the ref is a number: `12/merge`.
  if (first === 'ref' || first === 'ref_name')
    return ['push', 'create', 'delete', 'release', 'workflow_dispatch', 'registry_package'];
  if (first !== 'event' || second === undefined) return undefined;
  return Object.hasOwn(MEMBERS, second) ? MEMBERS[second] : undefined;
}
