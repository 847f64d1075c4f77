import { type CSSProperties, useMemo, useState } from 'react';
import { Link } from 'react-router';
import type { Of } from '../shell/api.ts';
import { Duration } from '../shell/time.tsx';
import { visibleText } from './ansi.ts';
import { type Graph, type GraphNode, graphOf, stateOfJobs } from './job-graph.ts';
import { jobPath } from './paths.ts';
import classes from './run.module.css';
import { StateIcon, stateName, stateWord } from './state-mark.tsx';
import type { RunPlace } from './use-run.ts';

const WIDTH = 196;
const HEAD = 42;
const ROW = 30;
const GAP_X = 44;
const GAP_Y = 14;
/** Jobs of a matrix that are shown in their place when it is unfolded; all are in the list beside it. */
const SHOWN_MAX = 40;

/** Height of the place that an edge passes through. */
const PASS = 18;

type Box = { readonly node: GraphNode; readonly x: number; readonly y: number; readonly height: number };

/** The jobs as they wait for each other. The list beside it says the same in words. */
export function GraphView({ place, jobs }: { readonly place: RunPlace; readonly jobs: readonly Of<'Job'>[] }) {
  const graph = useMemo(() => graphOf(jobs), [jobs]);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const { boxes, passes, height } = layOut(graph, open);
  const byId = new Map(boxes.map((box) => [box.node.id, box]));
  const width = graph.ranks * (WIDTH + GAP_X) - GAP_X;
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <section className={`sp-panel ${classes['graph']}`} aria-label="Graph of jobs" tabIndex={0}>
      <div className={classes['graphPlane']} style={{ width, height }}>
        <svg className={classes['graphEdges']} width={width} height={height} aria-hidden="true">
          {graph.edges.map((one) => {
            const [from, to] = [byId.get(one.from), byId.get(one.to)];
            if (from === undefined || to === undefined) return null;
            const through = one.through.map(({ rank, place: at }) => ({
              x: rank * (WIDTH + GAP_X),
              y: passes.get(`${rank} ${at}`) ?? 0,
            }));
            return <path key={`${one.from} ${one.to}`} d={edge(from, to, through)} />;
          })}
        </svg>
        {boxes.map((box) => (
          <NodeView
            key={box.node.id}
            place={place}
            box={box}
            isOpen={open.has(box.node.id)}
            onToggle={() => toggle(box.node.id)}
          />
        ))}
      </div>
    </section>
  );
}

function NodeView({
  place,
  box: { node, x, y, height },
  isOpen,
  onToggle,
}: {
  readonly place: RunPlace;
  readonly box: Box;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}) {
  const style: CSSProperties = { insetInlineStart: x, insetBlockStart: y, width: WIDTH, height };
  const [job] = node.jobs;
  if (node.jobs.length === 1 && job !== undefined) {
    return (
      <div className={classes['node']} style={style}>
        <JobLink place={place} job={job} />
      </div>
    );
  }
  const state = stateName({ state: stateOfJobs(node.jobs) });
  const done = node.jobs.filter(({ state: own }) => own === 'finished').length;
  return (
    <div className={classes['node']} style={style}>
      <button type="button" className={classes['nodeHead']} aria-expanded={isOpen} onClick={onToggle}>
        <StateIcon name={state} />
        <span className={classes['nodeName']} title={visibleText(node.label)}>
          <bdi>{visibleText(node.label)}</bdi>
        </span>
        <span className={classes['nodeAside']}>
          {done}/{node.jobs.length}
        </span>
      </button>
      {isOpen ? (
        <div className={classes['nodeJobs']}>
          {node.jobs.slice(0, SHOWN_MAX).map((one) => (
            <JobLink key={one.id} place={place} job={one} />
          ))}
        </div>
      ) : null}
    </div>
  );
}

function JobLink({ place, job }: { readonly place: RunPlace; readonly job: Of<'Job'> }) {
  const state = stateName(job);
  return (
    <Link
      to={jobPath(place, place.run, job.id)}
      className={classes['nodeHead']}
      title={`${visibleText(job.name)}: ${stateWord(state)}`}
    >
      <StateIcon name={state} />
      <span className={classes['nodeName']}>
        <bdi>{visibleText(job.name)}</bdi>
      </span>
      <span className={classes['nodeAside']}>
        {job.startedAt === undefined ? '' : <Duration start={job.startedAt} end={job.finishedAt} />}
      </span>
    </Link>
  );
}

type Layout = {
  readonly boxes: readonly Box[];
  /** Heights at which edges pass, by column and place. */
  readonly passes: ReadonlyMap<string, number>;
  readonly height: number;
};

function layOut({ nodes, edges, ranks }: Graph, open: ReadonlySet<string>): Layout {
  const boxes: Box[] = [];
  const passes = new Map<string, number>();
  let height = 0;
  for (let rank = 0; rank < ranks; rank += 1) {
    const own = nodes.filter((node) => node.rank === rank).map((node) => ({ place: node.place, node }));
    const passing = edges.flatMap(({ through }) => through.filter((one) => one.rank === rank));
    let y = 0;
    const column = [...own, ...passing.map(({ place }) => ({ place, node: undefined }))];
    for (const { place, node } of column.toSorted((a, b) => a.place - b.place)) {
      const size = node === undefined ? PASS : heightOf(node, open);
      if (node === undefined) passes.set(`${rank} ${place}`, y + PASS / 2);
      else boxes.push({ node, x: rank * (WIDTH + GAP_X), y, height: size });
      y += size + GAP_Y;
    }
    height = Math.max(height, y - GAP_Y);
  }
  return { boxes, passes, height };
}

const heightOf = ({ id, jobs }: GraphNode, open: ReadonlySet<string>) =>
  HEAD + (jobs.length > 1 && open.has(id) ? Math.min(jobs.length, SHOWN_MAX) * ROW + 1 : 0);

/** A curve to each place on its way, straight through the column, and on. */
function edge(from: Box, to: Box, through: readonly { readonly x: number; readonly y: number }[]): string {
  const stops = [{ x: from.x, y: from.y + HEAD / 2 }, ...through, { x: to.x, y: to.y + HEAD / 2 }];
  const [start] = stops;
  let path = `M${(start?.x ?? 0) + WIDTH} ${start?.y ?? 0}`;
  for (const [at, { x, y }] of stops.slice(1).entries()) {
    const before = stops[at];
    const [x1, y1] = [(before?.x ?? 0) + WIDTH, before?.y ?? 0];
    path += ` C${x1 + GAP_X / 2} ${y1} ${x - GAP_X / 2} ${y} ${x} ${y}`;
    if (at < stops.length - 2) path += ` H${x + WIDTH}`;
  }
  return path;
}
