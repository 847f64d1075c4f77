import { argumentOf } from './arguments.ts';
import type { Expr } from './ir.ts';
import type { Machine } from './machine.ts';

/** What a test of a part tells of the whole: the places that are clean with it, and of what. */
export type Derived = { readonly places: readonly Expr[]; readonly flaws: readonly string[] };

/** Parts of an address that say which host it leads to, as languages name them. */
const HOST_PARTS = new Set(['netloc', 'hostname', 'host', 'origin', 'authority']);
/** Functions and constructors that take an address apart. */
const ADDRESS_PARSERS = /^(?:urlparse|urlsplit|url_parse|parse_url|URL|URI|Url|parse|parseUrl)$/;

/** The address that a host is a part of: `target` of `urlparse(target).netloc`. */
export function addressOf(machine: Machine, host: Expr): Derived | undefined {
  if (host.kind === 'call' && host.args.length === 0 && host.callee.kind === 'member')
    return addressOf(machine, host.callee.object);
  if (host.kind !== 'member' || !HOST_PARTS.has(host.property)) return undefined;
  const parsed = host.object;
  const made = definitionOf(machine, parsed);
  const address = made?.kind === 'call' && ADDRESS_PARSERS.test(nameOf(made)) ? argumentOf(made, 0) : undefined;
  return address === undefined ? undefined : { places: [parsed, address], flaws: ['redirect', 'url'] };
}

/** The path of which one within a folder is made: `file` of `path.relative(root, file)`. */
export function relatedOf(machine: Machine, relative: Expr): Derived | undefined {
  const made = definitionOf(machine, relative);
  if (made?.kind !== 'call') return undefined;
  const name = nameOf(made);
  const path = name === 'relative' ? argumentOf(made, 1) : name === 'relpath' ? argumentOf(made, 0) : undefined;
  return path === undefined ? undefined : { places: [path], flaws: ['path'] };
}

/** The paths of which a common beginning is taken: `os.path.commonpath([root, file])`. */
export function commonOf(machine: Machine, common: Expr): Derived | undefined {
  const made = definitionOf(machine, common);
  if (made?.kind !== 'call' || !/^common(?:path|prefix)$/.test(nameOf(made))) return undefined;
  const list = argumentOf(made, 0);
  return list?.kind === 'list' ? { places: list.items.map(({ value }) => value), flaws: ['path'] } : undefined;
}

/** Whether a literal is a way out of a folder. */
export function isWayOut(expr: Expr | undefined): boolean {
  const start = expr?.kind === 'binary' && expr.operator === '+' ? expr.left : expr;
  const first = start?.kind === 'template' ? start.parts[0] : start;
  return first?.kind === 'literal' && typeof first.value === 'string' && /^\.\.[/\\]?$/.test(first.value);
}

/** `text.slice(0, start.length) === start`: the same as a test of the beginning. Gives the text. */
export function slicedStart(piece: Expr, start: Expr): Expr | undefined {
  if (piece.kind !== 'call' || piece.callee.kind !== 'member' || start.kind !== 'name') return undefined;
  if (!/^(?:slice|substring|substr|__getslice__)$/.test(piece.callee.property)) return undefined;
  const [from, to] = piece.args.map(({ value }) => value);
  const isFirst = from?.kind === 'literal' && (from.value === 0 || from.value === null);
  const measured =
    to?.kind === 'member' && to.property === 'length' ? to.object : to?.kind === 'call' ? to.args[0]?.value : undefined;
  return isFirst && measured?.kind === 'name' && measured.slot === start.slot ? piece.callee.object : undefined;
}

/** What a variable was given, where it is given one thing only. */
function definitionOf(machine: Machine, expr: Expr): Expr | undefined {
  return expr.kind === 'name' ? machine.definitions.get(expr.slot) : expr;
}

function nameOf({ callee }: Extract<Expr, { kind: 'call' }>): string {
  return callee.kind === 'member' ? callee.property : callee.kind === 'name' ? callee.name : '';
}
