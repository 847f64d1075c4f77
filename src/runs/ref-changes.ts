import type { Actor as AuditActor } from '../auditlog/index.ts';
import { type Fault, isFault } from '../base/index.ts';
import { isTriggered, readWorkflows } from '../engine/index.ts';
import { type CommitFacts, type Event, pushEvent, refChangeEvent, skipsRuns } from '../event/index.ts';
import { type Commit, type RefChange, ZERO } from '../repo/index.ts';
import type { ServerEngineDeps } from './deps.ts';
import { type Asked, type Prepared, type PrepareDeps, prepareRun, prepareUnreadable } from './prepare.ts';
import { originOf, type Place } from './repository.ts';

/** Commits of one push that its payload names. */
const COMMITS_MAX = 50;
/** More tags at once start nothing, as at GitHub: a mirror that is pushed is no request to run. */
const TAGS_MAX = 3;

/** What a moved ref starts. */
export async function runsOfChange(
  change: RefChange,
  {
    place,
    changes,
    deps,
  }: { readonly place: Place; readonly changes: readonly RefChange[]; readonly deps: ServerEngineDeps },
): Promise<readonly Prepared[]> {
  const isTag = change.ref.startsWith('refs/tags/');
  if (change.cause === 'import' || !(isTag || change.ref.startsWith('refs/heads/'))) return [];
  // What a job pushes starts nothing: it would start itself for ever.
  if (change.actor.type === 'job' || change.actor.type === 'system') return [];
  const together = changes.filter(({ push, ref }) => push === change.push && ref.startsWith('refs/tags/'));
  if (isTag && together.length > TAGS_MAX) {
    place.log.info('Tags start nothing: too many at once', { push: change.push, tags: together.length });
    return [];
  }
  const actor = auditActor(change.actor);
  const prepared: Prepared[] = [];
  for (const event of await eventsOf(change, place, deps)) {
    const cause = `ref-change ${change.id} ${event.name}`;
    prepared.push(...(await runsOfEvent(event, { place, deps, actor, cause, chainDepth: 0 })));
  }
  return prepared;
}

/** A commit that can't be looked at: people see a run that says so. */
export async function runOfFailure(
  change: RefChange,
  { place, deps, thrown }: { readonly place: Place; readonly deps: ServerEngineDeps; readonly thrown: Fault },
): Promise<Prepared> {
  const origin = await originOf(deps, place, change.actor);
  const sha = change.kind === 'deleted' ? change.old : change.new;
  const file = '.github/workflows';
  const asked: Asked = {
    event: { ...refChangeEvent(origin, { kind: 'create', about: change.ref, ref: change.ref, sha }), name: 'push' },
    actor: auditActor(change.actor),
    cause: `ref-change ${change.id} failure`,
    chainDepth: 0,
    vars: place.vars,
    files: place.files,
  };
  const problem = { file, line: 1, column: 1, code: thrown.code, message: thrown.message, remedy: thrown.help };
  return prepareUnreadable(file, [problem], { asked, deps: { ...deps, now: () => deps.clock.now() } });
}

function auditActor({ type, id }: RefChange['actor']): AuditActor {
  return { type: type === 'user' || type === 'token' ? type : 'system', id };
}

async function eventsOf(change: RefChange, place: Place, deps: ServerEngineDeps): Promise<readonly Event[]> {
  const { repository, reader, log } = place;
  askAhead(change, place);
  const origin = await originOf(deps, place, change.actor);
  if (change.kind === 'deleted') {
    // Its workflows are those of the default branch: the commit of the ref is gone.
    const ref = `refs/heads/${repository.defaultBranch}`;
    const sha = await reader.resolve(ref);
    return sha === undefined ? [] : [refChangeEvent(origin, { kind: 'delete', about: change.ref, ref, sha })];
  }
  const sha = await reader.resolve(change.new);
  if (sha === undefined) return [];
  const head = await headOf(place, sha);
  const created = refChangeEvent(origin, { kind: 'create', about: change.ref, ref: change.ref, sha });
  const events = change.kind === 'created' ? [created] : [];
  if (skipsRuns(head.message)) {
    log.info('Push asks for no run', { repository: repository.id, change: change.id });
    return events;
  }
  const changedPaths = await pathsOf(change, place, sha);
  const push = pushEvent(origin, {
    ref: change.ref,
    before: change.old,
    after: sha,
    isForced: change.isForced,
    isDirect: change.isDirect && change.ref === `refs/heads/${repository.defaultBranch}`,
    commits: await commitsOf(change, place, { sha, head }),
    head,
    ...(changedPaths === undefined ? {} : { changedPaths }),
  });
  return [...events, push];
}

