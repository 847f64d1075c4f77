import { evaluate } from './operations.ts';
import type { Expr } from './ir.ts';
import { type Machine, readSlot } from './machine.ts';
import { type Value, writeField } from './value.ts';

/** Changes what is known of a place without the program writing to it: nothing is reported. */
export function assignSilently(machine: Machine, place: Expr, value: Value): void {
  if (machine.env === undefined) return;
  if (place.kind === 'name') {
    if (place.name === 'this') machine.env.set(machine.frame.thisSlot, value);
    else if (place.slot >= 0)
      machine.env.set(place.slot, {
        ...value,
        paths: value.paths.length > 0 ? value.paths : readSlot(machine, place.slot).paths,
      });
    return;
  }
  if (place.kind === 'member') {
    if (!isPlace(place.object)) return;
    assignSilently(machine, place.object, writeField(evaluate(machine, place.object), place.property, value));
  } else if (place.kind === 'index') {
    if (!isPlace(place.object)) return;
    const key = evaluate(machine, place.index).constant?.value;
    const object = evaluate(machine, place.object);
    if (key !== undefined && key !== null)
      assignSilently(machine, place.object, writeField(object, String(key), value));
  }
}

/** Whether a value can be written back: a chain of names, properties and entries. */
export function isPlace(expr: Expr): boolean {
  if (expr.kind === 'name') return expr.slot >= 0 || expr.name === 'this';
  if (expr.kind === 'member' || expr.kind === 'index') return isPlace(expr.object);
  return false;
}
