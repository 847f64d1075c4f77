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

/** What recheck may take for one pattern, and the processor time of a scan of the attack that it found. Milliseconds. */
const CHECK_MS_MAX = 1_500;
const SCAN_MS_MAX = 3_000;

/**
 * Every shipped pattern through an independent prover. Patterns are tried where keywords stand and in windows only, so that
 * what is polynomial over a whole text has a bound; the attack that the prover builds is run to see it.
 */
test('no shipped pattern backtracks without bound', { timeout: 900_000 }, async () => {
  const failures: string[] = [];
  for (const rule of pack?.rules ?? []) {
    const match = ruleMatch.parse(rule.match);
    for (const pattern of [match.regex, match.value, match.path]) {
      if (pattern === undefined) continue;
      const { source, flags } = toJavaScript(parsePattern(pattern));
      const outcome = await check(source, flags, { timeout: CHECK_MS_MAX });
      if (outcome.status !== 'vulnerable') continue;
      if (outcome.complexity.type === 'exponential') failures.push(`${rule.id}: exponential`);
      const started = process.cpuUsage().user;
      scanner.scanFile(viewOf('attack.txt', outcome.attack.string));
      if ((process.cpuUsage().user - started) / 1000 > SCAN_MS_MAX) failures.push(`${rule.id}: slow on its attack`);
    }
  }

  expect(failures).toEqual([]);
});
