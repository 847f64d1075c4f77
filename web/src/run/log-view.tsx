import { ActionIcon, Button, TextInput, Tooltip } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  memo,
  type RefObject,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { formats } from '../shell/format.ts';
import { useKeys } from '../shell/keys.ts';
import { visibleText } from './ansi.ts';
import { JobLog, type Line, type LogPlace, type LogState, type Step } from './job-log.ts';
import { groupTitle, LineText, timeText } from './log-line.tsx';
import { type LogRows, logRows, outerStep, type Row } from './log-rows.ts';
import { type LogSearch, useLogSearch } from './log-search.ts';
import classes from './log.module.css';
import { logTextUrl } from './paths.ts';
import { StateIcon, stateName } from './state-mark.tsx';

const ROW = 24;
const OVERSCAN = 8;
/** Rows are drawn in so many places that are used again and again: more than ever fit on a screen. */
const PLACES = 256;
/** So near to the end one follows it. */
const NEAR_END = 2 * ROW;
const TIMES = 'sallyport.log.times';

/** Opens the log of a job, and closes it with the page. */
export function useJobLog({ owner, name, run, job }: LogPlace): JobLog | undefined {
  const [log, setLog] = useState<JobLog>();
  useEffect(() => {
    const opened = new JobLog({ owner, name, run, job });
    setLog(opened);
    return () => {
      opened.close();
      setLog(undefined);
    };
  }, [owner, name, run, job]);
  return log;
}

export const useLogVersion = (log: JobLog): number => useSyncExternalStore(log.subscribe, log.version);

/** What is folded, and how it changes. Groups are closed unless they were opened. */
function useFolding() {
  const [steps, setSteps] = useState<ReadonlySet<string>>(new Set());
  const [groups, setGroups] = useState<ReadonlySet<number>>(new Set());
  return {
    isStepFolded: useCallback((step: string) => steps.has(step), [steps]),
    isGroupFolded: useCallback((line: number) => !groups.has(line), [groups]),
    toggleStep: (step: string) => setSteps((old) => toggled(old, step)),
    toggleGroup: (line: number) => setGroups((old) => toggled(old, line)),
    open: (step: string | undefined, group: number | undefined) => {
      if (step !== undefined) setSteps((old) => (old.has(step) ? toggled(old, step) : old));
      if (group !== undefined) setGroups((old) => (old.has(group) ? old : toggled(old, group)));
    },
    foldAll: (all: readonly string[]) => setSteps(new Set(all)),
    unfoldAll: (all: readonly number[]) => {
      setSteps(new Set());
      setGroups(new Set(all));
    },
  };
}

function toggled<Item>(old: ReadonlySet<Item>, item: Item): ReadonlySet<Item> {
  const next = new Set(old);
  if (!next.delete(item)) next.add(item);
  return next;
}

export type LogTarget = { readonly line?: number; readonly step?: string; readonly count: number };

