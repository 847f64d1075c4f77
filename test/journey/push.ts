/**
 * The way of a team's first hour, in a browser: a set-up link, a passkey, a repository, a push whose log is seen live, an artifact, a
 * repetition, a second person, and a third one who comes by a provider of OpenID Connect. Real server, runner, git and Chromium.
 *
 *   npm run -s journey -- push [--images FOLDER]
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { withAuthenticator } from '../pages/authenticator.ts';
import { type Complaints, ensurePages, findChromium, startChromium, watch } from '../pages/browser.ts';
import { freePort, type Product, startProduct } from '../product/product.ts';
import { CLIENT_ID, CLIENT_SECRET, type RealProvider, startProvider } from '../support/oidc-provider.ts';
import { claim, stage } from './steps.ts';

const IMAGES = join(import.meta.dirname, '../../docs/images');
const WAIT_MS = 30_000;
const RUN_MS = 120_000;
const TICKS = 12;
const WORKFLOW = `name: CI
on:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        word: [first, second]
    steps:
      - uses: actions/checkout@v4
      - run: test -s README.md && echo "checked \${{ matrix.word }}"
  build:
    runs-on: ubuntu-latest
    needs: test
    steps:
      - name: Build
        run: |
          for n in $(seq ${TICKS}); do echo "tick $n"; sleep 1; done
          mkdir out && echo "made by the build" > out/made.txt
          echo "Built **well**." >> "$GITHUB_STEP_SUMMARY"
      - uses: actions/upload-artifact@v4
        with:
          name: made
          path: out/
`;

type Way = {
  readonly product: Product;
  readonly provider: RealProvider;
  readonly browser: Browser;
  readonly ada: Page;
  readonly folder: string;
  /** Where pictures for the documentation go. */
  readonly images: string;
  token: string;
  run: string;
};
type Stage = readonly [name: string, go: (way: Way) => Promise<string | undefined>];

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
const sees = (page: Page, text: string | RegExp, ms = WAIT_MS) =>
  page.getByText(text).first().waitFor({ state: 'visible', timeout: ms });
const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name, level: 1 }).waitFor();

async function picture({ images }: Way, page: Page, name: string): Promise<void> {
  const size = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [kind, width] of [
      ['wide', 1280],
      ['narrow', 390],
    ] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 800 });
      // What slides has slid, and what is drawn in two steps is drawn.
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(images, `${name}-${colorScheme}-${kind}.png`) });
    }
  }
  await page.setViewportSize(size);
}

async function setsUp(way: Way): Promise<string> {
  const { ada, product } = way;
  await ada.goto(`/setup#${product.setupCode ?? ''}`);
  await ada.getByLabel('Your name').fill('ada');
  claim(!ada.url().includes('sps_'), 'the code stays in the address');
  await picture(way, ada, 'set-up');
  await button(ada, 'Make a passkey').click();
  await heading(ada, 'Welcome, ada');
  await ada.getByLabel('I have kept them').check();
  await button(ada, 'Go on').click();
  await heading(ada, 'Home');
  return 'a passkey, ten recovery codes, no password';
}

async function makesRepository(way: Way): Promise<undefined> {
  const { ada } = way;
  await sees(ada, 'Three steps to the first green run');
  await ada.getByRole('textbox', { name: 'Owner' }).fill('acme');
  await ada.getByRole('textbox', { name: 'Name' }).fill('app');
  await button(ada, 'Create repository').click();
  await sees(ada, 'is there.');
  await picture(way, ada, 'first-steps');
  return undefined;
}

async function makesToken(way: Way): Promise<string> {
  const { ada } = way;
  await ada.goto('/-/tokens');
  await button(ada, 'Make a token').click();
  await ada.getByRole('textbox', { name: 'Name' }).fill('git on this machine');
  await ada.getByLabel('everything that you may').check();
  await button(ada, 'Make it').click();
  way.token = (await ada.locator('[data-secret]').textContent()) ?? '';
  claim(/^spt_\w{36}$/.test(way.token), `the token is ${way.token.slice(0, 4)}…`);
  return 'approved by the passkey';
}

