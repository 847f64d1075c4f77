import { parseArgs } from 'node:util';
import { checkMirror } from './mirror.ts';
import { type Check, checkClients } from './official-actions.ts';

const USAGE = `usage: npm run -s conformance -- official-actions [--mirror DIR]

without --mirror   the npm clients of the official actions, and git, against the gateway
--mirror DIR       the unmodified official actions of bare repositories <owner>/<repo>.git in DIR, by sallyport run`;

function readArguments(): { readonly mirror?: string } | undefined {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { mirror: { type: 'string' } } });
    return positionals.length === 1 && positionals[0] === 'official-actions' ? values : undefined;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

async function main(): Promise<number> {
  const options = readArguments();
  if (options === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  let passed = 0;
  let total = 0;
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const report = (check: Check) => {
    total += 1;
    if (check.ok) passed += 1;
    print(`${check.ok ? 'pass' : 'FAIL'}  ${check.name}${check.detail === '' ? '' : `  (${check.detail})`}`);
  };
  if (options.mirror === undefined) await checkClients(report);
  else await checkMirror(options.mirror, report, (name, why) => print(`not run  ${name}  (${why})`));
  print(`conformance: ${passed}/${total}`);
  return passed === total && total > 0 ? 0 : 1;
}

process.exitCode = await main();