/** The log of one job: as much of it as fits on the screen, whatever its length. */
export function LogView({
  log,
  place,
  target,
  isRunning,
  onLine,
}: {
  readonly log: JobLog;
  readonly place: LogPlace;
  /** The job goes on: its end is what one wants to see. */
  readonly isRunning: boolean;
  /** Where to go, again with each `count`. */
  readonly target: LogTarget;
  readonly onLine: (line: number) => void;
}) {
  const version = useLogVersion(log);
  log.look();
  const folding = useFolding();
  const { isStepFolded, isGroupFolded } = folding;
  const [areTimesShown, setTimes] = useState(() => globalThis.localStorage.getItem(TIMES) === 'on');
  const [isFollowing, setFollowing] = useState(isRunning && target.line === undefined);
  const scroller = useRef<HTMLDivElement>(null);
  const searchField = useRef<HTMLInputElement>(null);
  const [pending, setPending] = useState<number>();
  const rows = useMemo(
    () =>
      logRows({
        segments: log.segments,
        groups: log.groups,
        steps: log.steps.map(({ id }) => id).filter((id) => !id.includes('/')),
        isStepFolded,
        isGroupFolded,
      }),
    // The shape says when what the log holds has changed.
    [log, log.shape, isStepFolded, isGroupFolded],
  );
  const virtual = useVirtualizer({
    count: rows.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: OVERSCAN,
    useFlushSync: false,
  });
  const show = (line: number) => {
    setFollowing(false);
    const segment = log.segments.findLast(({ from }) => from <= line);
    const group = log.groups.findLast(({ from, to }) => from < line && line <= to);
    folding.open(segment === undefined ? undefined : outerStep(segment.step), group?.from);
    setPending(line);
  };
  /** Why a job failed stands at the end of its first step that did. */
  const showFailure = () => {
    const failed = log.steps.find(({ conclusion }) => conclusion === 'failure')?.id;
    const segment = failed === undefined ? undefined : log.segments.findLast(({ step }) => step === failed);
    if (segment !== undefined) virtual.scrollToIndex(rows.rowOf(segment.from + segment.count - 1), { align: 'end' });
  };
  const search = useLogSearch(place, show);
  const isReady = log.state !== 'loading';
  useEffect(() => {
    if (!isReady) return;
    if (target.line !== undefined) show(target.line);
    else if (target.step !== undefined) {
      setFollowing(false);
      folding.open(target.step, undefined);
      virtual.scrollToIndex(rows.rowOfStep(target.step), { align: 'start' });
    } else if (!isRunning) showFailure();
    // Only a new target moves it.
  }, [target.count, isReady]);
  useEffect(() => {
    if (pending === undefined) return;
    virtual.scrollToIndex(rows.rowOf(pending), { align: 'center' });
    setPending(undefined);
  }, [pending, rows, virtual]);
  const isLive = log.state === 'live' || log.state === 'waiting';
  useEffect(() => {
    if (isFollowing && isLive && rows.count > 0) virtual.scrollToIndex(rows.count - 1, { align: 'end' });
  }, [isFollowing, isLive, rows.count, version, virtual]);
  const onScroll = () => {
    const box = scroller.current;
    if (box === null) return;
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
    // Scrolling up lets go, scrolling to the end takes hold again.
    if (isAtEnd !== isFollowing && (isAtEnd || box.scrollTop < lastTop.current)) setFollowing(isAtEnd && isLive);
    lastTop.current = box.scrollTop;
  };
  const lastTop = useRef(0);
  const turnTimes = () => {
    globalThis.localStorage.setItem(TIMES, areTimesShown ? 'off' : 'on');
    setTimes(!areTimesShown);
  };
  const doing = useRef({ search, turnTimes });
  doing.current = { search, turnTimes };
  useKeys(
    useMemo(
      () => [
        { keys: '/', label: 'Search the log', run: () => searchField.current?.focus() },
        { keys: 'n', label: 'Next match', run: () => doing.current.search.move(1) },
        { keys: 'N', label: 'Match before', run: () => doing.current.search.move(-1) },
        { keys: 'f', label: 'Follow the log, or let go', run: () => setFollowing((old) => !old) },
        { keys: 't', label: 'Times of lines', run: () => doing.current.turnTimes() },
      ],
      [],
    ),
  );
  const acting = useRef({ folding, onLine });
  acting.current = { folding, onLine };
  const acts = useMemo(
    (): Acts => ({
      toggleStep: (step) => acting.current.folding.toggleStep(step),
      toggleGroup: (line) => acting.current.folding.toggleGroup(line),
      onLine: (line) => acting.current.onLine(line),
    }),
    [],
  );
  const chosen = search.at === -1 ? target.line : search.matches[search.at];
  return (
    <section className="sp-panel" aria-label="Log">
      <div className={classes['bar']}>
        <SearchField search={search} field={searchField} />
        <Button size="compact-sm" variant="default" onClick={turnTimes} aria-pressed={areTimesShown}>
          Times
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => folding.foldAll(stepsOf(log.steps))}>
          Fold all
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => folding.unfoldAll(log.groups.map(({ from }) => from))}
        >
          Unfold all
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          component="a"
          href={logTextUrl(place, place.run, place.job)}
          download={`job-${place.job}.txt`}
        >
          Download
        </Button>
        {isLive ? (
          <Button
            size="compact-sm"
            variant={isFollowing ? 'filled' : 'default'}
            aria-pressed={isFollowing}
            onClick={() => setFollowing(!isFollowing)}
          >
            {isFollowing ? 'Following' : 'Follow'}
          </Button>
        ) : null}
      </div>
      <div
        ref={scroller}
        className={classes['scroller']}
        tabIndex={0}
        role="region"
        aria-label="Lines of the log"
        onScroll={onScroll}
        data-log-total={log.total}
      >
        <div className={classes['plane']} style={{ height: virtual.getTotalSize() }}>
          <div
            className={classes['window']}
            style={{ transform: `translateY(${virtual.getVirtualItems()[0]?.start ?? 0}px)` }}
          >
            {virtual.getVirtualItems().map(({ index }) => {
              const row = rows.at(index);
              if (row === undefined) return null;
              return row.kind === 'step' ? (
                <StepHead key={index % PLACES} row={row} step={log.step(row.step)} acts={acts} />
              ) : (
                <LineRow
                  key={index % PLACES}
                  row={row}
                  line={log.line(row.line)}
                  areTimesShown={areTimesShown}
                  wanted={search.text}
                  isChosen={row.line === chosen}
                  acts={acts}
                />
              );
            })}
          </div>
        </div>
      </div>
      <Status state={log.state} total={log.total} rows={rows} />
    </section>
  );
}

