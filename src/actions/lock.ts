import { type Digest, excerpt, isFault } from '../base/index.ts';
import {
  type ActionManifest,
  type Job,
  parseUses,
  type Reading,
  type Step,
  type UsesReference,
  type Workflow,
  type WorkflowReader,
  nearestAction,
} from '../workflow/index.ts';
import { fault } from './faults.ts';
import { digestKey, EMPTY_LOCK, type Lock, type LockDigests, type LockedDependency } from './lock-file.ts';
import { isFullSha, parsePinKey, pinKey, type RepositoryName } from './reference.ts';
import type { ActionStore, ResolvedAction } from './store.ts';

/** Levels of composite actions and reusable workflows in one another, as GitHub has it. */
const NESTING_MAX = 10;
const DEPENDENCIES_MAX = 2000;
const MANIFEST_BYTES_MAX = 512 * 1024;

export type LockRequest = {
  readonly workflows: readonly Workflow[];
  readonly reader: Pick<WorkflowReader, 'readAction' | 'readWorkflow'>;
  readonly store: ActionStore;
  /** The text of `PATH/action.yml` (or `.yaml`) of the repository that is locked, or nothing. */
  readonly localAction: (path: string) => Promise<string | undefined>;
  readonly previous?: { readonly lock: Lock; readonly digests: LockDigests };
  /** `owner/repo` of what is looked up again, or `all`. What is left out keeps its locked commit. */
  readonly update?: 'all' | readonly string[];
  /** Workflows of the previous lock that are not in `workflows` stay in it. */
  readonly keepOthers?: boolean;
  /** `owner/repo` that look like a misspelling of a well-known name and are meant. */
  readonly allowNames?: readonly string[];
  /** Whether the action runs without its code: then a source that is missing is a remark instead of a fault. */
  readonly isBuiltin?: (reference: RepositoryName & { readonly path: string; readonly ref: string }) => boolean;
};

/** How a lock differs from the previous one. */
export type LockChange =
  | { readonly kind: 'added'; readonly key: string; readonly commit: string }
  | { readonly kind: 'removed'; readonly key: string; readonly commit: string }
  | { readonly kind: 'moved'; readonly key: string; readonly from: string; readonly to: string };

export type LockResult = {
  readonly lock: Lock;
  readonly digests: LockDigests;
  readonly changes: readonly LockChange[];
  /** Sentences for the person: missing ids, and what is not locked. */
  readonly remarks: readonly string[];
};

/** Something that is run: an action or workflow of a locked repository, or one of the repository itself. */
type Node =
  | { readonly kind: 'action' | 'workflow'; readonly key: string; readonly path: string }
  | { readonly kind: 'local'; readonly path: string };

/**
 * Locks all that the workflows run, transitively: actions, what composite and local actions use, and reusable workflows
 * with what they use. The same input gives the same lock. Faults: those of the store, `actions/manifest-missing`,
 * `actions/manifest-invalid`, `actions/nesting-too-deep`, `actions/uses-invalid`.
 */
export async function lockWorkflows(request: LockRequest): Promise<LockResult> {
  const collector = new Collector(request);
  const workflows = new Map<string, readonly string[]>();
  for (const workflow of request.workflows) {
    workflows.set(
      workflow.path,
      await collector.keysOf(await collector.jobs(workflow.jobs, { kind: 'local', path: '' })),
    );
  }
  const previous = request.previous?.lock ?? EMPTY_LOCK;
  const others = request.keepOthers === true ? Object.entries(previous.workflows) : [];
  const kept = others.filter(([path]) => !workflows.has(path));
  const all = Object.fromEntries([...kept, ...workflows]);
  const needed = new Set(Object.values(all).flat());
  const keptEntries = Object.entries(previous.dependencies).filter(([key]) => needed.has(key));
  const dependencies = Object.fromEntries([...keptEntries, ...(await collector.entries(previous))]);
  const lock: Lock = { version: previous.version, workflows: all, dependencies };
  const digests = digestsFor(lock, { ...request.previous?.digests, ...collector.digests() });
  return { lock, digests, changes: changesBetween(previous, lock), remarks: collector.remarks(lock) };
}

