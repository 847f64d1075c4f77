import { type Match, viewOf } from '../finding/index.ts';

/** Masks what our own detector takes for a secret in a text of unknown origin. */
export type Redaction = (text: string, path: string) => string;

/** Loaded only for findings of others: they quote code, and what else stands on its line. */
export async function openRedaction(): Promise<Redaction> {
  const { createSecretsScanner } = await import('../secrets/index.ts');
  // A mark on the line allows the secret in the repository, not in a report that goes elsewhere.
  const scanner = createSecretsScanner({ archives: false, heedsMarks: false });
  return (text, path) => {
    const view = viewOf(path, text);
    let masked = text;
    const spans = scanner
      .scanFile(view)
      .matches.map(({ place }) => [
        view.offsetOfLine(place.line) + place.column - 1,
        view.offsetOfLine(place.endLine) + place.endColumn - 1,
      ])
      .sort(([a = 0], [b = 0]) => b - a);
    for (const [start = 0, end = 0] of spans) masked = `${masked.slice(0, start)}[redacted]${masked.slice(end)}`;
    return masked;
  };
}

/** A finding of another tool without the secrets in what it quotes. */
export function redactedMatch(match: Match, redact: Redaction): Match {
  const { file } = match.place;
  return { ...match, message: redact(match.message, file), evidence: redact(match.evidence, file) };
}
