import type { Match, TraceStep } from '../finding/index.ts';
import type { CodeFacts, FlowFact, FunctionFact, TaintFact } from './facts.ts';
import { mayHandOn } from './names.ts';
import { resolveModule } from './resolve.ts';
import { sinkMatch } from './sink-match.ts';
import { cleanedBy, type External, isCleaned } from './value.ts';

/** The most steps that are gone over all files. */
const LINK_WORK_MAX = 2_000_000;
/** The deepest chain of calls from file to file. */
const LINK_DEPTH_MAX = 8;
const ALIASES_MAX = 6;
/** Of an interface with more implementations than these, nothing is said. */
const IMPLEMENTATIONS_MAX = 6;

/** A function of a file. */
type Callee = { readonly file: string; readonly function: FunctionFact };

/** Follows values from file to file: from each source into calls, through functions, to what they reach. */
export function link(facts: ReadonlyMap<string, CodeFacts>): readonly Match[] {
  return new Linker(facts).run();
}

/** A value on its way. `calls` are the calls that it went into and has not come back from. */
type Carried = {
  readonly taint: TaintFact;
  readonly calls: readonly { readonly file: string; readonly call: number }[];
};

class Linker {
  readonly #facts: ReadonlyMap<string, CodeFacts>;
  readonly #files: ReadonlySet<string>;
  readonly #byOrigin = new Map<string, FlowFact[]>();
  readonly #callees = new Map<string, readonly Callee[]>();
  /** Calls of each function, for values that come from within it. */
  readonly #callers = new Map<string, { readonly file: string; readonly call: number }[]>();
  readonly #matches = new Map<string, { readonly match: Match; readonly weight: number }>();
  readonly #seen = new Set<string>();
  /** Classes by what they extend or implement. */
  readonly #inheritors = new Map<string, { readonly file: string; readonly name: string }[]>();
  readonly #found = new Map<string, readonly Callee[]>();
  readonly #heads = new Map<string, ReadonlySet<string>>();
  #work = 0;

  constructor(facts: ReadonlyMap<string, CodeFacts>) {
    this.#facts = facts;
    this.#files = new Set(facts.keys());
    for (const [file, { language, bases }] of facts) {
      for (const [name, of] of Object.entries(bases ?? {})) {
        for (const base of of) {
          const key = `${language}:${base}`;
          const known = this.#inheritors.get(key);
          if (known === undefined) this.#inheritors.set(key, [{ file, name }]);
          else known.push({ file, name });
        }
      }
    }
    for (const [file, { flows, calls }] of facts) {
      for (const flow of flows) {
        const { origin } = flow;
        if (origin.kind === 'source') continue;
        const key = origin.kind === 'param' ? `${file}#${origin.function}` : `${file}@${origin.call}`;
        const known = this.#byOrigin.get(key);
        if (known === undefined) this.#byOrigin.set(key, [flow]);
        else known.push(flow);
      }
      for (const call of calls.keys()) {
        for (const callee of this.#calleesOf(file, call)) {
          const key = `${callee.file}#${callee.function.id}`;
          const known = this.#callers.get(key);
          if (known === undefined) this.#callers.set(key, [{ file, call }]);
          else known.push({ file, call });
        }
      }
    }
  }

