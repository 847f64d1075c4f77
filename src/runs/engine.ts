import { type Clock, reasonOf } from '../base/index.ts';
import type { DriverPort, EngineEvent } from '../engine/index.ts';
import { consumeRefChanges, openRefChanges, type RefChange } from '../repo/index.ts';
import type { Batch } from './batch.ts';
import type { ServerEngineDeps } from './deps.ts';
import { Lane } from './lane.ts';
import type { Prepared } from './prepare.ts';
import type { FinishedJob } from './queue.ts';
import { runsOfChange } from './ref-changes.ts';
import type { RepositoryDriver, RepositoryDriverDeps } from './repository-driver.ts';
import { openPlace, type Place } from './repository.ts';
import type { RunTables } from './tables.ts';
import { fault } from './faults.ts';
import { isFault } from '../base/index.ts';

/** What is taken at once. */
const CHANGES_MAX = 100;
const FINISHED_MAX = 200;
const POLL_MS = 1000;
/** After failures a repository is left alone, longer each time. */
const BACKOFF_MS_MIN = 200;
const BACKOFF_MS_MAX = 30_000;
const JOBS_MAX = 1_000_000;
const EGRESS_PATH = '.sallyport/egress.yml';

export class ServerEngine {
  readonly deps: ServerEngineDeps;
  readonly #driverDeps: RepositoryDriverDeps;
  readonly #lanes = new Map<number, Lane>();
  readonly #failures = new Map<number, { count: number; until: number }>();
  #wanted = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(deps: ServerEngineDeps) {
    this.deps = deps;
    const clock = anchoredClock(deps.clock);
    this.#driverDeps = {
      db: deps.db,
      queue: deps.queue,
      log: deps.log,
      audit: { now: () => deps.clock.now(), random: (bytes) => deps.random(bytes) },
      clock,
      random: (bytes) => deps.random(bytes),
      jobsMax: deps.jobsMax ?? JOBS_MAX,
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
    this.#running = this.#loop();
  }

  /** Ends after the steps that go on. What is left lies in the database. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.#running;
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

  async #look(): Promise<void> {
    const changes = await this.deps.db.transaction((tx) => openRefChanges(tx, CHANGES_MAX));
    const finished = await this.deps.queue.openFinished(this.deps.db, FINISHED_MAX);
    const ids = new Set([...changes, ...finished].map(({ repositoryId }) => repositoryId));
    const works = [...ids].map((id) =>
      this.#attempt(id, async () => {
        const own = finished.filter(({ repositoryId }) => repositoryId === id);
        if (own.length > 0) await this.#takeFinished(id, own);
        const moved = changes.filter(({ repositoryId }) => repositoryId === id);
        if (moved.length > 0) await this.#takeChanges(id, moved);
      }),
    );
    const done = await Promise.all(works);
    // A full page: there may be more.
    const isFull = changes.length === CHANGES_MAX || finished.length === FINISHED_MAX;
    if (isFull && done.some((one) => one)) this.#wanted = true;
  }

  /** One repository that fails keeps no other from going on. */
  async #attempt(id: number, work: () => Promise<void>): Promise<boolean> {
    const before = this.#failures.get(id);
    const now = this.#driverDeps.clock.monotonic();
    if (before !== undefined && before.until > now) return false;
    try {
      await work();
      this.#failures.delete(id);
      return true;
    } catch (thrown) {
      const count = (before?.count ?? 0) + 1;
      const wait = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(count, 10));
      this.#failures.set(id, { count, until: now + wait });
      this.deps.log.error('Work on a repository failed', { repository: id, count, reason: reasonOf(thrown) });
      return false;
    }
  }

  #due(id: number): void {
    if (this.#stopped) return;
    void this.#attempt(id, () => this.lane(id).run(async (_driver, step) => step(() => undefined))).then((done) => {
      if (done || this.#stopped) return;
      setTimeout(() => this.#due(id), BACKOFF_MS_MAX).unref();
    });
  }

  async #takeFinished(id: number, finished: readonly FinishedJob[]): Promise<void> {
    await this.lane(id).run(async (driver, step) =>
      step(() => {
        for (const job of finished) driver.finish(job);
      }),
    );
  }

  async #takeChanges(id: number, changes: readonly RefChange[]): Promise<void> {
    const ids = changes.map(({ id: change }) => change);
    const consume = (batch: Batch) => {
      batch.writes.push((tx) => consumeRefChanges(tx, ids, this.deps.clock.now()));
    };
    await this.lane(id).run(async (driver, step) => {
      const prepared = await this.#prepareChanges(id, changes);
      await step((batch) => {
        consume(batch);
        for (const one of prepared) begin(driver, batch, one);
      });
    });
  }

  async #prepareChanges(id: number, changes: readonly RefChange[]): Promise<readonly Prepared[]> {
    let place: Place;
    try {
      place = await openPlace(this.deps, id);
    } catch (thrown) {
      // Archived, stopped or deleted since: nothing runs there.
      if (!isFault(thrown, 'runs/repository-missing')) throw thrown;
      return [];
    }
    const prepared: Prepared[] = [];
    for (const change of changes) prepared.push(...(await runsOfChange(change, { place, changes, deps: this.deps })));
    return prepared;
  }

  readonly #egressFor: DriverPort['egressFor'] = async (run, job, trusted) => {
    const { files } = await openPlace(this.deps, run.event.repository.id);
    const commit = trusted ? run.event.sha : run.event.baseSha;
    const text = commit === undefined ? undefined : await files.readText(commit, EGRESS_PATH);
    const read = this.deps.readEgress(text, job);
    if (read.ok) return read.policy;
    const [error] = read.errors;
    const where = error === undefined ? '' : `${error.file}:${error.line}:${error.column}: ${error.message}`;
    throw fault('workflow-invalid', where);
  };
}

/** Puts a prepared run into a step. */
export function begin(driver: RepositoryDriver, batch: Batch, prepared: Prepared): void {
  batch.writes.push((tx) => prepared.write(tx));
  batch.entries.push(...prepared.entries);
  if (prepared.started === undefined) {
    prepared.events.forEach((event: EngineEvent, at) => batch.events.push({ event, attempt: 1, seq: at + 1 }));
    return;
  }
  driver.add(batch, prepared.started.run, prepared.started.planned);
}

/** Wall time at the start, and from there a clock that does not jump: deadlines that are kept stay comparable. */
export function anchoredClock(clock: Clock): Clock {
  const offset = clock.now() - clock.monotonic();
  return { now: () => clock.now(), monotonic: () => offset + clock.monotonic() };
}
