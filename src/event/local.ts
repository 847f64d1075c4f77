import { type DataObject, excerpt, type Taint, type TrustLevel } from '../base/index.ts';
import type { Actor, Event, GitFacts } from './event.ts';
import { fault } from './faults.ts';
import { CHANGE_EVENTS, levelOfPayload } from './level.ts';
import { numberAt, textAt } from './payload.ts';
import { type Origin, repositoryPayload, senderPayload, shortRef, synthesise } from './synthesise.ts';

export type LocalEventOptions = {
  readonly facts: GitFacts;
  readonly actor: Actor;
  /** `push` when absent. */
  readonly eventName?: string;
  /** A raw webhook payload; absent: one is synthesised. */
  readonly payload?: DataObject;
  /** Of workflow_dispatch; `client_payload` of repository_dispatch. */
  readonly inputs?: { readonly [name: string]: string };
  readonly serverUrl: string;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** Names of refs and commits in a payload that exist locally or not: git facts answer them in `commits`. */
export function commitNames(payload: DataObject | undefined, defaultBranch: string): readonly string[] {
  const names = [`refs/heads/${defaultBranch}`];
  if (payload === undefined) return names;
  const baseRef = textAt(payload, 'pull_request', 'base', 'ref');
  if (baseRef !== undefined) names.push(`refs/heads/${baseRef}`);
  for (const side of ['base', 'head']) {
    const sha = textAt(payload, 'pull_request', side, 'sha');
    if (sha !== undefined && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(sha)) names.push(sha);
  }
  return names;
}

/**
 * The event of `sallyport run`. The commit is always the snapshot of the work tree, but for `pull_request_target`, which
 * runs what its base has. The person is trusted as a member (`branch`); a payload from outside is judged by what it says
 * (formats.md, trust levels), and unclear is `untrusted`.
 */
export function localEvent(options: LocalEventOptions): Event {
  const { facts, actor } = options;
  const name = options.eventName ?? (options.payload === undefined ? 'push' : guessName(options.payload));
  if (!/^[a-z][a-z_]{0,63}$/.test(name)) throw fault('name-unknown', `the event name ${JSON.stringify(excerpt(name))}`);
  if (name === 'workflow_call') {
    throw fault(
      'name-unknown',
      'workflow_call is not an event: a workflow of that kind runs when another one calls it',
    );
  }
  const notes: string[] = [];
  const ref = refOf(name, options, notes);
  const origin: Origin = { facts, actor, ref, serverUrl: options.serverUrl, now: options.now };
  const given = options.payload === undefined ? undefined : completed(options.payload, origin);
  const payload = given ?? synthesise(name, origin, options.inputs ?? {});
  const judged = given === undefined ? trusted() : levelOfPayload(name, given);
  const change = changeOf(payload);
  const base = baseCommit(payload, facts);
  const runsBase = name === 'pull_request_target';
  if (runsBase && base === undefined) {
    notes.push('The base of the change is not in this repository: the work tree stands in for it.');
  }
  const action = textAt(payload, 'action');
  const inputs = name === 'workflow_dispatch' ? { ...textsOf(payload['inputs']), ...options.inputs } : undefined;
  return {
    name,
    ...(action === undefined ? {} : { action }),
    actor,
    repository: {
      owner: facts.owner,
      name: facts.name,
      fullName: `${facts.owner}/${facts.name}`,
      id: facts.repositoryId,
      ownerId: facts.ownerId,
      defaultBranch: facts.defaultBranch,
    },
    ref,
    refType: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    refProtected: false,
    sha: runsBase ? (base ?? facts.commit) : facts.commit,
    ...change,
    ...(base === undefined ? {} : { baseSha: base }),
    payload,
    ...(inputs === undefined ? {} : { inputs }),
    level: judged.level,
    taints: judged.taints,
    ...(facts.changedPaths === undefined ? {} : { changedPaths: facts.changedPaths }),
    notes,
  };
}

function trusted(): { level: TrustLevel; taints: readonly Taint[] } {
  return { level: 'branch', taints: [] };
}

/** The payload with the repository of this machine where it names none, so that `github.event.repository` is there. */
function completed(payload: DataObject, origin: Origin): DataObject {
  return {
    repository: repositoryPayload(origin),
    sender: senderPayload(origin),
    ...payload,
  };
}

/** The events that their payload gives away. Others have to be named. */
function guessName(payload: DataObject): string {
  if (payload['pull_request'] !== undefined && payload['review'] === undefined && payload['comment'] === undefined) {
    return 'pull_request';
  }
  if (payload['ref'] !== undefined && (payload['commits'] !== undefined || payload['after'] !== undefined))
    return 'push';
  if (payload['inputs'] !== undefined && payload['ref'] !== undefined) return 'workflow_dispatch';
  if (payload['client_payload'] !== undefined) return 'repository_dispatch';
  if (payload['schedule'] !== undefined) return 'schedule';
  if (payload['workflow_run'] !== undefined) return 'workflow_run';
  if (payload['merge_group'] !== undefined) return 'merge_group';
  if (payload['release'] !== undefined) return 'release';
  throw fault('name-unknown', 'the payload does not give away which event it is of');
}

const REF = /^refs\/(heads|tags|pull)\/[^\0-\x20\x7f~^:?*[\\]{1,250}$/;

function refOf(name: string, options: LocalEventOptions, notes: string[]): string {
  const { facts, payload } = options;
  const current = currentRef(facts, notes);
  if (CHANGE_EVENTS.has(name) && name !== 'pull_request_target') return `refs/pull/${numberOf(payload)}/merge`;
  const ref = givenRef(name, payload) ?? (ofDefaultBranch(name) ? `refs/heads/${facts.defaultBranch}` : current);
  if (!REF.test(ref) || ref.includes('..') || ref.endsWith('.lock') || ref.endsWith('/')) {
    throw fault('ref-invalid', `the ref ${JSON.stringify(excerpt(ref))}`);
  }
  return ref;
}

function numberOf(payload: DataObject | undefined): number {
  if (payload === undefined) return 1;
  const number = numberAt(payload, 'pull_request', 'number') ?? numberAt(payload, 'number');
  if (number === undefined) throw fault('payload-invalid', 'pull_request.number is missing');
  return number;
}

function givenRef(name: string, payload: DataObject | undefined): string | undefined {
  if (payload === undefined) return undefined;
  const base = textAt(payload, 'pull_request', 'base', 'ref');
  if (name.startsWith('pull_request')) return base === undefined ? undefined : `refs/heads/${base}`;
  if (name === 'release') {
    const tag = textAt(payload, 'release', 'tag_name');
    return tag === undefined ? undefined : `refs/tags/${tag}`;
  }
  if (name === 'merge_group') return textAt(payload, 'merge_group', 'head_ref');
  if (name === 'delete') return undefined;
  const ref = textAt(payload, 'ref');
  if (ref === undefined) return undefined;
  if (ref.startsWith('refs/')) return ref;
  return textAt(payload, 'ref_type') === 'tag' ? `refs/tags/${ref}` : `refs/heads/${ref}`;
}

/** Events that GitHub only runs on the default branch. Locally the work tree stands in for it. */
function ofDefaultBranch(name: string): boolean {
  return ![
    'push',
    'create',
    'workflow_dispatch',
    'merge_group',
    'registry_package',
    'deployment',
    'deployment_status',
    'release',
  ].includes(name);
}

function currentRef(facts: GitFacts, notes: string[]): string {
  if (facts.branch !== undefined) return `refs/heads/${facts.branch}`;
  if (facts.tag !== undefined) return `refs/tags/${facts.tag}`;
  if (facts.head !== undefined) {
    notes.push(`No branch is checked out: this runs as if it were ${facts.defaultBranch}.`);
  }
  return `refs/heads/${facts.defaultBranch}`;
}

function changeOf(payload: DataObject): { baseRef?: string; headRef?: string } {
  const base = textAt(payload, 'pull_request', 'base', 'ref') ?? textAt(payload, 'merge_group', 'base_ref');
  const head = textAt(payload, 'pull_request', 'head', 'ref');
  return {
    ...(base === undefined ? {} : { baseRef: shortRef(base) }),
    ...(head === undefined ? {} : { headRef: head }),
  };
}

/** The commit that a change is compared with: by the payload's commit, its base branch, or the default branch. */
function baseCommit(payload: DataObject, facts: GitFacts): string | undefined {
  const sha = textAt(payload, 'pull_request', 'base', 'sha');
  if (sha !== undefined && facts.commits[sha] !== undefined) return facts.commits[sha];
  const ref = textAt(payload, 'pull_request', 'base', 'ref');
  if (ref !== undefined) return facts.commits[`refs/heads/${ref}`];
  return facts.commits[`refs/heads/${facts.defaultBranch}`];
}

function textsOf(inputs: DataObject[string] | undefined): { readonly [name: string]: string } {
  if (inputs === undefined || inputs === null || typeof inputs !== 'object' || Array.isArray(inputs)) return {};
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) =>
      value === null || typeof value === 'object' ? [] : [[name, String(value)] as const],
    ),
  );
}
