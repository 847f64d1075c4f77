import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { excerpt } from '../base/index.ts';
import type { Conclusion } from '../protocol/index.ts';
import { integer, type Json, objects, optionalText, text } from './client.ts';
import { openPlace, type Place, type RepositoryOptions } from './client-place.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { harmless } from './harmless.ts';
import { formatBytes } from './household.ts';
import { parsePairs } from './inputs.ts';
import { createRenderer, type OutputForm } from './renderer.ts';
import { renderRefusal, renderRemarks, taintLine } from './run-details.ts';
import { conclusionOf, jobEvent, watchRun } from './runs-watch.ts';
import { symbolOf } from './symbols.ts';
import { fromNow, printRows } from './table.ts';
import { formatDuration, paintOf, type Terminal } from './terminal.ts';

const ATTEMPT_WAIT_MS = 500;
const ATTEMPTS_LOOKED_MAX = 20;

export type ListOptions = RepositoryOptions & {
  readonly workflow?: string;
  readonly branch?: string;
  readonly event?: string;
  readonly state?: string;
  readonly limit: number;
};

function stateOf(row: Json): 'queued' | 'running' | Conclusion {
  return conclusionOf(row) ?? (text(row, 'state') === 'running' ? 'running' : 'queued');
}

const COLORS = {
  success: 'green',
  failure: 'red',
  cancelled: 'yellow',
  skipped: 'dim',
  running: 'cyan',
  queued: 'dim',
} as const;

const wordOf = (row: Json) => optionalText(row, 'conclusion') ?? text(row, 'state');

function durationOf(row: Json, now: number): string {
  const started = optionalText(row, 'startedAt');
  if (started === undefined) return '';
  const finished = optionalText(row, 'finishedAt');
  return formatDuration((finished === undefined ? now : Date.parse(finished)) - Date.parse(started));
}

const shortRef = (ref: string) => ref.replace(/^refs\/(heads|tags)\//, '');

/** `sallyport runs list` */
export async function listRuns(options: ListOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, clock } = dependencies;
  const { client, path } = await openPlace(options, dependencies);
  const { workflow, branch, event, state, limit } = options;
  const query = { workflow, branch, event, state, limit: Math.min(100, limit) };
  const rows = await client.list(`${path}/runs`, query, limit);
  const paint = paintOf(terminal.colors);
  printRows(
    rows,
    [
      { title: 'RUN', text: (row) => String(integer(row, 'id')) },
      {
        title: 'STATE',
        text: (row) => `${symbolOf(stateOf(row), paintOf(false))} ${wordOf(row)}`,
        paint: (word, row) => paint(COLORS[stateOf(row)], word),
      },
      { title: 'NAME', text: (row) => text(row, 'name'), isWide: true },
      { title: 'REF', text: (row) => shortRef(text(row, 'ref')) },
      { title: 'EVENT', text: (row) => text(row, 'event') },
      { title: 'LEVEL', text: (row) => text(row, 'level') },
      { title: 'TOOK', text: (row) => durationOf(row, clock.now()) },
      { title: 'BEGAN', text: (row) => fromNow(text(row, 'createdAt'), clock.now()) },
    ],
    { terminal, json: options.json === true, none: 'no runs' },
  );
  return EXIT.success;
}

export type RunOptions = RepositoryOptions & { readonly attempt?: string };

const runPath = (place: Place, run: string) => `${place.path}/runs/${encodeURIComponent(run)}`;

/** The run that is named, or the newest. */
async function viewOf(place: Place, run: string | undefined, attempt?: string): Promise<Json> {
  if (run !== undefined) return place.client.get(runPath(place, run), { attempt });
  const [newest] = await place.client.list(`${place.path}/runs`, { limit: 1 }, 1);
  if (newest === undefined) throw fault('run-missing', `${place.owner}/${place.name} has no run`);
  return place.client.get(runPath(place, String(integer(newest, 'id'))));
}

