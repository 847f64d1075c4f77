import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServedApi, serveApi } from '../../src/api/api.fixture.ts';
import { openTestPostgres, type TestPostgres } from '../../src/database/postgres.fixture.ts';
import { createDialer, createHook, pingHook, sealerOf } from '../../src/notify/index.ts';
import type { RepositoryRow } from '../../src/repo/index.ts';
import { BUILT, ensurePages, signedIn, startChromium, watch } from './browser.ts';
import { fillFindings, HOSTILE } from './findings.fixture.ts';

/** Pictures are written there when somebody wants to look. */
const PICTURES = process.env['PICTURES'];
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const NO_CAPABILITY = {
  version: 1,
  platform: { os: 'linux', arch: 'x64', kernel: HOSTILE, root: true },
  tools: { git: '2.47' },
} as const;

let postgres: TestPostgres;
let api: ServedApi;
let app: RepositoryRow;
let token = '';
let browser: Browser;
let findingId = 0;
let hookId = 0;
beforeAll(async () => {
  ensurePages();
  postgres = await openTestPostgres();
  api = await serveApi(postgres, {
    pages: BUILT,
    installation: {
      settings: () => [
        { name: 'listen', value: '127.0.0.1:8470', source: 'default', isWeakening: false },
        { name: 'unsafe_webhook_hosts', value: HOSTILE, source: 'file', isWeakening: true },
      ],
      doctor: () =>
        Promise.resolve([
          { name: 'server', state: 'ok', text: 'as user 0, data in /var/lib/sallyport/server' },
          { name: 'unsafe_webhook_hosts', state: 'weak', text: HOSTILE },
          { name: 'seccomp', state: 'soft', text: 'no filter', remedy: 'sysctl -w x=1' },
        ]),
      sizes: () =>
        Promise.resolve([
          { name: 'git', bytes: 123_456_789, entries: 400 },
          { name: 'database', bytes: 5_000_000 },
          { name: 'entries of the audit log', bytes: 0, entries: 12 },
        ]),
      logKeys: { log: { name: 'log', key: 'AA==' }, witness: { name: 'witness', key: 'AA==' } },
      lesson: () => Promise.resolve(`# Rule\n\nWhy it matters. ${HOSTILE}\n\n- one\n- two\n`),
    },
  });
  const owner = await api.people.owner();
  ({ token } = owner);
  app = await api.create('app');
  findingId = await fillFindings(api.people, app.id);
  const deps = {
    db: api.people.db,
    now: () => api.people.now(),
    random: (bytes: number) => api.people.random(bytes),
    sealer: sealerOf(Buffer.alloc(32, 1), (bytes) => api.people.random(bytes)),
    dialer: createDialer({ lookup: () => Promise.resolve([]), insideHosts: [] }),
  };
  const { hook } = await createHook(deps, owner.principal, app.id, {
    kind: 'webhook',
    url: 'https://hooks.example.org/ci?<script>alert(1)</script>',
    events: ['run.completed', 'push'],
  });
  hookId = hook.id;
  await pingHook(deps, owner.principal, { repositoryId: app.id, id: hook.id });
  api.ports.putRunner({
    id: 1,
    name: HOSTILE,
    labels: ['linux', 'gpu'],
    state: 'busy',
    ephemeral: false,
    jobs: [1, 2],
    lastSeenAt: new Date(),
    capability: {
      ...NO_CAPABILITY,
      walls: [
        { name: 'seccomp', state: 'hard', reason: 'a filter stands' },
        { name: 'hard-memory', state: 'soft', reason: HOSTILE, remedy: 'Delegate=yes' },
      ],
    },
  });
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await api?.[Symbol.asyncDispose]();
  await postgres?.close();
});

const pages = (): readonly (readonly [name: string, path: string, shows: string])[] => [
  ['findings', '/acme/app/findings', 'open findings'],
  ['findings-fixed', '/acme/app/findings?state=fixed', 'fixed'],
  ['findings-nothing', '/acme/app/findings?text=nothinglikeit', 'Nothing fits'],
  ['finding', `/acme/app/findings/${findingId}`, 'The way there'],
  ['webhooks', '/acme/app/webhooks', 'Badge and feed'],
  ['webhook', `/acme/app/webhooks/${hookId}`, 'Deliveries'],
  ['runners', '/-/runners', 'busy'],
  ['audit', '/-/audit', 'repository.create'],
  ['audit-entry', '/-/audit/1', 'Verify in this browser'],
  ['doctor', '/-/doctor', 'weaker than they could be'],
  ['settings', '/-/settings', 'unsafe_webhook_hosts'],
  ['housekeeping', '/-/housekeeping', 'in all'],
  ['notifications', '/-/notifications', 'Tell me when'],
];

