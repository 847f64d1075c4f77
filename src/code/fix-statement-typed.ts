import type { Edit } from '../finding/index.ts';
import { plainPaths } from './arguments.ts';
import { textOfSpan } from './fix-pieces.ts';
import type { CallExpr, Expr } from './ir.ts';
import type { Machine } from './machine.ts';

/** A statement of which the values are parameters: the literal that takes its place, and the values in order. */
export type Parameterised = { readonly statement: Expr; readonly literal: string; readonly values: readonly Expr[] };

/** Drivers of Go by the module that is imported, with what stands for a value in their statements. */
const GO_DRIVERS: readonly (readonly [module: RegExp, placeholder: string])[] = [
  [/^(?:github\.com\/go-sql-driver\/mysql|github\.com\/mattn\/go-sqlite3|modernc\.org\/sqlite)$/, '?'],
  [/^github\.com\/(?:lib\/pq|jackc\/pgx(?:\/.*)?)$/, '$'],
];

/** The longest file, function and block that are rewritten, in UTF-16 code units: each is gone through for each finding. */
export const REWRITTEN_FILE_MAX = 200_000;
const REWRITTEN_FUNCTION_MAX = 20_000;
const REWRITTEN_BLOCK_MAX = 4_000;

const GO_CALLS = /^(?:Query|QueryRow|Exec|MustExec|Queryx|QueryRowx)(?:Context)?$/;
const SPRING_CALLS = /^(?:query|update|queryForList|queryForMap|queryForObject|queryForRowSet|queryForStream)$/;

/** What stands for a value in a statement that this call takes; a text says why that is not known. */
export function typedPlaceholder(machine: Machine, call: CallExpr): { readonly sign: string } | string {
  if (call.callee.kind !== 'member') return 'The statement is not given in a call.';
  const name = call.callee.property;
  if (machine.rules.language === 'java') return { sign: '?' };
  const paths = plainPaths(machine, call.callee.object);
  if (/^(?:Raw|Exec|Where)$/.test(name) && paths.some((path) => path.includes('gorm'))) return { sign: '?' };
  const imported = GO_DRIVERS.filter(([module]) => [...machine.imports].some((one) => module.test(one)));
  const [driver] = imported;
  return GO_CALLS.test(name) && driver !== undefined && imported.length === 1
    ? { sign: driver[1] }
    : 'Which placeholders the driver takes is not known here.';
}

/** The edits that hand the values of a statement on as its parameters, in the way of the library; a text says why not. */
export function typedEdits(machine: Machine, call: CallExpr, given: Parameterised): readonly Edit[] | string {
  const { statement, literal } = given;
  const values = given.values.map((value) => textOfSpan(machine, value));
  const file = machine.file.path;
  const replaced: Edit = { file, start: statement.start, end: statement.end, text: literal };
  if (machine.rules.language === 'go') {
    const last = call.args.at(-1)?.value;
    if (last === undefined) return 'The statement is put together elsewhere.';
    const unused = unusedImport(machine, statement);
    return [
      replaced,
      { file, start: last.end, end: last.end, text: `, ${values.join(', ')}` },
      ...(unused === undefined ? [] : [unused]),
    ];
  }
  if (call.callee.kind !== 'member') return 'The statement is not given in a call.';
  const name = call.callee.property;
  if (SPRING_CALLS.test(name)) {
    const others = call.args.slice(1).map(({ value }) => textOfSpan(machine, value));
    const isPlain =
      others.length === 0 ||
      (others.length === 1 && /\.class$|->|^new \w+(?:Mapper|Extractor)\b/.test(others[0] ?? ''));
    const last = call.args.at(-1)?.value;
    if (!isPlain || last === undefined || !takesValues(machine, call.callee.object))
      return 'The call has parameters already, or takes them in another way.';
    return [replaced, { file, start: last.end, end: last.end, text: `, ${values.join(', ')}` }];
  }
  if (call.args.length !== 1) return 'The call has further arguments.';
  if (name === 'prepareStatement') return preparedEdits(machine, call, replaced, values);
  if (/^execute(?:Query|Update)?$/.test(name)) return openedEdits(machine, call, replaced, values);
  return 'The statement has to be prepared where it is opened, and its values set one by one.';
}

/** Templates of Spring with values in order; those with names take a map. */
function takesValues(machine: Machine, receiver: Expr): boolean {
  const paths = [...plainPaths(machine, receiver), textOfSpan(machine, receiver)];
  return paths.some((path) => /jdbc/i.test(path)) && !paths.some((path) => /named/i.test(path));
}

/** An import of Go that nothing uses any more is an error. */
function unusedImport(machine: Machine, statement: Expr): Edit | undefined {
  const { text, path } = machine.file;
  const isFormat = textOfSpan(machine, statement).startsWith('fmt.');
  if (!isFormat || text.split(/\bfmt\./).length > 2) return undefined;
  const line = /^[ \t]*(?:import[ \t]+)?"fmt"[ \t]*\r?\n/m.exec(text);
  return line === null ? undefined : { file: path, start: line.index, end: line.index + line[0].length, text: '' };
}