/** Begins at once what is asked one after the other below: each question to git is a process. Failures are met there. */
function askAhead(change: RefChange, { reader, files }: Place): void {
  if (change.kind === 'deleted' || !change.ref.startsWith('refs/heads/')) return;
  const { old, new: sha } = change;
  const questions: Promise<unknown>[] = [
    reader.resolve(sha),
    reader.listCommits(sha, { limit: 1 }),
    files.listWorkflows(sha),
    ...(change.kind === 'created'
      ? []
      : [
          reader.resolve(old),
          reader.changedPaths(old, sha),
          reader.listCommits(sha, { limit: COMMITS_MAX, without: old }),
        ]),
  ];
  for (const question of questions) question.catch(() => undefined);
}

async function headOf({ reader }: Place, sha: string): Promise<CommitFacts> {
  const [commit] = (await reader.listCommits(sha, { limit: 1 })).items;
  if (commit === undefined)
    return { id: sha, tree: '', message: '', author: NOBODY, committer: { ...NOBODY, date: '' } };
  return factsOf(commit);
}

const NOBODY = { name: '', email: '' };

function factsOf({ oid, tree, message, author, committer }: Commit): CommitFacts {
  return { id: oid, tree, message, author: { name: author.name, email: author.email }, committer };
}

/** What the push brought, newest last. */
async function commitsOf(
  change: RefChange,
  { reader }: Place,
  { sha, head }: { readonly sha: string; readonly head: CommitFacts },
): Promise<readonly CommitFacts[]> {
  if (change.kind === 'created') return [head];
  const without = await reader.resolve(change.old);
  if (without === undefined) return [head];
  const { items } = await reader.listCommits(sha, { limit: COMMITS_MAX, without });
  return items.map(factsOf).reverse();
}

/** The paths that differ from before; of a new branch, from where it left the default branch. Too many are not known. */
async function pathsOf(
  change: RefChange,
  { reader, repository }: Place,
  sha: string,
): Promise<readonly string[] | undefined> {
  if (change.ref.startsWith('refs/tags/')) return undefined;
  try {
    const base = change.kind === 'created' ? await baseOf(reader, repository.defaultBranch, sha) : change.old;
    return (await reader.changedPaths(base, sha)).map(({ path }) => path);
  } catch (thrown) {
    // Path filters then let the event pass: rather a run too many than none.
    if (isFault(thrown, 'repo/too-large')) return undefined;
    throw thrown;
  }
}

async function baseOf(reader: Place['reader'], defaultBranch: string, sha: string): Promise<string> {
  const main = await reader.resolve(`refs/heads/${defaultBranch}`);
  if (main === undefined || main === sha) return ZERO;
  return (await reader.mergeBase(main, sha)) ?? ZERO;
}

export type EventRequest = Pick<Asked, 'actor' | 'cause' | 'chainDepth'> & {
  readonly place: Place;
  readonly deps: ServerEngineDeps;
  /** The path of the one workflow that is meant. */
  readonly only?: string;
};

/** Every workflow of the event's commit that the event triggers, planned. */
export async function runsOfEvent(
  event: Event,
  { place, deps, only, ...about }: EventRequest,
): Promise<readonly Prepared[]> {
  const asked: Asked = { ...about, event, vars: place.vars, files: place.files };
  const tools: PrepareDeps = { ...deps, now: () => deps.clock.now() };
  const files = await readWorkflows([], '', event.sha, { files: place.files, reader: deps.reader });
  const prepared: Prepared[] = [];
  for (const { path, reading } of files) {
    if (only !== undefined && path !== only) continue;
    if (!reading.ok) {
      // Whether it would have run can't be known; a push is told, other events would only repeat it.
      if (event.name === 'push') prepared.push(await prepareUnreadable(path, reading.errors, { asked, deps: tools }));
    } else if (isTriggered(reading.value, event).matches) {
      prepared.push(await prepareRun(reading.value, asked, tools));
    }
  }
  return prepared;
}
