import { Link } from 'react-router';
import type { Of } from '../shell/api.ts';
import { Duration } from '../shell/time.tsx';
import { visibleText } from './ansi.ts';
import { jobPath } from './paths.ts';
import classes from './run.module.css';
import { StateIcon, stateName } from './state-mark.tsx';
import type { RunPlace } from './use-run.ts';

/** All jobs of an attempt, in words. */
export function JobList({
  place,
  jobs,
  current,
}: {
  readonly place: RunPlace;
  readonly jobs: readonly Of<'Job'>[];
  readonly current?: number;
}) {
  return (
    <nav aria-label="Jobs">
      <ul className={classes['jobs']}>
        {jobs.map((job) => (
          <li key={job.id}>
            <Link
              to={jobPath(place, place.run, job.id)}
              {...(job.id === current ? { 'aria-current': 'page' as const } : {})}
            >
              <StateIcon name={stateName(job)} />
              <bdi>{visibleText(job.name)}</bdi>
              <span className={classes['nodeAside']}>
                {job.startedAt === undefined ? null : <Duration start={job.startedAt} end={job.finishedAt} />}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
