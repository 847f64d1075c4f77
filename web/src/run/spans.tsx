import { Duration } from '../shell/time.tsx';

export { Duration };

/** How long something took, by times in milliseconds. */
export function Span({ startMs, endMs }: { readonly startMs: number; readonly endMs: number | undefined }) {
  return <Duration start={isoOf(startMs)} end={endMs === undefined ? undefined : isoOf(endMs)} />;
}

const DATE_MS_MAX = 8.64e15;
const isoOf = (ms: number) => new Date(Number.isFinite(ms) && Math.abs(ms) <= DATE_MS_MAX ? ms : 0).toISOString();
