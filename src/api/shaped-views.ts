import { crc32 } from 'node:zlib';
import type { CheckRun, CommitStatus } from '../check/index.ts';
import type { Commit, RepositoryRow } from '../repo/index.ts';
import type { ArtifactInfo, RunJob, RunState, RunSummary, RunView } from './ports.ts';
import type { StepReport } from '../runs/index.ts';
import type { RepositoryCall } from './route.ts';
import { isoOfMs } from './run-detail-schema.ts';

/** Our values in the shape of GitHub's. What we do not have is null or left out, never made up. */

export function repositoryUrl({ deps, repository }: RepositoryCall): string {
  return `${deps.origin}/api/v3/repos/${repository.owner}/${repository.name}`;
}

export function shapedRepository(call: RepositoryCall) {
  const { deps, repository } = call;
  const page = `${deps.origin}/${repository.owner}/${repository.name}`;
  return {
    ...shapedName(repository),
    private: true,
    visibility: 'private',
    html_url: page,
    url: repositoryUrl(call),
    clone_url: `${page}.git`,
    default_branch: repository.defaultBranch,
    archived: repository.state === 'archived',
    disabled: repository.state === 'stopped',
    fork: false,
    description: null,
    created_at: repository.createdAt.toISOString(),
  };
}

function shapedName({ id, owner, name }: RepositoryRow) {
  return { id, node_id: `R_${id}`, name, full_name: `${owner}/${name}`, owner: { login: owner, type: 'Organization' } };
}

export function shapedCommit(call: RepositoryCall, commit: Commit) {
  const url = `${repositoryUrl(call)}/commits/${commit.oid}`;
  return {
    sha: commit.oid,
    node_id: `C_${commit.oid}`,
    url,
    html_url: url,
    commit: {
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: { sha: commit.tree },
      url,
      comment_count: 0,
      verification: { verified: false, reason: 'unsigned', signature: null, payload: null },
    },
    // Whoever a commit says that wrote it is nobody's account.
    author: null,
    committer: null,
    parents: commit.parents.map((sha) => ({ sha, url: `${repositoryUrl(call)}/commits/${sha}` })),
  };
}

const STATUS: { readonly [State in RunState]: string } = {
  waiting: 'waiting',
  queued: 'queued',
  running: 'in_progress',
  finished: 'completed',
};

const iso = (date: Date | undefined) => date?.toISOString() ?? null;
const branchOf = (ref: string) => ref.replace(/^refs\/(heads|tags)\//, '');

/** A number for a workflow file that stays the same. */
export const workflowId = (path: string) => crc32(path);

export function shapedRun(call: RepositoryCall, run: RunSummary) {
  const url = `${repositoryUrl(call)}/actions/runs/${run.id}`;
  const actor = { login: run.actor.name ?? run.actor.id, id: Number(run.actor.id) || 0, type: 'User' };
  return {
    id: run.id,
    node_id: `WR_${run.id}`,
    name: run.workflow.name,
    display_title: run.name,
    path: run.workflow.path,
    workflow_id: workflowId(run.workflow.path),
    head_branch: branchOf(run.ref),
    head_sha: run.commit,
    run_number: run.number,
    run_attempt: run.attempt,
    event: run.event,
    status: STATUS[run.state],
    conclusion: run.conclusion ?? null,
    actor,
    triggering_actor: actor,
    url,
    html_url: url,
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    workflow_url: `${repositoryUrl(call)}/actions/workflows/${workflowId(run.workflow.path)}`,
    created_at: iso(run.createdAt),
    updated_at: iso(run.finishedAt ?? run.startedAt ?? run.createdAt),
    run_started_at: iso(run.startedAt),
    repository: shapedName(call.repository),
  };
}

/** Steps as a person reads them: those inside of composite actions are part of the outer one. */
function shapedSteps(steps: readonly StepReport[]) {
  const outer = steps.filter(({ id }) => !id.includes('/'));
  return outer.map(({ name, startedAt, finishedAt, conclusion }, at) => ({
    name,
    status: finishedAt === undefined ? 'in_progress' : 'completed',
    conclusion: conclusion ?? null,
    number: at + 1,
    started_at: isoOfMs(startedAt),
    completed_at: finishedAt === undefined ? null : isoOfMs(finishedAt),
  }));
}

export async function shapedJob(call: RepositoryCall, run: RunView, job: RunJob) {
  const { steps } = await call.deps.reports.report(job.id);
  const url = `${repositoryUrl(call)}/actions/jobs/${job.id}`;
  return {
    id: job.id,
    node_id: `JOB_${job.id}`,
    run_id: run.id,
    run_attempt: run.attempt,
    run_url: `${repositoryUrl(call)}/actions/runs/${run.id}`,
    workflow_name: run.workflow.name,
    head_branch: branchOf(run.ref),
    head_sha: run.commit,
    name: job.name,
    status: STATUS[job.state],
    conclusion: job.conclusion ?? null,
    created_at: iso(run.createdAt),
    started_at: iso(job.startedAt),
    completed_at: iso(job.finishedAt),
    runner_name: job.runner ?? null,
    labels: [],
    steps: shapedSteps(steps),
    url,
    html_url: url,
  };
}

export function shapedArtifact(call: RepositoryCall, artifact: ArtifactInfo) {
  const url = `${repositoryUrl(call)}/actions/artifacts/${artifact.id}`;
  return {
    id: artifact.id,
    node_id: `A_${artifact.id}`,
    name: artifact.name,
    size_in_bytes: artifact.bytes,
    digest: artifact.digest,
    url,
    archive_download_url: `${url}/zip`,
    expired: false,
    created_at: iso(artifact.createdAt),
    updated_at: iso(artifact.createdAt),
    expires_at: iso(artifact.expiresAt),
    workflow_run: { id: artifact.runId, repository_id: call.repository.id },
  };
}

export function shapedStatus(call: RepositoryCall, commit: string, status: CommitStatus) {
  return {
    id: status.id,
    node_id: `SC_${status.id}`,
    url: `${repositoryUrl(call)}/statuses/${commit}`,
    state: status.state,
    context: status.context,
    description: status.description ?? null,
    target_url: status.targetUrl ?? null,
    creator: { login: `${status.actor.type} ${status.actor.id}`, id: Number(status.actor.id) || 0 },
    created_at: iso(status.createdAt),
    updated_at: iso(status.createdAt),
  };
}

export function shapedCheckRun(call: RepositoryCall, run: CheckRun) {
  const url = `${repositoryUrl(call)}/check-runs/${run.id}`;
  return {
    ...run.body,
    id: run.id,
    node_id: `CR_${run.id}`,
    head_sha: run.commit,
    url,
    html_url: url,
    app: { name: `${run.actor.type} ${run.actor.id}` },
    check_suite: null,
    pull_requests: [],
  };
}
