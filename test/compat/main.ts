import { type Comparison, corporaFolder } from './corpora.ts';
import { compareExpressions } from './expressions.ts';
import { run as runGitleaksConfig } from './gitleaks-config.ts';
import { run as runPlan } from './plan.ts';
import { compareReader } from './reader.ts';
import { compareVersionFiles } from './versions.ts';

const [command = '', ...args] = process.argv.slice(2);
const comparisons: { readonly [command: string]: (corpora: string) => Promise<Comparison> } = {
  expressions: compareExpressions,
  reader: compareReader,
};

process.exitCode = await main();

async function main(): Promise<number> {
  if (command === 'plan') return runPlan(args);
  if (command === 'gitleaks-config') return runGitleaksConfig(args);
  if (command === 'versions') return report(args.length === 1 ? compareVersionFiles(args[0] ?? '') : undefined);
  const compare = Object.hasOwn(comparisons, command) ? comparisons[command] : undefined;
  if (compare === undefined) return report(undefined);
  const corpora = corporaFolder(args, process.env);
  if (corpora === undefined) {
    console.log(`${command}: skipped, the corpora were not found (--corpora DIR or SALLYPORT_CORPORA)`);
    return 0;
  }
  return report(await compare(corpora));
}

function report(comparison: Comparison | undefined): number {
  if (comparison === undefined) {
    console.error(
      'usage: npm run -s compat -- expressions|reader [--corpora DIR] | plan DIR | gitleaks-config DIR | versions DIR',
    );
    return 2;
  }
  const { summary, holds, notes } = comparison;
  for (const note of notes) console.log(note);
  console.log(summary);
  return holds ? 0 : 1;
}
