import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { keyOf, type Of, useRead } from '../shell/api.ts';
import { runEventsUrl } from './paths.ts';
import { readStream } from './sse.ts';

const RUN = '/api/v1/repositories/{owner}/{name}/runs/{run}';
const REPORT = '/api/v1/repositories/{owner}/{name}/runs/{run}/report';
const RETRY_MS = 2000;
/** What jobs tell beside their state comes with their logs: it is asked for again while a run goes on. */
const REPORT_EVERY_MS = 4000;

export type RunPlace = { readonly owner: string; readonly name: string; readonly run: number };

/** One attempt of a run, the newest without one, as it is and as it becomes. */
export function useRun({ owner, name, run }: RunPlace, attempt: number | undefined) {
  const init = { params: { path: { owner, name, run }, query: attempt === undefined ? {} : { attempt } } };
  const found = useRead(RUN, init);
  const client = useQueryClient();
  const [isOpen, last, shown] = [found.data?.state !== 'finished', found.data?.lastEvent, found.data?.attempt];
  const isThere = found.data !== undefined;
  useEffect(() => {
    if (!isThere || !isOpen || shown === undefined) return undefined;
    const stop = new AbortController();
    const key = keyOf(RUN, init);
    void follow({ url: runEventsUrl({ owner, name }, run, shown), first: last ?? 0, signal: stop.signal }, (view) =>
      client.setQueryData(key, view),
    );
    return () => stop.abort();
    // `last` is where it begins: it does not begin again with each event.
  }, [isThere, isOpen, owner, name, run, attempt, shown, client]);
  return found;
}

async function follow(
  { url, first, signal }: { readonly url: string; readonly first: number; readonly signal: AbortSignal },
  onView: (view: Of<'RunView'>) => void,
): Promise<void> {
  let last = first;
  while (!signal.aborted) {
    try {
      for await (const messages of readStream(url, { lastEventId: String(last), signal })) {
        for (const { event, id, data } of messages) {
          if (event === 'end') return;
          if (event === 'run') onView(JSON.parse(data));
          else if (id !== '') last = Number(id);
        }
      }
    } catch {
      if (signal.aborted) return;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** What the jobs of an attempt told: steps, annotations, summaries, egress, causes of the level. */
export function useRunReport({ owner, name, run }: RunPlace, view: Of<'RunView'>) {
  return useRead(
    REPORT,
    { params: { path: { owner, name, run }, query: { attempt: view.attempt } } },
    // Once more behind its end: the last of the logs comes a little later.
    { everyMs: view.state === 'finished' ? (data) => (isWhole(data) ? false : REPORT_EVERY_MS) : REPORT_EVERY_MS },
  );
}

const isWhole = (report: Of<'RunReport'> | undefined) =>
  report?.jobs.every(({ startedAt, finishedAt }) => startedAt === undefined || finishedAt !== undefined) ?? false;
