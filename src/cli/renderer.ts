import { type Clock, unreachable } from '../base/index.ts';
import type { EngineEvent } from '../engine/index.ts';
import { FRAME_MS, LiveRegion, renderFrame } from './live.ts';
import { renderPlain } from './plain.ts';
import { type ReportOptions, renderQuietReport, renderReport } from './report.ts';
import { RunViews } from './run-view.ts';
import { paintOf, type Terminal } from './terminal.ts';

/** How a run is shown. */
export type OutputForm = 'live' | 'plain' | 'json' | 'quiet';

/** Shows the events of runs as they happen. */
export type Renderer = {
  onEvent(event: EngineEvent): void;
  /** Says that the person asked for the end. */
  cancelling(): void;
  /** Leaves the terminal as it was. May be called twice; nothing may be shown after it. */
  close(): void;
};

/** The widest that a report is laid out when nobody knows the width. */
const PLAIN_COLUMNS = 100;

export function createRenderer(
  form: OutputForm,
  terminal: Terminal,
  { clock, command }: { readonly clock: Clock; readonly command: readonly string[] },
): Renderer {
  const options = (): ReportOptions => ({
    paint: paintOf(terminal.colors),
    colors: terminal.colors,
    columns: terminal.isInteractive ? terminal.columns() : PLAIN_COLUMNS,
    command,
  });
  switch (form) {
    case 'json':
      return {
        onEvent: (event) => terminal.write(`${JSON.stringify(event)}\n`),
        cancelling() {},
        close() {},
      };
    case 'plain':
      return lineRenderer(terminal, (event, views) => renderPlain(event, views, options()));
    case 'quiet':
      return lineRenderer(terminal, (event, views) => {
        const run = event.kind === 'run-finished' ? views.run(event.runId) : undefined;
        return run === undefined ? [] : renderQuietReport(run, options());
      });
    case 'live':
      return liveRenderer(terminal, clock, options);
    default:
      return unreachable(form);
  }
}

function lineRenderer(
  terminal: Terminal,
  render: (event: EngineEvent, views: RunViews) => readonly string[],
): Renderer {
  const views = new RunViews();
  return {
    onEvent(event) {
      views.apply(event);
      const lines = render(event, views);
      if (lines.length > 0) terminal.write(`${lines.join('\n')}\n`);
    },
    cancelling: () => terminal.writeError('cancelling: steps with always() still run; Ctrl-C again ends at once\n'),
    close() {},
  };
}

function liveRenderer(terminal: Terminal, clock: Clock, options: () => ReportOptions): Renderer {
  const views = new RunViews();
  const region = new LiveRegion(terminal);
  let cancelling = false;
  let closed = false;
  const draw = () => {
    if (views.all.every((run) => run.conclusion !== undefined)) return;
    const { paint, colors } = options();
    const size = { columns: terminal.columns(), rows: terminal.rows() };
    region.draw(renderFrame(views.all, { paint, colors, ...size, now: clock.now(), cancelling }));
  };
  const timer = setInterval(draw, FRAME_MS);
  timer.unref();
  const stopResize = terminal.onResize(draw);
  return {
    onEvent(event) {
      views.apply(event);
      const run = event.kind === 'run-finished' ? views.run(event.runId) : undefined;
      if (run === undefined || closed) return;
      region.clear();
      terminal.write(`${renderReport(run, options()).join('\n')}\n`);
    },
    cancelling() {
      cancelling = true;
    },
    close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      stopResize();
      region.clear();
    },
  };
}
