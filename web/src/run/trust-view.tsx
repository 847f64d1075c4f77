import { Stack } from '@mantine/core';
import { Link } from 'react-router';
import type { Of } from '../shell/api.ts';
import { Time } from '../shell/time.tsx';
import { visibleText } from './ansi.ts';
import { jobPath } from './paths.ts';
import classes from './run.module.css';
import { LevelMark } from './state-mark.tsx';
import type { RunPlace } from './use-run.ts';

/** How the trust in a run came to be what it is, as a line of events. */
export function TrustView({
  place,
  view,
  report,
}: {
  readonly place: RunPlace;
  readonly view: Of<'RunView'>;
  readonly report: Of<'RunReport'>;
}) {
  const jobs = new Map(view.jobs.map((job) => [job.key, job]));
  return (
    <Stack gap="sm">
      <p className={classes['lead']}>
        A run has a trust level: untrusted, branch, reviewed, release. While it runs the level of a job only goes down,
        and secrets, caches and the network follow it at once.
      </p>
      {view.notes.length === 0 ? null : (
        <ul className={classes['notes']} aria-label="Remarks">
          {view.notes.map((note, at) => (
            <li key={`${at} ${note}`}>
              <bdi>{visibleText(note)}</bdi>
            </li>
          ))}
        </ul>
      )}
      <ol className={classes['line']} aria-label="Causes of the trust level">
        {report.trust.map((event, at) => {
          const job = event.job === undefined ? undefined : jobs.get(event.job);
          return (
            <li key={`${at} ${event.cause}`}>
              <div className={classes['lineHead']}>
                <LevelMark level={event.level} />
                <strong>{visibleText(event.cause)}</strong>
                {event.job === undefined ? (
                  <span className={classes['quiet']}>the whole run</span>
                ) : (
                  <span className={classes['quiet']}>
                    job{' '}
                    {job === undefined ? (
                      <bdi>{visibleText(event.job)}</bdi>
                    ) : (
                      <Link to={jobPath(place, place.run, job.id)}>
                        <bdi>{visibleText(event.job)}</bdi>
                      </Link>
                    )}
                    {event.step === undefined ? '' : `, step ${visibleText(event.step)}`}
                  </span>
                )}
                {event.at === undefined ? null : (
                  <span className={classes['quiet']}>
                    <Time at={event.at} />
                  </span>
                )}
              </div>
              <div className={classes['message']}>
                <bdi>{visibleText(event.source)}</bdi>
              </div>
            </li>
          );
        })}
      </ol>
    </Stack>
  );
}
