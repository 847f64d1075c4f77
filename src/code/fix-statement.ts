import type { Edit } from '../finding/index.ts';
import { plainPaths } from './arguments.ts';
import { literalOf, type Piece, piecesOf, textOfSpan, unwrapped } from './fix-pieces.ts';
import type { CallExpr, Expr } from './ir.ts';
import { REWRITTEN_FILE_MAX, typedEdits, typedPlaceholder } from './fix-statement-typed.ts';
import type { Machine } from './machine.ts';

/** Drivers by the module that they are imported from, with what stands for a value in their statements. */
const PLACEHOLDERS: readonly (readonly [module: RegExp, placeholder: string])[] = [
  [
    /^(?:sqlite3|aiosqlite|pyodbc|duckdb|mysql|mysql2(?:\/promise)?|promise-mysql|mariadb|better-sqlite3|node:sqlite|sqlite)$/,
    '?',
  ],
  [/^(?:psycopg2?|pymysql|MySQLdb|mysql\.connector|flask_mysqldb|django(?:\..*)?|pymssql)$/, '%s'],
  [/^(?:pg|@vercel\/postgres|@neondatabase\/serverless)$/, '$'],
];

/** The statement with placeholders, and the values behind it. A text says why not. */
export function statementEdits(machine: Machine, call: CallExpr, arg: Expr | undefined): readonly Edit[] | string {
  const { language } = machine.rules;
  if (language === 'java' || language === 'go') return typedStatement(machine, call, arg);
  const placeholder = placeholderOf(machine, call);
  if (placeholder === undefined) return 'Which placeholders the driver takes is not known here.';
  const statement = arg === undefined ? undefined : definitionOf(machine, unwrapped(arg));
  if (statement === undefined || arg === undefined || call.args[0]?.value !== arg)
    return 'The statement is put together elsewhere.';
  const others = call.args.slice(1);
  const isScript = machine.rules.language === 'javascript';
  if (others.some(({ value }) => !isScript || (value.kind !== 'function' && value.kind !== 'name'))) {
    return 'The call has parameters already.';
  }
  if (isScript && others.some(({ value }) => value.kind === 'name')) return 'The call has parameters already.';
  const pieces = piecesOf(machine, statement);
  const rewritten = pieces === undefined ? undefined : placeValues(pieces, placeholder);
  if (rewritten === undefined)
    return 'A value stands where a parameter cannot: a name, a pattern or a part of the statement.';
  const literal = literalOf(machine, rewritten.text);
  if (literal === undefined) return 'The statement has all kinds of quotes.';
  const values = rewritten.values.map((value) => textOfSpan(machine, value)).join(', ');
  const list = isScript ? `[${values}]` : `(${values}${rewritten.values.length === 1 ? ',' : ''})`;
  return [
    { file: machine.file.path, start: statement.start, end: statement.end, text: literal },
    { file: machine.file.path, start: arg.end, end: arg.end, text: `, ${list}` },
  ];
}

function typedStatement(machine: Machine, call: CallExpr, arg: Expr | undefined): readonly Edit[] | string {
  if (machine.file.text.length > REWRITTEN_FILE_MAX) return 'The file is too long.';
  const placeholder = typedPlaceholder(machine, call);
  if (typeof placeholder === 'string') return placeholder;
  const statement = arg === undefined ? undefined : definitionOf(machine, unwrapped(arg));
  if (statement === undefined) return 'The statement is put together elsewhere.';
  if (machine.rules.language === 'go' && call.args.at(-1)?.value !== arg) return 'The call has parameters already.';
  const pieces = piecesOf(machine, statement);
  const rewritten = pieces === undefined ? undefined : placeValues(pieces, placeholder.sign);
  if (rewritten === undefined)
    return 'A value stands where a parameter cannot: a name, a pattern or a part of the statement.';
  const isMoved = statement !== unwrapped(arg ?? statement);
  const between = isMoved ? machine.file.text.slice(statement.end, call.start) : '';
  const isChanged = rewritten.values.some(
    (value) => isMoved && (value.kind !== 'name' || new RegExp(`\\b${value.name}\\s*[-+*/|&]?=[^=]`).test(between)),
  );
  if (isChanged) return 'A value may be another one where the statement is run.';
  const literal = literalOf(machine, rewritten.text);
  return literal === undefined
    ? 'The statement has all kinds of quotes.'
    : typedEdits(machine, call, { statement, literal, values: rewritten.values });
}

/** What a variable that is assigned once was given. */
function definitionOf(machine: Machine, expr: Expr): Expr | undefined {
  if (expr.kind !== 'name') return expr;
  const definition = machine.definitions.get(expr.slot);
  return definition === undefined || definition.kind === 'name' ? undefined : unwrapped(definition);
}

function placeholderOf(machine: Machine, call: CallExpr): string | undefined {
  const callee = call.callee.kind === 'member' ? call.callee : undefined;
  if (callee === undefined || !/^(?:execute|query|run|all|get)$/.test(callee.property)) return undefined;
  const own = plainPaths(machine, callee.object);
  const byPath = PLACEHOLDERS.find(([module]) =>
    own.some(
      (path) =>
        module.test(path.split('.')[0]?.replace(/\(\)$/, '') ?? '') ||
        module.test(path.replace(/\(\).*|\.[\w]+\(\).*/, '')),
    ),
  );
  if (byPath !== undefined) return byPath[1];
  const imported = PLACEHOLDERS.filter(([module]) => [...machine.imports].some((one) => module.test(one)));
  return imported.length === 1 ? imported[0]?.[1] : undefined;
}

type Rewritten = { readonly text: string; readonly values: readonly Expr[] };

/** Values may stand behind a comparison, in a list, or between quotes, which then go. */
function placeValues(pieces: readonly Piece[], placeholder: string): Rewritten | undefined {
  let text = '';
  const values: Expr[] = [];
  let quote = '';
  for (const piece of pieces) {
    if (piece.kind === 'value') {
      const open = /(['"])$/.exec(text)?.[1] ?? '';
      const before = open === '' ? text : text.slice(0, -1);
      if (quote !== '' || !/(?:[=<>(,]|\b(?:like|values|limit|offset|and|between|in))\s*$/i.test(before))
        return undefined;
      quote = open;
      text = `${before}${placeholder === '$' ? `$${values.length + 1}` : placeholder}`;
      values.push(piece.expr);
      // A marker, so that the next piece must close what this one has opened.
      if (quote === '') quote = '';
      continue;
    }
    let rest = piece.text;
    if (quote !== '') {
      if (!rest.startsWith(quote)) return undefined;
      rest = rest.slice(1);
      quote = '';
    }
    if (/[?]/.test(rest) || (placeholder === '%s' && rest.includes('%'))) return undefined;
    text += rest;
  }
  return quote !== '' || values.length === 0 ? undefined : { text, values };
}