function git(way: Way, ...args: readonly string[]): string {
  return execFileSync('git', [...args], {
    cwd: join(way.folder, 'tree'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...way.product.env,
      GIT_AUTHOR_NAME: 'ada',
      GIT_AUTHOR_EMAIL: 'ada@example.org',
      GIT_COMMITTER_NAME: 'ada',
      GIT_COMMITTER_EMAIL: 'ada@example.org',
    },
  });
}

async function pushes(way: Way): Promise<undefined> {
  const { ada, product, folder, token } = way;
  const tree = join(folder, 'tree');
  await ada.goto('/');
  for (const [path, text] of [
    ['.github/workflows/ci.yml', WORKFLOW],
    ['README.md', '# App\n\nA first repository, with a [workflow](.github/workflows/ci.yml).\n'],
  ] as const) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  git(way, 'init', '-q', '-b', 'main');
  git(way, 'add', '.');
  git(way, 'commit', '-q', '-m', 'A first workflow');
  const { host } = new URL(product.url);
  git(way, 'push', '-q', `http://ada:${token}@${host}/acme/app.git`, 'main');
  // The page that waits for the push shows what it started, by itself.
  await ada
    .getByRole('link', { name: /A first workflow|CI/ })
    .first()
    .waitFor({ timeout: WAIT_MS });
  return undefined;
}

async function seesLog(way: Way): Promise<string> {
  const { ada } = way;
  await ada.goto('/acme/app/runs');
  await ada.locator('ul[aria-label=Runs] > li').first().getByRole('link').first().click();
  await ada.waitForURL(/\/runs\/\d+$/);
  way.run = ada.url();
  await ada.getByRole('navigation', { name: 'Jobs' }).getByRole('link', { name: /build/ }).click();
  await sees(ada, 'tick 2', RUN_MS);
  claim(await ada.getByText(`tick ${TICKS}`, { exact: true }).isHidden(), 'the log was there only at its end');
  await ada.locator('[data-log-state=ended]').waitFor({ timeout: RUN_MS });
  await sees(ada, `tick ${TICKS}`);
  await picture(way, ada, 'log');
  return `line 2 of ${TICKS} was there before the last one was printed`;
}

async function downloads(way: Way): Promise<string> {
  const { ada } = way;
  await ada.goto(way.run);
  await sees(ada, 'Succeeded', RUN_MS);
  await picture(way, ada, 'run');
  const coming = ada.waitForEvent('download');
  await ada.getByRole('link', { name: 'made', exact: true }).click();
  const path = join(way.folder, 'made.zip');
  await (await coming).saveAs(path);
  const bytes = await readFile(path);
  claim(bytes.includes('made.txt'), 'the archive has no made.txt');
  return `${bytes.length} bytes`;
}

async function repeats({ ada }: Way): Promise<undefined> {
  await button(ada, 'Run again…').click();
  await ada.getByRole('menuitem', { name: 'All jobs' }).click();
  await ada.getByRole('combobox', { name: 'Attempt' }).waitFor({ timeout: WAIT_MS });
  await ada.getByRole('navigation', { name: 'Jobs' }).getByRole('link', { name: /build/ }).click();
  await sees(ada, `tick ${TICKS}`, RUN_MS);
  return undefined;
}

async function looksAround(way: Way): Promise<string> {
  const { ada } = way;
  const places = [
    ['home', '/', 'Home'],
    ['repository', '/acme/app', /./],
    ['runs', '/acme/app/runs', /Runs/],
    ['findings', '/acme/app/findings', /Findings/],
    ['people', '/-/people', /People/],
    ['audit', '/-/audit', /Audit/],
    ['runners', '/-/runners', /Runners/],
  ] as const;
  for (const [name, path, title] of places) {
    await ada.goto(path);
    await heading(ada, title);
    await picture(way, ada, name);
  }
  return `${places.length} pages`;
}

async function invites(way: Way): Promise<undefined> {
  const { ada, browser, product } = way;
  await ada.goto('/-/people');
  await button(ada, 'Invite somebody').click();
  await ada.getByRole('textbox', { name: 'Name' }).fill('bob');
  await button(ada, 'Invite').last().click();
  const link = (await ada.locator('[data-secret]').textContent()) ?? '';
  const context = await browser.newContext({ baseURL: product.url });
  const bob = await withAuthenticator(context);
  await bob.goto(link);
  await heading(bob, 'Hello, bob');
  await button(bob, 'Make a passkey').click();
  await heading(bob, 'Welcome, bob');
  await bob.getByLabel('I have kept them').check();
  await button(bob, 'Go on').click();
  await heading(bob, 'Home');
  // What nobody granted is not there.
  await bob.goto('/acme/app');
  await sees(bob, /not there|no such|Nothing/i);
  await context.close();
  return undefined;
}

