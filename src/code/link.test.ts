import { expect, test } from 'vitest';
import type { CodeFacts, FlowFact } from './facts.ts';
import { link } from './link.ts';

const at = (line: number) => ({ file: 'a.js', line, column: 1, endLine: line, endColumn: 2 });

/** A file of functions that call each other in every order: the ways through them are without number. */
function tangle(size: number): CodeFacts {
  const numbers = Array.from({ length: size }, (_, id) => id);
  const call = (from: number, to: number) => from * size + to;
  const flow = (origin: FlowFact['origin'], target: FlowFact['target']): FlowFact => ({
    origin,
    cleaned: '',
    steps: [],
    doubts: 0,
    target,
  });
  const argument = (from: number, to: number) =>
    ({ kind: 'argument', call: call(from, to), index: 0, path: [] }) as const;
  const source = { kind: 'source', groups: ['request'], label: 'request data' } as const;
  return {
    language: 'javascript',
    functions: Object.fromEntries(
      numbers.map((id) => [`f${id}`, { id: id + 1, skipped: 0, params: ['x'], returns: [] }]),
    ),
    aliases: {},
    calls: numbers.flatMap((from) =>
      numbers.map((to) => ({
        external: { module: './a', path: [`f${to}`] },
        place: at(call(from, to) + 1),
        name: 'f',
      })),
    ),
    flows: numbers.flatMap((from) => [
      flow({ ...source, at: at(90_000 + from) }, argument(from, from)),
      ...numbers.map((to) => flow({ kind: 'param', function: from + 1, index: 0, path: [] }, argument(from, to))),
    ]),
  };
}

const all = (facts: CodeFacts) =>
  link(
    new Map([['a.js', facts]]),
    { putOff: new Map(), files: new Set(['a.js']), groups: () => new Set(['request']) },
    20_000,
  );

test('ways without number end, and it is said that not all were gone', () => {
  expect(all(tangle(3)).isSpent).toBe(false);
  expect(all(tangle(60)).isSpent).toBe(true);
});
