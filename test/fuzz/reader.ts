import { createReader, type Diagnostic, type Reading, type WorkflowReader } from '../../src/workflow/index.ts';
import type { FuzzOutcome } from './outcome.ts';
import { randomOf } from './random.ts';

/** Milliseconds that any one file may take, with the worker's own limit and its restart in it, on a busy machine. */
const FILE_MS_MAX = 20_000;

const SEEDS: readonly string[] = [
  `name: a
on:
  push: {branches: [main, '!x'], paths: ['**.js']}
  workflow_dispatch: {inputs: {a: {type: choice, options: [x, y], default: x}}}
  schedule: [{cron: '5 4 * * 1-5', timezone: UTC}]
permissions: {contents: read}
env: {A: &a "x \${{ github.sha }}", B: *a}
concurrency: {group: g, cancel-in-progress: true}
jobs:
  build:
    runs-on: \${{ matrix.os }}
    strategy: {fail-fast: false, matrix: {os: [a, b], v: [1, 2], include: [{os: a, z: 1}], exclude: [{os: b, v: 2}]}}
    steps:
      - uses: actions/checkout@v4
        with: {ref: "\${{ github.ref }}"}
      - {id: s, run: "npm start", background: true}
      - wait: s
      - parallel: [{run: a}, {run: b}]
      - run: |
          echo \${{ toJSON(github.event) }}
            \${{ case(a.b, 1, 2) }}
        if: always() && contains(github.ref, 'x')
  call:
    needs: [build]
    uses: ./.github/workflows/x.yml
    with: {a: 1}
    secrets: inherit
`,
  `name: c
inputs: {a: {default: "\${{ github.token }}", required: true}}
outputs: {o: {value: "\${{ steps.s.outputs.o }}"}}
runs:
  using: composite
  steps: [{id: s, run: "x \${{ inputs.a }}", shell: bash}, {uses: ./y, if: success()}]
`,
];

/** Pieces that make YAML and expressions interesting. */
const PIECES = [
  '${{',
  '}}',
  "'",
  '"',
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  '- ',
  '\n',
  '\n  ',
  '&a ',
  '*a',
  '!!int ',
  '|\n',
  '>-\n',
  '#',
  '\t',
  '\0',
  '\u2028',
  '😀',
  'null',
  '__proto__',
  '<<: ',
  '---\n',
  '0x',
  '1e999',
  '.inf',
  'fromJSON(',
  'github.*',
  '${{ insert }}',
];

/**
 * Reads mutated workflow files and manifests, alias bombs and deep nesting. Each has to give a value or diagnostics with
 * a place, a known code and a remedy, in time; the same seed makes the same files.
 */
export async function fuzzReader(seed: number, rounds: number): Promise<FuzzOutcome> {
  const fraction = randomOf(seed);
  const random: Random = (below) => Math.floor(fraction() * below);
  const failures: string[] = [];
  const reader = createReader();
  try {
    for (let round = 0; round < rounds; round++) {
      const text = fileOf(random);
      const wrong = await problemOf(reader, text, round);
      if (wrong !== undefined)
        failures.push(`seed ${seed}, round ${round}: ${wrong}: ${JSON.stringify(text.slice(0, 300))}`);
    }
  } finally {
    await reader.close();
  }
  return { rounds, failures };
}

async function problemOf(reader: WorkflowReader, text: string, round: number): Promise<string | undefined> {
  const started = performance.now();
  try {
    const reading: Reading<unknown> =
      round % 4 === 3 ? await reader.readAction('action.yml', text) : await reader.readWorkflow('ci.yml', text);
    const tookMs = performance.now() - started;
    if (tookMs > FILE_MS_MAX) return `it took ${Math.round(tookMs)} ms`;
    return reading.ok ? undefined : badDiagnostic(reading.errors, text);
  } catch (thrown) {
    return `it threw ${String(thrown)}`;
  }
}

function badDiagnostic(errors: readonly Diagnostic[], text: string): string | undefined {
  if (errors.length === 0) return 'it is refused without a reason';
  const lines = text.split(/\r\n|\n|\r/).length;
  for (const { line, column, code, message, remedy } of errors) {
    if (line < 1 || column < 1 || line > lines + 1) return `the place ${line}:${column} does not exist`;
    if (!code.startsWith('workflow/') || message === '' || remedy === undefined || remedy === '')
      return `the diagnostic ${code} says nothing`;
    // Only a file that really was too slow or too large may end so; these are small.
    if (code === 'workflow/file-unreadable') return `the worker failed: ${message}`;
  }
  return undefined;
}

/** A whole number from 0 to below `below`. */
type Random = (below: number) => number;

function fileOf(random: Random): string {
  const kind = random(20);
  if (kind === 0) return aliasBomb(2 + random(8), 2 + random(10));
  if (kind === 1) return nesting(5_000, random);
  const source = SEEDS[random(SEEDS.length)] ?? '';
  let text = source;
  for (let count = 1 + random(6); count > 0; count--) text = mutate(text, random);
  return text;
}

function mutate(text: string, random: Random): string {
  const at = random(text.length + 1);
  const end = Math.min(text.length, at + random(20));
  switch (random(6)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at) + text.slice(at, end).repeat(1 + random(50)) + text.slice(end);
    case 2:
      return text.slice(0, at);
    case 3:
      return text.slice(0, at) + String.fromCodePoint(1 + random(0x2ff)) + text.slice(at);
    default:
      return text.slice(0, at) + (PIECES[random(PIECES.length)] ?? '').repeat(1 + random(3)) + text.slice(at);
  }
}

function aliasBomb(levels: number, width: number): string {
  return Array.from({ length: levels }, (_, level) => {
    const item = level === 0 ? 'x' : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array(width).fill(item).join()}]`;
  }).join('\n');
}

function nesting(depth: number, random: Random): string {
  const brackets: readonly (readonly [string, string])[] = [
    ['[', ']'],
    ['{a: ', '}'],
    ['- ', ''],
    ['${{ (', ') }}'],
  ];
  const [open, close] = brackets[random(brackets.length)] ?? ['[', ']'];
  return `on: ${open.repeat(depth)}${random(2) === 0 ? close.repeat(depth) : ''}`;
}
