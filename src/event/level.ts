import type { DataObject, Taint, TrustLevel } from '../base/index.ts';
import { at, textAt } from './payload.ts';

/**
 * Events that only somebody with rights in the repository can cause. Every other event, known or not, may be caused by
 * anyone, and its texts may be an outsider's: it runs at `untrusted`.
 */
const MEMBER_EVENTS: ReadonlySet<string> = new Set([
  'branch_protection_rule',
  'check_run',
  'check_suite',
  'create',
  'delete',
  'deployment',
  'deployment_status',
  'image_version',
  'label',
  'merge_group',
  'milestone',
  'page_build',
  'project',
  'project_card',
  'project_column',
  'public',
  'push',
  'registry_package',
  'release',
  'repository_dispatch',
  'schedule',
  'status',
  'workflow_call',
  'workflow_dispatch',
]);

/** Events of a change request: their level follows from where its head comes from. */
export const CHANGE_EVENTS: ReadonlySet<string> = new Set([
  'pull_request',
  'pull_request_target',
  'pull_request_review',
  'pull_request_review_comment',
]);

/** The level that a payload from outside gives its run (K1), and why it is not higher. Fail closed: unknown is untrusted. */
export function levelOfPayload(
  name: string,
  payload: DataObject,
): { readonly level: TrustLevel; readonly taints: readonly Taint[] } {
  const cause = causeOfDistrust(name, payload);
  if (cause === undefined) return { level: 'branch', taints: [] };
  return { level: 'untrusted', taints: [{ level: 'untrusted', ...cause }] };
}

function causeOfDistrust(name: string, payload: DataObject): { cause: string; source: string } | undefined {
  if (name === 'pull_request' || name === 'pull_request_target') return causeOfChange(payload);
  if (name === 'workflow_run') return causeOfWorkflowRun(payload);
  if (MEMBER_EVENTS.has(name)) return undefined;
  return { cause: 'outsider-event', source: `anyone can cause the event ${name}, and wrote its texts` };
}

function causeOfChange(payload: DataObject): { cause: string; source: string } | undefined {
  const head = textAt(payload, 'pull_request', 'head', 'repo', 'full_name');
  const base = textAt(payload, 'pull_request', 'base', 'repo', 'full_name');
  if (head === undefined || base === undefined) {
    return { cause: 'fork-event', source: 'the payload does not say which repository the change comes from' };
  }
  if (head.toLowerCase() !== base.toLowerCase()) {
    return { cause: 'fork-event', source: `the change comes from ${head}, a fork of ${base}` };
  }
  const author = textAt(payload, 'pull_request', 'user', 'login');
  const type = at(payload, 'pull_request', 'user', 'type');
  if (type === 'Bot' || author?.endsWith('[bot]') === true) {
    return { cause: 'bot-event', source: `the change was made by the bot ${author ?? ''}`.trim() };
  }
  return undefined;
}

function causeOfWorkflowRun(payload: DataObject): { cause: string; source: string } | undefined {
  const head = textAt(payload, 'workflow_run', 'head_repository', 'full_name');
  const own = textAt(payload, 'workflow_run', 'repository', 'full_name') ?? textAt(payload, 'repository', 'full_name');
  if (head === undefined || own === undefined || head.toLowerCase() !== own.toLowerCase()) {
    return {
      cause: 'fork-event',
      source: `the run that caused this one ran a commit of ${head ?? 'an unknown repository'}`,
    };
  }
  const event = textAt(payload, 'workflow_run', 'event');
  if (event === undefined || !(MEMBER_EVENTS.has(event) || event.startsWith('pull_request'))) {
    return {
      cause: 'outsider-event',
      source: `the run that caused this one was started by ${event ?? 'an unknown event'}`,
    };
  }
  return undefined;
}
