import { Anchor, Select } from '@mantine/core';
import { Link, useSearchParams } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { formats } from '../shell/format.ts';
import { Duration, Time } from '../shell/time.tsx';
import { visibleText } from './ansi.ts';
import { commitPath, filePath, shortRef, shortSha } from './paths.ts';
import classes from './run.module.css';
import { isRefused, LevelMark, StateMark, stateName } from './state-mark.tsx';
import type { RunPlace } from './use-run.ts';

/** One line on a run: its state, what caused it, when. */
export function RunFacts({ place, view }: { readonly place: RunPlace; readonly view: Of<'RunView'> }) {
  const { workflow, number, event, ref, commit, actor, level, createdAt, startedAt, finishedAt } = view;
  return (
    <div className={classes['meta']}>
      <StateMark name={isRefused(view) ? 'refused' : stateName(view)} />
      <span>
        <bdi>{visibleText(workflow.name)}</bdi> #{number}
      </span>
      <span>
        {event} on <bdi className="sp-mono">{visibleText(shortRef(ref))}</bdi>
      </span>
      <Anchor component={Link} to={commitPath(place, commit)} className="sp-mono" inherit>
        {shortSha(commit)}
      </Anchor>
      <span>
        by <bdi>{visibleText(actor.name ?? actor.id)}</bdi>
      </span>
      <Time at={createdAt} />
      {startedAt === undefined ? null : <Duration start={startedAt} end={finishedAt} />}
      <LevelMark level={level} />
    </div>
  );
}

/** Which attempt is shown. Nothing when there is only one. */
export function AttemptChoice({ place, view }: { readonly place: RunPlace; readonly view: Of<'RunView'> }) {
  const [, setQuery] = useSearchParams();
  const { owner, name, run } = place;
  const found = useRead(
    '/api/v1/repositories/{owner}/{name}/runs/{run}/attempts',
    { params: { path: { owner, name, run } } },
    { staleMs: 10_000 },
  );
  const attempts = found.data?.items ?? [];
  if (attempts.length < 2) return null;
  const newest = attempts.at(-1)?.attempt;
  const data = attempts.toReversed().map(({ attempt, actor, conclusion, startedAt, kept }) => ({
    value: String(attempt),
    label: `Attempt ${attempt}: ${conclusion ?? 'running'}, ${visibleText(actor.name)}, ${formats.relative(new Date(startedAt), Date.now())}${
      kept === 'nothing' ? '' : kept === 'successful' ? ' (only what had failed)' : ' (one job)'
    }`,
  }));
  return (
    <Select
      aria-label="Attempt"
      w={340}
      maw="100%"
      data={data}
      value={String(view.attempt)}
      allowDeselect={false}
      onChange={(value) =>
        setQuery((old) => {
          const next = new URLSearchParams(old);
          if (value === null || Number(value) === newest) next.delete('attempt');
          else next.set('attempt', value);
          return next;
        })
      }
    />
  );
}

/** Why nothing of a run ran: each place with what to write there. */
export function Refusal({ place, view }: { readonly place: RunPlace; readonly view: Of<'RunView'> }) {
  if (view.diagnostics.length === 0) return null;
  return (
    <section className={classes['refusal']} aria-label="Why it was refused">
      <h2>This run was refused before anything ran</h2>
      Nothing was executed, and no secret was handed out. Mend what stands below and push again.
      <ul className={classes['reasons']}>
        {view.diagnostics.map((one, at) => (
          <li key={`${at} ${one.file} ${one.line}`}>
            <FileLink place={place} commit={view.commit} file={one.file} line={one.line} />
            <div className={classes['message']}>
              <strong>{visibleText(one.message)}</strong>
            </div>
            {one.remedy === undefined ? null : <div className={classes['message']}>{visibleText(one.remedy)}</div>}
            <div className={`sp-mono ${classes['quiet']}`}>{one.code}</div>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A place in a file of the commit; text alone when it is no path in the repository. */
export function FileLink({
  place,
  commit,
  file,
  line,
}: {
  readonly place: RunPlace;
  readonly commit: string;
  readonly file: string;
  readonly line?: number | undefined;
}) {
  const text = `${visibleText(file)}${line === undefined ? '' : `:${line}`}`;
  const path = filePath(place, commit, file, line);
  return path === undefined ? (
    <bdi className="sp-mono">{text}</bdi>
  ) : (
    <Anchor component={Link} to={path} className="sp-mono" inherit>
      <bdi>{text}</bdi>
    </Anchor>
  );
}
