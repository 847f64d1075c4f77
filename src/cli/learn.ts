import type { EngineEvent } from '../engine/index.ts';
import type { EgressRecord } from '../protocol/index.ts';
import { harmlessLines } from './harmless.ts';
import type { Terminal } from './terminal.ts';

/** Places that a proposal may be made of: a job that reaches more does not need a list but another look. */
const PLACES_MAX = 1_000;

/** Keeps what jobs reached while everything public was allowed, each place once. */
export class LearnedEgress {
  readonly #places = new Map<string, EgressRecord>();
  leftOut = 0;

  get records(): readonly EgressRecord[] {
    return [...this.#places.values()];
  }

  look(event: EngineEvent): void {
    if (event.kind !== 'job' || event.event.kind !== 'egress') return;
    const { record } = event.event;
    if (record.verdict !== 'allowed') return;
    const place = `${record.via} ${record.host}:${record.port}`;
    if (this.#places.has(place)) return;
    if (this.#places.size >= PLACES_MAX) this.leftOut += 1;
    else this.#places.set(place, record);
  }
}

/** Prints the proposal, to be read by a person before it is applied. With `--json` it is a line of its own. */
export function printProposal(
  diff: string,
  leftOut: number,
  options: { readonly json?: true },
  terminal: Terminal,
): void {
  if (options.json === true) {
    terminal.write(`${JSON.stringify({ kind: 'egress-proposal', diff, leftOut })}\n`);
    return;
  }
  const lines =
    diff === ''
      ? ['Learned: the jobs reached nothing that .sallyport/egress.yml does not list.']
      : [
          'Learned: .sallyport/egress.yml would need this; read each line before you apply it.',
          ...harmlessLines(diff.trimEnd(), false),
        ];
  if (leftOut > 0) lines.push(`… and ${leftOut} more connections`);
  terminal.write(`\n${lines.join('\n')}\n`);
}
