import type { Edit } from '../finding/index.ts';
import type { Expr, Span } from './ir.ts';
import type { Machine } from './machine.ts';

/** A part of a text that is put together: its source between quotes, or a value. */
export type Piece = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'value'; readonly expr: Expr };

export function textOfSpan(machine: Machine, span: Span): string {
  return machine.file.text.slice(span.start, span.end);
}

export function unwrapped(expr: Expr): Expr {
  return expr.kind === 'await' || expr.kind === 'cast' ? unwrapped(expr.operand) : expr;
}

/**
 * The parts of a text: of a sum, a template, `'…' % values` or `'…'.format(values)`. Undefined when a part is written in a way
 * that cannot be moved into another literal as it stands.
 */
export function piecesOf(machine: Machine, expr: Expr): readonly Piece[] | undefined {
  switch (expr.kind) {
    case 'literal':
      return literalPiece(machine, expr);
    case 'binary': {
      if (expr.operator === '%') return percentPieces(machine, expr);
      if (expr.operator !== '+') return [{ kind: 'value', expr }];
      const left = piecesOf(machine, expr.left);
      const right = piecesOf(machine, expr.right);
      return left === undefined || right === undefined ? undefined : [...left, ...right];
    }
    case 'template':
      return templatePieces(machine, expr);
    case 'call':
      if (machine.rules.language === 'go' || machine.rules.language === 'java') return printedPieces(machine, expr);
      return expr.callee.kind === 'member' && expr.callee.property === 'format' && expr.callee.object.kind === 'literal'
        ? formatPieces(machine, expr)
        : [{ kind: 'value', expr }];
    default:
      return [{ kind: 'value', expr }];
  }
}

function literalPiece(machine: Machine, expr: Extract<Expr, { kind: 'literal' }>): readonly Piece[] | undefined {
  if (typeof expr.value !== 'string') return [{ kind: 'text', text: String(expr.value) }];
  const source = textOfSpan(machine, expr);
  // Escapes, neighbouring strings and prefixes mean something only where they stand.
  if (source.includes('\\') || /^[A-Za-z]/.test(source) || !source.includes(expr.value)) return undefined;
  return [{ kind: 'text', text: expr.value }];
}

function templatePieces(machine: Machine, expr: Extract<Expr, { kind: 'template' }>): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (const part of expr.parts) {
    if (part.kind !== 'literal' || typeof part.value !== 'string') {
      const around = machine.file.text.slice(part.end, part.end + 1);
      // `{value!r:>10}` formats.
      if (machine.rules.language === 'python' && around !== '}') return undefined;
      pieces.push({ kind: 'value', expr: part });
      continue;
    }
    const source = textOfSpan(machine, part);
    if (source !== part.value || source.includes('\\') || (machine.rules.language === 'python' && /[{}]/.test(source)))
      return undefined;
    pieces.push({ kind: 'text', text: part.value });
  }
  return pieces;
}

function percentPieces(machine: Machine, expr: Extract<Expr, { kind: 'binary' }>): readonly Piece[] | undefined {
  if (expr.left.kind !== 'literal' || typeof expr.left.value !== 'string') return undefined;
  const values = expr.right.kind === 'list' ? expr.right.items.map(({ value }) => value) : [expr.right];
  if (expr.right.kind === 'object') return undefined;
  return fill(machine, expr.left, /%[sd]/, values, /%(?![sd])/);
}

function formatPieces(machine: Machine, expr: Extract<Expr, { kind: 'call' }>): readonly Piece[] | undefined {
  if (expr.callee.kind !== 'member' || expr.args.some(({ name, isSpread }) => name !== undefined || isSpread === true))
    return undefined;
  return fill(
    machine,
    expr.callee.object,
    /\{\d?\}/,
    expr.args.map(({ value }) => value),
    /\{(?!\d?\})|\}\}/,
  );
}

/** `fmt.Sprintf(…)`, `String.format(…)` of a literal with the plain verbs. */
function printedPieces(machine: Machine, expr: Extract<Expr, { kind: 'call' }>): readonly Piece[] | undefined {
  const [literal, ...values] = expr.args;
  const isPrinted = /^(?:fmt\.Sprintf|String\.format)$/.test(textOfSpan(machine, expr.callee));
  if (!isPrinted || literal === undefined) return [{ kind: 'value', expr }];
  return fill(
    machine,
    literal.value,
    /%[sdv]/,
    values.map(({ value }) => value),
    /%(?![sdv])/,
  );
}

function fill(
  machine: Machine,
  literal: Expr,
  hole: RegExp,
  values: readonly Expr[],
  other: RegExp,
): readonly Piece[] | undefined {
  if (literal.kind !== 'literal') return undefined;
  const whole = literalPiece(machine, literal);
  const text = whole?.[0]?.kind === 'text' ? whole[0].text : undefined;
  if (text === undefined || other.test(text) || /\{[1-9]\}/.test(text)) return undefined;
  const texts = text.split(hole);
  if (texts.length !== values.length + 1) return undefined;
  return texts.flatMap((piece, at): Piece[] => {
    const value = values[at];
    return [{ kind: 'text', text: piece }, ...(value === undefined ? [] : [{ kind: 'value', expr: value } as const])];
  });
}

/** A literal with this text, in the quotes that need no escape; undefined when there are none. */
export function literalOf(machine: Machine, text: string): string | undefined {
  const { language } = machine.rules;
  if (language === 'java') return /["\n]/.test(text) ? undefined : `"${text}"`;
  if (language === 'go') {
    if (!/["\n]/.test(text)) return `"${text}"`;
    return text.includes('`') ? undefined : `\`${text}\``;
  }
  const isScript = language === 'javascript';
  const quotes = text.includes('\n')
    ? isScript
      ? ['`']
      : ['"""', "'''"]
    : isScript
      ? ["'", '"', '`']
      : ['"', "'", '"""'];
  const quote = quotes.find((one) => !text.includes(one) && !(one === '`' && text.includes('${')));
  return quote === undefined || text.endsWith(quote.slice(0, 1)) ? undefined : `${quote}${text}${quote}`;
}

/** An import of `module.name` (Python), unless the file has it. */
export function importEdit(machine: Machine, wanted: string): Edit | undefined {
  if (machine.rules.language !== 'python') return undefined;
  const dot = wanted.lastIndexOf('.');
  const module = dot === -1 ? wanted : wanted.slice(0, dot);
  const name = wanted.slice(dot + 1);
  const isKnown =
    dot === -1
      ? machine.names.get(wanted.split('.')[0] ?? wanted)?.paths.includes(wanted) === true
      : machine.names.has(name);
  if (isKnown || machine.imports.has(wanted)) return undefined;
  const first = machine.ir.body.find((statement) => statement.kind === 'import');
  const at = first?.start ?? 0;
  const isWhole = dot === -1 || machine.imports.has(module);
  const text = isWhole ? `import ${wanted}\n` : `from ${module} import ${name}\n`;
  return { file: machine.file.path, start: at, end: at, text };
}
