import type { Edit, Fix, TraceStep } from '../finding/index.ts';
import { plainPaths } from './arguments.ts';
import type { CodeRule } from './compile.ts';
import { isUtf16 } from './decode.ts';
import { commandEdits } from './fix-command.ts';
import { importEdit, piecesOf, textOfSpan, unwrapped } from './fix-pieces.ts';
import { statementEdits } from './fix-statement.ts';
import type { CallExpr, Expr, Span } from './ir.ts';
import type { Machine } from './machine.ts';
import { evaluate } from './operations.ts';
import type { FixSpec } from './rule-schema.ts';
import { deepTaints } from './value.ts';

/** Where a finding is, for its fix. `expr` is the argument that is reached, `place` the property that is written. */
export type FixPlace = {
  readonly span: Span;
  readonly what: string;
  readonly call?: CallExpr;
  readonly expr: Expr | undefined;
  readonly place?: Expr;
};

type Attempt = readonly Edit[] | string;

/** The fix of a finding, or why there is none. What cannot be changed safely by its text alone is left to a person. */
export function fixFor(machine: Machine, rule: CodeRule, place: FixPlace): Fix {
  const spec = rule.match.fix;
  const [first = ''] = rule.remedy.trim().split('\n\n');
  const followUp = first.replaceAll('\n', ' ');
  const none = (reason: string): Fix => ({ kind: 'none', reason, followUp });
  if (isUtf16(machine.file.bytes)) return none('The file is written in UTF-16: edits are made in UTF-8 only.');
  if (spec === undefined) return none(rule.match.unfixed ?? 'What is right here depends on what the value is for.');
  const attempt = attemptFix(machine, spec, place);
  if (typeof attempt === 'string') return none(attempt);
  return {
    kind: 'edit',
    title: titleOf(spec),
    edits: attempt,
    ...(spec.note === undefined ? {} : { followUp: spec.note }),
  };
}

function titleOf(spec: FixSpec): string {
  switch (spec.kind) {
    case 'parameterise':
      return 'Give the values as parameters of the statement';
    case 'argument-list':
      return 'Start the program with a list of arguments, without a shell';
    case 'set-argument':
      return `Set ${spec.name} to ${spec.text}`;
    case 'replace-argument':
      return `Use ${spec.text}`;
    case 'replace-callee':
      return `Use ${spec.with}`;
    case 'replace-source':
      return `Use ${spec.with}`;
    case 'replace-call':
      return `Use ${spec.text.replace(/\(.*/, '')}`;
    case 'replace-property':
      return `Write ${spec.with}`;
    case 'wrap':
      return `Escape the value with ${spec.with}`;
  }
}

function attemptFix(machine: Machine, spec: FixSpec, place: FixPlace): Attempt {
  const { call } = place;
  switch (spec.kind) {
    case 'parameterise':
      return call === undefined ? 'The statement is not given in a call.' : statementEdits(machine, call, place.expr);
    case 'argument-list':
      return call === undefined ? 'The command is not given in a call.' : commandEdits(machine, call, place.expr);
    case 'set-argument':
      return call === undefined ? 'It is not set in a call.' : setArgument(machine, spec, call);
    case 'replace-argument': {
      const value = call?.args.filter(({ name }) => name === undefined)[spec.arg]?.value;
      return value?.kind === 'literal' ? [edit(machine, value, spec.text)] : 'The value is not written here.';
    }
    case 'replace-callee':
      return replaceCallee(machine, spec, call);
    case 'replace-call':
      return replaceCall(machine, spec, call);
    case 'replace-property':
      return replaceProperty(machine, spec.with, place);
    case 'replace-source':
      return 'The value comes from elsewhere.';
    case 'wrap':
      return wrap(machine, spec, place.expr);
  }
}

function edit(machine: Machine, span: Span, text: string): Edit {
  return { file: machine.file.path, start: span.start, end: span.end, text };
}

/** A keyword in Python; in JavaScript, a field of the object of options. */
function setArgument(machine: Machine, spec: Extract<FixSpec, { kind: 'set-argument' }>, call: CallExpr): Attempt {
  const { text } = machine.file;
  if (call.args.some(({ isSpread }) => isSpread === true)) return 'Arguments are spread into the call.';
  if (machine.rules.language !== 'javascript') {
    const known = call.args.find(({ name }) => name === spec.name);
    if (known !== undefined) return [edit(machine, known.value, spec.text)];
    const isGo = machine.rules.language === 'go';
    if (isGo && !call.isNew) return 'It is set by its position.';
    return [appendArgument(machine, call, `${spec.name}${isGo ? ': ' : '='}${spec.text}`)];
  }
  const at = spec.arg ?? 0;
  const options = call.args[at]?.value;
  if (options === undefined) {
    if (call.args.length !== at) return 'The call has no place for options.';
    return [appendArgument(machine, call, `{ ${spec.name}: ${spec.text} }`)];
  }
  if (options.kind !== 'object') return 'The options are not written here.';
  const known = options.entries.find(({ key }) => key === spec.name);
  if (known !== undefined) return [edit(machine, known.value, spec.text)];
  const last = options.entries.at(-1);
  if (last === undefined) return [edit(machine, options, `{ ${spec.name}: ${spec.text} }`)];
  if (text.slice(last.value.end, options.end).replace(/[\s,]/g, '') !== '}')
    return 'The options are written in an unusual way.';
  return [edit(machine, { start: last.value.end, end: last.value.end }, `, ${spec.name}: ${spec.text}`)];
}

