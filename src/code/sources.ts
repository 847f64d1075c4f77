import type { CompiledSource } from './compile.ts';
import type { Span } from './ir.ts';
import { type Machine, placeOf, textAt } from './machine.ts';
import { joinTaints, OWN_ADDRESS, type Value } from './value.ts';

/** Adds what a source gives, if one of the paths of the value is one. */
export function withSource(machine: Machine, value: Value, span: Span): Value {
  const found = machine.rules.reads.findAny(value.paths);
  if (found.length === 0) return value;
  const sources = isFixedRoute(machine) ? found.filter(({ isRoute }) => isRoute !== true) : found;
  if (sources.length === 0) return { ...value, isFixed: true };
  return { ...value, taints: joinTaints(value.taints, [sourceTaint(machine, sources, span)]) };
}

/** Whether the handler that is looked at answers one path only: `@app.route('/health')`. */
function isFixedRoute({ frame }: Machine): boolean {
  const routes = frame.function?.decorators.filter(({ kind }) => kind === 'call') ?? [];
  return (
    frame.entry !== undefined &&
    routes.length > 0 &&
    routes.every((route) => {
      const path = route.kind === 'call' ? route.args[0]?.value : undefined;
      return path?.kind === 'literal' && typeof path.value === 'string' && /^\/[^<{:*]*$/.test(path.value);
    })
  );
}

export function sourceTaint(
  machine: Machine,
  sources: readonly Pick<CompiledSource, 'group' | 'label' | 'isAddress'>[],
  span: Span,
): Value['taints'][number] {
  const place = placeOf(machine, span);
  const label = sources[0]?.label ?? 'a value from outside';
  const origin = { kind: 'source', groups: [...new Set(sources.map(({ group }) => group))], label, at: place } as const;
  const step = { place, message: `${label} comes in: ${textAt(machine, span)}` };
  const cleaned = sources.some(({ isAddress }) => isAddress === true) ? OWN_ADDRESS : '';
  return { origin, cleaned, steps: { step, before: undefined, length: 1 }, doubts: 0 };
}