const stepsOf = (steps: readonly Step[]) => steps.map(({ id }) => id).filter((id) => !id.includes('/'));

/** What rows do. The same value for all of them and for ever, so that a row that did not change is not drawn again. */
type Acts = {
  readonly toggleStep: (step: string) => void;
  readonly toggleGroup: (firstLine: number) => void;
  readonly onLine: (line: number) => void;
};

type LineRowProps = {
  readonly row: Extract<Row, { kind: 'line' | 'group' }>;
  readonly line: Line | undefined;
  readonly areTimesShown: boolean;
  readonly wanted: string;
  readonly isChosen: boolean;
  readonly acts: Acts;
};

const LineRow = memo(function LineRow({ row, line, areTimesShown, wanted, isChosen, acts }: LineRowProps) {
  return (
    <div className={isChosen ? `${classes['row']} ${classes['target']}` : classes['row']} data-line={row.line + 1}>
      <a
        className={classes['number']}
        href={`#L${row.line + 1}`}
        aria-label={`Line ${row.line + 1}`}
        tabIndex={-1}
        onClick={(event) => {
          event.preventDefault();
          acts.onLine(row.line);
        }}
      >
        {row.line + 1}
      </a>
      {areTimesShown ? <span className={classes['time']}>{line === undefined ? '' : timeText(line.time)}</span> : null}
      <span className={classes['text']}>
        {row.kind === 'group' ? (
          <button
            type="button"
            className={classes['group']}
            aria-expanded={!row.isFolded}
            onClick={() => acts.toggleGroup(row.line)}
          >
            <span className={classes['arrow']} aria-hidden="true">
              {row.isFolded ? '▸' : '▾'}
            </span>
            {groupTitle(row.title)}
          </button>
        ) : line === undefined ? (
          <span className={classes['missing']}>…</span>
        ) : (
          <LineText line={line} wanted={wanted} />
        )}
      </span>
    </div>
  );
}, isSameRow);

