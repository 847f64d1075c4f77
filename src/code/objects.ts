import type { CallValues } from './arguments.ts';
import type { Machine } from './machine.ts';
import { assignSilently, isPlace } from './places.ts';
import { deepTaints, joinTaints, readField, type Taint, type Value, writeAnyField, writeField } from './value.ts';

type Made = { readonly target: Value; readonly values: CallValues; readonly paths: readonly string[] };

/**
 * Objects whose settings matter: a structure of Go with the fields that are written in it, and objects of a library that
 * the model names, with what is set in them. Undefined for any other call.
 */
export function makeObject(machine: Machine, { target, values, paths }: Made): Value | undefined {
  const { call } = values;
  const { language, objects } = machine.rules;
  if (language === 'go' && call.isNew) return structure(target, values);
  if (objects.findAny(paths).length > 0) {
    const given = values.args.reduce<readonly Taint[]>((all, { value }) => joinTaints(all, deepTaints(value)), []);
    const named = values.args.flatMap(({ arg, value }) =>
      arg.name === undefined || arg.isSpread === true ? [] : [[arg.name, value] as const],
    );
    return { taints: given, paths: [], fields: new Map(named) };
  }
  return setting(machine, values);
}

function structure(target: Value, { args }: CallValues): Value {
  const { external } = target;
  let value: Value = {
    taints: [],
    paths: [],
    fields: new Map(),
    ...(external === undefined
      ? {}
      : { external: { module: external.module, path: [...external.path, '()'].slice(0, 6) } }),
  };
  for (const { arg, value: held } of args) {
    value = arg.name === undefined ? writeAnyField(value, held) : writeField(value, arg.name, held);
  }
  return value;
}

/**
 * `cookie.setSecure(true)`, `factory.setFeature(name, true)` of an object that is followed, and `cookie.getValue()`, which
 * gives what was set there, or what the object was made of, and nothing of what was set elsewhere.
 */
function setting(machine: Machine, { call, receiver, args }: CallValues): Value | undefined {
  if (call.callee.kind !== 'member' || receiver.fields === undefined || receiver.isList === true) return undefined;
  const isFollowed = receiver.paths.some(
    (path) => path.endsWith('()') && machine.rules.objects.find(path.slice(0, -2)).length > 0,
  );
  const [, kind, name = ''] = /^(set|get|is)([A-Z]\w*)$/.exec(call.callee.property) ?? [];
  const place = call.callee.object;
  if (!isFollowed || kind === undefined) return undefined;
  const field = name.slice(0, 1).toLowerCase() + name.slice(1);
  const [first, second] = args;
  if (kind !== 'set') return first === undefined ? readField(receiver, field) : undefined;
  if (first === undefined) return undefined;
  const value = second?.value ?? first.value;
  const key = second === undefined ? field : keyOf(first.value);
  const after: Value =
    key === undefined ? writeAnyField(receiver, value) : writeField(receiver, key, { ...value, isDeclared: undefined });
  if (isPlace(place)) assignSilently(machine, place, after);
  return after;
}

/** The last part of a name of a feature: `…/features/disallow-doctype-decl`, `XMLConstants.FEATURE_SECURE_PROCESSING`. */
function keyOf(value: Value): string | undefined {
  const text = value.constant?.value;
  const name = typeof text === 'string' ? text.split(/[/.]/).at(-1) : value.paths[0]?.split('.').at(-1);
  return name === undefined || name === '' || name.endsWith('()') ? undefined : name;
}
