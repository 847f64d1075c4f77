import type { Of } from '../shell/api.ts';
import classes from './run.module.css';

type Level = Of<'Run'>['level'];

/** Each state has a shape, a colour and a word: none of them is the only sign. */
const STATES = {
  success: { word: 'Succeeded', tone: 'good', shape: 'M4.5 8.5l2.3 2.3 4.7-5.1' },
  failure: { word: 'Failed', tone: 'bad', shape: 'M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6' },
  cancelled: { word: 'Cancelled', tone: 'quiet', shape: 'M4.8 11.2l6.4-6.4' },
  skipped: { word: 'Skipped', tone: 'quiet', shape: 'M5.5 5l3.6 3-3.6 3M10.8 5v6' },
  running: { word: 'Running', tone: 'busy', shape: 'M8 5v3.2l2.2 1.6' },
  queued: { word: 'Queued', tone: 'warn', shape: 'M5 8h.01M8 8h.01M11 8h.01' },
  waiting: { word: 'Waiting', tone: 'quiet', shape: 'M6.4 5.4v5.2M9.6 5.4v5.2' },
  refused: { word: 'Refused', tone: 'bad', shape: 'M8 4.6v4M8 11.2h.01' },
} as const;

export type StateName = keyof typeof STATES;

const isStateName = (word: string): word is StateName => Object.hasOwn(STATES, word);

/** How far something is, in one word. What is finished without a conclusion is not known to this page. */
export function stateName(of: { readonly state: string; readonly conclusion?: string | undefined }): StateName {
  const word = of.conclusion ?? of.state;
  return isStateName(word) ? word : 'waiting';
}

export const stateWord = (name: StateName): string => STATES[name].word;

/** A run that was refused before anything ran has failed, and why is told by its diagnostics. */
export const isRefused = (run: { readonly diagnostics: readonly unknown[]; readonly jobs: readonly unknown[] }) =>
  run.diagnostics.length > 0 && run.jobs.length === 0;

export function StateIcon({ name, size = 16 }: { readonly name: StateName; readonly size?: number }) {
  const { word, tone, shape } = STATES[name];
  return (
    <svg
      className={`${classes['icon']} ${classes[tone]}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      role="img"
      aria-label={word}
    >
      <circle cx="8" cy="8" r="7" className={name === 'running' ? classes['turning'] : undefined} />
      <path d={shape} />
    </svg>
  );
}

export function StateMark({ name }: { readonly name: StateName }) {
  return (
    <span className={`${classes['mark']} ${classes[STATES[name].tone]}`}>
      <StateIcon name={name} />
      <span aria-hidden="true">{stateWord(name)}</span>
    </span>
  );
}

const LEVELS: { readonly [Name in Level]: { readonly tone: string; readonly about: string } } = {
  untrusted: {
    tone: 'bad',
    about: 'Somebody from outside could have written what ran: no secrets, no caches of others.',
  },
  branch: {
    tone: 'warn',
    about: 'On a branch that nobody has reviewed: no secrets of the repository without a grant.',
  },
  reviewed: { tone: 'busy', about: 'On a protected branch, and reviewed.' },
  release: { tone: 'good', about: 'Approved for an environment.' },
};

/** The trust level of a run, a job, an artifact or a cache. */
export function LevelMark({ level }: { readonly level: Level }) {
  const { tone, about } = LEVELS[level];
  return (
    <span className={`${classes['label']} ${classes[tone]}`} title={about}>
      {level}
    </span>
  );
}

/** A word in a frame, with a colour that repeats what it says. */
export function ToneLabel({
  tone,
  children,
}: {
  readonly tone: 'good' | 'bad' | 'warn' | 'busy' | 'quiet';
  readonly children: string;
}) {
  return <span className={`${classes['label']} ${classes[tone]}`}>{children}</span>;
}
