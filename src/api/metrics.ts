import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What `/metrics` tells. Other parts add their own to the same registry. */
export type Metrics = {
  readonly registry: Registry;
  readonly requests: Counter<'method' | 'route' | 'status'>;
  readonly seconds: Histogram<'method' | 'route'>;
  readonly streams: Gauge;
};

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    requests: new Counter({
      name: 'sallyport_http_requests_total',
      help: 'Requests that were answered.',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    seconds: new Histogram({
      name: 'sallyport_http_request_seconds',
      help: 'Time from a request to its answer; of streams, to their beginning.',
      labelNames: ['method', 'route'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    streams: new Gauge({ name: 'sallyport_http_streams', help: 'Event streams that are open.', registers }),
  };
}
