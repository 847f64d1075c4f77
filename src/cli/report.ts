import type { Annotation } from '../protocol/index.ts';
import { harmless } from './harmless.ts';
import { renderMarkdown } from './markdown.ts';
import type { EgressView, JobView, RunView, StepView } from './run-view.ts';
import { symbolOf, wordOf } from './symbols.ts';
import { count, fit, formatDuration, type Paint, widthOf } from './terminal.ts';

/** Lines of a failing step's log in the report. */
const REPORT_TAIL_LINES = 20;
/** Refused hosts that are listed in the report. */
const REPORT_HOSTS_MAX = 20;

export type ReportOptions = {
  readonly paint: Paint;
  readonly colors: boolean;
  readonly columns: number;
  /** The command line that ran, without `-j` and files, for the command that runs a failed job again. */
  readonly command: readonly string[];
};

/** What stays on the screen when a run is over: its tree, what failed and why, annotations, summaries, egress, notes. */
export function renderReport(run: RunView, options: ReportOptions): readonly string[] {
  return [...renderTree(run, options), ...renderFindings(run, options), ...renderVerdict(run, options)];
}

/** The same without the tree and the notes: for `--quiet`. Nothing at all when the run succeeded. */
export function renderQuietReport(run: RunView, options: ReportOptions): readonly string[] {
  if (run.conclusion === 'success') return [];
  return [...jobsOf(run).flatMap((job) => renderFailure(run, job, options)), ...renderVerdict(run, options)];
}

/** All but the tree: what the plain output, which has printed the steps already, ends with. */
export function renderFindings(run: RunView, options: ReportOptions): readonly string[] {
  return [
    ...jobsOf(run).flatMap((job) => renderFailure(run, job, options)),
    ...renderAnnotations(run, options),
    ...renderSummaries(run, options),
    ...renderEgress(run, options),
    ...renderNotes(run, options),
  ];
}

function jobsOf(run: RunView): readonly JobView[] {
  return [...run.jobs.values()];
}

function renderTree(run: RunView, { paint, columns }: ReportOptions): readonly string[] {
  const lines = [headline(run, paint)];
  for (const job of jobsOf(run)) {
    lines.push(...renderJobLine(job, paint, columns));
    for (const step of job.steps.values()) {
      if (step.id.startsWith(':') && step.state === 'success') continue;
      lines.push(renderStepLine(step, paint, columns));
    }
  }
  return lines;
}

/** `CI  push  branch  .github/workflows/ci.yml` */
export function headline(run: RunView, paint: Paint): string {
  const name = paint('bold', harmless(run.name, false));
  const path = run.name === run.path ? '' : ` · ${harmless(run.path, false)}`;
  return `${name}  ${paint('dim', `${run.event} · ${run.level}${path}`)}`;
}

function renderJobLine(job: JobView, paint: Paint, columns: number): readonly string[] {
  const time = job.durationMs > 0 ? formatDuration(job.durationMs) : '';
  const name = harmless(job.name === job.key ? job.key : `${job.name} [${job.key}]`, false);
  const line = row(`${symbolOf(job.state, paint, job.tolerated)} ${name}`, time, { paint, columns });
  return job.reason === undefined ? [line] : [line, `    ${paint('dim', harmless(job.reason, false))}`];
}

function renderStepLine(step: StepView, paint: Paint, columns: number): string {
  const indent = '  '.repeat(step.depth + 1);
  const time = step.state === 'skipped' ? 'skipped' : formatDuration(step.durationMs);
  return row(`${indent}${symbolOf(step.state, paint, step.tolerated)} ${harmless(step.name, false)}`, time, {
    paint,
    columns,
  });
}

/** A text at the left and one at the right, with at least a blank between; the left one is cut where it is too long. */
export function row(left: string, right: string, { paint, columns }: { paint: Paint; columns: number }): string {
  if (right === '') return left;
  const width = Math.min(columns, 100);
  const shown = fit(left, Math.max(1, width - right.length - 1));
  const room = width - widthOf(shown) - right.length;
  return `${shown}${' '.repeat(Math.max(1, room))}${paint('dim', right)}`;
}

