import { parseArgs } from 'node:util';
import { checkClients } from './official-actions.ts';

const USAGE = 'usage: npm run -s conformance -- official-actions [--mirror DIR]';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { mirror: { type: 'string' } } });
if (positionals.length !== 1 || positionals[0] !== 'official-actions') {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}

let passed = 0;
let total = 0;
const report = (check: { name: string; ok: boolean; detail: string }) => {
  total += 1;
  if (check.ok) passed += 1;
  process.stdout.write(
    `${check.ok ? 'pass' : 'FAIL'}  ${check.name}${check.detail === '' ? '' : `  (${check.detail})`}\n`,
  );
};
if (values.mirror === undefined) await checkClients(report);
process.stdout.write(`conformance: ${passed}/${total}\n`);
process.exitCode = passed === total && total > 0 ? 0 : 1;
