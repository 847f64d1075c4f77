import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServedApi, serveApi } from '../../src/api/api.fixture.ts';
import { openTestPostgres, type TestPostgres } from '../../src/database/postgres.fixture.ts';
import { firstSetupCode } from '../../src/identity/index.ts';
import { withAuthenticator } from './authenticator.ts';
import { BUILT, type Complaints, ensurePages, findChromium, startChromium, watch } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where to put pictures of the pages, for whoever wants to look at them. */
const PICTURES = process.env['PICTURES'];
const WAIT = { timeout: 15_000 };

let postgres: TestPostgres;
let api: ServedApi;
let browser: Browser;
let ada: Page;
let complaints: Complaints;

beforeAll(async () => {
  if (findChromium() === undefined) return;
  ensurePages();
  postgres = await openTestPostgres();
  api = await serveApi(postgres, { pages: BUILT }, 'localhost');
  api.people.time = Date.now();
  browser = await startChromium();
  ada = await withAuthenticator(await browser.newContext());
  complaints = await watch(ada, [/status of 40[013]/]);
});
afterAll(async () => {
  await browser?.close();
  await api?.[Symbol.asyncDispose]();
  await postgres?.close();
});

/** Nothing that a rule of WCAG 2.2 AA names, in light and dark, wide and narrow. */
async function look(page: Page, name: string): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 800 });
      if (PICTURES !== undefined) {
        // What slides has slid.
        await page.waitForTimeout(400);
        mkdirSync(PICTURES, { recursive: true });
        await page.screenshot({ path: join(PICTURES, `${name}-${scheme}-${width}.png`), fullPage: true });
      }
      await page.evaluate(AXE);
      const found = await page.evaluate(
        `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then((all) =>
          all.violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 200)).join(' | ')))`,
      );
      expect(found, `${name} ${scheme} ${width}`).toEqual([]);
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

const go = (path: string, page = ada) => page.goto(`${api.origin}${path}`);
const button = (name: string | RegExp, page = ada) => page.getByRole('button', { name });
const heading = (name: string | RegExp, page = ada) => page.getByRole('heading', { name });

