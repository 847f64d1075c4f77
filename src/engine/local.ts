import { type DataObject, type Digest, excerpt, lowestLevel } from '../base/index.ts';
import { type Actor, commitNames, type Event, type GitFacts, githubContext, localEvent } from '../event/index.ts';
import { decideLocalRun } from '../gate/index.ts';
import { type Plan, planWorkflow } from '../plan/index.ts';
import type { EgressPolicy, PinnedAction } from '../protocol/index.ts';
import { type Ids, openIds, openRunRecords, type RunRecord, type RunRecords } from '../run/index.ts';
import type { Diagnostic } from '../workflow/index.ts';
import { beginRun } from './begin.ts';
import { type CommitFiles, openCommitFiles } from './commit-files.ts';
import { LocalDriver } from './local-driver.ts';
import { jobFacts } from './facts.ts';
import { fault } from './faults.ts';
import { createGit, type Git } from './git.ts';
import { type LocalRunDeps, type LocalRunOptions, type LocalRunResult, SERVER_URL } from './options.ts';
import { pinDirectUses } from './pin.ts';
import { reusedOutcome } from './reuse.ts';
import { type ActiveRun, activeRun } from './scope.ts';
import { filterJobs, type SelectedWorkflow, selectWorkflows } from './select.ts';
import { publishRefs, repositoryName, type Snapshot } from './snapshot.ts';
import { summariesOf } from './summaries.ts';
import { refuseUnknownKeys, refuseUnknownMatrix } from './wanted.ts';
import { calledWorkflows, readWorkflows } from './workflows.ts';

const LOCK_PATH = '.github/workflows/actions.lock';
const DIGESTS_PATH = '.github/workflows/actions.digests.json';
const EGRESS_PATH = '.sallyport/egress.yml';
/** What artifacts and logs are kept for by default, as GitHub says it. */
const RETENTION_DAYS = 90;

/** What all runs of one invocation share. */
type Session = {
  readonly options: LocalRunOptions;
  readonly deps: LocalRunDeps;
  readonly git: Git;
  readonly ids: Ids;
  readonly records: RunRecords;
  readonly snapshot: Snapshot;
  readonly files: CommitFiles;
  readonly facts: GitFacts;
  readonly actor: Actor;
  readonly vars: DataObject;
  /** Egress files by commit: every job asks for one. */
  readonly egressTexts: Map<string, Promise<string | undefined>>;
};

/** A planned and permitted run, before it starts. */
type Prepared = { readonly run: ActiveRun; readonly runName: string; readonly notes: readonly string[] };

/**
 * `sallyport run`: makes the event and the snapshot, plans every workflow that is to run, asks the gate, then runs the jobs.
 * Everything is planned before anything starts: one refused plan and nothing runs.
 */
export async function runLocally(options: LocalRunOptions, deps: LocalRunDeps): Promise<LocalRunResult> {
  const snapshot = (await deps.begun) ?? (await beginRun(options, deps));
  if (snapshot === undefined) {
    const message = `${options.folder} has no workflows in .github/workflows`;
    return { kind: 'nothing', reason: 'no-workflows', message };
  }
  const session = await openSession(options, deps, snapshot);
  const workflows = await readWorkflows(options.files, session.snapshot.folder, session.snapshot.commit, {
    files: session.files,
    reader: deps.reader,
  });
  if (workflows.length === 0) {
    const message = `${session.snapshot.folder} has no workflows in .github/workflows`;
    return { kind: 'nothing', reason: 'no-workflows', message };
  }
  const selection = await selectWorkflows(workflows, {
    options,
    eventFor: (name) => eventFor(session, name),
  });
  if (selection.errors.length > 0) return { kind: 'refused', errors: selection.errors };
  if (selection.selected.length === 0) return { kind: 'nothing', reason: 'no-match', message: selection.message };
  const prepared: Prepared[] = [];
  const errors: Diagnostic[] = [];
  const reusable = new Map<number, RunRecord>();
  for (const selected of selection.selected) {
    const one = await prepare(session, selected, reusable);
    if ('errors' in one) errors.push(...one.errors);
    else if ('run' in one) prepared.push(one);
  }
  if (errors.length > 0) return { kind: 'refused', errors };
  if (prepared.length === 0) {
    return {
      kind: 'nothing',
      reason: 'no-match',
      message: 'nothing failed in the last run: there is nothing to repeat',
    };
  }
  refuseUnused(
    options,
    prepared.map(({ run }) => run),
  );
  await publish(session, prepared);
  const driver = makeDriver(session, reusable);
  for (const one of prepared) {
    announce(session, one);
    driver.add(one.run);
  }
  const conclusion = await driver.drive();
  return { kind: 'finished', conclusion, remarks: selection.remarks };
}