async function comesByProvider(way: Way): Promise<string> {
  const { browser, product, provider } = way;
  const context = await browser.newContext({ baseURL: product.url });
  const eve = await context.newPage();
  await eve.goto('/-/sessions');
  await eve.waitForURL(/\/sign-in\?/);
  await eve.getByRole('link', { name: 'Sign in with Example SSO' }).click();
  await eve.waitForURL(`${provider.issuer}/**`);
  await eve.locator('input[name=login]').fill('eve');
  await eve.locator('input[name=password]').fill('x');
  await eve.locator('button[type=submit]').click();
  await eve.locator('button[type=submit]').click();
  await eve.waitForURL(`${product.url}/-/sessions`);
  await heading(eve, 'Passkeys and sessions');
  await eve.getByRole('button', { name: 'Menu of eve' }).waitFor();
  await context.close();
  return 'and is where she wanted to go';
}

const STAGES: readonly Stage[] = [
  ['the set-up link makes the first owner, with a passkey', setsUp],
  ['the first steps make a repository', makesRepository],
  ['a token for git', makesToken],
  ['a push starts a run, and the page says so', pushes],
  ['the log is seen while it is printed', seesLog],
  ['the artifact is downloaded', downloads],
  ['the run is repeated', repeats],
  ['pictures of the pages', looksAround],
  ['a second person comes by a link, with a passkey', invites],
  ['a third one signs in at a provider', comesByProvider],
];

export async function journeyPush(args: readonly string[] = []): Promise<number> {
  if (findChromium() === undefined) {
    console.log('journey: not run: this machine has no Chromium');
    return 3;
  }
  ensurePages();
  const at = args.indexOf('--images');
  const images = (at === -1 ? undefined : args[at + 1]) ?? IMAGES;
  await mkdir(images, { recursive: true });
  const folder = await mkdtemp('/var/tmp/sp-push-');
  // Other users of this machine pass to their own folders below.
  await chmod(folder, 0o711);
  const port = await freePort();
  await using provider = await startProvider(`http://localhost:${port}`);
  await using product = await startServer({ folder, port, provider });
  const browser = await startChromium();
  let done = 0;
  try {
    const context = await browser.newContext({ baseURL: product.url, acceptDownloads: true });
    const ada = await withAuthenticator(context);
    // Whoever is not signed in is told so, and what needs a passkey is refused once before it is asked for.
    const complaints = await watch(ada, [/status of 40[013]/]);
    const way: Way = { product, provider, browser, ada, folder, images, token: '', run: '' };
    for (const [name, go] of STAGES) done += await stage(name, () => go(way));
    done += await stage('nothing was complained of', () => nothingIsComplained(complaints));
  } finally {
    await browser.close();
    if (process.env['KEEP'] === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  const all = STAGES.length + 1;
  console.log(`journey: ${done}/${all} steps`);
  return done === all ? 0 : 1;
}

async function startServer(of: {
  readonly folder: string;
  readonly port: number;
  readonly provider: RealProvider;
}): Promise<Product> {
  const { folder, port, provider } = of;
  const secret = join(folder, 'oidc-secret');
  const config = join(folder, 'sallyport.yml');
  await writeFile(secret, CLIENT_SECRET, { mode: 0o600 });
  await writeFile(
    config,
    `unsafe_direct_push: true
oidc:
  issuer: ${provider.issuer}
  client_id: ${CLIENT_ID}
  client_secret_file: ${secret}
  name: Example SSO
  join: everybody
  unsafe_inside_issuer: true
`,
  );
  await mkdir(join(folder, 'product'));
  return startProduct({ folder: join(folder, 'product'), port, args: ['--config', config], isSignedIn: false });
}

async function nothingIsComplained({ all }: Complaints): Promise<undefined> {
  claim(all.length === 0, all.slice(0, 10).join('\n'));
  return undefined;
}
