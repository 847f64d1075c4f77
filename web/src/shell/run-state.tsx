import type { Of } from './api.ts';

type State = { readonly state: Of<'Run'>['state']; readonly conclusion?: Of<'Run'>['conclusion'] };

const LOOKS = {
  success: { mark: '✓', word: 'passed', className: 'sp-good' },
  failure: { mark: '✕', word: 'failed', className: 'sp-bad' },
  cancelled: { mark: '⊘', word: 'cancelled', className: 'sp-dim' },
  skipped: { mark: '↷', word: 'skipped', className: 'sp-dim' },
  running: { mark: '●', word: 'running', className: 'sp-busy' },
  queued: { mark: '◔', word: 'queued', className: 'sp-warn' },
  waiting: { mark: '◌', word: 'waiting', className: 'sp-warn' },
  finished: { mark: '■', word: 'finished', className: 'sp-dim' },
} as const;

/** How a run or a job is: a mark, a word and a colour. */
export function RunState({ state, conclusion, isShort = false }: State & { readonly isShort?: boolean }) {
  const { mark, word, className } = LOOKS[conclusion ?? state];
  return (
    <span className={`sp-state ${className}`} title={word}>
      <span aria-hidden="true">{mark}</span>
      {isShort ? <span className="sp-hidden">{word}</span> : ` ${word}`}
    </span>
  );
}