/** `sallyport runs view [RUN]`: exit code 1 when it failed. */
export async function viewRun(
  run: string | undefined,
  options: RunOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal, clock } = dependencies;
  const place = await openPlace(options, dependencies);
  const view = await viewOf(place, run, options.attempt);
  if (options.json === true) terminal.write(`${JSON.stringify(view)}\n`);
  else terminal.write(`${renderView(view, lookOf(terminal), clock.now()).join('\n')}\n`);
  return exitOf(conclusionOf(view));
}

const lookOf = (terminal: Terminal) => ({ paint: paintOf(terminal.colors), columns: Math.max(40, terminal.columns()) });

function renderView(view: Json, look: ReturnType<typeof lookOf>, now: number): readonly string[] {
  const { paint } = look;
  const say = (value: string) => harmless(value, false);
  const jobs = objects(view, 'jobs');
  const keys = jobs.map((job) => say(text(job, 'key')));
  const width = Math.max(0, ...keys.map(({ length }) => length));
  return [
    `${symbolOf(stateOf(view), paint)} ${paint('bold', say(text(view, 'name')))}  run ${integer(view, 'id')}, attempt ${integer(view, 'attempt')}`,
    paint(
      'dim',
      say(
        `${text(view, 'event')} on ${shortRef(text(view, 'ref'))} at ${text(view, 'commit').slice(0, 12)}, ${text(view, 'level')}, ${fromNow(text(view, 'createdAt'), now)}`,
      ),
    ),
    ...renderRemarks(view, look).map((line) => `  ${line}`),
    '',
    ...renderRefusal(view, look),
    ...jobs.flatMap((job, at) => {
      const reason = optionalText(job, 'reason');
      const taints = objects(job, 'taints').map(taintLine);
      return [
        `  ${symbolOf(stateOf(job), paint)} ${(keys[at] ?? '').padEnd(width)}  ${paint('dim', durationOf(job, now))}${reason === undefined ? '' : `  ${say(reason)}`}`.trimEnd(),
        ...taints.map((line) => `      ${paint('yellow', line)}`),
      ];
    }),
  ];
}

function exitOf(conclusion: Conclusion | undefined): number {
  if (conclusion === 'failure') return EXIT.failure;
  return conclusion === 'cancelled' ? EXIT.cancelled : EXIT.success;
}

export type WatchOptions = RunOptions & { readonly quiet?: true };

/** `sallyport runs watch [RUN]`: what `sallyport run` shows, of a run on the server. Ctrl-C ends the watching, not the run. */
export async function watch(
  run: string | undefined,
  options: WatchOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const place = await openPlace(options, dependencies);
  return show(place, await viewOf(place, run, options.attempt), options, dependencies);
}

async function show(place: Place, view: Json, options: WatchOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, clock, interrupt } = dependencies;
  const runId = integer(view, 'id');
  const watched = {
    client: place.client,
    path: runPath(place, String(runId)),
    runId,
    attempt: integer(view, 'attempt'),
  };
  const renderer = createRenderer(formOf(options, terminal.isInteractive), terminal, {
    clock,
    command: ['runs', 'watch'],
  });
  const abort = new AbortController();
  const stop = interrupt.onInterrupt(() => abort.abort());
  try {
    const conclusion = await watchRun(watched, (event) => renderer.onEvent(event), abort.signal);
    if (!abort.signal.aborted) {
      renderer.close();
      tellRefusal(view, options, terminal);
      return exitOf(conclusion);
    }
  } finally {
    stop();
    renderer.close();
  }
  terminal.writeError(`the run goes on; to end it: sallyport runs cancel ${runId} -R ${place.owner}/${place.name}\n`);
  return EXIT.cancelled;
}

