import {
  type Clock,
  type Data,
  type DataObject,
  isAtLeast,
  type Log,
  reasonOf,
  type Taint,
  type TrustLevel,
} from '../base/index.ts';
import type { Network } from '../egress/index.ts';
import type { CancelSignal, JobEvent, JobLease, JobSecrets } from '../protocol/index.ts';
import type { Mount, Pod } from '../sandbox/index.ts';
import type { Contexts, Influence, Status } from '../workflow/index.ts';
import { fault } from './faults.ts';
import type { Gateway } from './gateway.ts';
import type { Masker } from './masks.ts';
import type { MatcherSet } from './matchers.ts';

/** A variable of the `env` context. */
export type Variable = { readonly value: string; readonly influenced: boolean };

/** One thing that a step says it built. */
export type Subject = { readonly name: string; readonly digest: string; readonly kind: 'oci' | 'file' };

/** Subjects of one job. Source: the limit of GitHub's GITHUB_ARTIFACTS file. */
const SUBJECTS_MAX = 500;

/** What is left to do after the main steps, last registered first. */
export type PostStep = {
  readonly step: string;
  readonly name: string;
  run(): Promise<void>;
};

/** What of the machine's toolchains a process is told. */
export type Toolchain = {
  /** PATH before what steps add. */
  readonly searchPath: string;
  readonly variables: { readonly [name: string]: string };
};

export type SessionParts = {
  readonly lease: JobLease;
  readonly secrets: JobSecrets;
  readonly pod: Pod;
  readonly network: Network;
  readonly gateway: Gateway;
  readonly masker: Masker;
  readonly matchers: MatcherSet;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: CancelSignal;
  readonly paths: JobPaths;
  readonly runner: DataObject;
  readonly toolchain: Toolchain;
  /** What every process of a step sees besides what the pod mounts. */
  readonly baseMounts: readonly Mount[];
  readonly emit: (event: JobEvent) => void;
};

/** Paths as the job sees them. */
export type JobPaths = {
  readonly workspace: string;
  readonly temp: string;
  readonly toolCache: string;
  readonly home: string;
  readonly eventFile: string;
};

/** The state of one job attempt. Everything that changes while steps run is behind this class. */
export class Session {
  readonly lease: JobLease;
  readonly secrets: JobSecrets;
  readonly pod: Pod;
  readonly network: Network;
  readonly gateway: Gateway;
  readonly masker: Masker;
  readonly matchers: MatcherSet;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: CancelSignal;
  readonly paths: JobPaths;
  readonly runner: DataObject;
  readonly toolchain: Toolchain;
  readonly baseMounts: readonly Mount[];
  /** `env` of the workflow and the job, and what steps wrote to GITHUB_ENV. */
  readonly variables = new Map<string, Variable>();
  /** What steps wrote to GITHUB_PATH, first entry first in PATH. */
  readonly searchPath: string[] = [];
  readonly posts: PostStep[] = [];
  /** Actions whose `pre` ran or whose main began, by the key of the step: their state for `post`. */
  readonly states = new Map<string, Map<string, string>>();
  readonly #emit: (event: JobEvent) => void;
  #level: TrustLevel;
  readonly #taints: Taint[];
  #failed = false;
  #forced = false;
  #timedOut = false;
  #current: string | undefined;
  #sequence = 0;
  readonly #subjects = new Map<string, Subject>();
  #subjectList: Promise<string> | undefined;
  readonly #interrupts = new Map<(state: 'cancel' | 'force') => void, string>();
  readonly #said = new Set<string>();

  constructor(parts: SessionParts) {
    this.lease = parts.lease;
    this.secrets = parts.secrets;
    this.pod = parts.pod;
    this.network = parts.network;
    this.gateway = parts.gateway;
    this.masker = parts.masker;
    this.matchers = parts.matchers;
    this.clock = parts.clock;
    this.log = parts.log;
    this.cancel = parts.cancel;
    this.paths = parts.paths;
    this.runner = parts.runner;
    this.toolchain = parts.toolchain;
    this.baseMounts = parts.baseMounts;
    this.#emit = parts.emit;
    this.#level = parts.lease.level;
    this.#taints = [...parts.lease.taints];
  }

  get level(): TrustLevel {
    return this.#level;
  }

  get taints(): readonly Taint[] {
    return this.#taints;
  }

  /** The step that runs now, for records of the network. With background steps it is the one started last. */
  get currentStep(): string | undefined {
    return this.#current;
  }

  enterStep(step: string): void {
    this.#current = step;
  }

