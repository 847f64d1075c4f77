import { useSyncExternalStore } from 'react';
import { formats } from './format.ts';

const TICK_MS = 10_000;
const SECOND_MS = 1000;

function ticker(everyMs: number) {
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const listeners = new Set<() => void>();
  return {
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      timer ??= setInterval(() => {
        now = Date.now();
        for (const one of listeners) one();
      }, everyMs);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    now: () => {
      // Nobody listened for a while: the time that is kept is old.
      if (timer === undefined && Date.now() - now > everyMs) now = Date.now();
      return now;
    },
  };
}

const slow = ticker(TICK_MS);
const quick = ticker(SECOND_MS);

/** The time now, again every ten seconds. */
export function useNow(): number {
  return useSyncExternalStore(slow.subscribe, slow.now);
}

/** `3 minutes ago`; the exact time is in its title. */
export function Time({ at }: { readonly at: string }) {
  const now = useNow();
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span>{at}</span>;
  return (
    <time dateTime={at} title={formats.exact(date)}>
      {formats.relative(date, now)}
    </time>
  );
}

/** How long something took, or takes while `end` is missing. */
export function Duration({ start, end }: { readonly start: string; readonly end?: string | undefined }) {
  return end === undefined ? <Running start={start} /> : <Span ms={Date.parse(end) - Date.parse(start)} />;
}

function Running({ start }: { readonly start: string }) {
  const now = useSyncExternalStore(quick.subscribe, quick.now);
  return <Span ms={now - Date.parse(start)} />;
}

const Span = ({ ms }: { readonly ms: number }) => (
  <span title="How long it took">{formats.duration(Math.max(0, ms))}</span>
);