  run(): readonly Match[] {
    for (const [file, { flows, functions }] of this.#facts) {
      for (const flow of flows) {
        if (flow.origin.kind === 'source') this.#arrive(file, { taint: flow, calls: [] }, flow.target);
      }
      for (const fn of Object.values(functions)) {
        for (const returned of fn.returns) {
          if (returned.origin.kind === 'source') this.#leave(file, fn, { taint: returned, calls: [] }, returned.path);
        }
      }
    }
    return [...this.#matches.values()].map(({ match }) => match);
  }

  #arrive(file: string, carried: Carried, target: FlowFact['target']): void {
    this.#work += 1;
    if (this.#work > LINK_WORK_MAX) return;
    const { taint, calls } = carried;
    const top = calls.at(-1);
    const where =
      target.kind === 'sink'
        ? `${target.rule}:${target.place.line}:${target.place.column}`
        : `${target.call}:${target.index}:${target.path.join('.')}`;
    const key = `${originKey(taint)}|${taint.cleaned}|${file}|${where}|${top?.file ?? ''}:${top?.call ?? ''}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (target.kind === 'sink') this.#report(taint, target);
    else this.#enter(file, carried, target);
  }

  #report(taint: TaintFact, target: Extract<FlowFact['target'], { kind: 'sink' }>): void {
    const { origin } = taint;
    if (origin.kind !== 'source' || isCleaned(taint.cleaned, target.flaw)) return;
    if (!origin.groups.some((group) => target.groups.includes(group))) return;
    const match = sinkMatch({ ...taint, origin }, target);
    const key = `${match.rule}:${match.place.file}:${match.place.line}:${match.place.column}`;
    const weight = taint.doubts * 100 + taint.steps.length;
    const known = this.#matches.get(key);
    if (known === undefined || weight < known.weight) this.#matches.set(key, { match, weight });
  }

  /** Goes into the functions that a call may mean, or past the call when it is none of the tree. */
  #enter(file: string, carried: Carried, target: Extract<FlowFact['target'], { kind: 'argument' }>): void {
    const call = this.#facts.get(file)?.calls[target.call];
    if (call === undefined) return;
    const callees = this.#calleesOf(file, target.call);
    const step: TraceStep = { place: call.place, message: `handed to ${call.name}` };
    if (callees.length === 0) {
      // What an object gives is its own, where the language says that it is an object.
      const isReceiver = target.index === -1 && this.#isTyped(file);
      if (!isReceiver && !mayHandOn(call.name)) return;
      const past = { ...carried, taint: { ...withStep(carried.taint, step), doubts: carried.taint.doubts + 1 } };
      this.#follow(file, past, `${file}@${target.call}`, [], () => true);
      return;
    }
    if (carried.calls.length >= LINK_DEPTH_MAX) return;
    for (const callee of callees) {
      const { function: fn } = callee;
      const index = paramIndex(fn, target);
      if (index === undefined) continue;
      const path = target.index === -2 ? target.path.slice(1) : target.path;
      const inside = { taint: withStep(carried.taint, step), calls: [...carried.calls, { file, call: target.call }] };
      this.#follow(
        callee.file,
        inside,
        `${callee.file}#${fn.id}`,
        path,
        (origin) => origin.kind === 'param' && origin.index === index,
      );
      for (const returned of fn.returns) {
        const { origin } = returned;
        if (origin.kind !== 'param' || origin.function !== fn.id || origin.index !== index) continue;
        if (pathsMeet(path, origin.path))
          this.#leave(callee.file, fn, { ...inside, taint: through(inside.taint, returned) }, returned.path);
      }
    }
  }

  /** Goes on with every flow that begins at a place: a parameter, or the result of a call. */
  #follow(
    file: string,
    carried: Carried,
    key: string,
    path: readonly string[],
    isMeant: (origin: TaintFact['origin']) => boolean,
  ): void {
    for (const flow of this.#byOrigin.get(key) ?? []) {
      const { origin } = flow;
      if (origin.kind === 'source' || !isMeant(origin) || !pathsMeet(path, origin.path)) continue;
      this.#arrive(file, { ...carried, taint: through(carried.taint, flow) }, flow.target);
    }
    // The result of a call may be what a function returns.
    if (!key.includes('@')) return;
    for (const fn of Object.values(this.#facts.get(file)?.functions ?? {})) {
      for (const returned of fn.returns) {
        const { origin } = returned;
        if (origin.kind !== 'result' || `${file}@${origin.call}` !== key || !pathsMeet(path, origin.path)) continue;
        this.#leave(file, fn, { ...carried, taint: through(carried.taint, returned) }, returned.path);
      }
    }
  }

  /** Comes out of a function: where it went in, or, when it began inside, wherever the function is called. */
  #leave(file: string, fn: FunctionFact, carried: Carried, path: readonly string[]): void {
    this.#work += 1;
    const key = `${originKey(carried.taint)}|${carried.taint.cleaned}|${file}#${fn.id}|${path.join('.')}|${carried.calls.map(({ file: from, call }) => `${from}:${call}`).join(',')}`;
    if (this.#work > LINK_WORK_MAX || this.#seen.has(key)) return;
    this.#seen.add(key);
    const top = carried.calls.at(-1);
    const places = top === undefined ? (this.#callers.get(`${file}#${fn.id}`) ?? []) : [top];
    for (const place of places) {
      const calls = top === undefined ? [] : carried.calls.slice(0, -1);
      this.#follow(place.file, { taint: carried.taint, calls }, `${place.file}@${place.call}`, path, () => true);
    }
  }

  #calleesOf(file: string, call: number): readonly Callee[] {
    const key = `${file}@${call}`;
    const known = this.#callees.get(key);
    if (known !== undefined) return known;
    const external = this.#facts.get(file)?.calls[call]?.external;
    const found = external === undefined ? [] : this.#find(file, external, 0);
    this.#callees.set(key, found);
    return found;
  }

  /** The functions that a name of another module means. */
  #find(from: string, external: External, depth: number): readonly Callee[] {
    const own = this.#facts.get(from);
    if (own === undefined || depth > ALIASES_MAX) return [];
    const path = external.path.filter((segment) => segment !== '()');
    if (!this.#isTyped(from)) return this.#findIn(from, own, { module: external.module, path }, depth);
    // All files of a folder mean the same by a name.
    const key = `${own.language}|${from.slice(0, from.lastIndexOf('/') + 1)}|${external.module}|${path.join('.')}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    this.#found.set(key, []);
    const found = this.#findIn(from, own, { module: external.module, path }, depth);
    const all = found.length === 0 ? this.#implementations(own, path) : found;
    this.#found.set(key, all);
    return all;
  }

  #findIn(from: string, own: CodeFacts, { module, path }: External, depth: number): readonly Callee[] {
    const isTyped = this.#isTyped(from);
    return resolveModule(this.#files, { language: own.language, from, module, path }).flatMap(({ file, rest }) => {
      const facts = this.#facts.get(file);
      if (facts === undefined || (isTyped && !this.#headsOf(file).has(rest[0] ?? ''))) return [];
      for (const name of namesOf(rest)) {
        const fn = ownOf(facts.functions, name);
        if (fn !== undefined) return [{ file, function: fn }];
      }
      for (let length = rest.length; length >= 0; length -= 1) {
        const alias =
          ownOf(facts.aliases, rest.slice(0, length).join('.')) ??
          (length === 0 ? ownOf(facts.aliases, '*') : undefined);
        if (alias === undefined) continue;
        return this.#find(file, { module: alias.module, path: [...alias.path, ...rest.slice(length)] }, depth + 1);
      }
      return this.#throughResult(file, rest, depth);
    });
  }

  /** What the names of a file's functions and of what it borrows begin with. */
  #headsOf(file: string): ReadonlySet<string> {
    let heads = this.#heads.get(file);
    if (heads === undefined) {
      const facts = this.#facts.get(file);
      const names = [...Object.keys(facts?.functions ?? {}), ...Object.keys(facts?.aliases ?? {})];
      heads = new Set(names.map((name) => name.split('.')[0] ?? name));
      this.#heads.set(file, heads);
    }
    return heads;
  }

  #isTyped(file: string): boolean {
    const language = this.#facts.get(file)?.language;
    return language === 'java' || language === 'go';
  }

  /** A method of what a function gives: `newStore().find`. */
  #throughResult(file: string, path: readonly string[], depth: number): readonly Callee[] {
    const facts = this.#facts.get(file);
    if (facts === undefined || !this.#isTyped(file)) return [];
    for (let length = path.length - 1; length > 0; length -= 1) {
      const gives = ownOf(facts.functions, path.slice(0, length).join('.'))?.gives;
      if (gives === undefined) continue;
      const rest = [...gives.path, ...path.slice(length)];
      if (gives.module !== '') return this.#find(file, { module: gives.module, path: rest }, depth + 1);
      const fn = ownOf(facts.functions, rest.join('.'));
      if (fn !== undefined) return [{ file, function: fn }];
      const module = facts.language === 'go' ? '.' : (facts.package ?? '');
      return this.#find(file, { module, path: rest }, depth + 1);
    }
    return [];
  }

  /** A method of an interface is that of the classes that have it, when these are few. */
  #implementations({ language }: CodeFacts, path: readonly string[]): readonly Callee[] {
    const [method, type] = path.toReversed();
    if (method === undefined || type === undefined) return [];
    const key = `${language}:${type}`;
    const classes = this.#inheritors.get(key) ?? [];
    const callees = classes.flatMap(({ file, name }): Callee[] => {
      const fn = ownOf(this.#facts.get(file)?.functions ?? {}, `${name}.${method}`);
      return fn === undefined ? [] : [{ file, function: fn }];
    });
    return callees.length > IMPLEMENTATIONS_MAX ? [] : callees;
  }
}

/** Names of a file may be those that every object has: `constructor`. */
function ownOf<T>(table: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** A module that is called itself means its default; so does `default.name` mean `name` where a whole object is exported. */
function namesOf(path: readonly string[]): readonly string[] {
  const plain = path.join('.');
  if (path.length === 0) return ['default'];
  if (path[0] === 'default') return [plain, path.slice(1).join('.')].filter((name) => name !== '');
  return [plain, `default.${plain}`];
}

function paramIndex(
  fn: FunctionFact,
  target: { readonly index: number; readonly path: readonly string[] },
): number | undefined {
  if (target.index === -2) {
    const at = fn.params.indexOf(target.path[0] ?? '');
    return at === -1 ? undefined : at;
  }
  if (target.index === -1) return fn.skipped === 1 ? 0 : -1;
  return target.index + fn.skipped;
}

/** Whether what one path names holds or is held by what the other names. `[]` is any entry. */
function pathsMeet(a: readonly string[], b: readonly string[]): boolean {
  return a.slice(0, b.length).every((segment, at) => segment === b[at] || segment === '[]' || b[at] === '[]');
}

function through(taint: TaintFact, way: TaintFact): TaintFact {
  return {
    origin: taint.origin,
    cleaned: cleanedBy(taint.cleaned, way.cleaned),
    steps: [...taint.steps, ...way.steps].slice(0, 24),
    doubts: taint.doubts + way.doubts,
  };
}

function withStep(taint: TaintFact, step: TraceStep): TaintFact {
  return taint.steps.length >= 24 ? taint : { ...taint, steps: [...taint.steps, step] };
}

function originKey({ origin }: TaintFact): string {
  return origin.kind === 'source' ? `${origin.at.file}:${origin.at.line}:${origin.at.column}` : '';
}
