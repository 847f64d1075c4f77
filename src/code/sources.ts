import type { Span } from './ir.ts';
import { type Machine, placeOf, textAt } from './machine.ts';
import { joinTaints, type Value } from './value.ts';

/** Adds what a source gives, if one of the paths of the value is one. */
export function withSource(machine: Machine, value: Value, span: Span): Value {
  const sources = machine.rules.reads.findAny(value.paths);
  if (sources.length === 0) return value;
  return { ...value, taints: joinTaints(value.taints, [sourceTaint(machine, sources, span)]) };
}

export function sourceTaint(
  machine: Machine,
  sources: readonly { readonly group: string; readonly label: string }[],
  span: Span,
): Value['taints'][number] {
  const place = placeOf(machine, span);
  const label = sources[0]?.label ?? 'a value from outside';
  const origin = { kind: 'source', groups: [...new Set(sources.map(({ group }) => group))], label, at: place } as const;
  const step = { place, message: `${label} comes in: ${textAt(machine, span)}` };
  return { origin, cleaned: '', steps: { step, before: undefined, length: 1 }, doubts: 0 };
}
