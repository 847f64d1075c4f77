import type { Expr, FunctionIr, Parameter } from './ir.ts';
import type { Machine } from './machine.ts';
import type { EntryModel, ParamModel } from './model.ts';
import { plainPaths } from './arguments.ts';

/** How a function is called from outside, if it is plain from its decorators, its class, its name or its parameters. */
export function entryOf(machine: Machine, fn: FunctionIr): EntryModel | undefined {
  const { rules } = machine;
  for (const decorator of fn.decorators) {
    const paths = decoratorPaths(machine, decorator);
    const [entry] = rules.decorators.findAny(paths).filter((one) => isInFile(machine, one));
    if (entry !== undefined) return entry;
  }
  const cls = machine.classOf.get(fn);
  const bases = cls === undefined ? [] : cls.bases.flatMap((base) => plainPaths(machine, base));
  const exported = exportedName(machine, fn);
  return rules.entries.find((entry) => {
    if (!isInFile(machine, entry)) return false;
    if (entry.method !== undefined) {
      const { names, bases: wanted } = entry.method;
      if (cls === undefined || !(names.includes('*') || names.includes(fn.name))) return false;
      return bases.some((base) =>
        wanted.some((one) => base === one || base.split('.').at(-1)?.replace(/^~/, '') === one),
      );
    }
    if (entry.exported !== undefined) {
      const { files, names } = entry.exported;
      if (exported === undefined || !(names.includes('*') || names.includes(exported))) return false;
      const stem = machine.file.path.replace(/\.[^./]+$/, '');
      return files.some((ending) =>
        ending.endsWith('/') ? `/${stem}`.includes(`/${ending}`) : `/${stem}`.endsWith(`/${ending}`),
      );
    }
    return entry.named !== undefined && namesMeet(fn, entry.named);
  });
}

function isInFile(machine: Machine, { imports }: EntryModel): boolean {
  if (imports === undefined) return true;
  return imports.some((module) =>
    [...machine.imports].some((one) => one === module || one.startsWith(`${module}/`) || one.startsWith(`${module}.`)),
  );
}

/** A decorator is meant whether it is called or not. */
function decoratorPaths(machine: Machine, decorator: Expr): readonly string[] {
  return plainPaths(machine, decorator.kind === 'call' ? decorator.callee : decorator);
}

function exportedName(machine: Machine, fn: FunctionIr): string | undefined {
  for (const [name, value] of machine.exports)
    if (value.functions?.some((one) => one.function === fn) === true) return name;
  return undefined;
}

const nameTests = new Map<string, RegExp>();

function namesMeet(fn: FunctionIr, named: readonly string[]): boolean {
  const params = fn.hasReceiver === true ? fn.params.slice(1) : fn.params;
  if (params.length < named.length) return false;
  return named.every((source, at) => {
    const param = params[at];
    // A type of one's own or a pattern says more than a name.
    if (param === undefined || param.target.kind !== 'variable') return false;
    let test = nameTests.get(source);
    if (test === undefined) {
      test = new RegExp(`^(?:${source})$`);
      nameTests.set(source, test);
    }
    return test.test(param.name);
  });
}

/** What a parameter is filled with from outside. */
export function fillParam(
  machine: Machine,
  fn: FunctionIr,
  param: Parameter,
  at: number,
  entry: EntryModel | undefined,
): ParamModel {
  if (entry === undefined) return undefined;
  for (const decorator of [...param.decorators, ...(param.fallback === undefined ? [] : [param.fallback])]) {
    for (const path of decoratorPaths(machine, decorator)) {
      const known = entry.decorated?.[path] ?? entry.decorated?.[path.split('.').at(-1) ?? path];
      if (known !== undefined) return known;
      if (entry.decorated !== undefined && path.split('.').at(-1) === 'Depends') return undefined;
    }
  }
  const given = entry.params?.[at];
  if (given !== undefined) return given;
  if (at < (entry.params?.length ?? 0)) return undefined;
  if (entry.rest === undefined || (param.type !== undefined && isForeignType(machine, param.type))) return undefined;
  // Decorated with something that nobody knows: it comes from elsewhere.
  return param.decorators.length > 0 && entry.decorated !== undefined && fn.decorators.length > 0
    ? undefined
    : entry.rest;
}

/** Request objects, sessions and the like are handed in by the framework, not by whoever sends a request. */
function isForeignType(machine: Machine, type: string): boolean {
  const last = type.split('.').at(-1) ?? type;
  return (
    /(?:Session|Response|Request|Service|Client|Connection|Pool|Depends|BackgroundTasks|WebSocket|Repository|Manager|Settings|Logger)$/.test(
      last,
    ) || machine.rules.cleanTypes.has(type)
  );
}