/** Puts an argument behind the last, before a comma that ends the list. */
export function appendArgument(machine: Machine, call: CallExpr, argument: string): Edit {
  const last = call.args.at(-1);
  const at = last === undefined ? call.end - 1 : last.value.end;
  return edit(machine, { start: at, end: at }, last === undefined ? argument : `, ${argument}`);
}

function replaceCallee(
  machine: Machine,
  spec: Extract<FixSpec, { kind: 'replace-callee' }>,
  call: CallExpr | undefined,
): Attempt {
  if (call === undefined) return 'Nothing is called here.';
  const { callee } = call;
  if (callee.kind !== 'member') {
    const [first] = call.args;
    return first?.value.kind === 'literal'
      ? 'The function is chosen by a name.'
      : 'The function is imported by its name alone.';
  }
  if (spec.from !== undefined && !spec.from.split('|').includes(callee.property)) {
    const first = call.args[0]?.value;
    // `new('md5')`: the name is an argument.
    if (callee.property !== 'new' || first?.kind !== 'literal') return 'The function is chosen in another way.';
    return [edit(machine, first, `'${spec.with}'`)];
  }
  const span = spec.whole === true ? callee : { start: callee.nameStart, end: callee.end };
  const imported = spec.import === undefined ? undefined : importEdit(machine, spec.import);
  return [edit(machine, span, spec.with), ...(imported === undefined ? [] : [imported])];
}

/** `{0}` is the text of the first argument, `{object}` that of what the method is called on. */
function replaceCall(
  machine: Machine,
  spec: Extract<FixSpec, { kind: 'replace-call' }>,
  call: CallExpr | undefined,
): Attempt {
  if (call === undefined || call.callee.kind !== 'member') return 'The function is imported by its name alone.';
  const first = call.args[0];
  if (first === undefined || first.isSpread === true) return 'The call is written in an unusual way.';
  const text = spec.text
    .replace('{0}', () => textOfSpan(machine, first.value))
    .replace('{object}', () => (call.callee.kind === 'member' ? textOfSpan(machine, call.callee.object) : ''));
  return [edit(machine, call, text)];
}

/** Text in place of markup, where what is written has none of its own. */
function replaceProperty(machine: Machine, property: string, { place, span }: FixPlace): Attempt {
  if (place?.kind !== 'member') return 'What is written is markup, which text cannot replace.';
  if (place.property !== 'innerHTML') return 'Another property cannot take its place.';
  const written = textOfSpan(machine, { start: place.end, end: span.end });
  if (/[<>]|\+=/.test(written.replace('=>', '')))
    return 'What is written has markup of its own, which text cannot replace.';
  return [edit(machine, { start: place.nameStart, end: place.end }, property)];
}

/** Wraps what is not constant of the argument. */
function wrap(machine: Machine, spec: Extract<FixSpec, { kind: 'wrap' }>, expr: Expr | undefined): Attempt {
  if (expr === undefined) return 'The value is not written here.';
  const pieces = piecesOf(machine, unwrapped(expr));
  if (pieces === undefined) return 'The text is put together in an unusual way.';
  const parts = pieces.flatMap((piece) => (piece.kind === 'value' ? [piece.expr] : []));
  const reached = parts.filter((part) => deepTaints(evaluate(machine, part)).length > 0);
  if (reached.length === 0 || reached.some(({ kind }) => kind === 'object' || kind === 'list')) {
    return 'The value is put together elsewhere.';
  }
  if (
    reached.some(
      (part) => part.kind === 'name' && parts.length === 1 && spec.with !== 'String' && spec.with !== 're.escape',
    )
  ) {
    return 'The value is put together elsewhere: escaping the whole would escape its markup.';
  }
  const imported = spec.import === undefined ? undefined : importEdit(machine, spec.import);
  if (
    spec.import !== undefined &&
    imported === undefined &&
    plainPaths(machine, { kind: 'name', name: spec.with, slot: -1, start: 0, end: 0 }).length === 0
  ) {
    return `No function that escapes is at hand in this file.`;
  }
  const edits = reached.map((part) => edit(machine, part, `${spec.with}(${textOfSpan(machine, part)})`));
  return [...edits, ...(imported === undefined ? [] : [imported])];
}

/** The fix at the place where the value comes in, for rules that name one. */
export function fixAtSource(machine: Machine, rule: CodeRule | undefined, at: TraceStep['place']): Fix | undefined {
  const spec = rule?.match.fix;
  if (spec?.kind !== 'replace-source' || at.file !== machine.file.path) return undefined;
  const start = machine.file.offsetOfLine(at.line) + at.column - 1;
  if (!machine.file.text.startsWith(spec.from, start)) return undefined;
  const span = { start, end: start + spec.from.length };
  return { kind: 'edit', title: titleOf(spec), edits: [edit(machine, span, spec.with)] };
}