function setters(name: string, values: readonly string[]): readonly string[] {
  return values.map((value, at) => `${name}.setObject(${at + 1}, ${value});`);
}

function indentAt(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', at - 1) + 1))?.[0] ?? '';
}

/** What stands before a call in its statement; undefined when the call is within other brackets. */
function leadOf(text: string, call: CallExpr): string | undefined {
  const block = Math.max(text.lastIndexOf('{', call.start - 1), text.lastIndexOf('}', call.start - 1)) + 1;
  const before = text.slice(block, call.start);
  if (before.length > REWRITTEN_BLOCK_MAX) return undefined;
  if (/["'`]|\/[/*]/.test(before.slice(before.lastIndexOf(';') + 1))) return undefined;
  return before.split('(').length === before.split(')').length ? before.slice(before.lastIndexOf(';') + 1) : undefined;
}

/** `PreparedStatement ps = connection.prepareStatement(…)`: the values are set behind it. */
function preparedEdits(
  machine: Machine,
  call: CallExpr,
  replaced: Edit,
  values: readonly string[],
): readonly Edit[] | string {
  const { text, path } = machine.file;
  const behind = text.slice(call.end);
  const isResource = /^\s*\)\s*\{/.exec(behind);
  const block = Math.max(text.lastIndexOf('{', call.start - 1), text.lastIndexOf('}', call.start - 1)) + 1;
  if (call.start - block > REWRITTEN_BLOCK_MAX) return 'The block is too long.';
  const lead = isResource === null ? leadOf(text, call) : /try\s*\([^{}]*$/.exec(text.slice(block, call.start))?.[0];
  const name = /(?:^|[\s;(])(?:(?:java\.sql\.)?PreparedStatement\s+)?([A-Za-z_]\w*)\s*=\s*$/.exec(lead ?? '')?.[1];
  const end = isResource?.[0] ?? (behind.startsWith(';') ? ';' : undefined);
  if (name === undefined || end === undefined) return 'The values have to be set where the statement is prepared.';
  const at = call.end + end.length;
  const indent = indentAt(text, call.start) + (isResource === null ? '' : '  ');
  const inserted = setters(name, values).map((line) => `\n${indent}${line}`);
  return [replaced, { file: path, start: at, end: at, text: inserted.join('') }];
}

/** `Statement st = connection.createStatement()` and `st.executeQuery(…)` in one block: prepared where it is run. */
function openedEdits(
  machine: Machine,
  call: CallExpr,
  replaced: Edit,
  values: readonly string[],
): readonly Edit[] | string {
  const elsewhere = 'The statement has to be prepared where it is opened, and its values set one by one.';
  const { text, path } = machine.file;
  const fn = machine.frame.function;
  const arg = call.args[0]?.value;
  if (
    fn === undefined ||
    fn.end - fn.start > REWRITTEN_FUNCTION_MAX ||
    arg === undefined ||
    call.callee.kind !== 'member' ||
    call.callee.object.kind !== 'name'
  )
    return elsewhere;
  const { name } = call.callee.object;
  const body = text.slice(fn.start, fn.end);
  const opened = new RegExp(
    `^[ \\t]*(?:final )?(?:java\\.sql\\.)?Statement ${name} = ([\\w.]+(?:\\(\\))?)\\.createStatement\\(\\);[ \\t]*\\r?\\n`,
    'gm',
  );
  const [declared, ...more] = [...body.matchAll(opened)];
  const uses = body.split(new RegExp(`\\b${name}\\b(?!\\.close\\(\\))`)).length - 1;
  if (declared?.index === undefined || more.length > 0 || uses !== 2) return elsewhere;
  const start = fn.start + declared.index;
  const end = start + declared[0].length;
  const between = text.slice(end, call.start);
  const lead = leadOf(text, call);
  const isSameBlock = end <= call.start && !/[{}]/.test(between);
  if (!isSameBlock || lead === undefined || !/^\s*(?:(?:[\w.]+ )?\w+ = |return )?$/.test(lead)) return elsewhere;
  const isImported = /^import java\.sql\.(?:\*|PreparedStatement);/m.test(text);
  const type = isImported ? 'PreparedStatement' : 'java.sql.PreparedStatement';
  const isInline = replaced.start === arg.start;
  const prepared = `${type} ${name} = ${declared[1] ?? ''}.prepareStatement(${isInline ? replaced.text : textOfSpan(machine, arg)});`;
  const at = call.start - lead.trimStart().length;
  const indent = indentAt(text, at);
  return [
    { file: path, start, end, text: '' },
    ...(isInline ? [] : [replaced]),
    { file: path, start: at, end: at, text: [prepared, ...setters(name, values), ''].join(`\n${indent}`) },
    { file: path, start: arg.start, end: arg.end, text: '' },
  ];
}
