import { type Log, reasonOf } from '../base/index.ts';
import type { Batch } from './batch.ts';
import { RepositoryDriver, type RepositoryDriverDeps } from './repository-driver.ts';

/** One sleep, before the time is looked at again: a timer can't hold more. */
const SLEEP_MS_MAX = 60 * 60_000;

/**
 * The steps of one repository, one after the other. A step that fails leaves nothing behind: the driver is dropped and the next step
 * works on what the database has.
 */
export class Lane {
  readonly #deps: RepositoryDriverDeps & { readonly log: Log };
  readonly #repositoryId: number;
  readonly #onDue: () => void;
  #driver: RepositoryDriver | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(deps: RepositoryDriverDeps, repositoryId: number, onDue: () => void) {
    this.#deps = deps;
    this.#repositoryId = repositoryId;
    this.#onDue = onDue;
  }

  /** Does a step when those before it are done. `work` may refuse by throwing before it calls `step`. */
  run<Result>(
    work: (
      driver: RepositoryDriver,
      step: (change: (batch: Batch) => void | Promise<void>) => Promise<void>,
    ) => Promise<Result>,
  ): Promise<Result> {
    const result = this.#last.then(() => this.#run(work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run<Result>(
    work: (
      driver: RepositoryDriver,
      step: (change: (batch: Batch) => void | Promise<void>) => Promise<void>,
    ) => Promise<Result>,
  ): Promise<Result> {
    const driver = this.#driver ?? (await RepositoryDriver.open(this.#deps, this.#repositoryId));
    this.#driver = driver;
    const step = async (change: (batch: Batch) => void | Promise<void>): Promise<void> => {
      try {
        await driver.step(change);
      } catch (thrown) {
        this.#driver = undefined;
        const fields = { repository: this.#repositoryId, reason: reasonOf(thrown) };
        this.#deps.log.error('Step of the engine failed and is taken back', fields);
        throw thrown;
      }
    };
    try {
      return await work(driver, step);
    } finally {
      this.#sleep();
    }
  }

  /** The in-memory state is dropped; the next step builds it again. */
  drop(): void {
    this.#driver = undefined;
  }

  /** Waits for the step that goes on. No further one begins by itself. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#last;
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    const time = this.#driver?.nextTime();
    if (time === undefined || this.#stopped) return;
    const wait = Math.max(10, time - this.#deps.clock.monotonic());
    this.#timer = setTimeout(() => this.#onDue(), Math.min(wait, SLEEP_MS_MAX));
    this.#timer.unref();
  }
}