/** What the person asked for and nothing would heed is refused: a slip of the pen must not run something else. */
function refuseUnused(options: LocalRunOptions, runs: readonly ActiveRun[]): void {
  const roots = runs.map(({ plan }) => plan.root);
  refuseUnknownKeys(options, roots);
  refuseUnknownMatrix(options, roots);
  const names = Object.keys(options.inputs);
  const takesInputs = runs.some(({ event }) => /^(workflow|repository)_dispatch$/.test(event.name));
  if (names.length > 0 && !takesInputs) {
    const events = [...new Set(runs.map(({ event }) => event.name))].join(', ');
    throw fault('inputs-unused', `--input ${excerpt(names.join(', '))} with the event ${events}`);
  }
}

async function openSession(options: LocalRunOptions, deps: LocalRunDeps, snapshot: Snapshot): Promise<Session> {
  const git = createGit(deps.git, deps.gitEnv);
  const ids = openIds(deps.stateDir);
  const files = openCommitFiles(snapshot.gitDir, git);
  const { owner, name } = repositoryName(snapshot);
  const names = commitNames(options.payload, snapshot.defaultBranch);
  const [commits, repositoryId, ownerId, actorId] = await Promise.all([
    knownCommits(names, snapshot, files),
    ids.ofName('repository', `${owner}/${name}`),
    ids.ofName('owner', owner),
    ids.ofName('user', options.actor),
  ]);
  const facts: GitFacts = {
    owner,
    name,
    repositoryId,
    ownerId,
    defaultBranch: snapshot.defaultBranch,
    ...(snapshot.branch === undefined ? {} : { branch: snapshot.branch }),
    ...(snapshot.tag === undefined ? {} : { tag: snapshot.tag }),
    commit: snapshot.commit,
    dirty: snapshot.dirty,
    ...(snapshot.head === undefined ? {} : { head: snapshot.head }),
    commits,
  };
  return {
    options,
    deps,
    git,
    ids,
    records: openRunRecords(deps.stateDir),
    snapshot,
    files,
    facts,
    actor: { login: options.actor, id: actorId },
    vars: options.vars,
    egressTexts: new Map(),
  };
}

/** Refs are answered by the snapshot, which also knows the branches of `origin`; commits by git. */
async function knownCommits(
  names: readonly string[],
  snapshot: Snapshot,
  files: CommitFiles,
): Promise<{ readonly [name: string]: string }> {
  const refs = names.filter((name) => snapshot.refs[name] !== undefined);
  const shas = names.filter((name) => !name.startsWith('refs/'));
  const found = await files.resolve(shas);
  return { ...found, ...Object.fromEntries(refs.map((name) => [name, snapshot.refs[name] ?? ''])) };
}