describe.skipIf(findChromium() === undefined)('people in a browser', () => {
  test('the link of the set-up makes an owner with a passkey, and leaves no code in the address', async () => {
    const code = (await firstSetupCode(api.people))?.code.expose() ?? '';
    await go(`/setup#${code}`);
    await ada.getByLabel('Your name').fill('ada');
    expect(ada.url()).not.toContain('sps_');
    await look(ada, 'setup');

    await button('Make a passkey').click();

    await heading('Welcome, ada').waitFor(WAIT);
    await look(ada, 'recovery-codes');
    expect(await button('Go on').isDisabled()).toBe(true);
    await ada.getByLabel('I have kept them').check();
    await button('Go on').click();
    await heading('Home').waitFor(WAIT);
    const [cookie] = await ada.context().cookies();
    expect(cookie).toMatchObject({ name: '__Host-sid', httpOnly: true, secure: true, sameSite: 'Lax' });
  });

  test('signs in with the passkey, and goes on where somebody was, and to no other server', async () => {
    await go('/-/sessions');
    await heading('Passkeys and sessions').waitFor(WAIT);
    await ada.getByText('this one').waitFor(WAIT);
    await look(ada, 'sessions');
    await button('Sign out everywhere').click();
    await button('End all, this one too').click();
    await heading('Sign in').waitFor(WAIT);
    await look(ada, 'sign-in');

    await go('/-/tokens');
    await button('Sign in with a passkey').click();
    await heading('Tokens').waitFor(WAIT);
    await go('/sign-in?return=//evil.example/x');
    await button('Sign in with a passkey').click();
    await heading('Home').waitFor(WAIT);

    expect(new URL(ada.url()).origin).toBe(api.origin);
  });

  test('makes a token, which the passkey approves without a word of the page', async () => {
    await go('/-/tokens');
    await button('Make a token').click();
    await ada.getByRole('textbox', { name: 'Name' }).fill('deploy');
    await ada.getByLabel('everything that you may').check();
    await look(ada, 'new-token');

    await button('Make it').click();

    const token = (await ada.locator('[data-secret]').textContent(WAIT)) ?? '';
    expect(token).toMatch(/^spt_/);
    expect((await api.ask('GET', '/api/v1/user', { token })).body).toMatchObject({ name: 'ada', source: 'token' });
    await look(ada, 'tokens');
    await button('Revoke deploy').click();
    await ada.getByText('revoked').waitFor(WAIT);
    expect((await api.ask('GET', '/api/v1/user', { token })).status).toBe(401);
  });

  test('invites somebody, who comes by the link; a second owner waits, and is confirmed', async () => {
    await go('/-/people');
    await button('Invite somebody').click();
    await ada.getByRole('textbox', { name: 'Name' }).fill('bob');
    await look(ada, 'invite');
    await button('Invite', ada).last().click();
    const link = (await ada.locator('[data-secret]').textContent(WAIT)) ?? '';
    expect(link).toContain(`${api.origin}/setup#sps_`);

    const bob = await withAuthenticator(await browser.newContext());
    await bob.goto(link);
    await heading('Hello, bob', bob).waitFor(WAIT);
    await button('Make a passkey', bob).click();
    await heading('Welcome, bob', bob).waitFor(WAIT);
    await button('Done').click();
    await ada
      .getByRole('textbox', { name: 'Role of bob' })
      .or(ada.getByRole('combobox', { name: 'Role of bob' }))
      .first()
      .click();
    await ada.getByRole('option', { name: 'owner' }).click();
    await ada.getByText('Make bob an owner').waitFor(WAIT);
    await look(ada, 'people');

    expect((await api.ask('GET', '/api/v1/members', { token: '' })).status).toBe(401);
    await button('Cancel: Make bob an owner').click();
    await ada.getByText('Make bob an owner').waitFor({ ...WAIT, state: 'detached' });
    expect((await api.people.entries()).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['approval.use', 'request.open', 'request.cancel', 'passkey.add', 'session.start']),
    );
    await bob.context().close();
  });

  test('makes teams within teams, and puts people there', async () => {
    await go('/-/teams');
    await ada.getByText('No team yet').waitFor(WAIT);
    await look(ada, 'no-teams');
    for (const [name, parent] of [
      ['builders', undefined],
      ['deployers', 'builders'],
    ] as const) {
      await button('Make a team').first().click();
      await ada.getByRole('textbox', { name: 'Name' }).fill(name);
      if (parent !== undefined) {
        await ada
          .getByRole('textbox', { name: 'Within' })
          .or(ada.getByRole('combobox', { name: 'Within' }))
          .first()
          .click();
        await ada.getByRole('option', { name: parent }).click();
      }
      await button('Make it').click();
      await ada.getByText(name, { exact: true }).first().waitFor(WAIT);
    }
    await ada.getByLabel('Add somebody to deployers').first().click();
    await ada.getByRole('option', { name: 'bob' }).click();

    await button('Take bob out of deployers').waitFor(WAIT);
    await look(ada, 'teams');
  });

  test('a recovery code lets in once, to add a passkey', async () => {
    await go('/-/sessions');
    await button('Make new recovery codes').click();
    const code = (await ada.getByLabel('Recovery codes').locator('code').first().textContent(WAIT)) ?? '';
    await ada.getByLabel('I have kept them').check();
    await button('Done').click();

    const lost = await withAuthenticator(await browser.newContext());
    await go('/sign-in', lost);
    await button(/Use a recovery code/, lost).click();
    await lost.getByLabel('Your name').fill('ada');
    await lost.getByLabel('Recovery code').fill(code);
    await look(lost, 'recovery');
    await button('Sign in', lost).click();
    await lost.getByText('9 recovery codes are left.').waitFor(WAIT);
    await button('Add a passkey', lost).click();

    await expect.poll(() => lost.getByText(/ on Linux$/).count(), WAIT).toBeGreaterThan(1);
    await lost.context().close();
  });

  test('nothing complained: no script, style or request was refused', () => {
    expect(complaints.all).toEqual([]);
  });
});
