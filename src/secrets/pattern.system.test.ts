import { join } from 'node:path';
import { check } from 'recheck';
import { expect, test } from 'vitest';
import { readPack } from '../../test/rules/packs.ts';
import { viewOf } from '../finding/index.ts';
import { createSecretsScanner } from './index.ts';
import { toJavaScript } from './pattern-emit.ts';
import { parsePattern } from './pattern-parse.ts';
import { ruleMatch } from './rule-schema.ts';

const pack = await readPack(join(import.meta.dirname, '../..'), 'secrets');
const scanner = createSecretsScanner();

/**
 * What recheck may take to prove one pattern by its automaton, which most need milliseconds for, and then to attack those that it can't
 * prove; and the processor time of a scan of the attack that it found. Milliseconds.
 */
const PROOF_MS_MAX = 600;
const ATTACK_MS_MAX = 1_500;
const SCAN_MS_MAX = 3_000;
/** Patterns that are tried at once. */
const TRIED_AT_ONCE = 3;
/** Of all patterns, those that must be proven: the prover gives up on long counted repeats, and no more. */
const PROVEN_MIN = 0.9;

/**
 * Every shipped pattern through an independent prover. Patterns are tried where keywords stand and in windows only, so that
 * what is polynomial over a whole text has a bound; the attack that the prover builds is run to see it.
 */
test('no shipped pattern backtracks without bound', { timeout: 900_000 }, async () => {
  const failures: string[] = [];
  const patterns = shippedPatterns();
  let proven = 0;
  const waiting = [...patterns.values()];
  const turn = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const outcome = await outcomeOf(next);
      if (outcome.status === 'safe') proven += 1;
      if (outcome.status !== 'vulnerable') continue;
      if (outcome.complexity.type === 'exponential') failures.push(`${next.id}: exponential`);
      const started = process.cpuUsage().user;
      scanner.scanFile(viewOf('attack.txt', outcome.attack.string));
      if ((process.cpuUsage().user - started) / 1000 > SCAN_MS_MAX) failures.push(`${next.id}: slow on its attack`);
    }
  };
  await Promise.all(Array.from({ length: TRIED_AT_ONCE }, turn));

  expect(failures).toEqual([]);
  expect(proven / patterns.size).toBeGreaterThan(PROVEN_MIN);
});

test('the prover sees one that does', async () => {
  const outcome = await outcomeOf({ id: 'control', source: '^(?:a|a)*$', flags: '' });

  expect(outcome).toMatchObject({ status: 'vulnerable', complexity: { type: 'exponential' } });
});

type Pattern = { readonly id: string; readonly source: string; readonly flags: string };

/** Each pattern once, by the first rule that has it. */
function shippedPatterns(): ReadonlyMap<string, Pattern> {
  const patterns = new Map<string, Pattern>();
  for (const { id, match } of pack?.rules ?? []) {
    const { regex, value, path } = ruleMatch.parse(match);
    for (const pattern of [regex, value, path]) {
      if (pattern === undefined) continue;
      const { source, flags } = toJavaScript(parsePattern(pattern));
      const key = `${flags}/${source}`;
      if (!patterns.has(key)) patterns.set(key, { id, source, flags });
    }
  }
  return patterns;
}

/** Left to itself, the prover attacks what has a counted repeat and proves nothing of it: it is told to prove first. */
async function outcomeOf({ source, flags }: Pattern): ReturnType<typeof check> {
  const outcome = await check(source, flags, { checker: 'automaton', timeout: PROOF_MS_MAX });
  return outcome.status === 'unknown' ? check(source, flags, { checker: 'fuzz', timeout: ATTACK_MS_MAX }) : outcome;
}
