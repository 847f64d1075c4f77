import { parseUses, type UsesReference } from '../workflow/index.ts';
import {
  at,
  entriesOf,
  entryOf,
  listOf,
  type Mapping,
  type Scalar,
  scalarAt,
  textOf,
  textsOf,
  type YamlNode,
} from './yaml-tree.ts';

/** A workflow as the tree has it, whatever else is in the file. All of it may be missing. */
export type AuditedWorkflow = {
  readonly root: YamlNode;
  readonly name: Scalar | undefined;
  readonly triggers: readonly AuditedTrigger[];
  readonly env: YamlNode | undefined;
  readonly permissions: YamlNode | undefined;
  readonly permissionsKey: Scalar | undefined;
  readonly jobs: readonly AuditedJob[];
};

export type AuditedTrigger = { readonly event: string; readonly at: Scalar; readonly body: YamlNode | undefined };

export type AuditedJob = {
  readonly id: string;
  readonly key: Scalar;
  readonly body: Mapping;
  readonly needs: readonly string[];
  readonly if: Scalar | undefined;
  readonly env: YamlNode | undefined;
  readonly permissions: YamlNode | undefined;
  readonly permissionsKey: Scalar | undefined;
  /** A reusable workflow. */
  readonly uses: Scalar | undefined;
  readonly environment: YamlNode | undefined;
  readonly steps: readonly AuditedStep[];
};

export type AuditedStep = {
  readonly index: number;
  readonly body: Mapping;
  readonly id: string | undefined;
  readonly name: Scalar | undefined;
  readonly if: Scalar | undefined;
  readonly run: Scalar | undefined;
  readonly uses: Scalar | undefined;
  readonly action: UsesReference | undefined;
  /** `owner/repo` or `owner/repo/path` in lower case, '' for all that is not remote. */
  readonly actionName: string;
  readonly with: YamlNode | undefined;
  readonly env: YamlNode | undefined;
  readonly shell: string;
  readonly workingDirectory: string;
};

/** Jobs and steps of one file that are looked at. */
const JOBS_MAX = 1_000;
const STEPS_MAX = 5_000;

export function workflowOf(root: YamlNode): AuditedWorkflow {
  return {
    root,
    name: scalarAt(root, 'name'),
    triggers: triggersOf(entryOf(root, 'on') ?? entryOf(root, 'true')),
    env: at(root, 'env'),
    permissions: at(root, 'permissions'),
    permissionsKey: entryOf(root, 'permissions')?.key,
    jobs: entriesOf(at(root, 'jobs'))
      .slice(0, JOBS_MAX)
      .flatMap(({ key, value }) => (value.kind === 'mapping' ? [jobOf(key, value, root)] : [])),
  };
}

function triggersOf(entry: { readonly key: Scalar; readonly value: YamlNode } | undefined): readonly AuditedTrigger[] {
  if (entry === undefined) return [];
  if (entry.value.kind === 'mapping') {
    return entry.value.entries.map(({ key, value }) => ({ event: key.text, at: key, body: value }));
  }
  return listOf(entry.value).flatMap((item) =>
    item.kind === 'scalar' && !item.isNull ? [{ event: item.text, at: item, body: undefined }] : [],
  );
}

function jobOf(key: Scalar, body: Mapping, root: YamlNode): AuditedJob {
  const shell = textOf(at(body, 'defaults', 'run', 'shell')) ?? textOf(at(root, 'defaults', 'run', 'shell'));
  const folder =
    textOf(at(body, 'defaults', 'run', 'working-directory')) ??
    textOf(at(root, 'defaults', 'run', 'working-directory')) ??
    '';
  return {
    id: key.text,
    key,
    body,
    needs: textsOf(at(body, 'needs')),
    if: scalarAt(body, 'if'),
    env: at(body, 'env'),
    permissions: at(body, 'permissions'),
    permissionsKey: entryOf(body, 'permissions')?.key,
    uses: scalarAt(body, 'uses'),
    environment: at(body, 'environment'),
    steps: stepsOf(at(body, 'steps'), { shell: shell ?? shellOfRunner(body), folder }),
  };
}

/** The shell of a job without one: PowerShell on Windows, bash elsewhere. */
function shellOfRunner(body: Mapping): string {
  const labels = textsOf(at(body, 'runs-on')).join(' ');
  return /\bwindows\b/i.test(labels) ? 'pwsh' : 'bash';
}

export function stepsOf(
  node: YamlNode | undefined,
  defaults: { readonly shell: string; readonly folder: string },
): readonly AuditedStep[] {
  const flat = listOf(node)
    .slice(0, STEPS_MAX)
    .flatMap((item) => [item, ...listOf(at(item, 'parallel'))]);
  return flat.flatMap((item, index) => (item.kind === 'mapping' ? [stepOf(item, index, defaults)] : []));
}

function stepOf(
  body: Mapping,
  index: number,
  defaults: { readonly shell: string; readonly folder: string },
): AuditedStep {
  const uses = scalarAt(body, 'uses');
  const action = uses === undefined ? undefined : parseUses(uses.text.trim());
  return {
    index,
    body,
    id: textOf(at(body, 'id'))?.toLowerCase(),
    name: scalarAt(body, 'name'),
    if: scalarAt(body, 'if'),
    run: scalarAt(body, 'run'),
    uses,
    action,
    actionName: nameOfAction(action),
    with: at(body, 'with'),
    env: at(body, 'env'),
    shell: textOf(at(body, 'shell')) ?? defaults.shell,
    workingDirectory: textOf(at(body, 'working-directory')) ?? defaults.folder,
  };
}

/** `owner/repo` or `owner/repo/path`, lower case; '' when it is not an action of a repository. */
export function nameOfAction(action: UsesReference | undefined): string {
  if (action?.kind !== 'remote') return '';
  return `${action.owner}/${action.repo}${action.path === '' ? '' : `/${action.path}`}`.toLowerCase();
}

/** The value of an input of a step, trimmed; names of inputs have no case. */
export function inputOf(step: Pick<AuditedStep, 'with'>, name: string): string | undefined {
  return textOf(inputNode(step, name))?.trim();
}

export function inputNode(step: Pick<AuditedStep, 'with'>, name: string): YamlNode | undefined {
  return entriesOf(step.with).find(({ key }) => key.text.toLowerCase() === name)?.value;
}

/** Words that say a step in messages. */
export function titleOf(step: AuditedStep): string {
  return step.name?.text.slice(0, 60) ?? step.uses?.text.slice(0, 60) ?? `step ${step.index + 1}`;
}
