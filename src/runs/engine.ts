import { type Clock, isFault, reasonOf } from '../base/index.ts';
import { type Database, listen, type Listener } from '../database/index.ts';
import type { DriverPort } from '../engine/index.ts';
import { openFinished, QUEUE_FINISHED_CHANNEL, type QueueTables } from '../queue/index.ts';
import { consumeRefChanges, openRefChanges, type RefChange } from '../repo/index.ts';
import type { ServerEngineDeps } from './deps.ts';
import { fault } from './faults.ts';
import { follow, repositoriesToFollow } from './follow.ts';
import { Lane } from './lane.ts';
import type { Prepared } from './prepare.ts';
import { runOfFailure, runsOfChange } from './ref-changes.ts';
import type { RepositoryDriverDeps } from './repository-driver.ts';
import { openPlace, type Place, placeOrNothing } from './repository.ts';
import { dueSchedules, runSchedules, syncSchedules } from './schedule.ts';
import type { RunTables } from './tables.ts';
import { begin } from './work.ts';

/** What is taken at once. */
const CHANGES_MAX = 1000;
const FINISHED_MAX = 200;
const FOLLOWS_MAX = 200;
const DUE_MAX = 1000;
/** How often a commit that can't be looked at is tried. */
const REFUSALS_MAX = 3;
const POLL_MS = 1000;
const BACKOFF_MS_MIN = 200;
const BACKOFF_MS_MAX = 30_000;
const JOBS_MAX = 1_000_000;
/** Commits whose list of hosts is kept. */
const EGRESS_TEXTS_MAX = 100;
const EGRESS_PATH = '.sallyport/egress.yml';

export class ServerEngine {
  readonly deps: ServerEngineDeps;
  readonly #driverDeps: RepositoryDriverDeps;
  readonly #lanes = new Map<number, Lane>();
  readonly #failures = new Map<string, { count: number; until: number }>();
  /** How often a change could not be looked at. */
  readonly #refusals = new Map<number, number>();
  readonly #egressTexts = new Map<string, Promise<string | undefined>>();
  readonly #going = new Map<string, Promise<void>>();
  #wanted = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #listener: Listener | undefined;
  #stopped = false;

