/**
 * XSS in every text that whoever writes a workflow can set: names, messages, keys, inputs, log lines. Each carries markup that runs code
 * where it is taken for markup. Wanted: the page shows it as the text that it is, runs nothing, and its policy has nothing to refuse. The
 * control takes the very same text from the API and puts it into a page as markup: it runs.
 */
import type { Browser, Page } from 'playwright-core';
import { ensurePages, findChromium, signedIn, startChromium, watch } from '../../pages/browser.ts';
import { repositoryApi } from '../../pages/run-seed.ts';
import type { Product } from '../../product/product.ts';

type Rig = { product(): Promise<Product> };
type Verdict = { readonly refused: boolean; readonly succeeded: boolean; readonly detail: string };

const REPOSITORY = 'mallory/texts';
/** Sets a variable of the page, if it ever runs. Without blanks, quotes or colons, so that it is fit for refs and keys. */
const markup = (place: string) => `<img/src/onerror=HIT="${place}">`;
const quoted = (place: string) => JSON.stringify(markup(place));
const bare = (place: string) => `<img/src/onerror=HIT=1>${place}`;
const BRANCH = '<img/src/onerror=HIT=1>';
/** Shells print it as it stands. */
const printed = (place: string) => `echo '${markup(place)}'`;

const HOSTILE = `
name: ${quoted('workflow')}
run-name: ${quoted('run')}
on:
  push: {}
  workflow_dispatch:
    inputs:
      text: { description: ${quoted('description')}, default: ${quoted('default')} }
      choice: { type: choice, options: [${quoted('option')}, b] }
concurrency: { group: ${quoted('group')} }
jobs:
  first:
    name: ${quoted('job')}
    runs-on: ubuntu-latest
    strategy: { matrix: { value: [${quoted('matrix')}] } }
    steps:
      - name: ${quoted('step')}
        run: |
          ${printed('line')}
          echo "::group::"'${markup('fold')}'
          echo inside
          echo "::endgroup::"
          echo "::error title="'${bare('title')}'",file="'${bare('file')}'",line=3::"'${markup('message')}'
          echo '${markup('summary')}' >> $GITHUB_STEP_SUMMARY
          echo '[x](javascript:HIT=1)' >> $GITHUB_STEP_SUMMARY
          mkdir -p d && date > d/x
      - uses: actions/cache/save@v4
        with: { path: d, key: ${quoted('cache')} }
      - uses: actions/upload-artifact@v4
        with: { name: "a&b'c;d", path: d }
      - { if: failure(), run: echo no }
`;

const REFUSED = `
name: refused
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    ${quoted('diagnostic')}: 1
    steps: [{ run: echo }]
`;

type Scene = {
  readonly product: Product;
  readonly token: string;
  readonly run: number;
  readonly job: number;
  readonly refused: number;
};

const scenes = new WeakMap<Product, Promise<Scene>>();

/** One push with all of it, for all of the attacks. */
function sceneOf(product: Product): Promise<Scene> {
  const known = scenes.get(product) ?? makeScene(product);
  scenes.set(product, known);
  return known;
}

async function makeScene(product: Product): Promise<Scene> {
  ensurePages();
  const token = await product.token();
  await product.must(['repo', 'create', REPOSITORY]);
  const api = repositoryApi(product, token, REPOSITORY);
  const tree = await product.tree(REPOSITORY);
  await tree.push({ 'README.md': 'x', '.github/workflows/x.yml': HOSTILE });
  const run = await api.ended((await api.newest('workflow=x.yml')).id);
  await tree.push({ '.github/workflows/refused.yml': REFUSED }, { branch: 'other', message: markup('commit') });
  const refused = await api.newest('workflow=refused.yml');
  return { product, token, run: run.id, job: run.jobs[0]?.id ?? 0, refused: refused.id };
}

type Text = {
  readonly id: string;
  readonly title: string;
  /** What the page must show. */
  readonly shown: string;
  /** Where the page is. */
  readonly page: (scene: Scene) => string;
  /** Where the API tells the text. */
  readonly told: (scene: Scene) => string;
  /** Done on the page before it is looked at. */
  readonly before?: (page: Page) => Promise<unknown>;
};

const base = `/${REPOSITORY}`;
const runApi = ({ run }: Scene) => `/runs/${run}`;
const runPage = ({ run }: Scene) => `${base}/runs/${run}`;
const reportApi = ({ run }: Scene) => `/runs/${run}/report`;
const linesApi = ({ run, job }: Scene) => `/runs/${run}/jobs/${job}/lines`;
const jobPage = ({ run, job }: Scene) => `${base}/runs/${run}/jobs/${job}`;
const dispatchPage = () => `${base}/dispatch`;
const workflowsApi = () => '/workflows';

