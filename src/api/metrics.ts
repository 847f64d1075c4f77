import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What `/metrics` tells. */
export type Metrics = {
  readonly contentType: string;
  text(): Promise<string>;
  readonly requests: Counter<'method' | 'route' | 'status'>;
  readonly seconds: Histogram<'method' | 'route'>;
  readonly streams: Gauge;
};

/** How the server is, when somebody asks. */
export type Figures = {
  readonly queue: { readonly queued: number; readonly leased: number; readonly oldestSeconds: number };
  /** Runners by state. */
  readonly runners: { readonly [state: string]: number };
  /** Runs by conclusion, and those that go on by state. */
  readonly runs: { readonly [state: string]: number };
  readonly audit: { readonly entries: number; readonly unsigned: number; readonly isSigned: boolean };
  readonly residentBytes: number;
};

/** Names of all metrics; they are kept, since people build on them. */
const NAMES = {
  requests: 'sallyport_http_requests_total',
  seconds: 'sallyport_http_request_seconds',
  streams: 'sallyport_http_streams',
  isKnown: 'sallyport_figures_known',
  jobs: 'sallyport_queue_jobs',
  oldest: 'sallyport_queue_oldest_seconds',
  runners: 'sallyport_runners',
  runs: 'sallyport_runs',
  entries: 'sallyport_audit_entries',
  unsigned: 'sallyport_audit_unsigned_entries',
  isSigned: 'sallyport_audit_signed',
  resident: 'process_resident_memory_bytes',
} as const;

/** Figures that are asked for again so soon are those of before. */
const FIGURES_MS = 5_000;

export function createMetrics(figures?: () => Promise<Figures>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  let asked: { readonly at: number; readonly text: Promise<string> } | undefined;
  return {
    contentType: registry.contentType,
    async text() {
      const own = await registry.metrics();
      if (figures === undefined) return own;
      if (asked === undefined || performance.now() - asked.at > FIGURES_MS) {
        asked = { at: performance.now(), text: figuresText(figures) };
      }
      return `${own}\n${await asked.text}`;
    },
    requests: new Counter({
      name: NAMES.requests,
      help: 'Requests that were answered.',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    seconds: new Histogram({
      name: NAMES.seconds,
      help: 'Time from a request to its answer; of streams, to their beginning.',
      labelNames: ['method', 'route'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    streams: new Gauge({ name: NAMES.streams, help: 'Event streams that are open.', registers }),
  };
}

/** Figures that can't be had are left out, and that is told: a database that is gone must not look like an empty queue. */
async function figuresText(figures: () => Promise<Figures>): Promise<string> {
  const registry = new Registry();
  const now = await figures().catch(() => undefined);
  const gauge = (name: string, help: string, value: number) =>
    new Gauge({ name, help, registers: [registry] }).set(value);
  const byState = (name: string, help: string, counts: { readonly [state: string]: number }) => {
    const labelled = new Gauge({ name, help, registers: [registry], labelNames: ['state'] });
    for (const [state, count] of Object.entries(counts)) labelled.set({ state }, count);
  };
  gauge(NAMES.isKnown, '0 when the figures of the server can not be had.', now === undefined ? 0 : 1);
  if (now === undefined) return registry.metrics();
  const { queued, leased, oldestSeconds } = now.queue;
  byState(NAMES.jobs, 'Jobs that wait for a runner, or that one holds.', { queued, leased });
  gauge(NAMES.oldest, 'How long the oldest job has waited.', oldestSeconds);
  byState(NAMES.runners, 'Runners.', now.runners);
  byState(NAMES.runs, 'Runs, by conclusion when they ended.', now.runs);
  gauge(NAMES.entries, 'Entries that the newest checkpoint of the audit log has.', now.audit.entries);
  gauge(NAMES.unsigned, 'Entries that no checkpoint has yet.', now.audit.unsigned);
  gauge(NAMES.isSigned, '0 while the audit log can not be signed.', now.audit.isSigned ? 1 : 0);
  gauge(NAMES.resident, 'Memory of the server itself, without database, keeper and runners.', now.residentBytes);
  return registry.metrics();
}
