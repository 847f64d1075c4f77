import { type CSSProperties, useMemo, useState } from 'react';
import { Link } from 'react-router';
import type { Of } from '../shell/api.ts';
import { Duration } from '../shell/time.tsx';
import { visibleText } from './ansi.ts';
import { type GraphNode, graphOf, stateOfJobs } from './job-graph.ts';
import { jobPath } from './paths.ts';
import classes from './run.module.css';
import { StateIcon, stateName, stateWord } from './state-mark.tsx';
import type { RunPlace } from './use-run.ts';

const WIDTH = 220;
const HEAD = 42;
const ROW = 30;
const GAP_X = 56;
const GAP_Y = 14;
/** Jobs of a matrix that are shown in their place when it is unfolded; all are in the list beside it. */
const SHOWN_MAX = 40;

type Box = { readonly node: GraphNode; readonly x: number; readonly y: number; readonly height: number };

/** The jobs as they wait for each other. The list beside it says the same in words. */
export function GraphView({ place, jobs }: { readonly place: RunPlace; readonly jobs: readonly Of<'Job'>[] }) {
  const graph = useMemo(() => graphOf(jobs), [jobs]);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const boxes = boxesOf(graph.nodes, open);
  const byId = new Map(boxes.map((box) => [box.node.id, box]));
  const width = graph.ranks * (WIDTH + GAP_X) - GAP_X;
  const height = Math.max(0, ...boxes.map((box) => box.y + box.height));
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <section className={`sp-panel ${classes['graph']}`} aria-label="Graph of jobs" tabIndex={0}>
      <div className={classes['graphPlane']} style={{ width, height }}>
        <svg className={classes['graphEdges']} width={width} height={height} aria-hidden="true">
          {boxes.flatMap((to) =>
            to.node.needs.flatMap((need) => {
              const from = byId.get(need);
              return from === undefined ? [] : [<path key={`${need} ${to.node.id}`} d={edge(from, to)} />];
            }),
          )}
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

function boxesOf(nodes: readonly GraphNode[], open: ReadonlySet<string>): readonly Box[] {
  const heightOf = ({ id, jobs }: GraphNode) =>
    HEAD + (jobs.length > 1 && open.has(id) ? Math.min(jobs.length, SHOWN_MAX) * ROW + 1 : 0);
  return [...Map.groupBy(nodes, ({ rank }) => rank)].flatMap(([rank, column]) => {
    let y = 0;
    return column
      .toSorted((a, b) => a.place - b.place)
      .map((node) => {
        const box = { node, x: rank * (WIDTH + GAP_X), y, height: heightOf(node) };
        y += box.height + GAP_Y;
        return box;
      });
  });
}

function edge(from: Box, to: Box): string {
  const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEAD / 2, to.x, to.y + HEAD / 2];
  const middle = GAP_X / 2;
  return `M${x1} ${y1} C${x1 + middle} ${y1} ${x2 - middle} ${y2} ${x2} ${y2}`;
}