async function open(path: string, options: { readonly scheme?: 'dark' | 'light'; readonly width?: number } = {}) {
  const { scheme = 'light', width = 1280 } = options;
  const context = await browser.newContext(
    signedIn(token, { colorScheme: scheme, viewport: { width, height: 900 }, baseURL: api.origin }),
  );
  const page = await context.newPage();
  const complaints = await watch(page, [/404 \(Not Found\)/]);
  await page.goto(path);
  return { context, page, complaints };
}

async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(await axeSource());
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200) ?? ''}`);
  });
}

let axe: Promise<string> | undefined;
const axeSource = () => (axe ??= import('node:fs/promises').then((files) => files.readFile(AXE, 'utf8')));

describe.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const)('in %s, %i wide', (scheme, width) => {
  test.each(pages().map(([name], at) => [name, at] as const))(
    'the page %s shows what it is for, nothing runs in it, and axe finds nothing',
    async (name, at) => {
      const [, path, shows] = pages()[at]!;
      const { context, page, complaints } = await open(path, { scheme, width });
      await page.getByText(shows).first().waitFor();
      await page.waitForTimeout(300);
      if (PICTURES !== undefined) {
        mkdirSync(PICTURES, { recursive: true });
        await page.screenshot({ path: join(PICTURES, `${name}-${scheme}-${width}.png`), fullPage: true });
      }
      const violations = await violationsOf(page);
      const isWide = await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
      const isHit = await page.evaluate(() => 'hit' in globalThis);
      await context.close();

      expect({ violations, complaints: complaints.all, isWide, isHit }).toEqual({
        violations: [],
        complaints: [],
        isWide: false,
        isHit: false,
      });
    },
  );
});

test('K13 control: the same text as markup runs, where nothing makes it a text', async () => {
  const page = await browser.newPage();
  await page.setContent(`<p>${HOSTILE}</p>`);
  await page.waitForFunction('"hit" in globalThis');
  await page.close();
});

describe('what people do', () => {
  test('a finding is suppressed by a change that is shown with its commands', async () => {
    const { context, page, complaints } = await open(`/acme/app/findings/${findingId}`);
    await page.getByRole('button', { name: 'It may stand' }).click();
    await page.getByLabel('Why may it stand?').fill("it's only reachable by the bench");
    await page.getByRole('button', { name: 'Show the change' }).click();
    const commands = await page.getByRole('group', { name: 'commands' }).textContent();
    await context.close();

    expect(commands).toContain('git switch -c suppress-');
    expect(commands).toContain(`- fingerprint: "${createHash('sha256').update('sql').digest('hex').slice(0, 32)}"`);
    expect(complaints.all).toEqual([]);
  });

  test('a receiver is added, refused at an address inside, and its secret is shown once', async () => {
    const { context, page } = await open('/acme/app/webhooks');
    await page.getByRole('button', { name: 'Add a receiver' }).click();
    await page.getByLabel('Address').fill('https://127.0.0.1/');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText('notify/address-refused').waitFor();
    await page.getByLabel('Address').fill('https://hooks.example.org/two');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const secret = await page.getByRole('group', { name: 'secret' }).textContent();
    await page.keyboard.press('Escape');
    await page.getByText('https://hooks.example.org/two').waitFor();
    const text = await page.locator('body').textContent();
    await context.close();

    expect(secret).toMatch(/^whsec_/);
    expect(text).not.toContain('whsec_');
  });

  test('the log is filtered, and an entry that has no proof yet says so', async () => {
    const { context, page } = await open('/-/audit');
    await page.getByLabel('Action').fill('webhook.create');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('link', { name: 'webhook.create' }).first().click();
    await page.getByRole('button', { name: 'Verify in this browser' }).click();
    await page.getByText('auditlog/entry-open').waitFor();
    const url = page.url();
    await context.close();

    expect(url).toMatch(/\/-\/audit\/\d+$/);
  });

  test('a runner is drained after it was asked, and another is invited by a command', async () => {
    const { context, page } = await open('/-/runners');
    await page.getByRole('button', { name: 'Drain' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Add a runner' }).click();
    await page.getByLabel('Labels').fill('gpu');
    await page.getByRole('button', { name: 'Make the command' }).click();
    const command = await page.getByRole('group', { name: 'command' }).textContent();
    await context.close();

    expect(command).toContain(`sallyport runner join --url ${api.origin}`);
    expect(api.ports.asked.map(({ verb }) => verb)).toContain('register');
  });
});
