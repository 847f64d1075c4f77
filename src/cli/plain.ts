import type { EngineEvent } from '../engine/index.ts';
import type { JobEvent } from '../protocol/index.ts';
import { harmless } from './harmless.ts';
import { headline, type ReportOptions, renderFindings, renderVerdict } from './report.ts';
import type { JobView, RunViews } from './run-view.ts';
import { symbolOf, wordOf } from './symbols.ts';
import { formatDuration, type Paint } from './terminal.ts';

/**
 * Plain output, for files and other programs: everything in the order in which it happened, each line with the job it
 * belongs to, so that jobs that run at the same time can be told apart. The logs of passing steps too.
 */
export function renderPlain(event: EngineEvent, views: RunViews, options: ReportOptions): readonly string[] {
  const { paint } = options;
  switch (event.kind) {
    case 'run-planned': {
      const run = views.run(event.runId);
      return run === undefined
        ? []
        : [headline(run, paint), ...event.notes.map((note) => `note: ${harmless(note, false)}`)];
    }
    case 'jobs-added':
      return event.jobs.map((job) => `${prefix(job.key, paint)}${paint('dim', 'added')}`);
    case 'job':
      return renderJobEvent(event.event, options, views.run(event.runId)?.jobs.get(event.job)).map((line) =>
        `${prefix(event.job, paint)}${line}`.trimEnd(),
      );
    case 'job-cancelling':
      return [`${prefix(event.job, paint)}${paint('yellow', harmless(`ending: ${event.reason}`, false))}`];
    case 'job-ended':
      return [renderUnrun(event, paint)];
    case 'run-finished': {
      const run = views.run(event.runId);
      return run === undefined ? [] : [...renderFindings(run, options), ...renderVerdict(run, options)];
    }
  }
}

function renderUnrun(event: Extract<EngineEvent, { kind: 'job-ended' }>, paint: Paint): string {
  const rest = event.tolerated === true ? ' (tolerated: continue-on-error)' : '';
  const symbol = symbolOf(event.conclusion, paint, event.tolerated);
  return `${prefix(event.job, paint)}${symbol} ${harmless(event.reason, false)}${rest}`;
}

function prefix(job: string, paint: Paint): string {
  return paint('cyan', `${harmless(job, false)} | `);
}

function renderJobEvent(
  event: JobEvent,
  { paint, colors }: ReportOptions,
  job: JobView | undefined,
): readonly string[] {
  const steps = job?.steps;
  const indent = (step: string) => '  '.repeat(steps?.get(step)?.depth ?? 0);
  switch (event.kind) {
    case 'job-started':
      return [paint('dim', `started on ${harmless(event.runner, false)}`)];
    case 'step-started':
      return [`${indent(event.step)}${paint('bold', `▸ ${harmless(event.name, false)}`)}`];
    case 'log':
      return renderLog(event, colors, paint).map((line) => `${indent(event.step)}  ${line}`);
    // The log says these where they happen; the report lists them.
    case 'annotation':
    case 'summary':
    case 'egress':
      return [];
    case 'taint':
      return [paint('yellow', harmless(`level is now ${event.taint.level}: ${event.taint.source}`, false))];
    case 'step-finished': {
      const tolerated = event.outcome === 'failure' && event.conclusion === 'success';
      const exit = event.exitCode === undefined || event.exitCode === 0 ? '' : `, exit code ${event.exitCode}`;
      const name = harmless(steps?.get(event.step)?.name ?? event.step, false);
      const rest = tolerated ? ', goes on (continue-on-error)' : '';
      const detail = event.outcome === 'skipped' ? 'skipped' : `${formatDuration(event.durationMs)}${exit}${rest}`;
      return [
        `${indent(event.step)}${symbolOf(event.outcome, paint, tolerated)} ${name} ${paint('dim', `(${detail})`)}`,
      ];
    }
    case 'job-finished':
      return [
        `${symbolOf(event.conclusion, paint, job?.tolerated)} ${wordOf(event.conclusion, job?.tolerated)} ${paint('dim', `in ${formatDuration(event.durationMs)}`)}`,
      ];
  }
}

function renderLog(
  { text, style }: { readonly text: string; readonly style?: string },
  colors: boolean,
  paint: Paint,
): readonly string[] {
  const line = harmless(text, colors);
  switch (style) {
    case 'group':
      return [paint('bold', `▾ ${line}`)];
    case 'endgroup':
      return [];
    case 'command':
    case 'debug':
      return [paint('dim', line)];
    case 'error':
      return [`${paint('red', 'error')}: ${line}`];
    case 'warning':
      return [`${paint('yellow', 'warning')}: ${line}`];
    case 'notice':
      return [`${paint('blue', 'notice')}: ${line}`];
    default:
      return [line];
  }
}