function digestsFor(lock: Lock, known: LockDigests): LockDigests {
  const wanted = Object.entries(lock.dependencies).map(([key, entry]) => digestKey(key, entry.commit));
  const found = wanted.flatMap((key): [string, Digest][] => {
    const digest = known[key];
    return digest === undefined ? [] : [[key, digest]];
  });
  return Object.fromEntries(found);
}

function changesBetween(before: Lock, after: Lock): readonly LockChange[] {
  const keys = [...new Set([...Object.keys(before.dependencies), ...Object.keys(after.dependencies)])].sort();
  return keys.flatMap((key): LockChange[] => {
    const from = before.dependencies[key]?.commit;
    const to = after.dependencies[key]?.commit;
    if (from === undefined) return to === undefined ? [] : [{ kind: 'added', key, commit: to }];
    if (to === undefined) return [{ kind: 'removed', key, commit: from }];
    return from === to ? [] : [{ kind: 'moved', key, from, to }];
  });
}

class Collector {
  readonly #request: LockRequest;
  readonly #resolved = new Map<string, ResolvedAction>();
  readonly #children = new Map<string, readonly Node[]>();
  /** Direct dependencies of a locked repository, by key. */
  readonly #uses = new Map<string, Set<string>>();
  readonly #remarks = new Set<string>();

  constructor(request: LockRequest) {
    this.#request = request;
  }

  /** Keys of all that the nodes run and that was found. */
  async keysOf(roots: readonly Node[]): Promise<readonly string[]> {
    const keys = new Set<string>();
    await this.#visit(roots, [], { keys, seen: new Set() });
    // A name without an entry would make the lock unreadable: built-in actions whose source is not there are not held.
    return [...keys].filter((key) => this.#resolved.has(key)).sort();
  }

  async #visit(
    nodes: readonly Node[],
    above: readonly string[],
    found: { keys: Set<string>; seen: Set<string> },
  ): Promise<void> {
    for (const node of nodes) {
      const id = nodeId(node);
      if (above.includes(id) || above.length >= NESTING_MAX) {
        throw fault('nesting-too-deep', [...above, id].join(' uses '));
      }
      if (node.kind !== 'local') found.keys.add(node.key);
      // Seen on another way; a way round was noticed above, a longer way is as deep as the shorter one goes.
      if (found.seen.has(id)) continue;
      await this.#visit(await this.#childrenOf(node), [...above, id], found);
      found.seen.add(id);
    }
  }