function renderFailure(run: RunView, job: JobView, options: ReportOptions): readonly string[] {
  if (job.state !== 'failure') return [];
  const { paint, colors } = options;
  const all = [...job.steps.values()];
  const ownFailures = all.filter((step) => step.state === 'failure' && !step.tolerated);
  // A job that the runner had to end has none: the step that was ended tells why.
  const failed = ownFailures.length > 0 ? ownFailures : all.filter((step) => step.state === 'cancelled');
  // The innermost step of a composite action tells what happened.
  const step = failed.findLast((candidate) => failed.every((other) => other.depth <= candidate.depth)) ?? failed[0];
  const where = step === undefined ? job.key : `${job.key} › ${step.name}`;
  const exit = step?.exitCode === undefined ? '' : ` (exit code ${step.exitCode})`;
  const title = job.tolerated
    ? paint(['yellow', 'bold'], 'Failed, tolerated (continue-on-error):')
    : paint(['red', 'bold'], 'Failed:');
  const lines = ['', `${title} ${harmless(where, false)}${exit}`];
  if (step !== undefined) {
    const tail = step.tail.slice(-REPORT_TAIL_LINES);
    if (step.lines > tail.length) lines.push(paint('dim', `  … ${count(step.lines - tail.length, 'line')} before`));
    lines.push(...tail.map((line) => `  ${paint('dim', '│')} ${harmless(line, colors)}`));
  }
  if (job.reason !== undefined) lines.push(`  ${harmless(job.reason, false)}`);
  lines.push(`  ${paint('dim', 'run this job alone:')} ${rerunCommand(run, job, options.command)}`);
  return lines;
}

/** The exact command that runs one job again. The job is named by its key, so that a matrix child is exact. */
export function rerunCommand(run: RunView, job: JobView, command: readonly string[]): string {
  return ['sallyport', 'run', run.path, '-j', job.key, ...command].map(quote).join(' ');
}

function quote(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${harmless(word, false).replaceAll("'", String.raw`'\''`)}'`;
}

function renderAnnotations(run: RunView, { paint }: ReportOptions): readonly string[] {
  const lines = jobsOf(run).flatMap((job) => [
    ...job.annotations.map((annotation) => `  ${renderAnnotation(annotation, paint)}`),
    ...(job.annotationsLeftOut > 0 ? [paint('dim', `  … ${job.annotationsLeftOut} more of ${job.key}`)] : []),
  ]);
  return lines.length === 0 ? [] : ['', paint('bold', 'Annotations'), ...lines];
}

/** `src/a.ts:3:5: error: message`: the form that editors and terminals make a link of. */
export function renderAnnotation(annotation: Annotation, paint: Paint): string {
  const { level, message, title, file, line, column } = annotation;
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const color = level === 'error' ? 'red' : level === 'warning' ? 'yellow' : 'blue';
  const text = harmless([title, message].filter((part) => part !== undefined && part !== '').join(': '), false);
  return `${place === '' ? '' : `${harmless(place, false)}: `}${paint(color, level)}: ${text.replaceAll('<U+000A>', ' ')}`;
}

function renderSummaries(run: RunView, { paint, columns }: ReportOptions): readonly string[] {
  return jobsOf(run).flatMap((job) => {
    if (job.summaries.length === 0) return [];
    const body = renderMarkdown(job.summaries.join('\n').trim(), { paint, columns: columns - 2 });
    return ['', paint('bold', `Summary of ${harmless(job.key, false)}`), ...body.map((line) => `  ${line}`.trimEnd())];
  });
}

function renderEgress(run: RunView, { paint }: ReportOptions): readonly string[] {
  const denied = jobsOf(run).flatMap((job) =>
    [...job.egress.values()].filter(({ verdict }) => verdict === 'denied').map((view) => ({ job, view })),
  );
  if (denied.length === 0) return [];
  // A matrix asks for the same place in each of its jobs: it is told once.
  const places = [...Map.groupBy(denied, ({ view }) => JSON.stringify([placeOf(view), view.reason ?? ''])).values()];
  const lines = ['', paint('bold', `Network: ${count(places.length, 'place')} refused`)];
  for (const asked of places.slice(0, REPORT_HOSTS_MAX)) lines.push(renderRefused(asked, paint));
  const more =
    Math.max(0, places.length - REPORT_HOSTS_MAX) + jobsOf(run).reduce((sum, job) => sum + job.egressLeftOut, 0);
  if (more > 0) lines.push(paint('dim', `  … ${more} more`));
  const wanted = denied.filter(({ view }) => canBeAllowed(view)).map(({ view }) => entryOf(view));
  const listed = [...new Set(wanted)];
  if (listed.length === 0) return lines;
  lines.push(`  ${paint('dim', 'if a job should reach them, list them in .sallyport/egress.yml:')}`, '    allow:');
  for (const place of listed.slice(0, REPORT_HOSTS_MAX))
    lines.push(`      - ${JSON.stringify(harmless(place, false))}`);
  return lines;
}