/** A run that was refused never changes: what was read of it before it was watched says why. */
function tellRefusal(view: Json, options: WatchOptions, terminal: Terminal): void {
  if (options.json === true) {
    for (const one of objects(view, 'diagnostics'))
      terminal.write(`${JSON.stringify({ kind: 'diagnostic', ...one })}\n`);
    return;
  }
  const lines = renderRefusal(view, lookOf(terminal));
  if (lines.length > 0) terminal.writeError(`${lines.join('\n')}\n`);
}

function formOf(options: WatchOptions, isInteractive: boolean): OutputForm {
  if (options.json === true) return 'json';
  if (options.quiet === true) return 'quiet';
  return isInteractive ? 'live' : 'plain';
}

/** `sallyport runs logs [RUN]`: what the jobs printed, as far as it is there. */
export async function printLogs(
  run: string | undefined,
  options: RunOptions & { readonly job?: string },
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal } = dependencies;
  const place = await openPlace(options, dependencies);
  const view = await viewOf(place, run, options.attempt);
  const jobs = objects(view, 'jobs').filter((job) => options.job === undefined || text(job, 'key') === options.job);
  if (options.job !== undefined && jobs.length === 0) {
    throw fault('job-missing', `${excerpt(options.job, 100)} is no job of run ${integer(view, 'id')}`);
  }
  for (const job of jobs) {
    const path = `${runPath(place, String(integer(view, 'id')))}/jobs/${integer(job, 'id')}/log`;
    const prefix = options.job === undefined ? `${harmless(text(job, 'key'), false)} | ` : '';
    for await (const line of linesOf(place, path)) {
      if (options.json === true) {
        terminal.write(`${JSON.stringify({ job: text(job, 'key'), event: JSON.parse(line) })}\n`);
        continue;
      }
      const event = jobEvent(JSON.parse(line));
      if (event.kind === 'log' && event.style !== 'endgroup')
        terminal.write(`${prefix}${harmless(event.text, terminal.colors)}\n`);
    }
  }
  return EXIT.success;
}

/** The whole lines of a log that is there, piece by piece. */
async function* linesOf(place: Place, path: string): AsyncGenerator<string> {
  let open = Buffer.alloc(0);
  for (let offset = 0; ; ) {
    const response = await place.client.bytes(path, { offset });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (bytes.length === 0) return;
    offset += bytes.length;
    open = Buffer.concat([open, bytes]);
    for (let end = open.indexOf(0x0a); end !== -1; end = open.indexOf(0x0a)) {
      yield open.subarray(0, end).toString('utf8');
      open = open.subarray(end + 1);
    }
  }
}

/** `sallyport runs cancel RUN` */
export async function cancelRun(
  run: string,
  options: RepositoryOptions & { readonly force?: true },
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal } = dependencies;
  const place = await openPlace(options, dependencies);
  await place.client.send('POST', `${runPath(place, run)}/cancel`, { force: options.force === true });
  if (options.json === true) terminal.write(`${JSON.stringify({ cancelled: Number(run) })}\n`);
  else terminal.write(`run ${run} is being cancelled\n`);
  return EXIT.success;
}

export type RerunOptions = WatchOptions & { readonly failed?: true; readonly job?: string; readonly watch?: true };

/** `sallyport runs rerun RUN` */
export async function rerun(run: string, options: RerunOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal } = dependencies;
  if (options.failed === true && options.job !== undefined)
    throw fault('usage', '--failed and --job exclude each other');
  const place = await openPlace(options, dependencies);
  let only: unknown = options.failed === true ? 'failed' : 'all';
  if (options.job !== undefined) {
    const view = await viewOf(place, run);
    const job = objects(view, 'jobs').find((one) => text(one, 'key') === options.job);
    if (job === undefined) throw fault('job-missing', `${excerpt(options.job, 100)} is no job of run ${run}`);
    only = { job: integer(job, 'id') };
  }
  const answer = await place.client.send('POST', `${runPath(place, run)}/rerun`, { only });
  const attempt = integer(answer, 'attempt');
  if (options.watch === true) return show(place, await appeared(place, run, String(attempt)), options, dependencies);
  if (options.json === true) terminal.write(`${JSON.stringify(answer)}\n`);
  else terminal.write(`run ${run}: attempt ${attempt} begins\n`);
  return EXIT.success;
}

