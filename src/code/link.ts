import type { Match, TraceStep } from '../finding/index.ts';
import type { CodeFacts, FlowFact, FunctionFact, PutOffFacts, TaintFact } from './facts.ts';
import { mayHandOn } from './names.ts';
import { resolveModule } from './resolve.ts';
import { sinkMatch } from './sink-match.ts';
import { cleanedBy, type External, isCleaned } from './value.ts';
import { Waiting } from './waiting.ts';

/** The most steps that are gone over all files. */
const LINK_WORK_MAX = 500_000;
/** The deepest chain of calls from file to file. */
const LINK_DEPTH_MAX = 8;
const ALIASES_MAX = 6;
/** Of an interface with more implementations than these, nothing is said. */
const IMPLEMENTATIONS_MAX = 6;

/** A function of a file. */
type Callee = { readonly file: string; readonly function: FunctionFact };

export type Linked = {
  readonly matches: readonly Match[];
  /** Files that were put off and that a value may go through: with their facts, other matches may be found. */
  readonly demands: readonly string[];
  /** There were too many ways to go them all. */
  readonly isSpent: boolean;
};

/**
 * Follows values from file to file: from each source into calls, through functions, to what they reach. `files` are all that are
 * known of, in order; `groups` those of the sources that rules of a language
 * follow.
 */
export function link(
  facts: ReadonlyMap<string, CodeFacts>,
  {
    putOff,
    files,
    groups,
  }: {
    readonly putOff: ReadonlyMap<string, PutOffFacts>;
    readonly files: ReadonlySet<string>;
    readonly groups: (language: string) => ReadonlySet<string> | undefined;
  },
  workMax = LINK_WORK_MAX,
): Linked {
  return new Linker(facts, { files, waiting: new Waiting(putOff), workMax }).run(groups);
}

type Place = { readonly file: string; readonly call: number };

/** A value on its way. `calls` are the calls that it went into and has not come back from. */
type Carried = {
  readonly taint: TaintFact;
  readonly calls: readonly Place[];
};

class Linker {
  readonly #facts: ReadonlyMap<string, CodeFacts>;
  readonly #files: ReadonlySet<string>;
  readonly #waiting: Waiting;
  readonly #byOrigin = new Map<string, FlowFact[]>();
  readonly #callees = new Map<string, readonly Callee[]>();
  /** Calls of each function, for values that come from within it: JavaScript and Python. */
  readonly #callers = new Map<string, Place[]>();
  /** The same for Java and Go, where a function keeps its name: calls by the name, looked at when they are asked for. */
  readonly #callsByName = new Map<string, Place[]>();
  /** Names under which a variable holds a function of another file, by the name of the function. */
  readonly #otherNames = new Map<string, Set<string>>();
  readonly #matches = new Map<string, { readonly match: Match; readonly weight: number }>();
  readonly #seen = new Set<string>();
  /** Classes by what they extend or implement. */
  readonly #inheritors = new Map<string, { readonly file: string; readonly name: string }[]>();
  readonly #found = new Map<string, readonly Callee[]>();
  readonly #heads = new Map<string, ReadonlySet<string>>();
  readonly #workMax: number;
  #work = 0;

