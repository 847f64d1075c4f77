import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../src/base/index.ts';
import { createCodeScanner } from '../../src/code/index.ts';
import { scanFiles } from '../../src/finding/index.ts';
import type { FuzzOutcome } from './outcome.ts';
import { chooser, randomOf } from './random.ts';

/** A file of the corpus takes some milliseconds; one that takes this long hangs. */
const SCAN_MS_MAX = 4_000;
/** The most changes to one file. */
const CHANGES_MAX = 6;

const CORPUS = join(import.meta.dirname, '../corpus/code');

/** Pieces of code, balanced and not, of all languages. */
const PIECES = [
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '`',
  '"""',
  '${',
  '\\',
  '\n',
  '  ',
  ';',
  ',',
  ':',
  '=',
  '=>',
  '...',
  '?.',
  '\0',
  '\u{1f600}',
  '\ud800',
  'return ',
  'if ',
  'else ',
  'for (;;) ',
  'while True: ',
  'switch (x) { case 1: ',
  'class A extends A ',
  'function f() { f(); } ',
  'async await yield ',
  'lambda: ',
  'def f(f=f): ',
  '@',
  'try ',
  'import ',
  'from . import *\n',
  'x = x = x',
  'a.b.c.d.e.f.g',
  '<div>',
  '/* ',
  '# ',
  '(((((((((((((((((((((((((((((((('.repeat(20),
  'a+'.repeat(500),
  '[x for x in '.repeat(40),
  'if x: pass\nelif y: pass\n'.repeat(50),
  'x => '.repeat(100),
  'a ? b : '.repeat(200),
] as const;

/** Scans changed sources: whatever stands there, the scanner answers, in time, and the same twice. */
export async function fuzzCode(seed: number, rounds: number): Promise<FuzzOutcome> {
  const labels: { file: string }[] = JSON.parse(readFileSync(join(CORPUS, 'labels.json'), 'utf8'));
  const sources = [...new Set(labels.map(({ file }) => file))].map((file) => ({
    file,
    text: readFileSync(join(CORPUS, file), 'utf8'),
  }));
  const scanner = await createCodeScanner();
  const random = randomOf(seed);
  const { pick } = chooser(random);
  const failures: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { file, text } = pick(sources);
    const mutated = mutate(text, random, pick);
    const started = performance.now();
    try {
      const first = JSON.stringify(scanFiles(scanner, { [file]: mutated }));
      const ms = performance.now() - started;
      if (ms > SCAN_MS_MAX) failures.push(`round ${round} of seed ${seed}: ${file} took ${Math.round(ms)} ms`);
      if (round % 16 === 0 && first !== JSON.stringify(scanFiles(scanner, { [file]: mutated }))) {
        failures.push(`round ${round} of seed ${seed}: ${file} is answered in two ways`);
      }
    } catch (error) {
      failures.push(`round ${round} of seed ${seed}: ${file}: ${reasonOf(error)}`);
    }
  }
  return { rounds, failures };
}

function mutate(text: string, random: () => number, pick: <T>(items: readonly T[]) => T): string {
  let changed = text;
  const changes = 1 + Math.floor(random() * CHANGES_MAX);
  for (let change = 0; change < changes; change += 1) {
    const start = Math.floor(random() * changed.length);
    const length = Math.floor(random() * random() * 400);
    const kind = random();
    const middle =
      kind < 0.3 ? '' : kind < 0.7 ? pick(PIECES) : text.slice(length, length + Math.floor(random() * 2_000));
    changed = changed.slice(0, start) + middle + changed.slice(kind < 0.5 ? start + length : start);
  }
  return changed;
}
