import type { EngineEvent } from '../engine/index.ts';
import type {
  ArtifactInfo,
  CacheInfo,
  JobLogReader,
  RunEngine,
  RunnerInfo,
  Runners,
  RunReaders,
  RunSummary,
  RunView,
} from './ports.ts';

/** The parts of the server that the API asks, in memory: for tests of the door. */
export type MemoryPorts = {
  readonly runs: RunReaders;
  readonly engine: RunEngine;
  readonly jobLogs: JobLogReader;
  readonly runners: Runners;
  /** What the engine was told to do. */
  readonly asked: { readonly verb: string; readonly [key: string]: unknown }[];
  put(repositoryId: number, view: RunView): void;
  happen(runId: number, event: EngineEvent): void;
  putArtifact(repositoryId: number, info: ArtifactInfo, bytes: Uint8Array): void;
  putCache(repositoryId: number, info: CacheInfo): void;
  putRunner(info: RunnerInfo): void;
  log(jobId: number, text: string): void;
  seal(jobId: number): void;
};

type Log = { bytes: Buffer; isSealed: boolean; readonly wakes: Set<() => void> };

export function memoryPorts(): MemoryPorts {
  const runs = new Map<number, { repositoryId: number; view: RunView; events: EngineEvent[] }>();
  const artifacts = new Map<number, { repositoryId: number; info: ArtifactInfo; bytes: Uint8Array }>();
  const caches = new Map<number, readonly CacheInfo[]>();
  const runners = new Map<number, RunnerInfo>();
  const logs = new Map<number, Log>();
  const listeners = new Map<number, Set<() => void>>();
  const asked: MemoryPorts['asked'] = [];
  const find = (repositoryId: number, runId: number) => {
    const run = runs.get(runId);
    return run?.repositoryId === repositoryId ? run : undefined;
  };
  const logOf = (jobId: number): Log => {
    const known = logs.get(jobId) ?? { bytes: Buffer.alloc(0), isSealed: false, wakes: new Set() };
    logs.set(jobId, known);
    return known;
  };
  const tell = (runId: number) => {
    for (const callback of listeners.get(runId) ?? []) callback();
  };
  return {
    asked,
    put(repositoryId, view) {
      runs.set(view.id, { repositoryId, view, events: runs.get(view.id)?.events ?? [] });
      tell(view.id);
    },
    happen(runId, event) {
      const run = runs.get(runId);
      if (run === undefined) return;
      run.events.push(event);
      run.view = { ...run.view, lastEvent: run.events.length };
      tell(runId);
    },
    putArtifact: (repositoryId, info, bytes) => void artifacts.set(info.id, { repositoryId, info, bytes }),
    putCache: (id, info) => void caches.set(id, [...(caches.get(id) ?? []), info]),
    putRunner: (info) => void runners.set(info.id, info),
    log(jobId, text) {
      const log = logOf(jobId);
      log.bytes = Buffer.concat([log.bytes, Buffer.from(text)]);
      for (const wake of log.wakes) wake();
    },
    seal(jobId) {
      const log = logOf(jobId);
      log.isSealed = true;
      for (const wake of log.wakes) wake();
    },
    runs: {
      async recent({ repositoryIds, kind, userId, limit }) {
        const fits = ({ state, conclusion, actor, diagnostics }: RunView) => {
          if (userId !== undefined && (actor.type !== 'user' || actor.id !== String(userId))) return false;
          if (kind === 'open') return state !== 'finished';
          if (kind === 'passed') return conclusion === 'success';
          return conclusion === 'failure' && diagnostics.length > 0 === (kind === 'refused');
        };
        return [...runs.values()]
          .filter(({ repositoryId }) => repositoryIds === 'all' || repositoryIds.includes(repositoryId))
          .filter(({ view }) => fits(view))
          .slice(0, limit)
          .map(
            ({
              repositoryId,
              view: { jobs: _jobs, notes: _notes, taints: _taints, diagnostics: _all, lastEvent: _last, ...run },
            }) => ({ ...run, repositoryId }),
          );
      },
      async list({ repositoryId, filter, cursor, limit }) {
        const fits = (run: RunSummary) =>
          (filter.state === undefined || run.state === filter.state) &&
          (filter.event === undefined || run.event === filter.event) &&
          (filter.workflow === undefined || run.workflow.path.endsWith(filter.workflow)) &&
          (filter.branch === undefined || run.ref === `refs/heads/${filter.branch}`);
        const after = cursor === undefined ? Number.POSITIVE_INFINITY : Number(cursor);
        const items = [...runs.values()]
          .filter((run) => run.repositoryId === repositoryId && run.view.id < after && fits(run.view))
          .map(({ view }) => summaryIn(view))
          .toSorted((a, b) => b.id - a.id);
        const next = items.length > limit ? items[limit - 1]?.id : undefined;
        return { items: items.slice(0, limit), ...(next === undefined ? {} : { next: String(next) }) };
      },
      view: async ({ repositoryId, runId, attempt }) => {
        const view = find(repositoryId, runId)?.view;
        return attempt === undefined || view?.attempt === attempt ? view : undefined;
      },
      viewOfJob: async (repositoryId, jobId) =>
        [...runs.values()].find(
          (run) => run.repositoryId === repositoryId && run.view.jobs.some(({ id }) => id === jobId),
        )?.view,
      events: async ({ repositoryId, runId }, after, limit) =>
        (find(repositoryId, runId)?.events ?? [])
          .map((event, at) => ({ seq: at + 1, event }))
          .slice(after, after + limit),
      onChange(runId, callback) {
        const known = listeners.get(runId) ?? new Set();
        listeners.set(runId, known.add(callback));
        return () => known.delete(callback);
      },
      schedules: async () => [{ workflow: '.github/workflows/night.yml', cron: '0 3 * * *' }],
      artifacts: async ({ runId }) =>
        [...artifacts.values()].map(({ info }) => info).filter((info) => info.runId === runId),
      async openArtifact(repositoryId, artifactId) {
        const found = artifacts.get(artifactId);
        if (found?.repositoryId !== repositoryId) return undefined;
        return { info: found.info, bytes: once(found.bytes) };
      },
      artifactsOf: async (id) =>
        [...artifacts.values()].filter(({ repositoryId }) => repositoryId === id).map(({ info }) => info),
      caches: async (repository) => caches.get(repository) ?? [],
      async removeCache(repository, id) {
        const known = caches.get(repository) ?? [];
        caches.set(
          repository,
          known.filter((cache) => cache.id !== id),
        );
        return known.some((cache) => cache.id === id);
      },
    },
    engine: {
      async dispatch({ principal, ...more }) {
        asked.push({ verb: 'dispatch', by: principal.name, ...more });
        return { runIds: [asked.length] };
      },
      async repositoryDispatch({ principal, ...more }) {
        asked.push({ verb: 'repository-dispatch', by: principal.name, ...more });
        return { runIds: [asked.length] };
      },
      async rerun({ principal, ...more }) {
        asked.push({ verb: 'rerun', by: principal.name, ...more });
        return { attempt: 2 };
      },
      async cancel({ principal, ...more }) {
        asked.push({ verb: 'cancel', by: principal.name, ...more });
      },
      workflows: async ({ ref }) => ({
        commit: 'a'.repeat(40),
        leftOut: 0,
        workflows: [{ path: `.github/workflows/${ref}.yml`, name: 'CI', events: ['push'], problems: [] }],
      }),
    },
    jobLogs: {
      size: async (jobId) => logOf(jobId).bytes.length,
      read: async (jobId, { from, bytesMax }) => logOf(jobId).bytes.subarray(from, from + bytesMax),
      async *follow(jobId, from, signal) {
        const log = logOf(jobId);
        for (let at = from; !signal.aborted; ) {
          if (at < log.bytes.length) {
            const bytes = log.bytes.subarray(at);
            at += bytes.length;
            yield bytes;
          } else if (log.isSealed) {
            return;
          } else {
            await waitFor(log.wakes, signal);
          }
        }
      },
    },
    runners: {
      list: async () => [...runners.values()],
      async register({ name }, wanted) {
        asked.push({ verb: 'register', by: name, ...wanted });
        return { token: 'spr_test', expiresAt: new Date(1_800_000_000_000) };
      },
      async drain(_principal, id) {
        return runners.has(id);
      },
      async remove(_principal, id) {
        return runners.delete(id);
      },
    },
  };
}

function waitFor(wakes: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      wakes.delete(done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    wakes.add(done);
    signal.addEventListener('abort', done);
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function summaryIn(view: RunView): RunSummary {
  const { jobs: _jobs, notes: _notes, taints: _taints, diagnostics: _diagnostics, lastEvent: _last, ...run } = view;
  return run;
}