const TEXTS: readonly Text[] = [
  { id: 'run-name', title: 'the name of a run', shown: markup('run'), page: runPage, told: runApi },
  { id: 'workflow-name', title: 'the name of a workflow', shown: markup('workflow'), page: runPage, told: runApi },
  { id: 'list', title: 'a list of runs', shown: markup('run'), page: () => `${base}/runs`, told: () => '/runs' },
  { id: 'job-name', title: 'the name of a job', shown: markup('job'), page: runPage, told: runApi },
  { id: 'annotation-title', title: 'the title of an annotation', shown: bare('title'), page: runPage, told: reportApi },
  {
    id: 'annotation-message',
    title: 'the message of an annotation',
    shown: markup('message'),
    page: runPage,
    told: reportApi,
  },
  { id: 'annotation-file', title: 'the file of an annotation', shown: bare('file'), page: runPage, told: reportApi },
  { id: 'step-name', title: 'the name of a step', shown: markup('step'), page: jobPage, told: reportApi },
  { id: 'log-line', title: 'a line of a log', shown: markup('line'), page: jobPage, told: linesApi },
  { id: 'log-group', title: 'the title of a group in a log', shown: markup('fold'), page: jobPage, told: linesApi },
  {
    id: 'group',
    title: 'a concurrency group',
    shown: markup('group'),
    page: (scene) => `${runPage(scene)}?view=plan`,
    told: ({ run }) => `/runs/${run}/plan`,
  },
  { id: 'matrix', title: 'a value of a matrix', shown: markup('matrix'), page: jobPage, told: runApi },
  {
    id: 'cache-key',
    title: 'the key of a cache',
    shown: markup('cache'),
    page: () => `${base}/caches`,
    told: () => '/caches',
  },
  {
    id: 'diagnostic',
    title: 'a key that a workflow must not have',
    shown: markup('diagnostic'),
    page: ({ refused }) => `${base}/runs/${refused}`,
    told: ({ refused }) => `/runs/${refused}`,
  },
  {
    id: 'input-description',
    title: 'the description of an input',
    shown: markup('description'),
    page: dispatchPage,
    told: workflowsApi,
  },
  {
    id: 'input-option',
    title: 'an option of an input',
    shown: markup('option'),
    page: dispatchPage,
    told: workflowsApi,
    before: (page) => page.getByRole('combobox', { name: 'choice' }).click(),
  },
];

/** Any text below a value that has these characters. */
function findText(value: unknown, wanted: string): string | undefined {
  if (typeof value === 'string') return value.includes(wanted) ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const one of Object.values(value)) {
    const found = findText(one, wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function attempt(rig: Rig, { shown, page: place, told, before }: Text): Promise<Verdict> {
  const scene = await sceneOf(await rig.product());
  const { product, token } = scene;
  const browser = await startChromium();
  const context = await browser.newContext(
    signedIn(token, { baseURL: product.url, viewport: { width: 1280, height: 900 } }),
  );
  try {
    const page = await context.newPage();
    const complaints = await watch(page);
    await page.goto(place(scene));
    await page.locator('h1').waitFor();
    await before?.(page);
    const isShown = await page
      .getByText(shown, { exact: false })
      .first()
      .waitFor({ timeout: 15_000 })
      .then(
        () => true,
        () => false,
      );
    const ran = await page.evaluate('globalThis.HIT');
    const made = await page.evaluate("document.querySelectorAll('[onerror], script:not([src])').length");
    const text = findText(await repositoryApi(product, token, REPOSITORY).ask(told(scene)), shown);
    const control = await runsAsMarkup(browser, text ?? '');
    return {
      refused: isShown && ran === undefined && made === 0 && complaints.all.length === 0,
      succeeded: text !== undefined && control,
      detail: `shown ${isShown}, ran ${String(ran)}, made ${String(made)}, complaints ${complaints.all.slice(0, 3).join('; ')}, told ${text !== undefined}, control ${control}`,
    };
  } finally {
    await browser.close();
  }
}

/** The same text in a page that takes it for markup. */
async function runsAsMarkup(browser: Browser, text: string): Promise<boolean> {
  const page = await browser.newPage();
  try {
    await page.setContent('<div id="place"></div>');
    await page.evaluate(`document.getElementById('place').innerHTML = ${JSON.stringify(text)}`);
    return await page.waitForFunction('globalThis.HIT !== undefined', undefined, { timeout: 3000 }).then(
      () => true,
      () => false,
    );
  } finally {
    await page.close();
  }
}

/** A name of a branch stands in many pages, and in shells: such a one does not come in. */
async function branch(rig: Rig): Promise<Verdict> {
  const { product } = await sceneOf(await rig.product());
  const tree = await product.tree(REPOSITORY);
  const { code, err } = await tree.push({ x: 'x' }, { branch: BRANCH }).then(
    () => ({ code: 0, err: '' }),
    (thrown: unknown) => ({ code: 1, err: String(thrown) }),
  );
  const browser = await startChromium();
  const control = await runsAsMarkup(browser, BRANCH);
  await browser.close();
  return { refused: code !== 0 && err.includes('ref-name'), succeeded: control, detail: `${code}, control ${control}` };
}

const pushed = {
  id: 'xss-run-branch',
  title: 'the name of a branch is markup that runs code in the page',
  controls: ['K23'],
  attempt: branch,
};

export const attacks =
  findChromium() === undefined
    ? []
    : [
        pushed,
        ...TEXTS.map((text) => ({
          id: `xss-run-${text.id}`,
          title: `${text.title} is markup that runs code in the page`,
          controls: ['K23'],
          attempt: (rig: Rig) => attempt(rig, text),
        })),
      ];