/** The event, and the paths that it changed. */
async function eventFor(session: Session, eventName: string | undefined): Promise<Event> {
  const { options, facts, actor, deps, snapshot, files } = session;
  const make = (changedPaths: readonly string[] | undefined): Event =>
    localEvent({
      facts: changedPaths === undefined ? facts : { ...facts, changedPaths },
      actor,
      ...(eventName === undefined ? {} : { eventName }),
      ...(options.payload === undefined ? {} : { payload: options.payload }),
      inputs: options.inputs,
      serverUrl: SERVER_URL,
      now: deps.clock.now(),
    });
  const event = make(undefined);
  const base = event.name.startsWith('pull_request') ? event.baseSha : snapshot.head?.parent;
  if (base === undefined) return event;
  const changed = await files.changedPaths(base, facts.commit);
  return changed === undefined ? event : make(changed);
}

async function prepare(
  session: Session,
  { workflow, event, notes: selectionNotes }: SelectedWorkflow,
  reusable: Map<number, RunRecord>,
): Promise<Prepared | { readonly errors: readonly Diagnostic[] } | { readonly nothing: true }> {
  const { options, deps, ids, snapshot } = session;
  const before = options.failed ? await session.records.last(snapshot.folder, workflow.path) : undefined;
  if (options.failed && (before === undefined || before.conclusion === 'success')) return { nothing: true };
  const counter = `run-of-${(await ids.ofName('workflow', `${snapshot.folder}\0${workflow.path}`)).toString()}`;
  const runId = before?.runId ?? (await ids.take('run'));
  const runNumber = before?.runNumber ?? (await ids.take(counter));
  const attempt = before === undefined ? 1 : before.attempt + 1;
  if (before !== undefined) reusable.set(runId, before);
  const github = githubContext(event, {
    runId,
    runNumber,
    attempt,
    workflowName: workflow.name ?? workflow.path,
    workflowPath: workflow.path,
    serverUrl: SERVER_URL,
    retentionDays: RETENTION_DAYS,
  });
  const notes = [...selectionNotes, ...event.notes];
  const lock = await readLock(session, event);
  const filtered = filterJobs(workflow, options.jobs);
  const planning = await planWorkflow({
    event,
    workflow: filtered,
    github,
    vars: session.vars,
    readWorkflow: calledWorkflows({
      files: session.files,
      reader: deps.reader,
      commit: event.sha,
      actions: deps.actions,
      ...lock,
    }),
    ...lock,
  });
  if (!planning.ok) return { errors: planning.errors };
  const pinned = await pinDirectUses(planning.plan, notes, { ...deps, builtin: options.builtin });
  const { plan, digest } = pinned ?? planning;
  const decision = decideLocalRun(factsOf(plan, digest, session));
  if (!decision.permitted) {
    const [denial] = decision.denials;
    throw fault('not-permitted', `${denial?.message ?? 'denied'} (${denial?.rule ?? ''}): ${denial?.remedy ?? ''}`);
  }
  notes.push(...planning.notes, ...decision.withheld.map(({ message }) => message));
  if (snapshot.dirty) notes.push('The work tree differs from the last commit: jobs get it as it is now.');
  const run = activeRun(
    { runId, runNumber, attempt },
    { plan, digest, event, github: planning.github, vars: session.vars },
    { permit: decision.permit, now: deps.clock.now() },
  );
  return { run, runName: planning.runName, notes };
}

/** The lock of the commit that the workflow comes from: a change brings its own, and runs at its own level. */
async function readLock(
  { deps, files }: Session,
  event: Event,
): Promise<{ readonly pins: { readonly [reference: string]: PinnedAction }; readonly locked: boolean }> {
  const [lock, digests] = await Promise.all([
    files.readText(event.sha, LOCK_PATH),
    files.readText(event.sha, DIGESTS_PATH),
  ]);
  return deps.readLock(lock, digests);
}

function factsOf(plan: Plan, planDigest: Digest, { options, deps }: Session): Parameters<typeof decideLocalRun>[0] {
  return {
    planDigest,
    level: plan.level,
    jobs: jobFacts(plan.root),
    offeredSecrets: Object.keys(options.secrets),
    now: deps.clock.now(),
  };
}

