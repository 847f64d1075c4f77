import { entropyOf } from './entropy.ts';

/** Secrets at least this long show how they begin: it says the kind and which one, and leaves enough to guess. */
const SHOWN_FROM = 24;
const SHOWN = 4;
/** How much of a line stands on each side of the secret in the evidence, in characters. */
const AROUND_MAX = 60;

/** A secret as it may be shown: how it begins when it is long, and its length. */
export function redacted(secret: string): string {
  const begin =
    secret.length >= SHOWN_FROM && entropyOf(secret) > 2.5 ? `${secret.slice(0, SHOWN).replaceAll(/\s/g, ' ')}…` : '';
  return `${begin}[${secret.length} characters]`;
}

export type Span = { readonly start: number; readonly end: number };

/** The line of a secret with every secret on it redacted. */
export function evidenceOf(text: string, span: Span, others: readonly Span[]): string {
  const before = text.slice(Math.max(0, span.start - AROUND_MAX), span.start);
  const lineStart = span.start - before.length + before.lastIndexOf('\n') + 1;
  const after = text.slice(span.end, span.end + AROUND_MAX);
  const nextLine = after.indexOf('\n');
  const lineEnd = span.end + (nextLine === -1 ? after.length : nextLine);
  const spans = [span, ...others]
    .filter(({ start, end }) => end > lineStart && start < lineEnd)
    .sort((a, b) => a.start - b.start || b.end - a.end);
  let evidence = '';
  let at = lineStart;
  for (const { start, end } of spans) {
    if (start < at && at > lineStart) continue;
    // A secret that the cut goes through is redacted whole.
    evidence += text.slice(at, Math.max(at, start)) + redacted(text.slice(start, end));
    at = Math.max(at, end);
  }
  return (evidence + text.slice(at, Math.max(at, lineEnd))).replaceAll(/\s+/g, ' ').trim();
}
