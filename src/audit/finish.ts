import type { Fix, Match, TreeOutcome } from '../finding/index.ts';
import type { AuditFacts, OpenMatch } from './facts.ts';
import { none } from './fixes.ts';

/** Levels of actions and workflows that call each other. */
const CALLS_MAX = 10;

/** The look over all files: calls between them, the lock, comments of pins that contradict each other. */
export function finish(facts: ReadonlyMap<string, AuditFacts>): TreeOutcome {
  const matches: Match[] = [];
  const tree = createTree(facts);
  const doubted = contradictions(facts);
  const reported = new Set<Match>();
  for (const [path, file] of facts) {
    for (const open of file.open) {
      const resolved = resolveOpen(open, path, tree);
      if (resolved !== undefined) matches.push(resolved);
    }
    for (const { key, match } of file.unlocked) if (!tree.isLocked(path, key)) matches.push(match);
    for (const pin of file.pins) {
      const locked =
        tree.commitOf(path, `${pin.repository}@${pin.version}`) ??
        tree.commitOf(path, `${pin.repository}@v${pin.version.replace(/^v/, '')}`);
      if (locked !== undefined && locked !== pin.sha) {
        matches.push({
          ...pin.match,
          message: `The comment says ${pin.version}, but that release is ${locked.slice(0, 12)} in the lock`,
        });
      } else if (doubted.has(pin)) matches.push(pin.match);
    }
    for (const call of file.calls) {
      for (const { event, input, match } of tree.find(path, call.path)?.onCall ?? []) {
        const isBrought = call.events.includes(event) && (input === undefined || call.heads.includes(input));
        if (isBrought) reported.add(match);
      }
    }
    for (const inherit of file.inherits) matches.push(inheritOf(inherit, tree.find(path, inherit.path)));
  }
  return { matches: [...matches, ...withoutRepeats(reported)] };
}

/** Several events may bring the same. */
function withoutRepeats(matches: ReadonlySet<Match>): readonly Match[] {
  const found = new Map<string, Match>();
  for (const match of matches) {
    const { file, line, column } = match.place;
    found.set(`${match.rule} ${file} ${line} ${column}`, match);
  }
  return [...found.values()];
}

type Tree = {
  readonly find: (from: string, path: string) => AuditFacts | undefined;
  readonly isLocked: (workflow: string, key: string) => boolean;
  readonly commitOf: (workflow: string, key: string) => string | undefined;
};

function rootOf(path: string): string {
  const at = path.lastIndexOf('.github/');
  return at < 0 ? '' : path.slice(0, at);
}

function createTree(facts: ReadonlyMap<string, AuditFacts>): Tree {
  const locks = new Map<string, NonNullable<AuditFacts['lock']>>();
  for (const [path, { lock }] of facts) if (lock !== undefined) locks.set(rootOf(path), lock);
  return {
    find(from, path) {
      for (const root of new Set([rootOf(from), ''])) {
        for (const name of [path, `${path}/action.yml`, `${path}/action.yaml`]) {
          const found = facts.get(`${root}${name.replace(/^\//, '')}`);
          if (found !== undefined) return found;
        }
      }
      return undefined;
    },
    isLocked(workflow, key) {
      const root = rootOf(workflow);
      const lock = locks.get(root);
      return (
        lock !== undefined &&
        Object.hasOwn(lock.dependencies, key) &&
        (lock.workflows.length === 0 || lock.workflows.includes(workflow.slice(root.length)))
      );
    },
    commitOf: (workflow, key) => locks.get(rootOf(workflow))?.dependencies[key],
  };
}

function resolveOpen(open: OpenMatch, from: string, tree: Tree): Match | undefined {
  const called = tree.find(from, open.on.path);
  if (called === undefined) return undefined;
  if (open.on.kind === 'output') {
    const outputs = called.outputs.filter(({ name }) => name === open.on.name || open.on.name === '*' || name === '*');
    const isTainted = outputs.some(
      ({ isOutside, inputs }) => isOutside || inputs.some((input) => open.tainted.includes(input)),
    );
    return isTainted ? open.match : undefined;
  }
  const sink = sinkOf(called, open.on.name, { from, tree, depth: 0 });
  if (sink === undefined) return undefined;
  return {
    ...open.match,
    trace: [...(open.match.trace ?? []), { place: sink.place, message: 'it becomes part of a script here' }],
  };
}

function sinkOf(
  called: AuditFacts,
  input: string,
  at: { readonly from: string; readonly tree: Tree; readonly depth: number },
): AuditFacts['sinks'][number] | undefined {
  const own = called.sinks.find((sink) => sink.input === input);
  if (own !== undefined || at.depth >= CALLS_MAX) return own;
  for (const pass of called.passes) {
    if (pass.input !== input) continue;
    const next = at.tree.find(at.from, pass.path);
    const found = next === undefined ? undefined : sinkOf(next, pass.to, { ...at, depth: at.depth + 1 });
    if (found !== undefined) return found;
  }
  return undefined;
}

type Pin = AuditFacts['pins'][number];

/**
 * Pins whose comment can't be right beside what others of the same repository say of the same commit: `v4` and `v4.2.2` can. Where most
 * agree, the few others are doubted, else all.
 */
function contradictions(facts: ReadonlyMap<string, AuditFacts>): ReadonlySet<Pin> {
  const pins = [...facts].flatMap(([path, file]) => file.pins.map((pin) => ({ pin, root: rootOf(path) })));
  const groups = Map.groupBy(pins, ({ pin: { repository, sha }, root }) => `${root} ${repository} ${sha}`);
  const doubted = new Set<Pin>();
  for (const group of groups.values()) {
    const own = group.map(({ pin }) => pin);
    const agreeing = own.map((pin) => own.filter((other) => mayBeSame(pin.version, other.version)).length);
    const most = Math.max(...agreeing);
    if (own.every((_, index) => agreeing[index] === own.length)) continue;
    const isClear = most >= own.length * AGREEING_SHARE;
    for (const [index, pin] of own.entries()) if (!isClear || (agreeing[index] ?? 0) < most) doubted.add(pin);
  }
  return doubted;
}

/** From this share on, comments that agree are taken to be right. */
const AGREEING_SHARE = 2 / 3;

function mayBeSame(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => `${version.replace(/^v/, '')}.`);
  return left !== undefined && right !== undefined && (left.startsWith(right) || right.startsWith(left));
}

function inheritOf(inherit: AuditFacts['inherits'][number], called: AuditFacts | undefined): Match {
  const names = called?.secrets;
  const fix: Fix =
    names === undefined
      ? none('what the called workflow needs is not known', 'List the secrets that it declares under `secrets:`.')
      : {
          kind: 'edit',
          title: names.length === 0 ? 'Hand over no secret' : `Hand over ${names.join(', ')} only`,
          edits: [{ ...inherit.edit, text: secretsText(names, inherit.indent) }],
        };
  return { ...inherit.match, fix };
}

function secretsText(names: readonly string[], indent: number): string {
  if (names.length === 0) return ' {}';
  return names.map((name) => `\n${' '.repeat(indent + 2)}${name}: \${{ secrets.${name} }}`).join('');
}
