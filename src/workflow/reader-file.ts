import { convertAction } from './action-manifest.ts';
import { convertWorkflow } from './convert.ts';
import { FILE_LIMITS, type FileLimits } from './limits.ts';
import type { ActionManifest, Reading, Workflow } from './model.ts';
import { Problem, Problems } from './reader-problems.ts';
import { loadSchema, type Schema } from './reader-schema.ts';
import { TemplateReader } from './reader-template.ts';
import type { Token } from './reader-tokens.ts';
import { readYaml } from './reader-yaml.ts';

let schemas: { readonly workflow: Schema; readonly action: Schema } | undefined;

/**
 * Reads a file in this thread. Hostile files can take seconds and gigabytes here: outside tests it is called in the
 * worker only, which is killed then.
 */
export function readWorkflowFile(path: string, text: string, limits: FileLimits = FILE_LIMITS): Reading<Workflow> {
  return readFile(path, text, limits, 'workflow', convertWorkflow);
}

/** Reads an `action.yml`. See `readWorkflowFile`. */
export function readActionFile(path: string, text: string, limits: FileLimits = FILE_LIMITS): Reading<ActionManifest> {
  return readFile(path, text, limits, 'action', (_path, root, problems) => convertAction(root, problems));
}

function readFile<T>(
  path: string,
  text: string,
  limits: FileLimits,
  kind: 'workflow' | 'action',
  convert: (path: string, root: Token, problems: Problems) => T,
): Reading<T> {
  const problems = new Problems(path);
  try {
    schemas ??= { workflow: loadSchema('workflow-v1.0'), action: loadSchema('action-v1.0') };
    const yaml = readYaml(text, limits);
    const root = new TemplateReader(schemas[kind], problems).read(
      yaml,
      kind === 'workflow' ? 'workflow-root-strict' : 'action-root',
    );
    // What does not fit the schema can't be converted: further messages would mislead.
    if (problems.count > 0) return { ok: false, errors: problems.all() };
    const value = convert(path, root, problems);
    return problems.count > 0 ? { ok: false, errors: problems.all() } : { ok: true, value };
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    problems.add(thrown.code, thrown.at, thrown.message);
    return { ok: false, errors: problems.all() };
  }
}
