import type { ServerEngineDeps } from './deps.ts';
import { ServerEngine } from './engine.ts';
import {
  cancel,
  dispatch,
  type DispatchOrder,
  type Order,
  repositoryDispatch,
  rerun,
  type RerunOrder,
} from './orders.ts';
import { workflowsAt } from './workflow-list.ts';

export type RunEngine = {
  /** Takes up what an earlier process left. */
  start(): Promise<void>;
  /** Ends after the steps that go on; jobs go on at their runners. */
  stop(): Promise<void>;
  /** Something may be there to take. May be called at any time, and often. */
  wake(): void;
  dispatch(order: DispatchOrder): Promise<{ readonly runIds: readonly number[] }>;
  repositoryDispatch(
    order: Order & {
      readonly repositoryId: number;
      readonly type: string;
      readonly payload: { readonly [key: string]: unknown };
    },
  ): Promise<{ readonly runIds: readonly number[] }>;
  rerun(order: RerunOrder): Promise<{ readonly attempt: number }>;
  cancel(order: Order & { readonly runId: number; readonly force: boolean }): Promise<void>;
  /** What the files of a branch or tag can be started with. */
  workflows(asked: { readonly repositoryId: number; readonly ref: string }): ReturnType<typeof workflowsAt>;
};

/** The engine of a server. One process at a time may have one on a database: a second one's steps fail, and it looks again. */
export function createServerEngine(deps: ServerEngineDeps): RunEngine {
  const engine = new ServerEngine(deps);
  return {
    start: () => engine.start(),
    stop: () => engine.stop(),
    wake: () => engine.wake(),
    dispatch: (order) => dispatch(engine, order),
    repositoryDispatch: (order) => repositoryDispatch(engine, order),
    rerun: (order) => rerun(engine, order),
    cancel: (order) => cancel(engine, order),
    workflows: (asked) => workflowsAt(engine, asked),
  };
}