  constructor(deps: ServerEngineDeps) {
    this.deps = deps;
    const clock = anchoredClock(deps.clock);
    this.#driverDeps = {
      db: deps.db,
      log: deps.log,
      audit: { now: () => deps.clock.now(), random: (bytes) => deps.random(bytes) },
      clock,
      random: (bytes) => deps.random(bytes),
      jobsMax: deps.jobsMax ?? JOBS_MAX,
      onEnded: deps.onEnded,
      labelsOf: deps.labelsOf ?? ((labels) => labels.map((label) => label.toLowerCase())),
      gitFor: (run) => deps.gitFor(run),
      egressFor: (run, job, trusted) => this.#egressFor(run, job, trusted),
    };
  }

  /** Takes up what an earlier process left, and goes on. */
  async start(): Promise<void> {
    const open = await this.deps.db
      .as<RunTables>()
      .selectFrom('run_run')
      .select('repository_id')
      .distinct()
      .where('state', '<>', 'done')
      .execute();
    for (const { repository_id: id } of open) this.#due(Number(id));
    this.#listener = listen(this.deps.db, [QUEUE_FINISHED_CHANNEL], () => this.wake(), this.deps.log);
    this.#running = this.#loop();
  }

  /** Ends after the steps that go on. What is left lies in the database. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.#listener?.close();
    await this.#running;
    await Promise.all(this.#going.values());
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()));
  }

  /** Something may be there to take: a ref moved, or a job ended. May be called at any time, and often. */
  wake(): void {
    this.#wanted = true;
    this.#wake?.();
  }

  /** Steps of a repository. */
  lane(repositoryId: number): Lane {
    if (this.#stopped) throw fault('stopped', 'the engine is stopping');
    const known = this.#lanes.get(repositoryId);
    if (known !== undefined) return known;
    const lane = new Lane(this.#driverDeps, repositoryId, () => this.#due(repositoryId));
    this.#lanes.set(repositoryId, lane);
    return lane;
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      this.#wanted = false;
      try {
        await this.#look();
      } catch (thrown) {
        this.deps.log.error('The engine could not look for work', { reason: reasonOf(thrown) });
      }
      // What came while it looked is looked at again: no wake-up is lost.
      if (!this.#wanted && !this.#stopped) await this.#sleep();
    }
  }

  #sleep(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.deps.pollMs ?? POLL_MS);
    this.#wake = resolve;
    return promise.finally(() => {
      clearTimeout(timer);
      this.#wake = undefined;
    });
  }

  /** Begins what there is to do, each repository by itself: one that takes long keeps no other waiting. */
  async #look(): Promise<void> {
    const { db, clock } = this.deps;
    const [finished, changes, follows, due] = await Promise.all([
      repositoriesWithFinished(db),
      db.transaction((tx) => openRefChanges(tx, CHANGES_MAX)),
      repositoriesToFollow(db),
      dueSchedules(db, clock.now(), DUE_MAX),
    ]);
    for (const id of finished) this.#begin(`finished ${id}`, () => this.#takeFinished(id));
    for (const [id, own] of Map.groupBy(changes, ({ repositoryId }) => repositoryId)) {
      this.#begin(`changes ${id}`, () => this.#takeChanges(id, own));
    }
    for (const [id, own] of Map.groupBy(due, ({ repositoryId }) => repositoryId)) {
      this.#begin(`schedules ${id}`, () => runSchedules(this, id, own));
    }
    for (const id of follows) this.#begin(`follows ${id}`, () => follow(this, id, FOLLOWS_MAX));
  }

  /** What is being done is not begun a second time; at its end it is looked at again. */
  #begin(what: string, work: () => Promise<void>): void {
    if (this.#going.has(what)) return;
    const going = this.#attempt(what, work).then((done) => {
      this.#going.delete(what);
      if (done) this.wake();
    });
    this.#going.set(what, going);
  }

  /** What fails keeps nothing else from going on: it is left alone for a while, longer each time. */
  async #attempt(what: string, work: () => Promise<void>): Promise<boolean> {
    const before = this.#failures.get(what);
    const now = this.#driverDeps.clock.monotonic();
    if (before !== undefined && before.until > now) return false;
    try {
      await work();
      this.#failures.delete(what);
      return true;
    } catch (thrown) {
      if (this.#stopped) return false;
      const count = (before?.count ?? 0) + 1;
      const wait = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(count, 10));
      this.#failures.set(what, { count, until: now + wait });
      this.deps.log.error('Work of the engine failed', { what, count, reason: reasonOf(thrown) });
      return false;
    }
  }

  #due(id: number): void {
    if (this.#stopped) return;
    const step = () => this.lane(id).run(async (_driver, doStep) => doStep(() => undefined));
    void this.#attempt(`due ${id}`, step).then((done) => {
      if (!done && !this.#stopped) setTimeout(() => this.#due(id), BACKOFF_MS_MIN).unref();
    });
  }

  async #takeFinished(id: number): Promise<void> {
    await this.lane(id).run(async (driver, step) => {
      const finished = await openFinished(this.deps.db, { repositoryId: id, limit: FINISHED_MAX });
      await step(() => {
        for (const job of finished) driver.finish(job);
      });
    });
  }

  async #takeChanges(id: number, changes: readonly RefChange[]): Promise<void> {
    const ids = changes.map(({ id: change }) => change);
    await this.lane(id).run(async (driver, step) => {
      const place = await placeOrNothing(this.deps, id);
      const prepared = place === undefined ? [] : await this.#prepareChanges(place, changes);
      await step(async (batch) => {
        batch.writes.push((tx) => consumeRefChanges(tx, ids, this.deps.clock.now()));
        batch.writes.push(async (tx) => this.deps.onMoved?.(tx, changes));
        for (const one of prepared) begin(driver, batch, one);
        const main = place === undefined ? undefined : `refs/heads/${place.repository.defaultBranch}`;
        const moved = changes.findLast(({ ref, cause }) => ref === main && cause === 'push');
        if (place !== undefined && moved !== undefined) await syncSchedules(this, { place, change: moved, batch });
      });
      for (const change of ids) this.#refusals.delete(change);
    });
  }

  async #prepareChanges(place: Place, changes: readonly RefChange[]): Promise<readonly Prepared[]> {
    const prepared: Prepared[] = [];
    for (const change of changes) {
      try {
        prepared.push(...(await runsOfChange(change, { place, changes, deps: this.deps })));
      } catch (thrown) {
        if (!isFault(thrown)) throw thrown;
        const count = (this.#refusals.get(change.id) ?? 0) + 1;
        this.#refusals.set(change.id, count);
        if (count < REFUSALS_MAX) throw thrown;
        // A commit that can't be looked at must not keep the others of its repository waiting for ever.
        prepared.push(await runOfFailure(change, { place, deps: this.deps, thrown }));
      }
    }
    return prepared;
  }

  /** Every job of a commit asks for the same file, and a commit never changes. */
  #egressText(repositoryId: number, commit: string): Promise<string | undefined> {
    const key = `${repositoryId} ${commit}`;
    const read = this.#egressTexts.get(key) ?? this.#readEgress(repositoryId, commit);
    this.#egressTexts.delete(key);
    this.#egressTexts.set(key, read);
    const [oldest = key] = this.#egressTexts.keys();
    if (this.#egressTexts.size > EGRESS_TEXTS_MAX) this.#egressTexts.delete(oldest);
    read.catch(() => this.#egressTexts.delete(key));
    return read;
  }

  async #readEgress(repositoryId: number, commit: string): Promise<string | undefined> {
    const { files } = await openPlace(this.deps, repositoryId);
    return files.readText(commit, EGRESS_PATH);
  }

  readonly #egressFor: DriverPort['egressFor'] = async (run, job, trusted) => {
    const commit = trusted ? run.event.sha : run.event.baseSha;
    const text = commit === undefined ? undefined : await this.#egressText(run.event.repository.id, commit);
    const read = this.deps.readEgress(text, job);
    if (read.ok) return read.policy;
    const [error] = read.errors;
    const where = error === undefined ? '' : `${error.file}:${error.line}:${error.column}: ${error.message}`;
    throw fault('workflow-invalid', where);
  };
}

async function repositoriesWithFinished(db: Database): Promise<readonly number[]> {
  const rows = await db
    .as<QueueTables>()
    .selectFrom('queue_job')
    .select('repository_id')
    .distinct()
    .where('state', '=', 'finished')
    .execute();
  return rows.map(({ repository_id: id }) => Number(id));
}

/** Wall time at the start, and from there a clock that does not jump: deadlines that are kept stay comparable. */
export function anchoredClock(clock: Clock): Clock {
  const offset = clock.now() - clock.monotonic();
  return { now: () => clock.now(), monotonic: () => offset + clock.monotonic() };
}