  /** A number that no other file or step of this job has. */
  nextNumber(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** Lowers the level, never raises it. Each drop is kept and reported with its cause. */
  drop(level: TrustLevel, cause: string, source: string, step = this.#current): void {
    if (isAtLeast(level, this.#level)) return;
    this.#level = level;
    const taint: Taint = { level, cause, source, ...(step === undefined ? {} : { step }) };
    this.#taints.push(taint);
    if (level === 'untrusted') this.#withdrawSecrets();
    this.emit({ kind: 'taint', time: this.clock.now(), taint });
  }

  /** Variables of the job that hold a secret are gone for the steps that follow. */
  #withdrawSecrets(): void {
    const texts = Object.values(this.secrets).map((secret) => secret.expose());
    for (const [name, { value }] of this.variables) {
      if (texts.some((text) => text !== '' && value.includes(text))) this.variables.delete(name);
    }
  }

  fail(): void {
    this.#failed = true;
  }

  /** The job's own deadline has passed: what runs is interrupted as by a cancellation. */
  timeOut(): void {
    this.#timedOut = true;
    this.interrupt('cancel');
  }

  /** Ends everything now: no further step starts, not even those with `always()`. */
  force(reason: string): void {
    this.#forced = true;
    this.#failed = true;
    this.say(this.#current ?? ':end', reason, 'error');
    this.interrupt('force');
  }

  get forced(): boolean {
    return this.#forced;
  }

  /** Interrupts what runs now. Steps that start later because of `always()` are not touched by `cancel`. */
  interrupt(state: 'cancel' | 'force'): void {
    for (const listener of this.#interrupts.keys()) listener(state);
  }

  /** Interrupts one background step and the steps of the composite action that it uses. */
  interruptStep(step: string): void {
    for (const [listener, of] of this.#interrupts) {
      if (of === step || of.startsWith(`${step}/`)) listener('cancel');
    }
  }

  onInterrupt(step: string, listener: (state: 'cancel' | 'force') => void): () => void {
    this.#interrupts.set(listener, step);
    return () => this.#interrupts.delete(listener);
  }

  /** Names and digests of what steps declared as built, for provenance. */
  addSubjects(subjects: readonly Subject[]): void {
    const all = new Map([...this.#subjects, ...subjects.map((subject) => [subject.name, subject] as const)]);
    if (all.size > SUBJECTS_MAX) {
      throw fault('env-file', `the job declares more than ${SUBJECTS_MAX} artifacts in GITHUB_ARTIFACTS`);
    }
    for (const [name, subject] of all) this.#subjects.set(name, subject);
    this.#subjectList = undefined;
  }

  /** Sorted by name. */
  get subjects(): readonly Subject[] {
    return [...this.#subjects.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * The host file behind GITHUB_ARTIFACTS_LIST: what steps declared so far. Read-only inside.
   * Source: actions/runner, src/Runner.Worker/ArtifactsListFileCommand.cs.
   */
  subjectList(): Promise<string> {
    const make = async () => {
      const content = JSON.stringify({ version: 1, subjects: this.subjects });
      return (await this.pod.privateFile(`${this.nextNumber()}-artifacts-list`, content)).path;
    };
    this.#subjectList ??= make();
    return this.#subjectList;
  }

  get timedOut(): boolean {
    return this.#timedOut;
  }

  /** `job.status`, and what the status functions of top-level steps see. */
  get status(): Status {
    if (this.cancel.state !== 'none' || this.#timedOut) return 'cancelled';
    return this.#failed ? 'failure' : 'success';
  }

  /** Reports an event. All texts must be masked by the caller, except those of the lease's own names. */
  emit(event: JobEvent): void {
    try {
      this.#emit(event);
    } catch (error) {
      this.log.error('Event sink failed', { job: this.lease.job.id, reason: reasonOf(error) });
    }
  }

  /** A line of the runner itself in a step's log. */
  say(
    step: string,
    text: string,
    style?: 'group' | 'endgroup' | 'command' | 'notice' | 'warning' | 'error' | 'debug',
  ): void {
    for (const line of text.split('\n')) {
      const masked = this.masker.maskText(line);
      this.emit({ kind: 'log', time: this.clock.now(), step, text: masked, ...(style === undefined ? {} : { style }) });
    }
  }

  /** Says a remark once in the whole job. */
  sayOnce(step: string, text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.say(step, text, 'notice');
  }

  /** What an outsider could have written, as expressions of a step with these variables see it. */
  influence(parts: {
    readonly variables: ReadonlyMap<string, Variable>;
    readonly inputs: ReadonlySet<string>;
    readonly steps: ReadonlySet<string>;
  }): Influence {
    const env = new Set(
      [...parts.variables].filter(([, variable]) => variable.influenced).map(([name]) => name.toUpperCase()),
    );
    return {
      level: this.#level,
      env,
      inputs: parts.inputs,
      steps: parts.steps,
      needs: new Set(this.lease.influenced.needs),
      matrix: this.lease.influenced.matrix,
    };
  }

  /** The contexts that do not depend on the step: those of the lease, `job`, `runner`, `secrets` and the token. */
  baseContexts(): Contexts {
    const token = this.gateway.jobToken.expose();
    const secrets: { [name: string]: Data } = { GITHUB_TOKEN: token };
    // What fell to `untrusted` gets no secret any more, whatever it was given before.
    const given = this.#level === 'untrusted' ? {} : this.secrets;
    for (const [name, secret] of Object.entries(given)) secrets[name] = secret.expose();
    return {
      ...this.lease.contexts,
      github: { ...this.lease.contexts['github'], ...this.#githubAdditions(token) },
      job: { status: this.status, check_run_id: this.lease.job.id },
      runner: this.runner,
      secrets,
    };
  }

  #githubAdditions(token: string): DataObject {
    return {
      token,
      job: this.lease.job.definitionId,
      server_url: this.gateway.serverUrl,
      api_url: `${this.gateway.serverUrl}/api/v3`,
      graphql_url: `${this.gateway.serverUrl}/api/graphql`,
      workspace: this.paths.workspace,
      event_path: this.paths.eventFile,
    };
  }
}