/** What was begun a moment ago may not be readable yet. */
async function appeared(place: Place, run: string, attempt?: string): Promise<Json> {
  for (let look = 0; ; look += 1) {
    try {
      return await viewOf(place, run, attempt);
    } catch (thrown) {
      const isMissing = thrown instanceof Error && 'status' in thrown && thrown.status === 404;
      if (!isMissing || look >= ATTEMPTS_LOOKED_MAX) throw thrown;
      await new Promise((done) => {
        setTimeout(done, ATTEMPT_WAIT_MS);
      });
    }
  }
}

export type DispatchOptions = WatchOptions & {
  readonly ref?: string;
  readonly input: readonly string[];
  readonly watch?: true;
};

/** `sallyport runs dispatch WORKFLOW` */
export async function dispatch(
  workflow: string,
  options: DispatchOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal } = dependencies;
  const place = await openPlace(options, dependencies);
  const answer = await place.client.send('POST', `${place.path}/dispatches`, {
    workflow,
    inputs: parsePairs(options.input, '--input'),
    ...(options.ref === undefined ? {} : { ref: options.ref }),
  });
  const [first] = Array.isArray(answer['runIds']) ? answer['runIds'].map(Number) : [];
  if (options.watch === true && first !== undefined) {
    return show(place, await appeared(place, String(first)), options, dependencies);
  }
  if (options.json === true) terminal.write(`${JSON.stringify(answer)}\n`);
  else terminal.write(`run ${first ?? '?'} begins: sallyport runs watch ${first ?? ''}\n`);
  return EXIT.success;
}

/** `sallyport runs artifacts [RUN]`; with `--download DIR` as zip archives, which are not unpacked. */
export async function artifacts(
  run: string | undefined,
  options: RunOptions & { readonly download?: string },
  dependencies: CliDependencies,
): Promise<number> {
  const { terminal, clock, cwd } = dependencies;
  const place = await openPlace(options, dependencies);
  const view = await viewOf(place, run, options.attempt);
  const path = `${runPath(place, String(integer(view, 'id')))}/artifacts`;
  const rows = await place.client.list(path, { attempt: options.attempt }, Number.POSITIVE_INFINITY);
  if (options.download !== undefined) await download(place, rows, resolve(cwd, options.download));
  printRows(
    rows,
    [
      { title: 'NAME', text: (row) => text(row, 'name'), isWide: true },
      { title: 'SIZE', text: (row) => formatBytes(integer(row, 'bytes')) },
      { title: 'LEVEL', text: (row) => text(row, 'level') },
      { title: 'DIGEST', text: (row) => text(row, 'digest').slice(0, 19) },
      { title: 'ENDS', text: (row) => fromNow(optionalText(row, 'expiresAt'), clock.now()) },
    ],
    { terminal, json: options.json === true, none: 'no artifacts' },
  );
  return EXIT.success;
}

/** Names come from jobs: a file is called by its number and what is plain of the name, and takes the place of none. */
async function download(place: Place, rows: readonly Json[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const row of rows) {
    const id = integer(row, 'id');
    const name = text(row, 'name')
      .replaceAll(/[^A-Za-z0-9._-]/g, '_')
      .replace(/^[.-]+/, '_')
      .slice(0, 100);
    const response = await place.client.bytes(`${place.path}/artifacts/${id}/archive`);
    if (response.body === null) throw fault('answer-strange', 'the server answered without an artifact');
    await pipeline(
      Readable.fromWeb(response.body),
      createWriteStream(join(folder, `${name}-${id}.zip`), { flags: 'wx' }),
    );
  }
}
