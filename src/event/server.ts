import type { DataObject, Taint, TrustLevel } from '../base/index.ts';
import type { Actor, Event, Repository } from './event.ts';
import { shortRef } from './synthesise.ts';

/** 40 zeros: "no commit" in payloads. */
const NO_COMMIT = '0'.repeat(40);

/** What an event of the server is made from. */
export type ServerOrigin = {
  readonly repository: Repository;
  /** As authenticated. */
  readonly actor: Actor;
  /** As `https://ci.example.org`, without a slash at its end. */
  readonly serverUrl: string;
};

export type CommitFacts = {
  readonly id: string;
  readonly tree: string;
  /** Text of whoever made the commit: never who did something. */
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly committer: { readonly name: string; readonly email: string; readonly date: string };
};

export type ServerPush = {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
  readonly isForced: boolean;
  /** It moved the default branch past review. */
  readonly isDirect: boolean;
  /** Newest last. */
  readonly commits: readonly CommitFacts[];
  readonly head: CommitFacts;
  readonly changedPaths?: readonly string[];
};

/** A push of a branch or tag by a member. Its level is `branch`: review comes with change requests. */
export function pushEvent(origin: ServerOrigin, push: ServerPush): Event {
  const { repository, actor, serverUrl } = origin;
  const base = `${serverUrl}/${repository.fullName}`;
  const isCreated = push.before === NO_COMMIT;
  const payload: DataObject = {
    ref: push.ref,
    before: push.before,
    after: push.after,
    created: isCreated,
    deleted: false,
    forced: push.isForced,
    base_ref: null,
    compare: isCreated
      ? `${base}/commit/${push.after}`
      : `${base}/compare/${push.before.slice(0, 12)}...${push.after.slice(0, 12)}`,
    commits: push.commits.map((commit) => commitPayload(base, commit)),
    head_commit: commitPayload(base, push.head),
    pusher: { name: actor.login, email: '' },
    ...commonPayload(origin),
  };
  return {
    ...refEvent(origin, 'push', push.ref, push.after),
    payload,
    ...(push.changedPaths === undefined ? {} : { changedPaths: push.changedPaths }),
    notes: directNotes(repository, push),
  };
}

function directNotes({ defaultBranch }: Repository, push: Pick<ServerPush, 'ref' | 'isDirect'>): readonly string[] {
  if (!push.isDirect) return [];
  return [
    `${defaultBranch} was moved without a review, by the setting unsafe_direct_push: this runs at branch, not at reviewed.`,
  ];
}

/** A branch or tag came up, or went. `sha`: the commit that workflows are read from and run at. */
export function refChangeEvent(
  origin: ServerOrigin,
  change: { readonly kind: 'create' | 'delete'; readonly about: string; readonly ref: string; readonly sha: string },
): Event {
  const isTag = change.about.startsWith('refs/tags/');
  return {
    ...refEvent(origin, change.kind, change.ref, change.sha),
    payload: {
      ref: shortRef(change.about),
      ref_type: isTag ? 'tag' : 'branch',
      ...(change.kind === 'create' ? { master_branch: origin.repository.defaultBranch, description: null } : {}),
      pusher_type: 'user',
      ...commonPayload(origin),
    },
  };
}

/** Somebody started a workflow by hand. */
export function dispatchEvent(
  origin: ServerOrigin,
  dispatch: {
    readonly ref: string;
    readonly sha: string;
    readonly workflow: string;
    readonly inputs: { readonly [name: string]: string };
  },
): Event {
  const { ref, sha, workflow, inputs } = dispatch;
  return {
    ...refEvent(origin, 'workflow_dispatch', ref, sha),
    payload: { ref, workflow, inputs, ...commonPayload(origin) },
    inputs,
  };
}

/** An event of another system, by somebody who may write. It runs on the default branch. */
export function repositoryDispatchEvent(
  origin: ServerOrigin,
  dispatch: { readonly sha: string; readonly type: string; readonly payload: DataObject },
): Event {
  const { defaultBranch } = origin.repository;
  return {
    ...refEvent(origin, 'repository_dispatch', `refs/heads/${defaultBranch}`, dispatch.sha),
    action: dispatch.type,
    payload: {
      action: dispatch.type,
      branch: defaultBranch,
      client_payload: dispatch.payload,
      ...commonPayload(origin),
    },
  };
}

/** The time of a `cron` came. It runs on the default branch, for whoever last changed the schedule there. */
export function scheduleEvent(origin: ServerOrigin, schedule: { readonly sha: string; readonly cron: string }): Event {
  return {
    ...refEvent(origin, 'schedule', `refs/heads/${origin.repository.defaultBranch}`, schedule.sha),
    payload: { schedule: schedule.cron, workflow: '', ...commonPayload(origin) },
  };
}

