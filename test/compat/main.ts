import { type Comparison, corporaFolder } from './corpora.ts';
import { compareExpressions } from './expressions.ts';
import { run as runGitleaksConfig } from './gitleaks-config.ts';
import { run as runPlan } from './plan.ts';
import { compareReader } from './reader.ts';

const [command = '', ...args] = process.argv.slice(2);
const comparisons: { readonly [command: string]: (corpora: string) => Promise<Comparison> } = {
  expressions: compareExpressions,
  reader: compareReader,
};

process.exitCode = await main();

async function main(): Promise<number> {
  if (command === 'plan') return runPlan(args);
  if (command === 'gitleaks-config') return runGitleaksConfig(args);
  const compare = Object.hasOwn(comparisons, command) ? comparisons[command] : undefined;
  if (compare === undefined) {
    console.error('usage: npm run -s compat -- expressions|reader [--corpora DIR] | plan DIR | gitleaks-config DIR');
    return 2;
  }
  const corpora = corporaFolder(args, process.env);
  if (corpora === undefined) {
    console.log(`${command}: skipped, the corpora were not found (--corpora DIR or SALLYPORT_CORPORA)`);
    return 0;
  }
  const { summary, holds, notes } = await compare(corpora);
  for (const note of notes) console.log(note);
  console.log(summary);
  return holds ? 0 : 1;
}
