import type { Tree } from '../workflow/index.ts';
import { openPlace } from './repository.ts';
import { refOf } from './orders.ts';
import type { Work } from './work.ts';
import type { Diagnostic } from '../workflow/index.ts';

/** A file of `.github/workflows` at a commit. */
export type WorkflowInfo = {
  readonly path: string;
  /** Its `name:`, or its path. */
  readonly name: string;
  /** Names of events in `on:`. */
  readonly events: readonly string[];
  /** What `workflow_dispatch` asks for. Absent: it is not started by hand. */
  readonly inputs?: readonly WorkflowInput[];
  /** Why it can't be read. */
  readonly problems: readonly Diagnostic[];
};

export type WorkflowInput = {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'number' | 'choice' | 'environment';
  readonly description?: string;
  readonly required: boolean;
  /** As text. */
  readonly default?: string;
  readonly options?: readonly string[];
};

/** Files of one answer. */
const FILES_MAX = 200;
const PROBLEMS_MAX = 20;

/** The workflows of a branch or tag, also those that can't be read. Faults: `runs/ref-missing`, `runs/repository-missing`. */
export async function workflowsAt(
  engine: Work,
  { repositoryId, ref }: { readonly repositoryId: number; readonly ref: string },
): Promise<{ readonly commit: string; readonly workflows: readonly WorkflowInfo[]; readonly leftOut: number }> {
  const place = await openPlace(engine.deps, repositoryId);
  const { sha } = await refOf(place, ref);
  const paths = await place.files.listWorkflows(sha);
  const workflows = await Promise.all(
    paths.slice(0, FILES_MAX).map(async (path): Promise<WorkflowInfo> => {
      const text = await place.files.readText(sha, path);
      const reading = text === undefined ? undefined : await engine.deps.reader.readWorkflow(path, text);
      if (reading === undefined) return { path, name: path, events: [], problems: [] };
      if (!reading.ok) return { path, name: path, events: [], problems: reading.errors.slice(0, PROBLEMS_MAX) };
      const { on, name } = reading.value;
      const dispatch = on.find(({ event }) => event === 'workflow_dispatch');
      return {
        path,
        name: name === undefined || name === '' ? path : name,
        events: [...new Set(on.map(({ event }) => event))],
        problems: [],
        ...(dispatch === undefined ? {} : { inputs: (dispatch.inputs ?? []).map(inputOf) }),
      };
    }),
  );
  return { commit: sha, workflows, leftOut: Math.max(0, paths.length - FILES_MAX) };
}

function inputOf(input: {
  readonly name: string;
  readonly type: WorkflowInput['type'];
  readonly description?: string;
  readonly required: boolean;
  readonly default?: Tree;
  readonly options?: readonly string[];
}): WorkflowInput {
  const { name, type, description, required, options } = input;
  const fallback = input.default === undefined ? undefined : textOf(input.default);
  return {
    name,
    type,
    required,
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(options === undefined ? {} : { options }),
  };
}

function textOf(tree: Tree): string | undefined {
  if (tree === null) return undefined;
  if (typeof tree !== 'object') return String(tree);
  if (tree.kind !== 'template') return undefined;
  const texts = tree.parts.map((part) => ('literal' in part ? part.literal : undefined));
  return texts.every((text) => text !== undefined) ? texts.join('') : undefined;
}
