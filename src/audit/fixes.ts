import type { Edit, Fix } from '../finding/index.ts';
import { hoistScript, type HoistPart, type ShellKind } from '../workflow/index.ts';
import type { AuditContext } from './context.ts';
import type { AuditedStep } from './model.ts';
import {
  at,
  type Entry,
  entriesOf,
  entryOf,
  readTree,
  type Scalar,
  type Span,
  textOf,
  type YamlNode,
} from './yaml-tree.ts';

export function none(reason: string, followUp?: string): Fix {
  return { kind: 'none', reason, ...(followUp === undefined ? {} : { followUp }) };
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

export function newlineOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** Spaces up to where something stands in its line: what stands below it has to begin there. */
export function indentAt(text: string, offset: number): string {
  return ' '.repeat(offset - lineStart(text, offset));
}

/** A key that is added to a mapping, with the lines of a block, or one value. */
type Added = {
  readonly key: string;
  readonly value?: string;
  readonly block?: readonly string[];
  readonly isFlow: boolean;
};

function flowOf({ key, value, block }: Added): string {
  return `${key}: ${value ?? `{ ${(block ?? []).join(', ')} }`}`;
}

function linesOf({ key, value, block }: Added, indent: string): readonly string[] {
  return block === undefined ? [`${key}: ${value ?? ''}`] : [`${key}:`, ...block.map((line) => `${indent}  ${line}`)];
}

/** Puts a key before an entry of a mapping, in the style of the mapping. */
export function insertBefore({ file }: Pick<AuditContext, 'file'>, entry: Entry, added: Added): Edit {
  const { text, path } = file;
  const start = entry.key.start;
  const newline = newlineOf(text);
  if (added.isFlow) {
    return { file: path, start, end: start, text: `${flowOf(added)}, ` };
  }
  const indent = indentAt(text, start);
  const lines = linesOf(added, indent);
  return { file: path, start, end: start, text: `${lines.join(newline)}${newline}${indent}` };
}

/** Sets an input of a step: changes the value, adds it to `with:`, or adds `with:`. */
export function setInput(
  context: Pick<AuditContext, 'file'>,
  step: AuditedStep,
  input: { readonly name: string; readonly value: string },
): readonly Edit[] | undefined {
  const { name, value } = input;
  const existing = entriesOf(step.with).find(({ key }) => key.text.toLowerCase() === name);
  if (existing !== undefined) {
    return existing.value.kind === 'scalar' && !existing.value.isNull && isOneLine(existing.value, context)
      ? [{ file: context.file.path, start: existing.value.start, end: existing.value.end, text: value }]
      : undefined;
  }
  if (step.with?.kind === 'mapping') {
    const [first] = step.with.entries;
    if (first === undefined) return undefined;
    return [insertBefore(context, first, { key: name, value, isFlow: step.with.isFlow })];
  }
  const uses = entryOf(step.body, 'uses');
  if (uses === undefined || step.with !== undefined) return undefined;
  return [insertAfter(context, uses, { key: 'with', block: [`${name}: ${value}`], isFlow: step.body.isFlow })];
}

/** Puts a block after the line of a scalar entry, its comment kept in place. */
export function insertAfter({ file }: Pick<AuditContext, 'file'>, entry: Entry, added: Added): Edit {
  const { text, path } = file;
  const newline = newlineOf(text);
  if (added.isFlow) {
    return { file: path, start: entry.value.end, end: entry.value.end, text: `, ${flowOf(added)}` };
  }
  const indent = indentAt(text, entry.key.start);
  const found = text.indexOf('\n', entry.value.end);
  const isLast = found < 0;
  const end = isLast ? text.length : text[found - 1] === '\r' ? found - 1 : found;
  const lines = linesOf(added, indent);
  return { file: path, start: end, end, text: `${newline}${indent}${lines.join(newline)}` };
}

function isOneLine(scalar: Scalar, { file }: Pick<AuditContext, 'file'>): boolean {
  return !file.text.slice(scalar.start, scalar.end).includes('\n');
}

/** Takes an entry of a block mapping out, with its line. */
export function removeEntry({ file }: Pick<AuditContext, 'file'>, entry: Entry): Edit | undefined {
  const { text, path } = file;
  const start = lineStart(text, entry.key.start);
  if (text.slice(start, entry.key.start).trim() !== '') return undefined;
  const next = text.indexOf('\n', entry.value.end);
  return { file: path, start, end: next < 0 ? text.length : next + 1, text: '' };
}

const SHELLS: { readonly [name: string]: ShellKind } = {
  bash: 'bash',
  sh: 'sh',
  zsh: 'zsh',
  dash: 'dash',
  pwsh: 'pwsh',
  powershell: 'powershell',
  python: 'python',
};

export function shellKindOf(shell: string): ShellKind {
  return SHELLS[shell.trim().split(/\s+/)[0]?.replace(/^.*\//, '') ?? ''] ?? 'unknown';
}

/** Begins the number that stands for an expression that stays where it is. */
const KEPT = '970413';

/**
 * Moves outside expressions of a script into `env:` of the step, quoted for the shell by the same reading of the script
 * that the engine uses when it runs it (K13). Nothing when that reading refuses, or when the result would not be the
 * same YAML but for the script.
 */
export function moveToEnv(
  context: AuditContext,
  step: AuditedStep,
  script: {
    readonly scalar: Scalar;
    readonly key: string;
    readonly shell: ShellKind;
    readonly isOutside: (span: Span) => boolean;
  },
): Fix {
  const { scalar } = script;
  const outside = context.reader.expressionsOf(scalar).filter(script.isOutside);
  const where = { line: 1, column: 1 };
  // Expressions that stay are numbers to the reading, which it leaves alone, and come back as they are written.
  const kept = new Map<string, string>();
  const parts = context.reader.piecesOf(scalar).map((piece): HoistPart => {
    if ('literal' in piece) return piece;
    const { expression } = piece;
    const influenced = script.isOutside(expression);
    const value = influenced ? 'x' : `${KEPT}${String(kept.size).padStart(4, '0')}`;
    if (!influenced) kept.set(value, context.file.text.slice(expression.start, expression.end));
    return { value, expression: expression.text, influenced, at: where };
  });
  if (scalar.text.includes(KEPT)) return none('the script is not understood');
  const hoisted = hoistScript(parts, script.shell);
  const byHand = 'Give the expression a name under `env:` of the step and use that variable, quoted, in the script.';
  if (!hoisted.ok) return none(hoisted.refusals[0]?.reason ?? 'the script is not understood', byHand);
  const names = namesFor(
    outside.map(({ text }) => text),
    step,
    context,
  );
  let text = hoisted.script;
  const added: string[] = [];
  for (const [index, [placeholder]] of Object.entries(hoisted.env).entries()) {
    const name = names[index];
    if (name === undefined) return none('the script is not understood', byHand);
    text = text.replaceAll(new RegExp(`${placeholder}(?!\\d)`, 'g'), () => name.name);
    if (!name.isThere && !added.some((line) => line.startsWith(`${name.name}:`))) {
      added.push(`${name.name}: \${{ ${outside[index]?.text ?? ''} }}`);
    }
  }
  for (const [value, written] of kept) text = text.replaceAll(value, () => written);
  const edits = [
    rewrite(context, scalar, text),
    ...(added.length === 0 ? [] : [addEnv(context, step, added, script.key)]),
  ];
  if (!edits.every((edit) => edit !== undefined) || !isSound(context, edits, { scalar, text })) {
    return none('the script can not be rewritten without changing how the file is laid out', byHand);
  }
  return {
    kind: 'edit',
    title: `Hand ${outside
      .map(({ text: name }) => name)
      .join(', ')
      .slice(0, 120)} to the script as data`,
    edits,
  };
}

type EnvName = { readonly name: string; readonly isThere: boolean };

/** Names of variables: `github.event.pull_request.title` is `PULL_REQUEST_TITLE`. */
function namesFor(
  expressions: readonly string[],
  step: AuditedStep,
  context: AuditContext,
): readonly (EnvName | undefined)[] {
  const there = new Map(entriesOf(step.env).map(({ key, value }) => [key.text, textOf(value)?.trim() ?? '']));
  const chosen = new Map<string, EnvName>();
  for (const expression of expressions) {
    if (chosen.has(expression)) continue;
    const variable = /^env\.([A-Za-z_]\w*)$/.exec(expression)?.[1];
    const same = [...there].find(([, value]) => value === `\${{ ${expression} }}`)?.[0];
    if (variable !== undefined || same !== undefined)
      chosen.set(expression, { name: variable ?? same ?? '', isThere: true });
    else chosen.set(expression, { name: freshName(expression, step, { there, chosen, context }), isThere: false });
  }
  return expressions.map((expression) => chosen.get(expression));
}

function freshName(
  expression: string,
  step: AuditedStep,
  taken: {
    readonly there: ReadonlyMap<string, string>;
    readonly chosen: ReadonlyMap<string, EnvName>;
    readonly context: AuditContext;
  },
): string {
  const words = expression.match(/[A-Za-z][A-Za-z0-9]*/g) ?? ['VALUE'];
  const skipped = /^(?:github|event|inputs|steps|outputs|needs|toJSON|fromJSON|format|head)$/i;
  const telling = words.filter((word) => !skipped.test(word));
  const base = (telling.length > 0 ? telling : words).slice(-3).join('_').toUpperCase().slice(0, 60);
  const isReserved = /^(?:GITHUB|RUNNER|CI|PATH|HOME|SHELL|ENV|PWD|USER|IFS|PS\d|BASH|LD|NODE_OPTIONS)(?:_|$)/.test(
    base,
  );
  const name = isReserved ? `INPUT_${base}` : base;
  const script = step.run?.text ?? '';
  const names = new Set([...taken.chosen.values()].map((one) => one.name));
  const isTaken = (candidate: string) =>
    taken.there.has(candidate) || names.has(candidate) || new RegExp(`\\b${candidate}\\b`).test(script);
  for (let salt = 1; salt <= NAMES_MAX; salt += 1) {
    const candidate = salt === 1 ? name : `${name}_${salt}`;
    if (!isTaken(candidate)) return candidate;
  }
  return `${name}_VALUE`;
}

/** Numbers that are tried behind a name that is taken. */
const NAMES_MAX = 50;

function addEnv(context: AuditContext, step: AuditedStep, lines: readonly string[], key: string): Edit | undefined {
  const quoted = lines.map((line) => {
    const colon = line.indexOf(': ');
    const value = line.slice(colon + 2);
    // In flow style the braces of the expression would be read as YAML.
    return { name: line.slice(0, colon), value, flow: `'${value.replaceAll("'", "''")}'` };
  });
  if (step.env?.kind === 'mapping') {
    const [first] = step.env.entries;
    if (first === undefined) return undefined;
    const { isFlow } = step.env;
    const [head, ...rest] = quoted;
    if (head === undefined) return undefined;
    const indent = indentAt(context.file.text, first.key.start);
    const newline = newlineOf(context.file.text);
    const text = isFlow
      ? quoted.map(({ name, flow }) => `${name}: ${flow}, `).join('')
      : [head, ...rest].map(({ name, value }) => `${name}: ${yamlPlain(value)}${newline}${indent}`).join('');
    return { file: context.file.path, start: first.key.start, end: first.key.start, text };
  }
  if (step.env !== undefined) return undefined;
  const before = entryOf(step.body, key === 'run' ? 'run' : 'with') ?? entryOf(step.body, key);
  if (before === undefined) return undefined;
  const isFlow = step.body.isFlow;
  const block = quoted.map(({ name, value, flow }) => `${name}: ${isFlow ? flow : yamlPlain(value)}`);
  return insertBefore(context, before, { key: 'env', block, isFlow });
}

/** A value with `: ` or ` #` can't stand plain. */
function yamlPlain(value: string): string {
  return /: | #|^[!&*>|@`'"%[\]{},?-]/.test(value) ? `'${value.replaceAll("'", "''")}'` : value;
}

/** Replaces the text of a scalar, line by line where it is a block, so that its layout stays. */
export function rewrite({ file, reader }: AuditContext, scalar: Scalar, text: string): Edit | undefined {
  const source = file.text.slice(scalar.start, scalar.end);
  if (scalar.style === 'literal') {
    const old = scalar.text.split('\n');
    const wanted = text.split('\n');
    if (old.length !== wanted.length) return undefined;
    const changed = old.flatMap((line, index) => (line === wanted[index] ? [] : [index]));
    const [first] = changed;
    const last = changed.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const start = reader.lineSpan(scalar, first);
    const end = reader.lineSpan(scalar, last);
    const block = file.text.slice(start.start, end.end).split('\n');
    const lines = wanted.slice(first, last + 1);
    if (block.length !== lines.length) return undefined;
    const result = block.map((line, index) => {
      const oldLine = old[first + index] ?? '';
      const prefix = index === 0 ? oldLine.length - oldLine.trimStart().length : 0;
      const tail = oldLine.trimEnd();
      const lead =
        index === 0 ? '' : line.slice(0, line.indexOf(tail.trimStart()) - (tail.length - tail.trimStart().length));
      return index === 0 ? (lines[index] ?? '').slice(prefix).trimEnd() : `${lead}${lines[index] ?? ''}`.trimEnd();
    });
    return { file: file.path, start: start.start, end: end.end, text: result.join(newlineOf(file.text)) };
  }
  if (source.includes('\n') || text.includes('\n')) return undefined;
  const asIs = scalar.style === 'plain' && /^[A-Za-z./]/.test(text) && !/: | #|:$/.test(text);
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return { file: file.path, start: scalar.start, end: scalar.end, text: asIs ? text : quoted };
}

/** Whether the file is what is meant after the edits: YAML without a fault, with this text at this place. */
function isSound(
  { file }: AuditContext,
  edits: readonly (Edit | undefined)[],
  wanted: { readonly scalar: Scalar; readonly text: string },
): boolean {
  const all = edits.filter((edit) => edit !== undefined);
  const after = readTree(applyEdits(file.text, all));
  if (after.problem !== undefined || after.root === undefined) return false;
  const shift = all
    .filter(({ start }) => start < wanted.scalar.start)
    .reduce((sum, { start, end, text }) => sum + text.length - (end - start), 0);
  const found = scalarAtOffset(after.root, wanted.scalar.start + shift);
  return found?.text === wanted.text;
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let from = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return result + text.slice(from);
}

function scalarAtOffset(node: YamlNode, offset: number): Scalar | undefined {
  if (node.kind === 'scalar') return node.start === offset ? node : undefined;
  const children = node.kind === 'sequence' ? node.items : node.entries.map(({ value }) => value);
  for (const child of children) {
    if (child.start > offset || child.end < offset) continue;
    const found = scalarAtOffset(child, offset);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Adds `permissions:` to a workflow, before its jobs. What may write goes into the one job that there is; with several
 * nobody can say here which of them needs it.
 */
export function addPermissions(context: AuditContext, root: YamlNode, lines: readonly string[]): Fix | undefined {
  const jobs = entryOf(root, 'jobs');
  if (jobs === undefined || root.kind !== 'mapping' || root.isFlow || at(root, 'permissions') !== undefined)
    return undefined;
  const title = `Give the token ${lines.map((line) => line.replace(/ #.*$/, '')).join(', ') || 'no permission'}`;
  if (lines.some((line) => line.includes(': write'))) {
    const [job, ...others] = entriesOf(jobs.value);
    const first = entriesOf(job?.value)[0];
    if (first === undefined || others.length > 0 || job?.value.kind !== 'mapping' || job.value.isFlow) return undefined;
    return {
      kind: 'edit',
      title,
      edits: [insertBefore(context, first, { key: 'permissions', block: lines, isFlow: false })],
    };
  }
  const newline = newlineOf(context.file.text);
  const block =
    lines.length === 0 ? 'permissions: {}' : ['permissions:', ...lines.map((line) => `  ${line}`)].join(newline);
  const { start } = jobs.key;
  return {
    kind: 'edit',
    title,
    edits: [{ file: context.file.path, start, end: start, text: `${block}${newline}${newline}` }],
  };
}
