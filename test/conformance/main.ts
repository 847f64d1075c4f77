import { parseArgs } from 'node:util';
import { checkMirror } from './mirror.ts';
import { type Check, checkClients } from './official-actions.ts';

const USAGE = `usage: npm run -s conformance -- official-actions [--server] [--mirror DIR]

without --mirror   the npm clients of the official actions, and git, against the gateway
--mirror DIR       the unmodified official actions of bare repositories <owner>/<repo>.git in DIR, by sallyport run
--server           all of it on a real server: clients in an action that is pushed, git, and with a mirror the actions`;

function readArguments(): { readonly mirror?: string; readonly server?: boolean } | undefined {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { mirror: { type: 'string' }, server: { type: 'boolean' } },
    });
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
  const skip = (name: string, why: string) => print(`not run  ${name}  (${why})`);
  if (options.server === true) {
    const { checkServer } = await import('./server.ts');
    await checkServer(options.mirror, report, skip);
  } else if (options.mirror === undefined) await checkClients(report);
  else await checkMirror(options.mirror, report, skip);
  print(`conformance: ${passed}/${total}`);
  return passed === total && total > 0 ? 0 : 1;
}

process.exitCode = await main();
