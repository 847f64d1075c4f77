import type { ExpressionTree } from '../workflow/index.ts';

/**
 * How far an outsider gets: 0 not at all, 1 only when a maintainer does something (sets a label, comments, approves), which
 * they may do for another state of the change than the one that runs, 2 alone.
 */
export type Reached = 0 | 1 | 2;

/** Whether a condition can be made true, and false, by an outsider who wants it. */
export type Chance = { readonly yes: Reached; readonly no: Reached };

export type Scene = {
  readonly event: string;
  /** Activity types that the trigger names; nothing for the default ones. */
  readonly types?: readonly string[];
  /** Steps and jobs that look up whether the actor may write, lower case: `steps.<id>`, `needs.<id>`. */
  readonly checks: ReadonlySet<string>;
};

const FREE: Chance = { yes: 2, no: 2 };
const never: Chance = { yes: 0, no: 2 };
const always: Chance = { yes: 2, no: 0 };
const asked: Chance = { yes: 1, no: 2 };

/** Events of outsiders whose runs hold secrets and a token of the repository. */
export const PRIVILEGED_EVENTS: ReadonlySet<string> = new Set([
  'pull_request_target',
  'issue_comment',
  'issues',
  'discussion',
  'discussion_comment',
  'workflow_run',
  'fork',
  'watch',
  'gollum',
]);

/** Events that outsiders start. The trigger's own types may need a maintainer. */
export const OUTSIDER_EVENTS: ReadonlySet<string> = new Set([
  ...PRIVILEGED_EVENTS,
  'pull_request',
  'pull_request_comment',
  'pull_request_review',
  'pull_request_review_comment',
]);

const MAINTAINER_TYPES = new Set([
  'labeled',
  'unlabeled',
  'assigned',
  'unassigned',
  'review_requested',
  'review_request_removed',
  'milestoned',
  'demilestoned',
  'pinned',
  'unpinned',
  'locked',
  'unlocked',
  'transferred',
  'enqueued',
  'dequeued',
  'answered',
  'unanswered',
  'category_changed',
]);

/** How far an outsider gets by the trigger alone. */
export function reachOfTrigger(event: string, types: readonly string[] | undefined): Reached {
  if (!OUTSIDER_EVENTS.has(event)) return 0;
  if (types !== undefined && types.length > 0 && types.every((type) => MAINTAINER_TYPES.has(type))) return 1;
  return 2;
}

/** What a condition leaves to an outsider in this scene. What is not understood leaves everything. */
export function chanceOf(tree: ExpressionTree | undefined, scene: Scene): Chance {
  if (tree === undefined) return FREE;
  switch (tree.kind) {
    case 'literal':
      return tree.value === false || tree.value === null || tree.value === 0 || tree.value === '' ? never : always;
    case 'and':
      return fold(tree.parts, scene, 'and');
    case 'or':
      return fold(tree.parts, scene, 'or');
    case 'not': {
      const { yes, no } = chanceOf(tree.operand, scene);
      return { yes: no, no: yes };
    }
    case 'reference':
      return chanceOfReference(pathOf(tree), scene);
    case 'member':
      return FREE;
    case 'compare':
      return chanceOfComparison(tree, scene);
    case 'call':
      return chanceOfCall(tree, scene);
  }
}

function fold(parts: readonly ExpressionTree[], scene: Scene, kind: 'and' | 'or'): Chance {
  const chances = parts.map((part) => chanceOf(part, scene));
  const least = (of: 'yes' | 'no') => lowest(chances.map((chance) => chance[of]));
  const most = (of: 'yes' | 'no') => highest(chances.map((chance) => chance[of]));
  return kind === 'and' ? { yes: least('yes'), no: most('no') } : { yes: most('yes'), no: least('no') };
}

export function lowest(levels: readonly Reached[]): Reached {
  return levels.includes(0) ? 0 : levels.includes(1) ? 1 : 2;
}

export function highest(levels: readonly Reached[]): Reached {
  return levels.includes(2) ? 2 : levels.includes(1) ? 1 : 0;
}

/** `github.event.pull_request.head.sha`, or '' for what is no reference. */
export function pathOf(tree: ExpressionTree): string {
  if (tree.kind === 'reference') return [tree.reference.context, ...tree.reference.path].join('.');
  // `fromJSON(toJSON(x))` and the like change nothing of whose value it is.
  if (tree.kind === 'call' && tree.args.length === 1 && tree.args[0] !== undefined) return pathOf(tree.args[0]);
  return '';
}

