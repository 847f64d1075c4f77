import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expandTemplates } from '../../src/secrets/fixture.ts';
import { osv } from '../support/advisories.ts';
import { type Plant, readMarks, UNMARKED } from './scan-plants.ts';

const SAMPLE = join(import.meta.dirname, 'shop');
const LAUNCHER = join(import.meta.dirname, '../../bin/sallyport');
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const STEP_MS_MAX = 30 * 60_000;

/** Facts of two well-known records, in our own words: enough for both lockfiles of the sample. */
const ADVISORIES = [
  osv('GHSA-35jh-r3h4-6jhm', 'npm', 'lodash', {
    events: [{ introduced: '0' }, { fixed: '4.17.21' }],
    aliases: ['CVE-2021-23337'],
    vector: 'CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H',
  }),
  osv('GHSA-8q59-q68h-6hv4', 'PyPI', 'pyyaml', {
    events: [{ introduced: '0' }, { fixed: '5.4' }],
    aliases: ['CVE-2020-14343'],
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
  }),
];

type Found = {
  readonly rule: string;
  readonly cwe: string | null;
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
  readonly fingerprint: string;
};
type Told = { readonly rule: string; readonly file: string; readonly fingerprint: string };
type FixOutput = {
  readonly mended: readonly Told[];
  readonly explained: readonly (Told & { readonly reason: string })[];
  readonly tests: { readonly kind: string; readonly name?: string };
};

/**
 * The promise of `sallyport scan`: a repository with a flaw of every class is scanned, mended as far as that is safe, and works as
 * before. Prints what happened; the last line has the figures. Answers the exit code.
 */
export function journeyScan(): number {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-journey-'));
  try {
    const repository = join(root, 'shop');
    const plants = plantSample(repository);
    const sallyport = launcher(root);
    const records = join(root, 'records');
    mkdirSync(records);
    for (const [at, record] of ADVISORIES.entries()) writeFileSync(join(records, `${at}.json`), JSON.stringify(record));
    sallyport(['advisories', 'import', records]);

    const before: Found[] = JSON.parse(sallyport(['scan', repository, '--json']));
    const missed = plants.filter((plant) => !before.some((finding) => answers(plant, finding)));
    for (const plant of missed) console.log(`not found: ${plant.file}:${plant.line ?? '-'} ${plant.classes.join('|')}`);

    const fix: FixOutput = JSON.parse(sallyport(['scan', repository, '--fix', '--json']));
    const told = new Set([...fix.mended, ...fix.explained].map(({ fingerprint }) => fingerprint));
    const silent = before.filter(({ fingerprint }) => !told.has(fingerprint));
    for (const { file, line, rule } of silent) console.log(`neither fixed nor explained: ${file}:${line} ${rule}`);
    for (const { file, rule } of fix.mended) console.log(`fixed: ${file} ${rule}`);
    for (const { file, rule, reason } of fix.explained) console.log(`explained: ${file} ${rule}: ${reason}`);

    const after: Found[] = JSON.parse(sallyport(['scan', repository, '--json']));
    const added = newOnes(before, after);
    for (const name of added) console.log(`new: ${name}`);
    const works = runTests(repository);

    const { length } = plants;
    const handled = before.length - silent.length;
    console.log(
      `${fix.mended.length} fixed, ${fix.explained.length} explained; tests in the sandbox: ${fix.tests.kind} (${fix.tests.name ?? '-'})`,
    );
    const tests = works && fix.tests.kind === 'passed' ? 'tests still pass' : 'tests fail';
    console.log(
      `journey: ${length - missed.length}/${length} found, ${handled}/${before.length} fixed or explained, ${added.length} new, ${tests}`,
    );
    return missed.length + silent.length + added.length === 0 && works && fix.tests.kind === 'passed' ? 0 : 1;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function plantSample(repository: string): readonly Plant[] {
  const plants: Plant[] = [...UNMARKED];
  for (const file of readdirSync(SAMPLE, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!statSync(join(SAMPLE, file)).isFile()) continue;
    const marked = readMarks(file, readFileSync(join(SAMPLE, file), 'utf8'));
    plants.push(...marked.plants);
    mkdirSync(dirname(join(repository, file)), { recursive: true });
    // No secret lies in this project: they are made here, and are nobody's.
    const text = marked.text.includes('${{') ? marked.text : expandTemplates(marked.text, file);
    writeFileSync(join(repository, file), text);
  }
  const git = ['-C', repository, '-c', 'user.name=Journey', '-c', 'user.email=journey@example.org'];
  execFileSync('git', [...git, 'init', '-q', '-b', 'main']);
  execFileSync('git', [...git, 'add', '-A', '-f']);
  execFileSync('git', [...git, 'commit', '-q', '-m', 'First']);
  return plants;
}

function launcher(root: string): (args: readonly string[]) => string {
  const env = { ...process.env, XDG_STATE_HOME: join(root, 'state'), XDG_CACHE_HOME: join(root, 'cache') };
  return (args) => {
    const { status, stdout, stderr } = spawnSync(LAUNCHER, args, {
      encoding: 'utf8',
      env,
      maxBuffer: OUTPUT_BYTES_MAX,
      timeout: STEP_MS_MAX,
    });
    if (status !== 0 && status !== 1) throw new Error(`sallyport ${args.join(' ')} ended with ${status}: ${stderr}`);
    return stdout;
  };
}

function answers({ file, line, classes }: Plant, finding: Found): boolean {
  if (finding.file !== file) return false;
  if (line !== undefined && (finding.line > line || Math.max(finding.line, finding.endLine) < line)) return false;
  return classes.some((name) => name === finding.rule || `CWE-${name}` === finding.cwe);
}

/** Rules that report more often in a file than before. */
function newOnes(before: readonly Found[], after: readonly Found[]): readonly string[] {
  const count = (list: readonly Found[]) => {
    const counts = new Map<string, number>();
    for (const { file, rule } of list) counts.set(`${file} ${rule}`, (counts.get(`${file} ${rule}`) ?? 0) + 1);
    return counts;
  };
  const had = count(before);
  return [...count(after)].filter(([name, number]) => number > (had.get(name) ?? 0)).map(([name]) => name);
}

/** Outside of the sandbox, as a person would. */
function runTests(repository: string): boolean {
  const commands = [
    [process.execPath, '--test'],
    ['python3', '-m', 'unittest', 'discover', '-s', 'tests', '-t', '.'],
  ] as const;
  return commands.every(([program, ...args]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: repository, encoding: 'utf8' });
    if (status !== 0) console.log(`${program} ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    return status === 0;
  });
}
