import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ecosystemNamed, orderOf } from '../../src/advisory/index.ts';
import type { Comparison } from './corpora.ts';

const LINE = /^(.*?)\s+(<|=|==|>)\s+(.*)$/;
const SIGNS: { readonly [operator: string]: number } = { '<': -1, '=': 0, '==': 0, '>': 1 };

/**
 * Checks files of pairs of versions against our order. A file belongs to the ecosystem that a word of its name means
 * (`npm.txt`, `maven-versions.txt`); each line is `a < b`, `a = b` or `a > b`. A file of no known ecosystem and a line of
 * another form count as wrong: a comparison that was left out must not look like one that holds.
 */
export function compareVersionFiles(target: string): Comparison {
  const files = statSync(target).isDirectory()
    ? readdirSync(target, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(txt|list|versions)$/i.test(name))
        .sort()
        .map((name) => join(target, name))
    : [target];
  const notes: string[] = [];
  let count = 0;
  let passed = 0;
  for (const file of files) {
    const outcome = compareFile(file);
    count += outcome.count;
    passed += outcome.passed;
    notes.push(...outcome.notes);
  }
  return { summary: `versions: ${passed}/${count}`, holds: count > 0 && passed === count, notes };
}

function compareFile(file: string) {
  const ecosystem = ecosystemOf(basename(file));
  const order = ecosystem === undefined ? undefined : orderOf(ecosystem);
  const notes: string[] = [];
  let count = 0;
  let passed = 0;
  for (const [at, raw] of readFileSync(file, 'utf8').split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith('//')) continue;
    count += 1;
    const place = `${file}:${at + 1}`;
    const found = LINE.exec(line.replace(/\s+#.*$/, ''));
    const [, a = '', operator = '', b = ''] = found ?? [];
    if (order === undefined) notes.push(`${place}: no order is known for this file`);
    else if (found === null) notes.push(`${place}: not of the form "a < b": ${line.slice(0, 200)}`);
    else {
      const actual = order(a, b);
      const back = order(b, a);
      if (actual === undefined || back === undefined)
        notes.push(`${place}: ${a} or ${b} is no version of ${ecosystem}`);
      else if (Math.sign(actual) !== SIGNS[operator] || Math.sign(back) + Math.sign(actual) !== 0) {
        notes.push(`${place}: ${a} ${actual < 0 ? '<' : actual > 0 ? '>' : '='} ${b}, not ${a} ${operator} ${b}`);
      } else passed += 1;
    }
  }
  return { count, passed, notes };
}

/** The whole name first (`crates.io`, `red hat`), then its words. */
function ecosystemOf(name: string): string | undefined {
  const stem = name.replace(/\.[^.]+$/, '');
  const words = [stem, stem.replaceAll(/[-_]/g, ' '), ...stem.split(/[-_. ]+/)];
  return words.map(ecosystemNamed).find((found) => found !== undefined);
}
