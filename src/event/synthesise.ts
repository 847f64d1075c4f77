import type { Data, DataObject } from '../base/index.ts';
import type { Actor, GitFacts } from './event.ts';

/** 40 zeros: "no commit" in payloads. */
const NO_COMMIT = '0'.repeat(40);

/** What the makers below share. */
export type Origin = {
  readonly facts: GitFacts;
  readonly actor: Actor;
  readonly ref: string;
  readonly serverUrl: string;
  readonly now: number;
};

/** The `repository` member as GitHub writes it, as far as it is known here. */
export function repositoryPayload({ facts, serverUrl }: Origin): DataObject {
  const fullName = `${facts.owner}/${facts.name}`;
  const url = `${serverUrl}/${fullName}`;
  return {
    id: facts.repositoryId,
    name: facts.name,
    full_name: fullName,
    private: true,
    owner: { login: facts.owner, name: facts.owner, id: facts.ownerId, type: 'Organization' },
    html_url: url,
    url,
    clone_url: `${url}.git`,
    git_url: `${url}.git`,
    fork: false,
    default_branch: facts.defaultBranch,
    master_branch: facts.defaultBranch,
    visibility: 'private',
    archived: false,
    disabled: false,
  };
}

export function senderPayload({ actor }: Origin): DataObject {
  return { login: actor.login, id: actor.id, type: 'User', site_admin: false };
}

/** A payload for an event that the person named without giving one: shaped as GitHub's, with what git knows. */
export function synthesise(name: string, origin: Origin, inputs: { readonly [name: string]: string }): DataObject {
  const common = { repository: repositoryPayload(origin), sender: senderPayload(origin) };
  switch (name) {
    case 'push':
      return { ...pushPayload(origin), ...common };
    case 'pull_request':
    case 'pull_request_target':
      return { ...changePayload(origin), ...common };
    case 'workflow_dispatch':
      return { inputs, ref: origin.ref, workflow: '', ...common };
    case 'repository_dispatch':
      return { action: 'local', branch: origin.facts.defaultBranch, client_payload: inputs, ...common };
    case 'schedule':
      return { schedule: '', ...common };
    case 'create':
    case 'delete':
      return {
        ref: shortRef(origin.ref),
        ref_type: origin.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
        master_branch: origin.facts.defaultBranch,
        pusher_type: 'user',
        ...common,
      };
    case 'release':
      return { action: 'published', release: releasePayload(origin), ...common };
    case 'merge_group':
      return {
        action: 'checks_requested',
        merge_group: {
          head_sha: origin.facts.commit,
          head_ref: origin.ref,
          base_ref: `refs/heads/${origin.facts.defaultBranch}`,
          base_sha: origin.facts.commits[`refs/heads/${origin.facts.defaultBranch}`] ?? origin.facts.commit,
        },
        ...common,
      };
    default:
      return common;
  }
}

/** `refs/heads/a/b` to `a/b`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags|pull)\//, '');
}

function pushPayload({ facts, actor, ref, serverUrl }: Origin): DataObject {
  const head = facts.head;
  const before = (facts.dirty ? head?.commit : head?.parent) ?? NO_COMMIT;
  const email = head?.author.email ?? '';
  const commit: Data = {
    id: facts.commit,
    tree_id: head?.tree ?? '',
    distinct: true,
    message: facts.dirty ? 'Work tree of the person at the machine' : (head?.message ?? ''),
    timestamp: head?.timestamp ?? '',
    url: `${serverUrl}/${facts.owner}/${facts.name}/commit/${facts.commit}`,
    author: { ...(head?.author ?? { name: actor.login, email }) },
    committer: { ...(head?.committer ?? { name: actor.login, email }) },
    added: [],
    removed: [],
    modified: [],
  };
  return {
    ref,
    before,
    after: facts.commit,
    created: before === NO_COMMIT,
    deleted: false,
    forced: false,
    base_ref: null,
    compare: `${serverUrl}/${facts.owner}/${facts.name}/compare/${before.slice(0, 12)}...${facts.commit.slice(0, 12)}`,
    commits: [commit],
    head_commit: commit,
    pusher: { name: actor.login, email },
  };
}

function changePayload(origin: Origin): DataObject {
  const { facts, actor, now } = origin;
  const base = facts.defaultBranch;
  const head = facts.branch ?? 'HEAD';
  const repo = repositoryPayload(origin);
  const user: DataObject = { login: actor.login, id: actor.id, type: 'User' };
  const number = 1;
  return {
    action: 'synchronize',
    number,
    pull_request: {
      id: number,
      number,
      state: 'open',
      locked: false,
      draft: false,
      merged: false,
      title: facts.head?.message.split('\n')[0] ?? '',
      body: '',
      user,
      author_association: 'OWNER',
      labels: [],
      created_at: new Date(now).toISOString(),
      updated_at: new Date(now).toISOString(),
      merge_commit_sha: facts.commit,
      html_url: `${origin.serverUrl}/${facts.owner}/${facts.name}/pull/${number}`,
      head: { label: `${facts.owner}:${head}`, ref: head, sha: facts.commit, user, repo },
      base: {
        label: `${facts.owner}:${base}`,
        ref: base,
        sha: facts.commits[`refs/heads/${base}`] ?? facts.commit,
        user,
        repo,
      },
    },
  };
}

function releasePayload({ ref, actor, facts }: Origin): DataObject {
  const tag = shortRef(ref);
  return {
    id: 1,
    tag_name: tag,
    target_commitish: facts.defaultBranch,
    name: tag,
    body: '',
    draft: false,
    prerelease: false,
    author: { login: actor.login, id: actor.id, type: 'User' },
    assets: [],
  };
}
