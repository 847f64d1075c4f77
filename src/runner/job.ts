import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionStore, CommitContent } from '../actions/index.ts';
import { type Clock, isAtLeast, isFault, type Log, reasonOf, startTimer } from '../base/index.ts';
import { GATEWAY_PORT, type Network, type NetworkSpec, refusalLine } from '../egress/index.ts';
import type {
  CancelSignal,
  Conclusion,
  EgressRecord,
  JobEvent,
  JobLease,
  JobOutcome,
  JobSecrets,
  WallName,
} from '../protocol/index.ts';
import type { ResultsScope, ResultsStore } from '../results/index.ts';
import { type Bounds, type Executor, INSIDE, type Pod } from '../sandbox/index.ts';
import { evaluateNumber, isInfluencedValue, type WorkflowReader } from '../workflow/index.ts';
import { fault, told } from './faults.ts';
import { createGateway, type Gateway, type GatewayServer } from './gateway.ts';
import { ActionLoader, MANIFEST_BYTES_MAX } from './loader.ts';
import { createMasker } from './masks.ts';
import { MatcherSet } from './matchers.ts';
import { type JobPaths, Session, type Toolchain } from './session.ts';
import { StepRunner } from './steps.ts';
import { isCommitted, makePlaces, readWorkspace, toolPlaces } from './workspace.ts';

/** A job without `timeout-minutes`. Source: GitHub's default. */
const JOB_MINUTES_DEFAULT = 360;
/** How long `always()` steps may run after a cancellation. Source: GitHub's `cancel-timeout-minutes`. */
const CANCEL_MINUTES_DEFAULT = 5;
/** Outputs of one job, together. Source: GitHub's limits. */
const OUTPUTS_BYTES_MAX = 1024 * 1024;
/** Refused hosts that are shown in the logs of a job. All are in the record. */
const REFUSALS_SHOWN_MAX = 1000;

export type RunnerDeps = {
  readonly executor: Executor;
  readonly actions: ActionStore;
  readonly commits: CommitContent;
  readonly results: ResultsStore;
  readonly reader: WorkflowReader;
  readonly openNetwork: (spec: NetworkSpec) => Promise<Network>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: (bytes: number) => Buffer;
  /** Parent of the folders of running jobs. */
  readonly jobsDir: string;
  readonly git: string;
  /** The server that jobs ask for their repository, when it is not on this machine. */
  readonly server?: GatewayServer;
  readonly bounds: Bounds;
  readonly require: readonly WallName[];
  readonly name: string;
  readonly arch: 'X64' | 'ARM64';
  /** Where programs are looked for inside, and the variables that tell where toolchains lie. */
  readonly toolchain: Toolchain;
  /** Host folder of tools in the layout of GitHub's tool cache. */
  readonly toolCache?: string;
  readonly learn: boolean;
  /** Called before the sandbox goes: `--keep`, `--shell`. Returns whether the folders stay. */
  readonly inspect?: (job: FinishedJob) => Promise<{ readonly keep: boolean }>;
};

/** A job whose steps are done and whose sandbox still stands. */
export type FinishedJob = {
  readonly lease: JobLease;
  readonly conclusion: Conclusion;
  readonly pod: Pod;
  readonly workspace: string;
  readonly environment: { readonly [name: string]: string };
};

export type RunJob = (
  lease: JobLease,
  secrets: JobSecrets,
  onEvent: (event: JobEvent) => void,
  cancel: CancelSignal,
) => Promise<JobOutcome>;

/** A runner that executes leases in this process, any number at once. */
export function createRunner(deps: RunnerDeps): RunJob {
  return (lease, secrets, onEvent, cancel) => new JobAttempt(deps, lease, secrets, onEvent, cancel).run();
}

class JobAttempt {
  readonly #deps: RunnerDeps;
  readonly #lease: JobLease;
  readonly #secrets: JobSecrets;
  readonly #emit: (event: JobEvent) => void;
  readonly #cancel: CancelSignal;
  readonly #started: number;
  readonly #refused = new Set<string>();
  #session: Session | undefined;

  constructor(
    deps: RunnerDeps,
    lease: JobLease,
    secrets: JobSecrets,
    onEvent: (event: JobEvent) => void,
    cancel: CancelSignal,
  ) {
    this.#deps = deps;
    this.#lease = lease;
    this.#secrets = secrets;
    this.#emit = onEvent;
    this.#cancel = cancel;
    this.#started = deps.clock.monotonic();
  }

