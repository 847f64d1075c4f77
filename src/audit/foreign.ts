import { valueReferences } from '../workflow/index.ts';
import type { ExpressionReader } from './expressions.ts';
import type { Reached } from './guards.ts';
import { type Head, type HeadScope, headOfCommand, headOfReference, headOfText } from './heads.ts';
import { ARTIFACT_ACTIONS } from './knowledge.ts';
import { type AuditedStep, inputNode, inputOf } from './model.ts';
import type { Foreign, ScriptView } from './views.ts';
import type { Scalar, Span } from './yaml-tree.ts';

/** The code or files that a step brings into the workspace. */
export function foreignOf(
  step: AuditedStep,
  script: ScriptView | undefined,
  options: {
    readonly reach: ReadonlyMap<string, Reached>;
    readonly heads: HeadScope;
    readonly reader: ExpressionReader;
  },
): Foreign | undefined {
  const { reach, reader } = options;
  if (step.actionName === 'actions/checkout') return checkoutOf(step, options);
  const artifact = artifactOf(step, script, reader);
  if (artifact !== undefined) return { kind: 'artifact', step, reach, ...artifact };
  if (script === undefined || step.run === undefined) return undefined;
  const headOfMarks = (raw: string) => {
    for (const match of raw.matchAll(/\ue000(\d+)\ue001/g)) {
      const tree = script.expressions[Number(match[1])]?.tree;
      for (const reference of tree === undefined ? [] : valueReferences(tree)) {
        const head = headOfReference(reference, options.heads);
        if (head !== undefined) return head;
      }
    }
    for (const match of raw.matchAll(/\$\{?([A-Za-z_]\w*)/g)) {
      const head =
        match[1] === 'GITHUB_HEAD_REF'
          ? { kind: 'ref' as const, text: 'GITHUB_HEAD_REF' }
          : options.heads.envOf(match[1] ?? '');
      if (head !== undefined) return head;
    }
    return undefined;
  };
  let fetched: Head | undefined;
  for (const command of script.commands) {
    const found = headOfCommand(command, headOfMarks, fetched);
    if (found === undefined) continue;
    if (found.isFetch) fetched = found.head;
    else
      return {
        kind: 'checkout',
        step,
        span: reader.lineSpan(step.run, command.line),
        head: found.head,
        pipeline: command.pipeline,
        folder: '',
        reach,
      };
  }
  return undefined;
}

function checkoutOf(
  step: AuditedStep,
  {
    reach,
    heads,
    reader,
  }: { readonly reach: ReadonlyMap<string, Reached>; readonly heads: HeadScope; readonly reader: ExpressionReader },
): Foreign | undefined {
  const refuses = step.action?.kind === 'remote' && /^v(?:[7-9]|\d\d)(?:\.|$)/.test(step.action.ref);
  if (refuses && inputOf(step, 'allow-unsafe-pr-checkout') !== 'true') return undefined;
  for (const name of ['ref', 'repository']) {
    const node = inputNode(step, name);
    const head = node?.kind === 'scalar' ? headOfScalar(node, heads, reader) : undefined;
    if (head === undefined || node === undefined) continue;
    const folder = (inputOf(step, 'path') ?? '').replace(/^\.\/|\/$/g, '');
    return { kind: 'checkout', step, span: step.uses ?? node, head, folder: folder === '.' ? '' : folder, reach };
  }
  return undefined;
}

function artifactOf(
  step: AuditedStep,
  script: ScriptView | undefined,
  reader: ExpressionReader,
):
  | { readonly span: Span; readonly head: Head; readonly folder: string | undefined; readonly pipeline?: number }
  | undefined {
  const head: Head = { kind: 'sha', text: 'an artifact', events: ['workflow_run'] };
  const folderOf = (text: string | undefined) =>
    text === undefined ? '' : /runner\.temp|RUNNER_TEMP|^\/tmp/.test(text) ? undefined : text.replace(/^\.\/|\/$/g, '');
  if (step.uses !== undefined && step.actionName !== '') {
    const path = inputOf(step, 'path');
    if (ARTIFACT_ACTIONS.has(step.actionName)) return { span: step.uses, head, folder: folderOf(path) };
    if (step.actionName === 'actions/download-artifact' && inputOf(step, 'run-id') !== undefined) {
      return { span: step.uses, head, folder: folderOf(path) };
    }
    const inline = inputOf(step, 'script');
    if (step.actionName === 'actions/github-script' && inline?.includes('downloadArtifact') === true) {
      return { span: step.uses, head, folder: '' };
    }
    return undefined;
  }
  const download = script?.commands.find(({ raw }) =>
    /\bgh\s+run\s+download\b|\/actions\/artifacts\/\S+\/zip/.test(raw),
  );
  if (download === undefined || step.run === undefined) return undefined;
  return {
    span: reader.lineSpan(step.run, download.line),
    head,
    folder: /\bRUNNER_TEMP|\/tmp\//.test(download.raw) ? undefined : '',
    pipeline: download.pipeline,
  };
}

/** The head that a scalar leads to. */
export function headOfScalar(scalar: Scalar, scope: HeadScope, reader: ExpressionReader): Head | undefined {
  const literal = reader
    .piecesOf(scalar)
    .map((piece) => ('literal' in piece ? piece.literal : ''))
    .join('');
  return headOfText(
    literal,
    reader.expressionsOf(scalar).map(({ tree }) => tree),
    scope,
  );
}
