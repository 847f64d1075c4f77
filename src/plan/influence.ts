import type { TrustLevel } from '../base/index.ts';
import {
  checkScript,
  type Diagnostic,
  type Influence,
  type Step,
  type Template,
  type Tree,
} from '../workflow/index.ts';
import { flatSteps } from './build.ts';
import { isAnyInfluenced } from './expand.ts';
import { PLAN_ERRORS } from './faults.ts';
import type { PlannedNormalJob, PlannedWorkflow } from './plan.ts';

/** Events whose inputs or payload are written by whoever may dispatch: their text is data, never script. */
const DISPATCH_EVENTS: ReadonlySet<string> = new Set(['workflow_dispatch', 'repository_dispatch']);

/** What an outsider could have written, at the top of a run that this event started. */
export function rootInfluence(event: string, level: TrustLevel): Influence {
  return {
    level,
    env: new Set(),
    inputs: new Set(DISPATCH_EVENTS.has(event) ? ['*'] : []),
    steps: new Set(),
    needs: new Set(),
    matrix: false,
  };
}

/** Adds the variables of an `env:` whose values are influenced. Names in upper case. */
export function withEnv(influence: Influence, env: Tree | undefined): Influence {
  if (env === undefined || env === null || typeof env !== 'object') return influence;
  const names = new Set(influence.env);
  if (env.kind === 'mapping') {
    for (const { key, insert, value } of env.entries) {
      if (!isAnyInfluenced(value, influence)) continue;
      names.add(insert === true || typeof key !== 'string' ? '*' : key.toUpperCase());
    }
  } else if (isAnyInfluenced(env, influence)) names.add('*');
  return { ...influence, env: names };
}

/**
 * Scripts into which text of an outsider would have to be spliced at a place where no quoting can keep it data (K13). Only
 * what is certain before anything ran; the runner looks again with the values.
 */
export function scriptRefusals(
  job: PlannedNormalJob,
  workflow: PlannedWorkflow,
  influence: Influence,
): readonly Diagnostic[] {
  const ofJob = withEnv(withEnv(influence, workflow.env), job.definition.env);
  return flatSteps(job.definition.steps).flatMap((step) => refusalsOf(step, job, workflow, ofJob));
}

function refusalsOf(
  step: Step,
  job: PlannedNormalJob,
  workflow: PlannedWorkflow,
  influence: Influence,
): readonly Diagnostic[] {
  if (step.kind !== 'run' || typeof step.run === 'string') return [];
  const shell = step.shell ?? job.definition.defaults?.shell ?? workflow.defaults?.shell ?? 'bash';
  if (typeof shell !== 'string') return [];
  const kind = shellKindOf(shell);
  if (kind === undefined) return [];
  const inStep = withEnv(influence, step.env);
  return checkScript(partsOf(step.run, inStep), kind).map((refusal) => ({
    file: workflow.path,
    line: refusal.at.line,
    column: refusal.at.column,
    code: 'plan/script-injection',
    message: `\${{ ${refusal.expression} }}: ${refusal.reason}`,
    remedy: refusal.fix === '' ? PLAN_ERRORS['script-injection'].help : refusal.fix,
  }));
}

type Part = Parameters<typeof checkScript>[0][number];

function partsOf(run: Template, influence: Influence): readonly Part[] {
  return run.parts.map((part) =>
    'literal' in part ? part : { ...part, influenced: isAnyInfluenced(part, influence) },
  );
}

/** Shells that are known by their first word. An unknown one is judged by the runner, which sees its file name. */
function shellKindOf(shell: string): Parameters<typeof checkScript>[1] | undefined {
  const word = shell.trim().split(/\s+/)[0]?.split('/').at(-1);
  switch (word) {
    case 'bash':
    case 'sh':
    case 'dash':
    case 'zsh':
    case 'pwsh':
    case 'powershell':
    case 'python':
      return word;
    case 'python3':
      return 'python';
    default:
      return undefined;
  }
}