/** Makes the refs of all events fetchable: all branches and tags of the person, at `untrusted` only what the event is about. */
async function publish({ snapshot, facts }: Session, prepared: readonly Prepared[]): Promise<void> {
  const untrusted = prepared.some(({ run }) => run.plan.level === 'untrusted');
  const refs: Record<string, string> = {};
  for (const [ref, commit] of Object.entries(snapshot.refs)) {
    const isShared = ref.startsWith('refs/tags/') || ref === `refs/heads/${snapshot.defaultBranch}`;
    if (!untrusted || isShared) refs[ref] = commit;
  }
  if (snapshot.branch !== undefined) refs[`refs/heads/${snapshot.branch}`] = snapshot.commit;
  for (const { run } of prepared) {
    const { event } = run;
    refs[event.ref] = event.sha;
    const change = /^refs\/pull\/(\d+)\/merge$/.exec(event.ref);
    if (change !== null) refs[`refs/pull/${change[1]}/head`] = facts.commit;
    const base = event.baseRef;
    if (base !== undefined && event.baseSha !== undefined) refs[`refs/heads/${base}`] ??= event.baseSha;
  }
  refs[`refs/heads/${snapshot.defaultBranch}`] ??= snapshot.commit;
  await publishRefs(snapshot.gitDir, refs, `refs/heads/${snapshot.branch ?? snapshot.defaultBranch}`);
}

function announce({ deps, options }: Session, { run, runName, notes }: Prepared): void {
  const jobs = summariesOf({ key: undefined, name: '', workflow: run.plan.root }, options);
  for (const { key } of jobs) run.announced.add(key);
  deps.onEvent({
    kind: 'run-planned',
    time: deps.clock.now(),
    runId: run.runId,
    workflow: run.plan.workflow,
    runName: runName === '' ? run.plan.workflow.name : runName,
    event: run.plan.event.name,
    level: lowestLevel(run.plan.level, run.permit.level),
    taints: run.plan.taints,
    planDigest: run.planDigest,
    jobs,
    notes,
  });
}

function makeDriver(session: Session, reusable: ReadonlyMap<number, RunRecord>): LocalDriver {
  const { options, deps, ids, snapshot } = session;
  return new LocalDriver({
    options,
    deps,
    ids,
    gitFor: (run) => ({ gitDir: snapshot.gitDir, commit: run.event.sha }),
    egressFor: (run, job, trusted) => egressFor(session, run, job, trusted),
    reuse: (run, instance) => reusedOutcome(run, instance, reusable.get(run.runId)?.jobs),
    onFinished: async (ended, run) => {
      await session.records.save({
        version: 1,
        runId: run.runId,
        runNumber: run.runNumber,
        attempt: run.attempt,
        folder: snapshot.folder,
        workflow: run.plan.workflow,
        event: { name: run.event.name, ref: run.event.ref, sha: run.event.sha, dirty: snapshot.dirty },
        planDigest: run.planDigest,
        startedAt: run.startedAt,
        ...ended,
      });
    },
  });
}

/** `.sallyport/egress.yml`: of the snapshot, and of the base when the job is not trusted. No file there: nothing is open. */
async function egressFor(
  { deps, files, egressTexts }: Session,
  run: ActiveRun,
  job: { readonly id: string; readonly environment?: string },
  trusted: boolean,
): Promise<EgressPolicy> {
  const commit = trusted ? run.event.sha : run.event.baseSha;
  const text =
    commit === undefined ? undefined : await once(egressTexts, commit, () => files.readText(commit, EGRESS_PATH));
  const read = deps.readEgress(text, job);
  if (read.ok) return read.policy;
  const [error] = read.errors;
  const where = error === undefined ? '' : `${error.file}:${error.line}:${error.column}: ${error.message}`;
  throw fault('egress-invalid', where);
}

function once<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}
