import type { ExpressionReader } from './expressions.ts';
import { chanceOf, lowest, type Reached, reachOfTrigger, type Scene } from './guards.ts';
import { PERMISSION_ACTIONS } from './knowledge.ts';
import type { AuditedJob, AuditedStep, AuditedWorkflow } from './model.ts';
import { inputOf } from './model.ts';
import { at, textsOf } from './yaml-tree.ts';

/** Event to how far an outsider gets at the beginning of a job, and what is known for its steps. */
export type JobReach = {
  readonly events: ReadonlyMap<string, Reached>;
  readonly scenes: ReadonlyMap<string, Scene>;
};

/** Words of scripts that look up what the actor may do. */
const LOOKS_UP_ACTOR =
  /getCollaboratorPermissionLevel|collaborators\/\S*\/permission|checkMembershipForUser|getMembershipForUserInOrg|checkCollaborator|teams\/\S*\/memberships?\b|\/orgs\/\S*\/members\/|author_association/;
const STOPS =
  /\bexit\s+[1-9]|setFailed|\bthrow\b|process\.exit|return\s+false|set-output|setOutput|GITHUB_OUTPUT|exit 1/;

/** Whether a step finds out that the actor may write, and what it does then. */
export function isPermissionCheck(step: AuditedStep): boolean {
  if (PERMISSION_ACTIONS.has(step.actionName)) return true;
  const script = step.run?.text ?? inputOf(step, 'script') ?? '';
  return LOOKS_UP_ACTOR.test(script) && STOPS.test(script);
}

function stopsJob(step: AuditedStep): boolean {
  if (PERMISSION_ACTIONS.has(step.actionName)) return inputOf(step, 'error-if-missing') !== 'false';
  const script = step.run?.text ?? inputOf(step, 'script') ?? '';
  return isPermissionCheck(step) && /\bexit\s+[1-9]|setFailed|\bthrow\b|process\.exit\(1/.test(script);
}

/** How far outsiders get at each job, by each event. */
export function reachOfJobs(workflow: AuditedWorkflow, reader: ExpressionReader): ReadonlyMap<string, JobReach> {
  const done = new Map<string, JobReach>();
  const jobs = new Map(workflow.jobs.map((job) => [job.id.toLowerCase(), job]));
  const open = new Set<string>();
  const visit = (id: string): JobReach | undefined => {
    const known = done.get(id);
    const job = jobs.get(id);
    if (known !== undefined || job === undefined || open.has(id)) return known;
    open.add(id);
    const needs = job.needs.map((need) => [need.toLowerCase(), visit(need.toLowerCase())] as const);
    const reach = reachOfJob(job, workflow, { reader, needs, jobs });
    open.delete(id);
    done.set(id, reach);
    return reach;
  };
  for (const id of jobs.keys()) visit(id);
  return done;
}

function reachOfJob(
  job: AuditedJob,
  workflow: AuditedWorkflow,
  context: {
    readonly reader: ExpressionReader;
    readonly needs: readonly (readonly [string, JobReach | undefined])[];
    readonly jobs: ReadonlyMap<string, AuditedJob>;
  },
): JobReach {
  const events = new Map<string, Reached>();
  const scenes = new Map<string, Scene>();
  const checks = new Set<string>();
  for (const step of job.steps) {
    if (step.id !== undefined && isPermissionCheck(step)) checks.add(`steps.${step.id}`);
  }
  const gates: AuditedJob[] = [];
  for (const [id] of context.needs) {
    const needed = context.jobs.get(id);
    if (needed?.steps.some(isPermissionCheck) === true) {
      checks.add(`needs.${id}`);
      if (needed.steps.some(stopsJob)) gates.push(needed);
    }
  }
  const runsAnyway = /\b(?:always|failure|cancelled)\s*\(/.test(job.if?.text ?? '');
  for (const trigger of workflow.triggers) {
    const types = at(trigger.body, 'types');
    const scene: Scene = {
      event: trigger.event,
      checks,
      ...(types === undefined ? {} : { types: textsOf(types) }),
    };
    scenes.set(trigger.event, scene);
    const levels: Reached[] = [reachOfTrigger(trigger.event, scene.types)];
    if (job.if !== undefined) levels.push(chanceOf(context.reader.conditionOf(job.if), scene).yes);
    if (!runsAnyway) for (const [, need] of context.needs) levels.push(need?.events.get(trigger.event) ?? 2);
    if (gates.length > 0) levels.push(levelOfActor(scene));
    if (job.environment !== undefined) levels.push(1);
    events.set(trigger.event, lowest(levels));
  }
  return { events, scenes };
}

/** What is left when the actor has been looked up: nothing, or that a maintainer acts on an outsider's change. */
function levelOfActor(scene: Scene): Reached {
  return /comment|review/.test(scene.event) || scene.types?.some((type) => type.endsWith('labeled')) === true ? 1 : 0;
}

export function stepReach(
  step: AuditedStep,
  before: readonly AuditedStep[],
  job: JobReach | undefined,
  reader: ExpressionReader,
): ReadonlyMap<string, Reached> {
  const events = new Map<string, Reached>();
  if (job === undefined) return events;
  const isGated = before.some((earlier) => stopsJob(earlier) && earlier.if === undefined);
  for (const [event, level] of job.events) {
    const scene = job.scenes.get(event);
    const levels: Reached[] = [level];
    if (scene !== undefined && step.if !== undefined) levels.push(chanceOf(reader.conditionOf(step.if), scene).yes);
    if (scene !== undefined && isGated) levels.push(levelOfActor(scene));
    events.set(event, lowest(levels));
  }
  return events;
}
