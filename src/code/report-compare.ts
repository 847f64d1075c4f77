import { isFixed, type Value } from './value.ts';
import type { ComparedSink } from './compile.ts';
import type { Expr } from './ir.ts';
import type { Machine } from './machine.ts';
import { reachAll, reportPlain } from './report.ts';

type Binary = Extract<Expr, { kind: 'binary' }>;

/** Looks at a comparison with the rules for secrets that are compared letter by letter. */
export function reportCompare(machine: Machine, expr: Binary, left: Value, right: Value): void {
  for (const compared of machine.rules.compared) {
    const sides = [
      { known: expr.left, value: left, other: expr.right, given: right },
      { known: expr.right, value: right, other: expr.left, given: left },
    ];
    const side = sides.find(({ known, value, given }) => isSecret(machine, compared, known, value) && !isFixed(given));
    if (side === undefined) continue;
    const { sink } = compared;
    if (sink.rule.match.sources === undefined) reportPlain(machine, sink, expr, {});
    else reachAll(machine, sink, side.given, { span: expr, what: 'the comparison', expr: side.other });
  }
}

function isSecret(machine: Machine, { paths, words }: ComparedSink, expr: Expr, value: Value): boolean {
  if (isFixed(value)) return false;
  if (paths.findAny(value.paths).length > 0) return true;
  // What a client sent as well is no secret of the server; neither may be what a caller hands in.
  if (words.length === 0 || value.taints.some(({ origin }) => isFromClient(origin))) return false;
  if (isParameter(machine, expr)) return false;
  const name = nameOf(expr)
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .toLowerCase();
  return words.some((word) => name.endsWith(word));
}

function isParameter({ variables }: Machine, expr: Expr): boolean {
  if (expr.kind !== 'name') return false;
  const params = variables[expr.slot]?.function?.params ?? [];
  return params.some(({ target }) => target.kind === 'variable' && target.name.slot === expr.slot);
}

function isFromClient(origin: Value['taints'][number]['origin']): boolean {
  return origin.kind === 'source' && origin.groups.some((group) => group !== 'environment' && group !== 'argument');
}

/** What a value is called where it is read: a variable, a property, the key of an entry or of a setting. */
function nameOf(expr: Expr): string {
  if (expr.kind === 'name') return expr.name;
  if (expr.kind === 'member') return expr.property;
  if (expr.kind === 'await' || expr.kind === 'cast') return nameOf(expr.operand);
  const key = expr.kind === 'index' ? expr.index : expr.kind === 'call' ? expr.args[0]?.value : undefined;
  if (expr.kind === 'call' && !/^(?:get|getenv|config)$/.test(lastName(expr.callee))) return '';
  return key?.kind === 'literal' && typeof key.value === 'string' ? key.value : '';
}

function lastName(callee: Expr): string {
  return callee.kind === 'member' ? callee.property : callee.kind === 'name' ? callee.name : '';
}
