import { expect, test } from 'vitest';
import { createMetrics, type Figures } from './metrics.ts';

const FIGURES: Figures = {
  queue: { queued: 3, leased: 2, oldestSeconds: 1.5 },
  runners: { idle: 1, lost: 0 },
  runs: { success: 7, running: 1 },
  audit: { entries: 40, unsigned: 2, isSigned: false },
  residentBytes: 1000,
};

test('the figures of the server are told, and asked for once within some seconds', async () => {
  let asked = 0;
  const metrics = createMetrics(async () => {
    asked += 1;
    return FIGURES;
  });

  const [text] = await Promise.all([metrics.text(), metrics.text()]);

  for (const line of [
    'sallyport_figures_known 1',
    'sallyport_queue_jobs{state="queued"} 3',
    'sallyport_queue_oldest_seconds 1.5',
    'sallyport_runners{state="lost"} 0',
    'sallyport_runs{state="success"} 7',
    'sallyport_audit_entries 40',
    'sallyport_audit_signed 0',
    'process_resident_memory_bytes 1000',
    'sallyport_http_streams 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(asked).toBe(1);
});

test('figures that can not be had are left out and told, and never look like an empty queue', async () => {
  const metrics = createMetrics(() => Promise.reject(new Error('no database')));

  const text = await metrics.text();

  expect(text).toContain('sallyport_figures_known 0');
  expect(text).not.toContain('sallyport_queue_jobs');
});
