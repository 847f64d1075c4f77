/**
 * Goes the way of a user through one promise of the README, with the real programs.
 *
 *   npm run -s journey -- scan
 *   npm run -s journey -- server
 *   npm run -s journey -- docs [PAGE…]
 *   npm run -s journey -- pages [--only TEXT] [--images FOLDER]
 *   npm run -s journey -- push [--images FOLDER]
 *   npm run -s journey -- run-page [--screenshots DIR]
 */
import { journeyDocs } from './docs/main.ts';
import { journeyPages } from './pages.ts';
import { journeyPush } from './push.ts';
import { journeyRunPage } from './run-page.ts';
import { journeyScan } from './scan.ts';
import { journeyServer } from './server.ts';

const [name, ...rest] = process.argv.slice(2);
const journeys: { readonly [name: string]: () => number | Promise<number> } = {
  scan: journeyScan,
  server: journeyServer,
  docs: () => journeyDocs(rest),
  pages: () => journeyPages(rest),
  push: () => journeyPush(rest),
  'run-page': () => journeyRunPage(rest),
};
const journey = name !== undefined && Object.hasOwn(journeys, name) ? journeys[name] : undefined;
if (journey === undefined) {
  console.error(`usage: npm run -s journey -- ${Object.keys(journeys).join('|')}`);
  process.exitCode = 2;
} else {
  process.exitCode = await journey();
}