  async #childrenOf(node: Node): Promise<readonly Node[]> {
    const id = nodeId(node);
    const known = this.#children.get(id);
    if (known !== undefined) return known;
    const children = await this.#readChildren(node);
    this.#children.set(id, children);
    return children;
  }

  async #readChildren(node: Node): Promise<readonly Node[]> {
    if (node.kind === 'local') {
      const text = await this.#request.localAction(node.path);
      if (text === undefined) throw fault('manifest-missing', `./${node.path} has no action.yml`);
      return this.#stepsOf(await this.#manifest(`./${node.path}/action.yml`, text), node);
    }
    const action = this.#resolved.get(node.key);
    // A built-in action whose source is not there runs nothing else.
    if (action === undefined) return [];
    const read = (path: string) => this.#request.store.readText(action, path, MANIFEST_BYTES_MAX);
    const title = `${node.key}:${node.path}`;
    if (node.kind === 'workflow') {
      const text = await read(node.path);
      if (text === undefined) throw fault('manifest-missing', `${title} is not there`);
      const workflow = valueOf(await this.#request.reader.readWorkflow(title, text));
      return this.jobs(workflow.jobs, node);
    }
    const folder = node.path === '' ? '' : `${node.path}/`;
    const text = (await read(`${folder}action.yml`)) ?? (await read(`${folder}action.yaml`));
    if (text !== undefined) return this.#stepsOf(await this.#manifest(title, text), node);
    if ((await read(`${folder}Dockerfile`)) !== undefined) return [];
    throw fault('manifest-missing', `${title} has no action.yml`);
  }

  async #manifest(title: string, text: string): Promise<ActionManifest> {
    return valueOf(await this.#request.reader.readAction(title, text));
  }

  async #stepsOf(manifest: ActionManifest, origin: Node): Promise<readonly Node[]> {
    return manifest.runs.kind === 'composite' ? this.#steps(manifest.runs.steps, origin) : [];
  }

  /** What the jobs of a workflow use. */
  async jobs(jobs: readonly Job[], origin: Node): Promise<readonly Node[]> {
    const nodes: Node[] = [];
    for (const job of jobs) {
      if (job.kind === 'job') nodes.push(...(await this.#steps(job.steps, origin)));
      else nodes.push(...(await this.#call(job.uses, origin)));
    }
    return nodes;
  }

  async #call(uses: string, origin: Node): Promise<readonly Node[]> {
    const reference = parseUses(uses);
    if (reference === undefined) throw fault('uses-invalid', `uses: ${excerpt(uses)}`);
    switch (reference.kind) {
      case 'remote':
        return [await this.#remote('workflow', reference, origin)];
      case 'local':
      case 'self':
        // In the repository itself the called file is locked as a workflow of its own.
        return origin.kind === 'local' ? [] : [{ kind: 'workflow', key: origin.key, path: reference.path }];
      case 'docker':
        throw fault('uses-invalid', `a job cannot use the image ${excerpt(uses)}`);
    }
  }

  async #steps(steps: readonly Step[], origin: Node): Promise<readonly Node[]> {
    const nodes: Node[] = [];
    for (const step of steps) {
      if (step.kind === 'parallel') nodes.push(...(await this.#steps(step.steps, origin)));
      if (step.kind !== 'uses') continue;
      const reference = parseUses(step.uses);
      if (reference === undefined) throw fault('uses-invalid', `uses: ${excerpt(step.uses)}`);
      const node = await this.#step(reference, origin);
      if (node !== undefined) nodes.push(node);
    }
    return nodes;
  }

  async #step(reference: UsesReference, origin: Node): Promise<Node | undefined> {
    switch (reference.kind) {
      case 'docker':
        this.#remarks.add(`docker://${excerpt(reference.image)} is an image: the lock does not hold it.`);
        return undefined;
      case 'self':
        return origin.kind === 'local'
          ? { kind: 'local', path: reference.path }
          : { kind: 'action', key: origin.key, path: reference.path };
      case 'local':
        if (origin.kind === 'local') return { kind: 'local', path: reference.path };
        this.#remarks.add(`${origin.key} uses ./${reference.path} of the workspace: what that runs is not locked.`);
        return undefined;
      case 'remote':
        return this.#remote('action', reference, origin);
    }
  }

  async #remote(
    kind: 'action' | 'workflow',
    reference: UsesReference & { kind: 'remote' },
    origin: Node,
  ): Promise<Node> {
    const key = pinKey(reference, reference.ref);
    if (!this.#resolved.has(key)) await this.#resolve(key, reference);
    if (origin.kind !== 'local' && this.#resolved.has(key)) {
      const uses = this.#uses.get(origin.key) ?? new Set<string>();
      this.#uses.set(origin.key, uses.add(key));
    }
    return { kind, key, path: reference.path };
  }

  async #resolve(key: string, reference: UsesReference & { kind: 'remote' }): Promise<void> {
    if (this.#resolved.size >= DEPENDENCIES_MAX) throw fault('too-large', `more than ${DEPENDENCIES_MAX} dependencies`);
    this.#refuseLookalike(key, reference);
    try {
      this.#resolved.set(key, await this.#request.store.resolve(reference, this.#pinFor(key)));
    } catch (problem) {
      const isOptional = this.#request.isBuiltin?.(reference) === true && isFault(problem, 'actions/source-missing');
      if (!isOptional) throw problem;
      this.#remarks.add(`${key} is built in and its source is not there: it runs here, but the lock does not hold it.`);
    }
  }

  /** A name that imitates a well-known one is locked only when somebody said so, or had it locked before. */
  #refuseLookalike(key: string, { owner, repo }: RepositoryName): void {
    const suggestion = nearestAction({ owner, repo });
    const name = key.slice(0, key.indexOf('@'));
    const { previous, allowNames = [] } = this.#request;
    const isKnown = previous !== undefined && Object.hasOwn(previous.lock.dependencies, key);
    if (suggestion === undefined || isKnown || allowNames.some((one) => one.toLowerCase() === name)) return;
    throw fault('name-lookalike', `${owner}/${repo} looks like a misspelling of ${suggestion}`);
  }

  #pinFor(key: string): { readonly commit: string; readonly digest?: string } | undefined {
    const { previous, update = [] } = this.#request;
    const entry = previous?.lock.dependencies[key];
    const name = key.slice(0, key.indexOf('@'));
    const isUpdated = update === 'all' || update.some((one) => one.toLowerCase() === name);
    if (entry === undefined || isUpdated) return undefined;
    const digest = previous?.digests[digestKey(key, entry.commit)];
    return { commit: entry.commit, ...(digest === undefined ? {} : { digest }) };
  }

  digests(): LockDigests {
    return Object.fromEntries(
      [...this.#resolved].map(([key, action]) => [digestKey(key, action.commit), action.digest]),
    );
  }

  /** Entries of everything that was resolved. Ids are those of any entry of the same repository. */
  async entries(previous: Lock): Promise<readonly (readonly [string, LockedDependency])[]> {
    const entries: [string, LockedDependency][] = [];
    for (const [key, action] of this.#resolved) {
      const name = key.slice(0, key.indexOf('@'));
      const old = previous.dependencies[key];
      const sibling = Object.entries(previous.dependencies).find(([other]) => other.startsWith(`${name}@`))?.[1];
      const { ownerId, repoId } = old ?? sibling ?? {};
      entries.push([
        key,
        {
          ref: old?.commit === action.commit ? old.ref : await this.#refOf(key, action),
          commit: action.commit,
          ...(ownerId === undefined ? {} : { ownerId }),
          ...(repoId === undefined ? {} : { repoId }),
          ...(old?.hostname === undefined ? {} : { hostname: old.hostname }),
          uses: [...(this.#uses.get(key) ?? [])].filter((used) => this.#resolved.has(used)).sort(),
        },
      ]);
    }
    return entries.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** GitHub's tool wants a tag or branch, also where the workflow names a commit. */
  async #refOf(key: string, action: ResolvedAction): Promise<string> {
    const ref = parsePinKey(key)?.ref ?? action.ref;
    if (!isFullSha(ref)) return ref.replace(/^refs\/(?:heads|tags)\//, '');
    return (await this.#request.store.refOf?.(action, action.commit)) ?? ref;
  }

  remarks(lock: Lock): readonly string[] {
    const without = Object.entries(lock.dependencies).filter(
      ([, entry]) => entry.ownerId === undefined || entry.repoId === undefined,
    );
    const ids =
      without.length === 0
        ? []
        : [
            `${without.length === 1 ? '1 entry has' : `${without.length} entries have`} no owner_id and repo_id, which only GitHub can tell: run \`gh actions-lock\` once before GitHub reads the lock.`,
          ];
    return [...[...this.#remarks].sort(), ...ids];
  }
}

function nodeId(node: Node): string {
  return node.kind === 'local' ? `./${node.path}` : `${node.key}:${node.kind}:${node.path}`;
}

function valueOf<T>(reading: Reading<T>): T {
  if (reading.ok) return reading.value;
  const [first] = reading.errors;
  throw fault(
    'manifest-invalid',
    `${first?.file}:${first?.line}:${first?.column}: ${first?.message}`,
    first === undefined ? {} : { at: { file: first.file, line: first.line, column: first.column } },
  );
}
