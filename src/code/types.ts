import type { Machine } from './machine.ts';
import { joinPath } from './pattern.ts';
import { UNKNOWN, type Value } from './value.ts';

/** What is known of a value of a type, as the type is written in the file. `isClean`: it cannot carry text. */
export function typedValue(machine: Machine, type: string): Value & { readonly isClean?: boolean } {
  const { cleanTypes } = machine.rules;
  if (cleanTypes.has(type)) return { ...UNKNOWN, isClean: true };
  const { root, rest } = rootOf(machine, type);
  const cls = machine.classes.get(type);
  if (cls !== undefined) return { ...(machine.instances.get(cls) ?? UNKNOWN), instanceOf: cls, paths: [`~${type}()`] };
  const named = machine.names.get(root);
  if (named === undefined) {
    const wild = machine.ir.wildcards.map((prefix) => `${prefix}.${type}()`);
    return { taints: [], paths: [...wild, `${type}()`].slice(0, 4) };
  }
  const paths = named.paths.map((path) => `${rest.reduce(joinPath, path)}()`);
  if (paths.some((path) => cleanTypes.has(path.slice(0, -2)))) return { ...UNKNOWN, isClean: true };
  return {
    taints: [],
    paths,
    ...(named.external === undefined
      ? {}
      : { external: { module: named.external.module, path: [...named.external.path, ...rest, '()'] } }),
  };
}

/** The imported name that a type begins with: a class, or a package with dots in it. */
function rootOf(machine: Machine, type: string): { readonly root: string; readonly rest: readonly string[] } {
  for (let dot = type.lastIndexOf('.'); dot > 0; dot = type.lastIndexOf('.', dot - 1)) {
    const root = type.slice(0, dot);
    if (machine.names.has(root)) return { root, rest: type.slice(dot + 1).split('.') };
  }
  const [root = type, ...rest] = type.split('.');
  return { root, rest };
}
