import { type Data, isFault, Secret } from '../base/index.ts';
import { isAnyInfluencedValue, secretsOf } from '../plan/index.ts';
import { evaluate, evaluateText, type Influence } from '../workflow/index.ts';
import { type ActiveInstance, type ActiveRun, type ActiveScope, contextsOf, siblingOf } from './scope.ts';

/** What a called workflow hands back. */
export type CalleeOutputs = {
  readonly outputs: { readonly [name: string]: string };
  readonly influencedOutputs: readonly string[];
  /** Why they could not be evaluated. */
  readonly reason?: string;
};

/** Evaluates `on.workflow_call.outputs` once all jobs inside are done. `influence`: that of the calling job. */
export async function calleeOutputs(run: ActiveRun, scope: ActiveScope, influence: Influence): Promise<CalleeOutputs> {
  const jobs: Record<string, Data> = {};
  const influenced = new Set<string>();
  for (const { id } of scope.workflow.jobs) {
    const { job, result, outputs, influencedOutputs } = siblingOf(run, scope, id);
    jobs[job.id] = { result: result ?? 'skipped', outputs: { ...outputs } };
    if (influencedOutputs.size > 0) influenced.add(job.id.toLowerCase());
  }
  const inside: Influence = { ...influence, inputs: new Set(scope.influencedInputs), needs: influenced };
  const outputs: Record<string, string> = {};
  const influencedOutputs: string[] = [];
  try {
    const contexts = { github: run.github, vars: run.vars, inputs: scope.inputs, jobs };
    for (const { name, value } of scope.workflow.outputs) {
      const text = await evaluateText(value, { contexts });
      outputs[name] = text;
      if (isAnyInfluencedValue(value, inside, text)) influencedOutputs.push(name);
    }
    return { outputs, influencedOutputs };
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    const { line, column } = thrown.at ?? { line: 1, column: 1 };
    const reason = `${scope.workflow.path}:${line}:${column}: outputs: ${thrown.message}`;
    return { outputs: {}, influencedOutputs: [], reason };
  }
}

/** A secret as a called workflow sees it: all that its caller sees (`inherit`), or what `secrets:` hands over by name. */
export async function calleeSecret(
  run: ActiveRun,
  instance: ActiveInstance,
  name: string,
): Promise<Secret | undefined> {
  const { definition } = instance;
  if (definition.job.kind !== 'call') return undefined;
  const { secrets } = definition.job.definition;
  if (secrets === 'inherit') return definition.scope.secret(name);
  const handed = secrets.find((entry) => entry.name.toUpperCase() === name);
  if (handed === undefined) return undefined;
  const plain: Record<string, string> = {};
  for (const wanted of secretsOf(handed.value).names) {
    const secret = await definition.scope.secret(wanted);
    if (secret !== undefined) plain[wanted] = secret.expose();
  }
  const contexts = { ...contextsOf(run, definition), matrix: instance.planned.matrix, secrets: plain };
  const text = await evaluate(handed.value, { contexts });
  return typeof text === 'string' && text !== '' ? new Secret(text) : undefined;
}
