import { isFault } from '../base/index.ts';
import type { Event } from '../event/index.ts';
import { ancestorsOf, type Diagnostic, matchesTrigger, type Trigger, type Workflow } from '../workflow/index.ts';
import { fault } from './faults.ts';
import type { LocalRunOptions } from './options.ts';
import { readingErrors, type WorkflowFile } from './workflows.ts';

export type SelectedWorkflow = {
  readonly workflow: Workflow;
  readonly event: Event;
  readonly notes: readonly string[];
};

export type Selection = {
  readonly selected: readonly SelectedWorkflow[];
  readonly errors: readonly Diagnostic[];
  /** Why nothing was selected. */
  readonly message: string;
  readonly remarks: readonly string[];
};

/** Events that a workflow is run with when the person names only its file, best first. */
const PREFERRED_EVENTS = ['push', 'pull_request', 'workflow_dispatch'];

/**
 * Which workflows run for which event. Files that were named run even if their filters would not let the event pass, since
 * the person asked for them; the run says so. Without files those run that the event triggers. A file that can't be read
 * might be one of them, so it refuses the whole.
 */
export async function selectWorkflows(
  files: readonly WorkflowFile[],
  {
    options,
    eventFor,
  }: { readonly options: LocalRunOptions; readonly eventFor: (name: string | undefined) => Promise<Event> },
): Promise<Selection> {
  const errors = readingErrors(files);
  if (errors.length > 0) return { selected: [], errors, message: '', remarks: [] };
  const workflows = files.flatMap(({ reading }) => (reading.ok ? [reading.value] : []));
  const candidates =
    options.jobs.length === 0 ? workflows : workflows.filter((workflow) => hasJobs(workflow, options.jobs));
  if (candidates.length === 0) {
    throw fault('job-missing', `no workflow has a job ${options.jobs.join(', ')}; jobs: ${namesOf(workflows)}`);
  }
  const isNamed = options.files.length > 0;
  const isEventGiven = options.eventName !== undefined || options.payload !== undefined;
  const events = new Map<string, Promise<Event>>();
  const eventOf = (name: string | undefined): Promise<Event> => {
    const known = events.get(name ?? '') ?? eventFor(name);
    events.set(name ?? '', known);
    return known;
  };
  const selected: SelectedWorkflow[] = [];
  const reasons: string[] = [];
  for (const workflow of candidates) {
    const name = isEventGiven || !isNamed ? options.eventName : naturalEvent(workflow);
    if (isNamed && !isEventGiven && name === undefined) {
      throw fault('workflow-missing', `${workflow.path} only runs when another workflow calls it`);
    }
    const event = await eventOf(name);
    const { matches, reason } = isTriggered(workflow, event);
    if (matches) selected.push({ workflow, event, notes: [] });
    else if (isNamed && !isEventGiven) {
      selected.push({
        workflow,
        event,
        notes: [`Its filters would not start it (${reason}); it runs because it was named.`],
      });
    } else reasons.push(`${workflow.path}: ${reason}`);
  }
  const eventName = (await eventOf(isEventGiven || !isNamed ? options.eventName : 'push').catch(ignoreFault))?.name;
  const message = `the event ${eventName ?? ''} starts none of ${candidates.length} workflows\n${reasons.join('\n')}`;
  return { selected, errors: [], message, remarks: [] };
}

/** Only for the text of a message. */
function ignoreFault(thrown: unknown): undefined {
  if (!isFault(thrown)) throw thrown;
  return undefined;
}

export function naturalEvent(workflow: Workflow): string | undefined {
  const names = workflow.on.map(({ event }) => event).filter((event) => event !== 'workflow_call');
  return PREFERRED_EVENTS.find((name) => names.includes(name)) ?? names[0];
}

/** Whether one of the triggers lets the event pass, or why none does. */
export function isTriggered(workflow: Workflow, event: Event): { readonly matches: boolean; readonly reason: string } {
  let reason = `on: does not name ${event.name}`;
  for (const trigger of workflow.on) {
    if (trigger.event !== event.name) continue;
    const result = matchesTrigger(trigger, factsOf(event, trigger));
    if (result.matches) return result;
    reason = result.reason;
  }
  return { matches: false, reason };
}

function factsOf(event: Event, trigger: Trigger): Parameters<typeof matchesTrigger>[1] {
  const { workflow_run: run } = event.payload;
  const about =
    typeof run === 'object' && run !== null && !Array.isArray(run) && 'name' in run ? run['name'] : undefined;
  return {
    event: trigger.event,
    ...(event.action === undefined ? {} : { action: event.action }),
    ref: headOf(event) ?? event.ref,
    ...(event.baseRef === undefined ? {} : { baseRef: event.baseRef }),
    ...(event.changedPaths === undefined ? {} : { changedPaths: event.changedPaths }),
    ...(typeof about === 'string' ? { workflow: about } : {}),
  };
}

/** Of `workflow_run` the branch that the other run ran on: the event itself is of the default branch. */
function headOf({ name, payload }: Event): string | undefined {
  const { workflow_run: run } = payload;
  if (name !== 'workflow_run' || typeof run !== 'object' || run === null || !('head_branch' in run)) return undefined;
  const { head_branch: branch } = run;
  return typeof branch === 'string' ? `refs/heads/${branch}` : undefined;
}

function hasJobs(workflow: Workflow, names: readonly string[]): boolean {
  return names.some((name) => workflow.jobs.some(({ id }) => id.toLowerCase() === rootId(name)));
}

/** `call / build` and `build (18)` name jobs of `call` and of `build`. */
function rootId(name: string): string {
  return (name.split(' / ')[0] ?? '').replace(/ \(.*$/, '').toLowerCase();
}

/** The workflow with only the named jobs and what they need. */
export function filterJobs(workflow: Workflow, names: readonly string[]): Workflow {
  if (names.length === 0) return workflow;
  const wanted = new Set<string>();
  for (const name of names) {
    const job = workflow.jobs.find(({ id }) => id.toLowerCase() === rootId(name));
    if (job === undefined) continue;
    wanted.add(job.id.toLowerCase());
    for (const id of ancestorsOf(workflow.jobs, job.id)) wanted.add(id);
  }
  return { ...workflow, jobs: workflow.jobs.filter(({ id }) => wanted.has(id.toLowerCase())) };
}

function namesOf(workflows: readonly Workflow[]): string {
  return [...new Set(workflows.flatMap(({ jobs }) => jobs.map(({ id }) => id)))].join(', ');
}
