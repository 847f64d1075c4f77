/** See `githubReach`. */
export type Reach = 'shaped' | 'member' | 'free';

/** Members of `github` besides `event`. A login holds letters, digits and hyphens only. */
const TOP: { readonly [name: string]: Reach } = {
  actor: 'shaped',
  triggering_actor: 'shaped',
  workflow_ref: 'member',
  ref: 'member',
  ref_name: 'member',
  base_ref: 'member',
  head_ref: 'free',
};

/** Last keys below `github.event` whose form GitHub prescribes, wherever they stand. */
const SHAPED_KEYS = new Set([
  'action',
  'active_lock_reason',
  'author_association',
  'color',
  'conclusion',
  'digest',
  'event',
  'full_name',
  'gravatar_id',
  'language',
  'login',
  'mergeable',
  'mergeable_state',
  'node_id',
  'oid',
  'permission',
  'rebaseable',
  'size',
  'state',
  'state_reason',
  'status',
  'tree_id',
  'type',
  'user_view_type',
  'username',
  'visibility',
  'workflow_id',
]);

/** Below these, GitHub itself prescribes every text: who acts, where, with which application. */
const SHAPED_BRANCHES = new Set(['sender', 'organization', 'enterprise', 'installation', 'repository', 'owner']);

/** Below these, whoever writes the text may already write to the repository. */
const MEMBER_BRANCHES = new Set([
  'base',
  'client_payload',
  'deployment',
  'deployment_status',
  'environment',
  'inputs',
  'label',
  'labels',
  'milestone',
  'ref',
  'release',
  'assignee',
  'assignees',
  'requested_team',
  'requested_reviewer',
]);

/** Texts of a repository that its owner chooses. For the repository of a fork that is an outsider. */
const REPOSITORY_FREE = new Set(['description', 'homepage', 'default_branch', 'topics']);

/** The reach of an influenced member. */
export function reachOf(path: readonly string[]): Reach {
  const [first, ...event] = path;
  if (first !== 'event') return TOP[first ?? '*'] ?? 'free';
  const last = event.at(-1);
  // The whole event, a filter over it, or a member that is not named: anything may be in it.
  if (last === undefined || event[0] === '*') return 'free';
  const parent = event.at(-2) ?? '';
  if (event.length > 1 && (SHAPED_KEYS.has(last) || last.endsWith('_at') || isAddress(last, parent))) return 'shaped';
  if (event.length === 1 && SHAPED_KEYS.has(last)) return 'shaped';
  return reachOfBranch(event, last, parent);
}

function reachOfBranch(event: readonly string[], last: string, parent: string): Reach {
  const isFork = event.includes('head') || event.includes('head_repository') || event.includes('forkee');
  if (parent === 'repo' || parent === 'repository' || parent === 'head_repository') {
    if (REPOSITORY_FREE.has(last)) return isFork ? 'free' : 'member';
    if (last === 'name') return 'shaped';
  }
  if (event.some((key) => MEMBER_BRANCHES.has(key)) && !event.includes('head')) return 'member';
  if (event[0] !== undefined && SHAPED_BRANCHES.has(event[0])) return event.length === 1 ? 'member' : 'shaped';
  // The name of the workflow whose run is reported is matched against `workflows:` before anything starts.
  if (event[0] === 'workflow_run' && (last === 'name' || last === 'path')) return 'shaped';
  return 'free';
}

/** Addresses are made by GitHub of ids and names; `homepage` and the like are not among them. */
function isAddress(key: string, parent: string): boolean {
  return key === 'url' ? parent !== 'config' : key.endsWith('_url') && key !== 'target_url' && key !== 'external_url';
}
