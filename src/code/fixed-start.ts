import type { Expr } from './ir.ts';

/**
 * What is put behind a text that fixes the host (or the first part of the path) cannot choose another host: the right side
 * of such a concatenation becomes an argument of `~fixed-host` or `~fixed-path`, which models know.
 */
export function behindFixedStart(left: Expr, right: Expr): Expr {
  if (right.kind === 'literal') return right;
  const start = leftmost(left);
  const isHost = start !== undefined && /^[a-z][\w+.-]*:\/\/[^/?#\s]+[/?#]/.test(start);
  const isPath = start !== undefined && /^(?:\/[^/\\]|[?#])/.test(start);
  if (!isHost && !isPath) return right;
  const span = { start: right.start, end: right.end };
  const callee: Expr = { kind: 'name', name: isHost ? '~fixed-host' : '~fixed-path', slot: -1, ...span };
  return { kind: 'call', callee, args: [{ value: right }], isNew: false, ...span };
}

function leftmost(expr: Expr): string | undefined {
  let at = expr;
  while (at.kind === 'binary' && at.operator === '+') at = at.left;
  return at.kind === 'literal' && typeof at.value === 'string' ? at.value : undefined;
}