function chanceOfReference(path: string, scene: Scene): Chance {
  if (isForkFlag(path)) return always;
  if (path.endsWith('pull_request.merged')) return never;
  if (path === 'github.event.pull_request') return isChangeEvent(scene.event) ? always : never;
  if (isCheckOutput(path, scene)) return { yes: actorReach(scene), no: 2 };
  return FREE;
}

function isForkFlag(path: string): boolean {
  return /(?:head\.repo|head_repository)\.fork$/.test(path);
}

function isChangeEvent(event: string): boolean {
  return event.startsWith('pull_request');
}

function isCheckOutput(path: string, scene: Scene): boolean {
  const [context = '', id = '', kind = ''] = path.split('.');
  return (kind === 'outputs' || kind === 'result') && scene.checks.has(`${context}.${id}`);
}

/** Whoever acts is a maintainer: then an outsider's change needs one of them to comment or to label. */
function actorReach(scene: Scene): Reached {
  if (scene.event === 'issue_comment' || scene.event === 'pull_request_review_comment') return 1;
  if (scene.event === 'pull_request_review' || scene.event === 'discussion_comment') return 1;
  return scene.types?.some((type) => MAINTAINER_TYPES.has(type)) === true ? 1 : 0;
}

const ACTOR =
  /^github\.(?:actor|triggering_actor|actor_id|event\.sender\.(?:login|id|type)|event\.comment\.user\.(?:login|id)|event\.review\.user\.(?:login|id)|event\.workflow_run\.(?:triggering_)?actor\.(?:login|id))$/;
const AUTHOR = /^github\.event\.(?:pull_request|issue|discussion)\.(?:user|head\.user)\.(?:login|id)$/;
const ORIGIN =
  /^github\.event\.(?:pull_request\.head|workflow_run)\.(?:repo|head_repository)\.(?:full_name|id|node_id|name|url|html_url|owner\.(?:login|id))$|^github\.event\.pull_request\.head\.user\.(?:login|id)$|^github\.event\.workflow_run\.head_repository\.owner\.login$/;

function isOrigin(path: string): boolean {
  return ORIGIN.test(path) || /^github\.event\.pull_request\.head\.label$/.test(path);
}

/** The value is compared with one that only insiders have. */
function chanceOfIdentity(path: string, scene: Scene, isBot: boolean): Chance | undefined {
  if (isOrigin(path)) return never;
  if (AUTHOR.test(path)) return scene.event === 'issue_comment' && !isBot ? asked : never;
  // The name of a bot in `github.actor` is the name of whoever acted last: an outsider can have a bot act.
  if (ACTOR.test(path)) return isBot ? asked : { yes: actorReach(scene), no: 2 };
  return undefined;
}

function chanceOfComparison(tree: Extract<ExpressionTree, { kind: 'compare' }>, scene: Scene): Chance {
  const isEqual = tree.operator === '==';
  if (!isEqual && tree.operator !== '!=') return FREE;
  const [left, right] = tree.right.kind === 'literal' ? [tree.left, tree.right] : [tree.right, tree.left];
  const equal = chanceOfEquality(left, right, scene);
  return isEqual ? equal : { yes: equal.no, no: equal.yes };
}

function chanceOfEquality(left: ExpressionTree, right: ExpressionTree, scene: Scene): Chance {
  const path = pathOf(left);
  const other = pathOf(right);
  if (right.kind !== 'literal') {
    // Two references: the repository of the change is this one, the actor is its author.
    if (isOrigin(path) || isOrigin(other)) return never;
    if ([path, other].every((one) => ACTOR.test(one) || AUTHOR.test(one))) return FREE;
    if ([path, other].some((one) => one === 'github.repository_owner')) {
      return chanceOfIdentity(path === 'github.repository_owner' ? other : path, scene, false) ?? FREE;
    }
    return FREE;
  }
  const value = String(right.value ?? '').toLowerCase();
  if (right.value === true || value === 'true') return chanceOfTruth(left, scene);
  if (right.value === false || value === 'false') {
    const { yes, no } = chanceOfTruth(left, scene);
    return { yes: no, no: yes };
  }
  return chanceOfText(path, value, scene);
}

function chanceOfTruth(tree: ExpressionTree, scene: Scene): Chance {
  return chanceOf(tree, scene);
}