type Asked = { readonly job: JobView; readonly view: EgressView };

function renderRefused(asked: readonly Asked[], paint: Paint): string {
  const [first] = asked;
  if (first === undefined) return '';
  const times = asked.reduce((sum, { view }) => sum + view.count, 0);
  const reason = first.view.reason === undefined ? '' : ` ${first.view.reason}`;
  const steps = [...first.view.steps].join(', ');
  const others = asked.length > 1 ? ` and ${asked.length - 1} more ${asked.length === 2 ? 'job' : 'jobs'}` : '';
  const who = harmless(steps === '' ? first.job.key : `${first.job.key} › ${steps}`, false);
  const place = paint('red', harmless(placeOf(first.view), false));
  return `  ${place}${times > 1 ? ` ${times}×` : ''}${reason}  ${paint('dim', `${who}${others}`)}`;
}

/** A host that the list could name. Addresses and private places take more than a line of the repository. */
function canBeAllowed({ reason, host }: EgressView): boolean {
  return (reason === undefined || reason === 'not-listed') && /^[\w.-]+$/.test(host);
}

/** The line of the list that would allow it. A name that was only asked for is most often meant for HTTPS. */
function entryOf({ host, port }: EgressView): string {
  return `${host}:${port > 0 ? port : 443}`;
}

function placeOf({ host, port }: EgressView): string {
  return port > 0 ? `${host}:${port}` : host;
}

function renderNotes(run: RunView, { paint }: ReportOptions): readonly string[] {
  const taints = [
    ...run.taints.map((taint) => ({ taint, where: run.name })),
    ...jobsOf(run).flatMap((job) => job.taints.map((taint) => ({ taint, where: job.key }))),
  ].map(({ taint, where }) => {
    const step = taint.step === undefined ? '' : ` › ${taint.step}`;
    return `  ${paint('yellow', `level ${taint.level}`)} ${harmless(`${where}${step}: ${taint.source}`, false)}`;
  });
  const notes = run.notes.map((note) => `  ${harmless(note, false)}`);
  if (taints.length + notes.length === 0) return [];
  return ['', paint('bold', 'Notes'), ...taints, ...notes];
}

const VERDICT_WORDS: readonly { readonly word: string; readonly counts: (job: JobView) => boolean }[] = [
  { word: wordOf('success'), counts: ({ state }) => state === 'success' },
  { word: wordOf('failure'), counts: ({ state, tolerated }) => state === 'failure' && !tolerated },
  { word: 'failed but tolerated', counts: ({ state, tolerated }) => state === 'failure' && tolerated },
  { word: wordOf('cancelled'), counts: ({ state }) => state === 'cancelled' },
  { word: wordOf('skipped'), counts: ({ state }) => state === 'skipped' },
];

/** `✗ CI failed in 12.3s · 3 jobs: 2 succeeded, 1 failed` */
export function renderVerdict(run: RunView, { paint }: ReportOptions): readonly string[] {
  const conclusion = run.conclusion ?? 'cancelled';
  const counts = VERDICT_WORDS.flatMap(({ word, counts: isCounted }) => {
    const amount = jobsOf(run).filter(isCounted).length;
    return amount === 0 ? [] : [`${amount} ${word}`];
  });
  const jobs = `${count(run.jobs.size, 'job')}: ${counts.join(', ')}`;
  const name = paint('bold', harmless(run.name, false));
  return [
    '',
    `${symbolOf(conclusion, paint)} ${name} ${wordOf(conclusion)} in ${formatDuration(run.durationMs)} · ${jobs}`,
  ];
}
