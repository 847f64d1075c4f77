import type { DataObject } from '../base/index.ts';
import type { Event } from './event.ts';
import { shortRef } from './synthesise.ts';

/** What the `github` context needs to know besides the event. */
export type RunFacts = {
  readonly runId: number;
  readonly runNumber: number;
  readonly attempt: number;
  readonly workflowName: string;
  readonly workflowPath: string;
  /** As `http://sallyport.localhost`, without a slash at its end. */
  readonly serverUrl: string;
  readonly retentionDays: number;
};

/**
 * The `github` context of a run without what belongs to a step (`action*`, `env`, `path`, `token`, `workspace`,
 * `event_path`, `job`): the runner adds these. Fields as in GitHub's "Contexts reference".
 */
export function githubContext(event: Event, run: RunFacts): DataObject {
  const { repository, ref } = event;
  const workflowRef = `${repository.fullName}/${run.workflowPath}@${ref}`;
  return {
    actor: event.actor.login,
    actor_id: String(event.actor.id),
    api_url: `${run.serverUrl}/api/v3`,
    base_ref: event.baseRef ?? '',
    event: event.payload,
    event_name: event.name,
    graphql_url: `${run.serverUrl}/api/graphql`,
    head_ref: event.headRef ?? '',
    ref,
    ref_name: shortRef(ref),
    ref_protected: event.refProtected,
    ref_type: event.refType,
    repository: repository.fullName,
    repository_id: String(repository.id),
    repository_owner: repository.owner,
    repository_owner_id: String(repository.ownerId),
    repositoryUrl: `${run.serverUrl.replace(/^https?:/, 'git:')}/${repository.fullName}.git`,
    repository_visibility: 'private',
    retention_days: String(run.retentionDays),
    run_attempt: String(run.attempt),
    run_id: String(run.runId),
    run_number: String(run.runNumber),
    secret_source: event.level === 'untrusted' ? 'None' : 'Actions',
    server_url: run.serverUrl,
    sha: event.sha,
    triggering_actor: event.actor.login,
    workflow: run.workflowName,
    workflow_ref: workflowRef,
    workflow_sha: event.sha,
  };
}
