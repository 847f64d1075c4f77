import { useCallback, useEffect, useRef, useState } from 'react';
import { api, told } from '../shell/api.ts';
import type { LogPlace } from './job-log.ts';

/** Lines of one answer and of all. */
const MATCHES_AT_ONCE = 1000;
const MATCHES_MAX = 10_000;
const PAUSE_MS = 250;

export type LogSearch = {
  readonly text: string;
  readonly matches: readonly number[];
  readonly isBusy: boolean;
  /** There are more, and they are not looked for. */
  readonly isCut: boolean;
  /** Place of the chosen one in `matches`; -1 without one. */
  readonly at: number;
  setText(text: string): void;
  move(by: 1 | -1): void;
};

/** Looks for a text in a log at the server, which has all of it. */
export function useLogSearch(place: LogPlace, onFound: (line: number) => void): LogSearch {
  const [text, setText] = useState('');
  const [found, setFound] = useState<Pick<LogSearch, 'matches' | 'isBusy' | 'isCut'>>(NOTHING);
  const [at, setAt] = useState(-1);
  const shown = useRef(onFound);
  shown.current = onFound;
  const { owner, name, run, job } = place;
  useEffect(() => {
    setAt(-1);
    if (text.trim() === '') {
      setFound(NOTHING);
      return undefined;
    }
    const stop = new AbortController();
    setFound({ matches: [], isBusy: true, isCut: false });
    const timer = setTimeout(() => {
      let isFirst = true;
      searchAll({ owner, name, run, job }, text, stop.signal, (matches, isBusy) => {
        setFound({ matches, isBusy, isCut: matches.length >= MATCHES_MAX });
        const [first] = matches;
        if (!isFirst || first === undefined) return;
        isFirst = false;
        setAt(0);
        shown.current(first);
      }).catch(() => {
        if (!stop.signal.aborted) setFound(NOTHING);
      });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text, owner, name, run, job]);
  const { matches } = found;
  const move = useCallback(
    (by: 1 | -1) => {
      if (matches.length === 0) return;
      const next = (at + by + matches.length) % matches.length;
      setAt(next);
      const line = matches[next];
      if (line !== undefined) shown.current(line);
    },
    [matches, at],
  );
  return { text, ...found, at, setText, move };
}

const NOTHING = { matches: [], isBusy: false, isCut: false } as const;

async function searchAll(
  { owner, name, run, job }: LogPlace,
  text: string,
  signal: AbortSignal,
  onMatches: (matches: readonly number[], isBusy: boolean) => void,
): Promise<void> {
  let matches: readonly number[] = [];
  for (let from: number | undefined = 0; from !== undefined && matches.length < MATCHES_MAX; ) {
    const query = { text: text.slice(0, 500), from, limit: MATCHES_AT_ONCE };
    const answer: { readonly matches: readonly number[]; readonly next?: number } = await told(
      api.GET('/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}/search', {
        params: { path: { owner, name, run, job }, query },
        signal,
      }),
    );
    matches = [...matches, ...answer.matches];
    from = answer.next;
    onMatches(matches, from !== undefined && matches.length < MATCHES_MAX);
  }
}
