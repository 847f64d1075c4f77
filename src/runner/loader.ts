import { type DataObject, excerpt } from '../base/index.ts';
import { type ActionStore, pinKey, type ResolvedAction } from '../actions/index.ts';
import type { JobLease } from '../protocol/index.ts';
import { INSIDE, type Mount } from '../sandbox/index.ts';
import { type ActionManifest, parseUses, type UsesReference, type WorkflowReader } from '../workflow/index.ts';
import { builtinFor } from './builtin.ts';
import { fault } from './faults.ts';
import type { Writer } from './launch.ts';

/** A manifest is small; more than this is not one. */
export const MANIFEST_BYTES_MAX = 512 * 1024;

/** An action that a step uses, ready to run. */
export type LoadedAction = {
  /** As people know it: `actions/checkout@v4`, `./tool`. */
  readonly title: string;
  readonly manifest: ActionManifest;
  /** Folder of the action inside; program paths of the manifest are below it. */
  readonly inside: string;
  readonly mounts: readonly Mount[];
  readonly writer: Writer;
  readonly builtin: boolean;
  /** `github.action_repository` and `github.action_ref` while it runs. */
  readonly github: DataObject;
  /** What `$/` and nested references mean in it. */
  readonly origin: Origin;
  /** A remark for the log, as a tag that was resolved without a lock. */
  readonly note?: string;
  /** Path in the repository of an action of the workspace. */
  readonly localPath?: string;
};

/** Where a `uses:` stands: in the workflow, or in an action of some repository. */
export type Origin = { readonly kind: 'workflow' } | { readonly kind: 'action'; readonly action: ResolvedAction };

export type LoaderDeps = {
  readonly actions: ActionStore;
  readonly reader: WorkflowReader;
  /** The workspace as the job sees it. */
  readonly workspace: string;
  /** Reads a file below the workspace by a program inside the sandbox; nothing when it is not there. */
  readWorkspace(path: string, bytesMax: number): Promise<string | undefined>;
  /** Whether a folder of the workspace has the content that the commit of the run has there. */
  isCommitted(path: string): Promise<boolean>;
  /** The folder of the checked-out commit as kept outside the sandbox, for `$/` and for levels that demand it. */
  commitFolder(): Promise<{ readonly folder: string; readText(path: string): Promise<string | undefined> }>;
};

/** Finds, fetches and reads the actions of one job. Remote ones are read once. */
export class ActionLoader {
  readonly #lease: JobLease;
  readonly #deps: LoaderDeps;
  readonly #remote = new Map<string, Promise<LoadedAction>>();

  constructor(lease: JobLease, deps: LoaderDeps) {
    this.#lease = lease;
    this.#deps = deps;
  }

  /** Faults: `runner/action-missing`, `runner/action-unlocked`, `runner/action-invalid`, and those of the action store. */
  load(uses: string, origin: Origin, options: { readonly fromCommit: boolean }): Promise<LoadedAction> {
    const reference = parseUses(uses);
    if (reference === undefined)
      throw fault('action-missing', `uses: ${excerpt(uses)} is not a reference to an action`);
    return this.#loadReference(uses, reference, origin, options);
  }

  /** Whether an action of the workspace is what the commit of the run contains. */
  async isCommitted(action: LoadedAction): Promise<boolean> {
    return action.localPath !== undefined && this.#deps.isCommitted(action.localPath);
  }