/** The run that a `workflow_run` event is about. */
export type CauseRun = {
  readonly id: number;
  readonly runNumber: number;
  readonly attempt: number;
  readonly workflow: { readonly path: string; readonly name: string };
  readonly event: string;
  readonly ref: string;
  readonly sha: string;
  readonly conclusion: string | null;
  readonly actor: Actor;
  /** The lowest that it ended at. */
  readonly level: TrustLevel;
  readonly createdAt: number;
};

export type WorkflowRunAction = 'requested' | 'in_progress' | 'completed';
const STATUS = { requested: 'queued', in_progress: 'in_progress', completed: 'completed' } as const;

/** A run was asked for, began or ended: never above the level of that run. It runs on the default branch. */
export function workflowRunEvent(
  origin: ServerOrigin,
  about: { readonly sha: string; readonly action: WorkflowRunAction; readonly cause: CauseRun },
): Event {
  const { repository, serverUrl } = origin;
  const { cause, action } = about;
  const url = `${serverUrl}/${repository.fullName}/actions/runs/${cause.id}`;
  const low: readonly Taint[] = [
    {
      level: cause.level,
      cause: 'workflow-run',
      source: `run ${cause.id} of ${cause.workflow.path}, which caused this one, ended at ${cause.level}`,
    },
  ];
  return {
    ...refEvent(origin, 'workflow_run', `refs/heads/${repository.defaultBranch}`, about.sha),
    action,
    level: cause.level === 'untrusted' ? 'untrusted' : 'branch',
    taints: cause.level === 'untrusted' ? low : [],
    payload: {
      action,
      workflow_run: {
        id: cause.id,
        name: cause.workflow.name,
        path: cause.workflow.path,
        run_number: cause.runNumber,
        run_attempt: cause.attempt,
        event: cause.event,
        head_branch: shortRef(cause.ref),
        head_sha: cause.sha,
        status: STATUS[action],
        conclusion: cause.conclusion,
        created_at: new Date(cause.createdAt).toISOString(),
        html_url: url,
        url,
        actor: { login: cause.actor.login, id: cause.actor.id, type: 'User' },
        triggering_actor: { login: cause.actor.login, id: cause.actor.id, type: 'User' },
        pull_requests: [],
        repository: repositoryMember(origin),
        head_repository: repositoryMember(origin),
      },
      workflow: { name: cause.workflow.name, path: cause.workflow.path, state: 'active' },
      ...commonPayload(origin),
    },
  };
}

/** Marks by which a commit's text keeps pushes from starting anything. It can only make less happen. */
const SKIP_MARKS = ['[skip ci]', '[ci skip]', '[no ci]', '[skip actions]', '[actions skip]'];

/** Whether the message of the head commit asks for no run. */
export function skipsRuns(message: string): boolean {
  const lower = message.toLowerCase();
  return (
    SKIP_MARKS.some((mark) => lower.includes(mark)) || /\n\n(?:.*\n)*skip-checks: ?true(?:\n|$)/.test(`${lower}\n`)
  );
}

function refEvent({ repository, actor }: ServerOrigin, name: string, ref: string, sha: string): Event {
  return {
    name,
    actor,
    repository,
    ref,
    refType: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    refProtected: ref === `refs/heads/${repository.defaultBranch}` || ref.startsWith('refs/tags/'),
    sha,
    payload: {},
    level: 'branch',
    taints: [],
    notes: [],
  };
}

function commonPayload(origin: ServerOrigin): DataObject {
  return {
    repository: repositoryMember(origin),
    sender: { login: origin.actor.login, id: origin.actor.id, type: 'User', site_admin: false },
  };
}

function repositoryMember({ repository, serverUrl }: ServerOrigin): DataObject {
  const url = `${serverUrl}/${repository.fullName}`;
  return {
    id: repository.id,
    name: repository.name,
    full_name: repository.fullName,
    private: true,
    owner: { login: repository.owner, name: repository.owner, id: repository.ownerId, type: 'Organization' },
    html_url: url,
    url,
    clone_url: `${url}.git`,
    git_url: `${url}.git`,
    fork: false,
    default_branch: repository.defaultBranch,
    master_branch: repository.defaultBranch,
    visibility: 'private',
    archived: false,
    disabled: false,
  };
}

function commitPayload(base: string, commit: CommitFacts): DataObject {
  const { name, email, date } = commit.committer;
  return {
    id: commit.id,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: date,
    url: `${base}/commit/${commit.id}`,
    author: { name: commit.author.name, email: commit.author.email },
    committer: { name, email },
  };
}