function chanceOfText(path: string, value: string, scene: Scene): Chance {
  if (path === 'github.event_name') return value === scene.event ? always : never;
  if (path === 'github.repository' || path === 'github.repository_owner') return always;
  if (path === 'github.event.action') return chanceOfAction(value, scene);
  if (path === 'github.event.workflow_run.event') {
    return isChangeEvent(value) || PRIVILEGED_EVENTS.has(value) ? FREE : never;
  }
  if (path === 'github.event.label.name') return asked;
  if (path.endsWith('author_association')) return chanceOfAssociations(path, [value], scene);
  if (path === 'github.event.issue.pull_request' || path === 'github.event.pull_request') return { yes: 2, no: 2 };
  if ((path === 'github.ref' || path === 'github.ref_name') && scene.event === 'pull_request') return never;
  if (path === 'github.ref' && value.startsWith('refs/tags/')) return never;
  if (isCheckOutput(path, scene)) return { yes: actorReach(scene), no: 2 };
  return chanceOfIdentity(path, scene, value.includes('[bot]') || value === 'bot') ?? FREE;
}

function chanceOfAction(value: string, scene: Scene): Chance {
  if (scene.types !== undefined && scene.types.length > 0 && !scene.types.includes(value)) return never;
  return MAINTAINER_TYPES.has(value) ? asked : FREE;
}

const TRUSTED_ASSOCIATIONS = new Set(['owner', 'member', 'collaborator']);

function chanceOfAssociations(path: string, values: readonly string[], scene: Scene): Chance {
  if (!values.every((value) => TRUSTED_ASSOCIATIONS.has(value))) return FREE;
  const isContent = /\.(?:pull_request|issue|discussion)\.author_association$/.test(path);
  return isContent ? never : { yes: actorReach(scene), no: 2 };
}

function chanceOfCall(tree: Extract<ExpressionTree, { kind: 'call' }>, scene: Scene): Chance {
  const [first, second] = tree.args;
  if (tree.name === 'contains' && first !== undefined && second !== undefined) {
    return chanceOfContains(first, second, scene);
  }
  if ((tree.name === 'startswith' || tree.name === 'endswith') && first !== undefined && second !== undefined) {
    const path = pathOf(first);
    const value = second.kind === 'literal' ? String(second.value).toLowerCase() : '';
    if (path === 'github.event_name') return scene.event.startsWith(value) ? always : never;
    if (path === 'github.ref' && value.startsWith('refs/tags')) return never;
    if (isOrigin(path) && tree.name === 'startswith') return never;
    if (isCheckOutput(path, scene)) return { yes: actorReach(scene), no: 2 };
  }
  return tree.name === 'fromjson' && first !== undefined && first.kind === 'reference' ? chanceOf(first, scene) : FREE;
}

function chanceOfContains(list: ExpressionTree, item: ExpressionTree, scene: Scene): Chance {
  const path = pathOf(list);
  if (/\.labels(?:\.\*)?(?:\.name)?$/.test(path)) return asked;
  const itemPath = pathOf(item);
  const values = literalsOf(list);
  if (itemPath === 'github.event_name' && values !== undefined) return values.includes(scene.event) ? always : never;
  if (itemPath.endsWith('author_association') && values !== undefined) {
    return chanceOfAssociations(itemPath, values, scene);
  }
  if (itemPath === 'github.event.action' && values !== undefined) {
    return values.every((value) => MAINTAINER_TYPES.has(value)) ? asked : FREE;
  }
  if (isCheckOutput(path, scene) || isCheckOutput(itemPath, scene)) return { yes: actorReach(scene), no: 2 };
  const isBot = values?.some((value) => value.includes('[bot]')) ?? false;
  return chanceOfIdentity(itemPath, scene, isBot) ?? FREE;
}

/** The words of `fromJSON('["a", "b"]')` or of `'a b'`, lower case; nothing for a list that is not written out. */
export function literalsOf(tree: ExpressionTree): readonly string[] | undefined {
  const literal = tree.kind === 'call' && tree.name === 'fromjson' ? tree.args[0] : tree;
  if (literal?.kind !== 'literal' || typeof literal.value !== 'string') return undefined;
  return literal.value
    .toLowerCase()
    .split(/[^a-z0-9_[\]-]+/)
    .map((word) => word.replace(/^\[(?!bot\])|(?<!\[bot)\]$/g, ''))
    .filter((word) => word !== '');
}