  async run(): Promise<JobOutcome> {
    this.#emit({ kind: 'job-started', time: this.#deps.clock.now(), runner: this.#deps.name });
    const outcome = await this.#attempt();
    this.#emit({
      kind: 'job-finished',
      time: this.#deps.clock.now(),
      conclusion: outcome.conclusion,
      durationMs: Math.round(this.#deps.clock.monotonic() - this.#started),
    });
    return outcome;
  }

  async #attempt(): Promise<JobOutcome> {
    const refusal = this.#unsupported();
    if (refusal !== undefined) return this.#failed(refusal);
    const scratch = join(this.#deps.jobsDir, this.#lease.id);
    await mkdir(scratch, { recursive: true, mode: 0o711 });
    const pod = await this.#deps.executor.open({
      id: this.#lease.id,
      bounds: this.#deps.bounds,
      require: this.#deps.require,
      scratch,
    });
    let keep = false;
    try {
      const gateway = this.#gateway();
      const network = await this.#network(pod, gateway);
      try {
        const session = await this.#open(pod, network, gateway);
        this.#session = session;
        const outcome = await this.#steps(session);
        keep = await this.#inspect(session, outcome.conclusion);
        return outcome;
      } finally {
        await network.close();
        await gateway.close();
      }
    } finally {
      await pod.close({ keep });
    }
  }

  /** With a server, whoever gives contents of commits asks it. */
  #commit(): { readonly gitDir: string; readonly commit: string } {
    const { gitDir = '', commit } = this.#lease.git;
    return { gitDir, commit };
  }

  #failed(reason: string): JobOutcome {
    this.#emit({ kind: 'step-started', time: this.#deps.clock.now(), step: ':setup', name: 'Set up job' });
    this.#emit({ kind: 'log', time: this.#deps.clock.now(), step: ':setup', text: reason, style: 'error' });
    this.#emit({
      kind: 'step-finished',
      time: this.#deps.clock.now(),
      step: ':setup',
      outcome: 'failure',
      conclusion: 'failure',
      durationMs: 0,
    });
    return {
      conclusion: 'failure',
      outputs: {},
      influencedOutputs: [],
      level: this.#lease.level,
      taints: this.#lease.taints,
      reason,
    };
  }

  /** What this runner refuses by name, before anything starts. */
  #unsupported(): string | undefined {
    const { definition } = this.#lease.job;
    const parts = [
      ['container', definition.container],
      ['services', definition.services],
    ] as const;
    for (const [key, part] of parts) {
      if (part === undefined) continue;
      const refusal = fault(
        'container-unsupported',
        `${this.#lease.workflowPath}:${part.at.line}:${part.at.column}: \`${key}:\` can't be run yet.`,
      );
      return told(refusal);
    }
    return undefined;
  }

  #gateway(): Gateway {
    const { contexts, git } = this.#lease;
    const github = contexts['github'] ?? {};
    const text = (name: string) => (typeof github[name] === 'string' ? github[name] : '');
    const [owner = 'local', name = 'repository'] = text('repository').split('/');
    const scope: ResultsScope = {
      repository: text('repository'),
      runId: this.#lease.runId,
      attempt: this.#lease.attempt,
      jobId: this.#lease.job.id,
      level: () => this.#session?.level ?? this.#lease.level,
      ref: text('ref'),
      readableRefs: this.#lease.readableRefs,
      taint: (level, source) => this.#session?.drop(level, 'artifact', source),
    };
    return createGateway({
      port: GATEWAY_PORT,
      results: this.#deps.results,
      scope,
      git,
      gitPath: this.#deps.git,
      ...(this.#deps.server === undefined ? {} : { server: this.#deps.server }),
      repository: { owner, name, id: text('repository_id'), ownerId: text('repository_owner_id') },
      lease: this.#lease,
      clock: this.#deps.clock,
      random: this.#deps.random,
      log: this.#deps.log,
    });
  }

  #network(pod: Pod, gateway: Gateway): Promise<Network> {
    return this.#deps.openNetwork({
      enter: pod.enter,
      policy: this.#lease.egress,
      served: [{ port: GATEWAY_PORT, onConnection: (socket) => gateway.onConnection(socket) }],
      onRecord: (record) => this.#onEgress(record),
      currentStep: () => this.#session?.currentStep,
      learn: this.#deps.learn,
    });
  }

  #onEgress(raw: EgressRecord): void {
    const time = this.#deps.clock.now();
    const record = this.#masked(raw);
    this.#emit({ kind: 'egress', time, record });
    if (record.verdict !== 'denied' || this.#session === undefined) return;
    const step = record.step ?? this.#session.currentStep ?? ':setup';
    // A name is asked for twice, for both families of addresses, and tools try again: one line each step is enough.
    const line = `${step}\0${record.host}\0${record.port}`;
    if (this.#refused.has(line) || this.#refused.size >= REFUSALS_SHOWN_MAX) return;
    this.#refused.add(line);
    this.#session.say(step, refusalLine(record), 'warning');
  }

  /** Labels of a name that was asked for, and a program's path, can be made of a secret. */
  #masked(record: EgressRecord): EgressRecord {
    const masker = this.#session?.masker;
    if (masker === undefined) return record;
    const process = record.process === undefined ? {} : { process: masker.maskText(record.process) };
    return { ...record, host: masker.maskText(record.host), ...process };
  }

  /** Prepares everything that steps stand on. No process of the job has run yet: its folders are still ours. */
  async #open(pod: Pod, network: Network, gateway: Gateway): Promise<Session> {
    const repository = this.#lease.contexts['github']?.['repository'];
    const name = typeof repository === 'string' ? repository.slice(repository.indexOf('/') + 1) : 'repository';
    const workspace = `${INSIDE.work}/${name}/${name}`;
    const toolCache = `${INSIDE.work}/_tool`;
    await makePlaces(pod, { folders: [`${name}/${name}`, '_tool'], links: [] });
    if (this.#deps.toolCache !== undefined) await makePlaces(pod, await toolPlaces(this.#deps.toolCache, '_tool'));
    await pod.setNetworkFiles({ resolvConf: network.resolvConf, hosts: network.hosts });
    const event = this.#lease.contexts['github']?.['event'] ?? {};
    const eventFile = await pod.privateFile('event.json', `${JSON.stringify(event, undefined, 2)}\n`);
    const paths: JobPaths = {
      workspace,
      temp: INSIDE.temp,
      toolCache,
      home: INSIDE.home,
      eventFile: `${INSIDE.event}/event.json`,
    };
    const masker = createMasker();
    for (const secret of Object.values(this.#secrets)) masker.add(secret.expose());
    masker.add(gateway.jobToken.expose());
    masker.add(gateway.runtimeToken.expose());
    return new Session({
      lease: this.#lease,
      secrets: this.#secrets,
      pod,
      network,
      gateway,
      masker,
      matchers: new MatcherSet(),
      clock: this.#deps.clock,
      log: this.#deps.log,
      cancel: this.#cancel,
      paths,
      toolchain: this.#deps.toolchain,
      baseMounts: [{ host: eventFile.path, inside: paths.eventFile, writable: false }],
      runner: {
        name: this.#deps.name,
        os: 'Linux',
        arch: this.#deps.arch,
        environment: 'self-hosted',
        temp: paths.temp,
        tool_cache: toolCache,
        workspace: `${INSIDE.work}/${name}`,
        ...(this.#lease.debug ? { debug: '1' } : {}),
      },
      emit: this.#emit,
    });
  }

  async #steps(session: Session): Promise<JobOutcome> {
    const { definition } = this.#lease.job;
    const loader = new ActionLoader(this.#lease, {
      actions: this.#deps.actions,
      reader: this.#deps.reader,
      workspace: session.paths.workspace,
      readWorkspace: (path, bytesMax) => readWorkspace(session, path, bytesMax),
      isCommitted: (path) => isCommitted(session, this.#deps.commits, path),
      commitFolder: async () => ({
        folder: await this.#deps.commits.folder(this.#commit()),
        readText: (path) => this.#deps.commits.readText(this.#commit(), path, MANIFEST_BYTES_MAX),
      }),
    });
    const runner = new StepRunner(session, loader);
    const { frame } = runner;
    const stop = await this.#deadlines(session);
    try {
      const ready = await this.#setUp(session, runner);
      if (ready) {
        await runner.actions.runPre(frame, definition.steps);
        await runner.run(frame, definition.steps);
      }
      await runner.actions.runPosts();
      return await this.#complete(session, runner);
    } finally {
      stop();
    }
  }

  /** Evaluates the job's environment and loads its actions. A failure here fails the job before its first step. */
  async #setUp(session: Session, runner: StepRunner): Promise<boolean> {
    const started = this.#deps.clock.monotonic();
    const step = ':setup';
    session.enterStep(step);
    session.emit({ kind: 'step-started', time: this.#deps.clock.now(), step, name: 'Set up job' });
    let conclusion: Conclusion = 'success';
    try {
      this.#explain(session);
      for (const tree of [this.#lease.workflowEnv, this.#lease.job.definition.env]) {
        const { added } = await runner.frame.withEnv(tree, session.variables, step);
        for (const [name, variable] of added) session.variables.set(name, variable);
      }
      await runner.actions.loadRemote(this.#lease.job.definition.steps, step, runner.frame.origin);
    } catch (error) {
      if (!isFault(error))
        this.#deps.log.error('Setting up a job failed', { job: this.#lease.job.id, reason: reasonOf(error) });
      session.say(step, isFault(error) ? told(error) : reasonOf(error), 'error');
      session.fail();
      conclusion = 'failure';
    }
    session.emit({
      kind: 'step-finished',
      time: this.#deps.clock.now(),
      step,
      outcome: conclusion,
      conclusion,
      durationMs: Math.round(this.#deps.clock.monotonic() - started),
    });
    return conclusion === 'success';
  }

  #explain(session: Session): void {
    const say = (text: string) => session.say(':setup', text);
    say(`Runner: ${this.#deps.name} (${this.#deps.executor.name}, ${this.#lease.isolation} isolation)`);
    say(`Trust level: ${this.#lease.level}`);
    for (const taint of this.#lease.taints) say(`  ${taint.level}: ${taint.source}`);
    const permissions = Object.entries(this.#lease.permissions).map(([scope, access]) => `${scope}: ${access}`);
    say(`Token permissions: ${permissions.length === 0 ? 'none' : permissions.join(', ')}`);
    const allowed = this.#lease.egress.allow;
    if (this.#deps.learn) say('Network: every public name is allowed and recorded (--learn)');
    else say(allowed.length === 0 ? 'Network: nothing is allowed' : `Network: ${allowed.length} hosts are allowed`);
  }

  /** Starts the job's deadline and follows cancellation. Returns what stops both. */
  async #deadlines(session: Session): Promise<() => void> {
    const { definition } = this.#lease.job;
    const scope = { contexts: session.baseContexts() };
    const minutes = await evaluateNumber(definition.timeoutMinutes ?? JOB_MINUTES_DEFAULT, scope);
    const graceMinutes = await evaluateNumber(definition.cancelTimeoutMinutes ?? CANCEL_MINUTES_DEFAULT, scope);
    const stops: (() => void)[] = [];
    const late = () => session.force('The steps did not end in time after the cancellation.');
    const forceLater = () => stops.push(startTimer(graceMinutes * 60_000, late));
    const off = this.#cancel.onChange((state) => {
      if (state === 'cancel') {
        session.interrupt('cancel');
        forceLater();
      } else if (state === 'force') session.force('The job was ended by force.');
    });
    const timeOut = () => {
      session.say(session.currentStep ?? ':setup', `The job has run longer than its ${minutes} minutes.`, 'error');
      session.timeOut();
      forceLater();
    };
    stops.push(startTimer(minutes * 60_000, timeOut));
    return () => {
      off();
      for (const stop of stops) stop();
    };
  }

  async #complete(session: Session, runner: StepRunner): Promise<JobOutcome> {
    const conclusion = session.status;
    const { outputs, influencedOutputs } = await this.#outputs(session, runner);
    const unserved = await session.network.countUnserved();
    if (unserved.packets > 0) {
      session.say(':end', `${unserved.packets} packets went nowhere: no service of the sandbox took them.`, 'notice');
    }
    return {
      conclusion,
      outputs,
      influencedOutputs,
      level: session.level,
      taints: session.taints,
      ...(await this.#environmentUrl(session, runner)),
      ...(session.subjects.length === 0 ? {} : { subjects: session.subjects }),
      ...(session.timedOut ? { reason: 'the job has run longer than its timeout-minutes' } : {}),
    };
  }

  /** Outputs that hold a secret are withheld, as on GitHub. */
  async #outputs(
    session: Session,
    runner: StepRunner,
  ): Promise<{ outputs: { [name: string]: string }; influencedOutputs: string[] }> {
    const { frame } = runner;
    const variables = frame.variables();
    const influence = frame.influence(variables);
    const outputs: { [name: string]: string } = {};
    const influencedOutputs: string[] = [];
    let bytes = 0;
    for (const { name, value } of this.#lease.job.definition.outputs) {
      const text = await frame.text(value, variables, ':end');
      if (text !== '' && session.masker.maskText(text) !== text) {
        session.say(':end', `Output '${name}' is withheld: it may contain a secret.`, 'warning');
        continue;
      }
      bytes += Buffer.byteLength(text);
      if (bytes > OUTPUTS_BYTES_MAX) throw fault('output-too-large', `outputs of ${this.#lease.job.key}`);
      outputs[name] = text;
      const written =
        typeof value !== 'string' &&
        value.parts.some((part) => 'expression' in part && isInfluencedValue(part.expression, influence, text));
      if (written || !isAtLeast(session.level, 'branch')) influencedOutputs.push(name);
    }
    return { outputs, influencedOutputs };
  }

  async #environmentUrl(session: Session, runner: StepRunner): Promise<{ environmentUrl?: string }> {
    const url = this.#lease.job.definition.environment?.url;
    if (url === undefined) return {};
    const text = await runner.frame.text(url, session.variables, ':end');
    return text === '' ? {} : { environmentUrl: session.masker.maskText(text) };
  }

  async #inspect(session: Session, conclusion: Conclusion): Promise<boolean> {
    if (this.#deps.inspect === undefined) return false;
    const environment = Object.fromEntries([...session.variables].map(([name, variable]) => [name, variable.value]));
    const { keep } = await this.#deps.inspect({
      lease: this.#lease,
      conclusion,
      pod: session.pod,
      workspace: session.paths.workspace,
      environment,
    });
    return keep;
  }
}