  constructor(
    facts: ReadonlyMap<string, CodeFacts>,
    {
      files,
      waiting,
      workMax,
    }: { readonly files: ReadonlySet<string>; readonly waiting: Waiting; readonly workMax: number },
  ) {
    this.#facts = facts;
    this.#workMax = workMax;
    this.#files = files;
    this.#waiting = waiting;
    for (const [file, { language, bases }] of facts) {
      for (const [name, of] of Object.entries(bases ?? {})) {
        for (const base of of) {
          push(this.#inheritors, `${language}:${base}`, { file, name });
        }
      }
    }
    for (const [file, { flows, calls, aliases }] of facts) {
      for (const flow of flows) {
        const { origin } = flow;
        if (origin.kind === 'source') continue;
        push(this.#byOrigin, origin.kind === 'param' ? `${file}#${origin.function}` : `${file}@${origin.call}`, flow);
      }
      if (this.#isTyped(file)) {
        for (const [call, { external }] of calls.entries())
          push(this.#callsByName, lastOf(external.path), { file, call });
        for (const [name, { path }] of Object.entries(aliases))
          this.#addOtherName(lastOf(path), lastOf(name.split('.')));
        continue;
      }
      for (const call of calls.keys()) {
        for (const callee of this.#calleesOf(file, call))
          push(this.#callers, `${callee.file}#${callee.function.id}`, { file, call });
      }
    }
  }

  #addOtherName(name: string, other: string): void {
    const known = this.#otherNames.get(name);
    if (known === undefined) this.#otherNames.set(name, new Set([other]));
    else known.add(other);
  }

  run(groups: (language: string) => ReadonlySet<string> | undefined): Linked {
    for (const [file, { language, flows, functions }] of this.#facts) {
      const followed = groups(language);
      const isFollowed = ({ origin }: TaintFact) =>
        origin.kind === 'source' && origin.groups.some((group) => followed?.has(group) === true);
      for (const flow of flows) {
        if (isFollowed(flow)) this.#arrive(file, { taint: flow, calls: [] }, flow.target);
      }
      for (const fn of Object.values(functions)) {
        for (const returned of fn.returns) {
          if (isFollowed(returned)) this.#leave(file, fn, { taint: returned, calls: [] }, returned.path);
        }
      }
    }
    // What is not gone to its end asks for no more.
    return {
      matches: [...this.#matches.values()].map(({ match }) => match),
      demands: this.#work > this.#workMax ? [] : this.#waiting.demands(),
      isSpent: this.#work > this.#workMax,
    };
  }

  #arrive(file: string, carried: Carried, target: FlowFact['target']): void {
    this.#work += 1;
    if (this.#work > this.#workMax) return;
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
    if (this.#work > this.#workMax || this.#seen.has(key)) return;
    this.#seen.add(key);
    const top = carried.calls.at(-1);
    const places = top === undefined ? this.#callersOf(file, fn) : [top];
    for (const place of places) {
      const calls = top === undefined ? [] : carried.calls.slice(0, -1);
      this.#follow(place.file, { taint: carried.taint, calls }, `${place.file}@${place.call}`, path, () => true);
    }
  }

  #callersOf(file: string, fn: FunctionFact): readonly Place[] {
    const facts = this.#facts.get(file);
    // A test of Go is called by nobody: no import leads to it. Nor is what runs when a package is loaded.
    if (file.endsWith('_test.go')) return [];
    if (facts === undefined || !this.#isTyped(file)) return this.#callers.get(`${file}#${fn.id}`) ?? [];
    const own = Object.entries(facts.functions).flatMap(([name, { id }]) => (id === fn.id ? [name] : []));
    const names = new Set(own.map((name) => lastOf(name.split('.'))));
    // A set grows while it is gone through.
    for (const name of names) for (const other of this.#otherNames.get(name) ?? []) names.add(other);
    if (facts.language === 'go') names.delete('init');
    for (const name of own) {
      const bases = Object.entries(facts.bases ?? {}).flatMap(([cls, of]) => (name.startsWith(`${cls}.`) ? of : []));
      if (names.has(lastOf(name.split('.')))) this.#waiting.demandCallers(facts.language, file, name, bases);
    }
    // What holds the function under another name is anywhere.
    for (const name of names)
      if (!own.some((one) => lastOf(one.split('.')) === name)) this.#waiting.demand(facts.language, [name]);
    return [...names]
      .flatMap((name) => this.#callsByName.get(name) ?? [])
      .filter((place) =>
        this.#calleesOf(place.file, place.call).some((callee) => callee.file === file && callee.function.id === fn.id),
      );
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
      if (facts === undefined) this.#waiting.demandFile(file, rest[0] ?? '');
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
    this.#waiting.demand(language, [type, method]);
    const classes = this.#inheritors.get(`${language}:${type}`) ?? [];
    const callees = classes.flatMap(({ file, name }): Callee[] => {
      const fn = ownOf(this.#facts.get(file)?.functions ?? {}, `${name}.${method}`);
      return fn === undefined ? [] : [{ file, function: fn }];
    });
    return callees.length > IMPLEMENTATIONS_MAX ? [] : callees;
  }
}

/** The last name of a path; what a call gives has the name of what is called. */
function lastOf(path: readonly string[]): string {
  return path.findLast((segment) => segment !== '()') ?? '';
}

function push<V>(into: Map<string, V[]>, key: string, value: V): void {
  const known = into.get(key);
  if (known === undefined) into.set(key, [value]);
  else known.push(value);
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
