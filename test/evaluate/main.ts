/**
 * Scores `sallyport scan` on a corpus that somebody labelled.
 *
 *   npm run -s evaluate -- LABELS.json --root DIR [--only KIND]… [--json] [--list]
 *
 * Without LABELS.json it scores the project's own corpora in test/corpus. docs/reference/evaluate.md describes the format.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Label, parseLabels } from './labels.ts';
import { evaluate, type Reported, type Score } from './score.ts';

const LAUNCHER = join(import.meta.dirname, '../../bin/sallyport');
const CORPUS = join(import.meta.dirname, '../corpus');
const OUTPUT_BYTES_MAX = 1024 ** 3;

/** What an own corpus must reach; somebody else's is only told. */
const OWN_F1_MIN = 0.95;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    root: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
process.exitCode = main();

function main(): number {
  const [labels, ...more] = positionals;
  if (more.length > 0) {
    console.error('usage: npm run -s evaluate -- [LABELS.json --root DIR] [--only KIND]… [--json] [--list]');
    return 2;
  }
  if (labels !== undefined) {
    score(readFileSync(labels, 'utf8'), values.root ?? dirname(labels), values.only);
    return 0;
  }
  const own = readdirSync(CORPUS).filter((name) => existsSync(join(CORPUS, name, 'labels.json')));
  let count = 0;
  let holds = own.length > 0;
  for (const name of own) {
    const folder = join(CORPUS, name);
    console.log(`# ${name}`);
    const result = score(readFileSync(join(folder, 'labels.json'), 'utf8'), folder, values.only);
    count += result.labels.length;
    holds &&= result.total.f1 >= OWN_F1_MIN;
    console.log('');
  }
  console.log(
    `evaluate: ${count} labelled cases in ${own.length} corpora, bar F1 >= ${OWN_F1_MIN} ${holds ? 'held' : 'missed'}`,
  );
  return holds ? 0 : 1;
}

function score(
  text: string,
  root: string,
  only: readonly string[],
): { readonly labels: readonly Label[]; readonly total: Score } {
  const labels = parseLabels(text);
  const { total, classes, missed, wrong, unlabelled } = evaluate(labels, scan(root, only));
  if (values.json) {
    console.log(JSON.stringify({ total, classes: Object.fromEntries(classes), missed, wrong, unlabelled }, null, 2));
    return { labels, total };
  }
  console.log(row('class', ['TP', 'FP', 'FN', 'TN', 'precision', 'recall', 'F1', 'Youden']));
  for (const [name, one] of classes) console.log(row(/^\d+$/.test(name) ? `CWE-${name}` : name, cellsOf(one)));
  if (values.list) {
    for (const label of missed) console.log(`missed: ${spotOf(label)}`);
    for (const label of wrong) console.log(`false alarm: ${spotOf(label)}`);
  }
  console.log(`${unlabelled} findings answer no label`);
  console.log(row('in all', cellsOf(total)));
  return { labels, total };
}

function cellsOf({ tp, fp, fn, tn, precision, recall, f1, youden }: Score): readonly string[] {
  return [...[tp, fp, fn, tn].map(String), ...[precision, recall, f1, youden].map((value) => value.toFixed(3))];
}

function row(name: string, cells: readonly string[]): string {
  return `${name.padEnd(32)} ${cells.map((cell) => cell.padStart(9)).join(' ')}`;
}

function spotOf({ file, line, endLine, classes }: Label): string {
  return `${file}${line === undefined ? '' : `:${line}-${endLine}`} ${classes.join('|')}`;
}

/** The public door: what a user would get. Findings of every severity; a missing advisory bundle does not matter here. */
function scan(root: string, only: readonly string[]): readonly Reported[] {
  const kinds = only.flatMap((kind) => ['--only', kind]);
  const args = ['scan', root, '--json', '--no-cache', '--allow-missing', 'advisories', ...kinds];
  const { status, stdout, stderr } = spawnSync(LAUNCHER, args, { encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX });
  if (status !== 0 && status !== 1 && status !== 3)
    throw new Error(`scan ended with ${status}: ${stderr.slice(0, 2000)}`);
  if (status === 3) console.error(`the scan was not complete: ${stderr.slice(0, 2000)}`);
  return JSON.parse(stdout);
}
