/**
 * Runs the attacks of test/attack/cases, each against the product and without the control.
 *
 *   node test/attack/main.ts sandbox [--only ID] [--json]
 *   node test/attack/main.ts server [--only ID]
 *   node test/attack/main.ts pages [--only ID]
 *
 * As root everything of `sandbox` is run as root and then again as an ordinary user. `server` is one running product, `pages` its
 * browser's side. The last line is `attack: N/N refused, N/N controls succeeded`; exit 0 only when all of both hold.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { reasonOf } from '../../src/base/index.ts';
import type { Attack } from './attack.ts';
import { loadAttacks } from './cases.ts';
import { attackPages } from './pages.ts';
import { attackServer } from './server/main.ts';

/** An ordinary user that no machine has. */
const ORDINARY_UID = 54_321;
const ARM_MS_MAX = 120_000;
const SUITES = ['sandbox', 'server', 'pages'] as const;

type Verdict = {
  readonly id: string;
  readonly title: string;
  readonly user: string;
  readonly refused: boolean;
  readonly succeeded: boolean;
  readonly detail: string;
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, json: { type: 'boolean' }, lines: { type: 'boolean' } },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const suite = positionals[0];
  if (suite === undefined || !SUITES.some((name) => name === suite)) {
    console.error(`usage: npm run attack -- ${SUITES.join('|')} [--only ID] [--json]`);
    return 2;
  }
  if (suite === 'server') return attackServer(values.only);
  if (suite === 'pages') return attackPages(values.only);
  const root = process.getuid?.() === 0;
  const user = root ? 'root' : 'user';
  const verdicts: Verdict[] = [];
  const attacks = (await loadAttacks()).filter((attack) => isWanted(attack.id));
  for (const attack of attacks) {
    if (attack.needsRoot === true && !root) continue;
    const verdict = await run(attack, user);
    verdicts.push(verdict);
    print(verdict);
  }
  if (root) verdicts.push(...(await runAsOrdinaryUser()));
  else if (values.lines !== true && values.json !== true) console.log('not root: run as an ordinary user only');
  if (values.lines === true) return 0;
  const refused = verdicts.filter((verdict) => verdict.refused).length;
  const succeeded = verdicts.filter((verdict) => verdict.succeeded).length;
  const total = verdicts.length;
  if (values.json === true) console.log(JSON.stringify({ refused, succeeded, total, verdicts }));
  else console.log(`attack: ${refused}/${total} refused, ${succeeded}/${total} controls succeeded`);
  return total > 0 && refused === total && succeeded === total ? 0 : 1;
}

/** `--only` names one attack, or the first words of several: `sandbox-call`. */
function isWanted(id: string): boolean {
  return values.only === undefined || id === values.only || id.startsWith(`${values.only}-`);
}

async function run(attack: Attack, user: string): Promise<Verdict> {
  const [product, control] = [await arm(() => attack.product()), await arm(() => attack.control())];
  const refused = 'refused' in product && product.refused;
  const succeeded = 'succeeded' in control && control.succeeded;
  const detail = [
    ...(refused ? [] : [`product: ${product.detail}`]),
    ...(succeeded ? [] : [`control: ${control.detail}`]),
  ];
  return { id: attack.id, title: attack.title, user, refused, succeeded, detail: detail.join('; ') };
}

/** An arm that throws or hangs proves nothing, in either direction. */
async function arm<Result>(act: () => Promise<Result>): Promise<Result | { readonly detail: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ detail: string }>((resolve) => {
    timer = setTimeout(() => resolve({ detail: `no answer within ${ARM_MS_MAX} ms` }), ARM_MS_MAX);
  });
  try {
    return await Promise.race([act(), late]);
  } catch (error) {
    return { detail: `failed: ${reasonOf(error)}` };
  } finally {
    clearTimeout(timer);
  }
}

function print(verdict: Verdict): void {
  if (values.lines === true) return console.log(JSON.stringify(verdict));
  if (values.json === true) return;
  const product = verdict.refused ? 'refused' : 'NOT REFUSED';
  const control = verdict.succeeded ? 'control succeeded' : 'CONTROL FAILED';
  console.log(`${verdict.user}  ${verdict.id}  ${verdict.title}: ${product}, ${control}`);
  if (verdict.detail !== '') console.log(`      ${verdict.detail}`);
}

/** Runs this program again as a user without any right, and reads its verdicts line by line. */
async function runAsOrdinaryUser(): Promise<Verdict[]> {
  const home = mkdtempSync(path.join(tmpdir(), 'sallyport-attack-home-'));
  chmodSync(home, 0o755);
  chownSync(home, ORDINARY_UID, ORDINARY_UID);
  const uid = String(ORDINARY_UID);
  const only = values.only === undefined ? [] : ['--only', values.only];
  const command = [process.execPath, import.meta.filename, ...positionals, ...only, '--lines'];
  const child = spawn('setpriv', ['--reuid', uid, '--regid', uid, '--clear-groups', '--', ...command], {
    env: { ...process.env, HOME: home, TMPDIR: home, USER: 'attacker' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const verdicts: Verdict[] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const verdict: Verdict = JSON.parse(line);
      verdicts.push(verdict);
      print(verdict);
    }
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  rmSync(home, { recursive: true, force: true });
  if (code !== 0) throw new Error(`the run as an ordinary user ended with ${code}`);
  return verdicts;
}