/** Rows are computed anew each time: they are the same when what they say is. */
function isSameRow(a: LineRowProps, b: LineRowProps): boolean {
  return (
    a.line === b.line &&
    a.row.line === b.row.line &&
    a.row.kind === b.row.kind &&
    (a.row.kind !== 'group' || b.row.kind !== 'group' || a.row.isFolded === b.row.isFolded) &&
    a.areTimesShown === b.areTimesShown &&
    a.wanted === b.wanted &&
    a.isChosen === b.isChosen
  );
}

function StepHead({
  row,
  step,
  acts,
}: {
  readonly row: Extract<Row, { kind: 'step' }>;
  readonly step: Step | undefined;
  readonly acts: Acts;
}) {
  const name = stepTitle(row.step, step?.name);
  const took = step?.finishedAt === undefined ? undefined : step.finishedAt - step.startedAt;
  return (
    <button
      type="button"
      className={classes['head']}
      aria-expanded={!row.isFolded}
      onClick={() => acts.toggleStep(row.step)}
    >
      <span className={classes['arrow']} aria-hidden="true">
        {row.isFolded ? '▸' : '▾'}
      </span>
      <StateIcon name={stepState(step)} size={14} />
      <bdi>{name}</bdi>
      <span className={classes['aside']}>
        {took === undefined ? '' : formats.duration(took)}
        {row.isFolded ? `  ${formats.plural(row.lines, { one: '# line', other: '# lines' })}` : ''}
      </span>
    </button>
  );
}

export const stepState = (step: Step | undefined) =>
  stateName({
    state: step?.finishedAt === undefined ? 'running' : 'finished',
    conclusion: step?.conclusion === undefined || step.conclusion === '' ? undefined : step.conclusion,
  });

/** Steps of the runner itself have names of ours. */
export function stepTitle(id: string, name: string | undefined): string {
  if (id === ':setup') return 'Set up the job';
  if (id === ':end') return 'End the job';
  return visibleText(name === undefined || name === '' ? id : name);
}

function SearchField({
  search,
  field,
}: {
  readonly search: LogSearch;
  readonly field: RefObject<HTMLInputElement | null>;
}) {
  const { text, matches, isBusy, isCut, at } = search;
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter') search.move(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape') {
      search.setText('');
      field.current?.blur();
    } else return;
    event.preventDefault();
  };
  return (
    <>
      <TextInput
        ref={field}
        size="xs"
        className={classes['search'] ?? ''}
        aria-label="Search the log"
        placeholder="Search the log"
        maxLength={500}
        value={text}
        onChange={({ currentTarget }) => search.setText(currentTarget.value)}
        onKeyDown={onKey}
      />
      <span className={classes['matches']} role="status">
        {text.trim() === ''
          ? ''
          : matches.length === 0
            ? isBusy
              ? 'Searching…'
              : 'Not found'
            : `${at + 1} of ${formats.number(matches.length)}${isCut ? '+' : ''}`}
      </span>
      <Tooltip label="Match before (N)">
        <ActionIcon
          variant="default"
          aria-label="Match before"
          disabled={matches.length === 0}
          onClick={() => search.move(-1)}
        >
          ↑
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Next match (n)">
        <ActionIcon
          variant="default"
          aria-label="Next match"
          disabled={matches.length === 0}
          onClick={() => search.move(1)}
        >
          ↓
        </ActionIcon>
      </Tooltip>
    </>
  );
}

const STATES: { readonly [State in LogState]: string } = {
  loading: 'Opening the log…',
  live: 'Live',
  waiting: 'The connection was lost. Trying again…',
  ended: 'Complete',
  failed: 'The log can not be read',
};

function Status({ state, total, rows }: { readonly state: LogState; readonly total: number; readonly rows: LogRows }) {
  return (
    <div className={classes['status']}>
      <span role="status" data-log-state={state}>
        {STATES[state]}
      </span>
      <span>
        {rows.count === 0 && state === 'ended'
          ? 'It printed nothing.'
          : formats.plural(total, { one: '# line', other: '# lines' })}
      </span>
    </div>
  );
}
