import { fact, NOT_FOUND, type Visits, type World } from '../visit.ts';

const CI = '/acme/ci';
const REPOSITORY = ':owner/:name';
const runPath = (world: World, kind: string) => `${CI}/runs/${fact(world, `run.${kind}`)}`;
const jobPath = (world: World, kind: string) => `${runPath(world, kind)}/jobs/${fact(world, `job.${kind}`)}`;

/** The runs are those that the home page tells of. */
export const visits: Visits['visits'] = [
  { route: `${REPOSITORY}/runs`, state: 'some', path: () => `${CI}/runs` },
  { route: `${REPOSITORY}/runs`, state: 'none', path: () => '/acme/empty/runs' },
  { route: `${REPOSITORY}/runs/:run`, state: 'passed', path: (world) => runPath(world, 'passed') },
  { route: `${REPOSITORY}/runs/:run`, state: 'failed', path: (world) => runPath(world, 'failed') },
  { route: `${REPOSITORY}/runs/:run`, state: 'refused', path: (world) => runPath(world, 'refused') },
  { route: `${REPOSITORY}/runs/:run`, state: 'running', path: (world) => runPath(world, 'open') },
  { route: `${REPOSITORY}/runs/:run`, state: 'not there', path: () => `${CI}/runs/999999`, allowed: [NOT_FOUND] },
  { route: `${REPOSITORY}/runs/:run/jobs/:job`, state: 'passed', path: (world) => jobPath(world, 'passed') },
  { route: `${REPOSITORY}/runs/:run/jobs/:job`, state: 'failed', path: (world) => jobPath(world, 'failed') },
  { route: `${REPOSITORY}/runs/:run/jobs/:job`, state: 'running', path: (world) => jobPath(world, 'open') },
  { route: `${REPOSITORY}/dispatch`, state: 'nothing to start', path: () => `${CI}/dispatch` },
  { route: `${REPOSITORY}/schedules`, state: 'none', path: () => `${CI}/schedules` },
  { route: `${REPOSITORY}/artifacts`, state: 'none', path: () => `${CI}/artifacts` },
  { route: `${REPOSITORY}/caches`, state: 'none', path: () => `${CI}/caches` },
];