  async #loadReference(
    uses: string,
    reference: UsesReference,
    origin: Origin,
    options: { readonly fromCommit: boolean },
  ): Promise<LoadedAction> {
    switch (reference.kind) {
      case 'docker':
        throw fault('container-unsupported', `uses: ${excerpt(uses)} is a Docker action`);
      case 'remote': {
        const known = this.#remote.get(uses) ?? this.#loadRemote(uses, reference);
        this.#remote.set(uses, known);
        return known;
      }
      case 'self':
        if (origin.kind === 'action') return this.#fromStore(uses, origin.action, reference.path);
        return this.#fromCommit(uses, reference.path, origin);
      case 'local':
        return options.fromCommit
          ? this.#fromCommit(uses, reference.path, origin)
          : this.#fromWorkspace(uses, reference.path, origin);
    }
  }

  async #loadRemote(uses: string, reference: UsesReference & { kind: 'remote' }): Promise<LoadedAction> {
    const { owner, repo, path, ref } = reference;
    if (this.#lease.builtin) {
      const builtin = builtinFor(owner, repo, path, ref);
      if (builtin !== undefined) {
        return {
          title: uses,
          manifest: builtin.manifest,
          inside: '/sallyport',
          mounts: [],
          writer: 'remote-action',
          builtin: true,
          github: { action_repository: `${owner}/${repo}`, action_ref: ref },
          origin: { kind: 'workflow' },
        };
      }
    }
    const key = pinKey({ owner, repo }, ref);
    const pin = this.#lease.actions[key];
    if (pin === undefined && this.#lease.locked) throw fault('action-unlocked', `${key} is not in the lock`);
    const action = await this.#deps.actions.resolve({ owner, repo, ref }, pin);
    const loaded = await this.#fromStore(uses, action, path);
    if (action.by !== 'ref') return loaded;
    return {
      ...loaded,
      note: `${key} is ${action.commit} now, by its tag or branch: \`sallyport lock\` would pin it.`,
    };
  }

  async #fromStore(title: string, action: ResolvedAction, path: string): Promise<LoadedAction> {
    const where = `${action.owner}/${action.repo}@${action.ref}`;
    const read = (file: string) => this.#deps.actions.readText(action, file, MANIFEST_BYTES_MAX);
    const manifest = await this.#manifest(where, path, read);
    const root = `${INSIDE.actions}/${action.owner}/${action.repo}/${action.commit}`;
    return {
      title,
      manifest,
      inside: path === '' ? root : `${root}/${path}`,
      mounts: [{ host: await this.#deps.actions.folder(action), inside: root, writable: false }],
      writer: 'remote-action',
      builtin: false,
      github: { action_repository: `${action.owner}/${action.repo}`, action_ref: action.ref },
      origin: { kind: 'action', action },
    };
  }

  /** From the commit of the run, kept outside the sandbox: what a step wrote into the workspace does not count. */
  async #fromCommit(title: string, path: string, origin: Origin): Promise<LoadedAction> {
    const commit = await this.#deps.commitFolder();
    const relative = path.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
    const manifest = await this.#manifest(title, relative, (file) => commit.readText(file), 'local-action-changed');
    const root = `${INSIDE.actions}/_commit`;
    return {
      title,
      manifest,
      inside: relative === '' || relative === '.' ? root : `${root}/${relative}`,
      mounts: [{ host: commit.folder, inside: root, writable: false }],
      writer: 'local-action',
      builtin: false,
      github: {},
      origin,
    };
  }

  async #fromWorkspace(title: string, path: string, origin: Origin): Promise<LoadedAction> {
    const relative = path.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
    const manifest = await this.#manifest(title, relative, (file) =>
      this.#deps.readWorkspace(file, MANIFEST_BYTES_MAX),
    );
    const root = this.#deps.workspace;
    return {
      title,
      manifest,
      inside: relative === '' || relative === '.' ? root : `${root}/${relative}`,
      mounts: [],
      writer: 'local-action',
      builtin: false,
      github: {},
      origin,
      localPath: relative,
    };
  }

  async #manifest(
    title: string,
    path: string,
    read: (file: string) => Promise<string | undefined>,
    missing: 'action-missing' | 'local-action-changed' = 'action-missing',
  ): Promise<ActionManifest> {
    const folder = path === '' || path === '.' ? '' : `${path}/`;
    for (const name of ['action.yml', 'action.yaml']) {
      const text = await read(`${folder}${name}`);
      if (text === undefined) continue;
      const reading = await this.#deps.reader.readAction(`${title}: ${folder}${name}`, text);
      if (reading.ok) return reading.value;
      const [first] = reading.errors;
      throw fault('action-invalid', `${first?.file}:${first?.line}:${first?.column}: ${first?.message}`);
    }
    if ((await read(`${folder}Dockerfile`)) !== undefined)
      throw fault('container-unsupported', `${title} is a Docker action`);
    throw fault(missing, `${title} has no ${folder}action.yml or ${folder}action.yaml`);
  }
}
