import type { Taint } from '../base/index.ts';
import type { Diagnostic } from '../workflow/index.ts';
import { integer, type Json, objects, optionalText, text, texts } from './client.ts';
import { renderDiagnostics } from './diagnostics.ts';
import { harmless } from './harmless.ts';
import { count, type Paint } from './terminal.ts';

type Options = { readonly paint: Paint; readonly columns: number };

/** Why nothing of a run on the server ran, as `sallyport run` says it of a local one; empty for a run that began. */
export function renderRefusal(view: Json, { paint, columns }: Options): readonly string[] {
  const diagnostics = objects(view, 'diagnostics').map(diagnosticOf);
  if (diagnostics.length === 0) return [];
  // The line itself may be of another commit than the work tree here has: place, message and remedy have to do.
  const lines = renderDiagnostics(diagnostics, { paint, columns, source: () => undefined });
  return [...lines, `${count(diagnostics.length, 'error')}: nothing ran`];
}

/** Why its level is no higher, and what else a person should know of it. */
export function renderRemarks(view: Json, { paint }: Options): readonly string[] {
  return [
    ...objects(view, 'taints').map((taint) => paint('yellow', taintLine(taint))),
    ...texts(view, 'notes').map((note) => harmless(note, false)),
  ];
}

export function taintLine(taint: Json): string {
  const [level, cause, source] = (['level', 'cause', 'source'] satisfies (keyof Taint)[]).map((name) =>
    text(taint, name),
  );
  const step = optionalText(taint, 'step');
  return harmless(`level ${level}: ${source} (${cause}${step === undefined ? '' : ` at ${step}`})`, false);
}

function diagnosticOf(one: Json): Diagnostic {
  const remedy = optionalText(one, 'remedy');
  return {
    file: text(one, 'file'),
    line: integer(one, 'line'),
    column: integer(one, 'column'),
    code: text(one, 'code'),
    message: text(one, 'message'),
    ...(remedy === undefined ? {} : { remedy }),
  };
}
