import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServedApi, serveApi } from '../../src/api/api.fixture.ts';
import { openTestPostgres, type TestPostgres } from '../../src/database/postgres.fixture.ts';
import { BUILT, ensurePages, findChromium, signedIn, startChromium, watch } from './browser.ts';
import { FIRST_LOAD_BYTES_MAX, firstLoadOf } from './first-load.ts';

let postgres: TestPostgres;
let api: ServedApi;
let token = '';
beforeAll(async () => {
  ensurePages();
  postgres = await openTestPostgres();
  api = await serveApi(postgres, { pages: BUILT });
  token = (await api.people.owner()).token;
});
afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await postgres?.close();
});

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('what is loaded before the first page is below its bound', () => {
  const { scripts } = firstLoadOf(BUILT);

  expect(scripts).toBeLessThan(FIRST_LOAD_BYTES_MAX);
});

describe('over HTTP', () => {
  test.each(['/', '/acme/app', '/acme/app/tree/a%2Fb/c', '/-/audit', '/docs/operate/server', '/sign-in?return=/x'])(
    'a browser gets the document at %s, with a nonce that is new each time',
    async (path) => {
      const [one, other] = await Promise.all([
        fetch(api.origin + path, { headers: HTML }),
        fetch(api.origin + path, { headers: HTML }),
      ]);
      const nonceOf = (response: Response) =>
        /'nonce-([^']+)'/.exec(response.headers.get('content-security-policy') ?? '')?.[1] ?? '';
      const text = await one.text();

      expect(one.status).toBe(200);
      expect(one.headers.get('cache-control')).toBe('no-store');
      expect(one.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(nonceOf(one)).toMatch(/^[A-Za-z0-9+/]{22}==$/);
      expect(nonceOf(one)).not.toBe(nonceOf(other));
      expect(text).toContain(`nonce="${nonceOf(one)}"`);
      expect(text).not.toContain('__NONCE__');
    },
  );

  test.each(['/api/v1/nothing', '/api', '/runner/v1/x', '/acme/app.git/info/refs?service=git-upload-pack'])(
    'the address %s of a program is never a page',
    async (path) => {
      const response = await fetch(api.origin + path, { headers: HTML });

      expect(response.headers.get('content-type')).not.toContain('text/html');
      expect(response.status).toBeGreaterThanOrEqual(400);
    },
  );

  test('a program that asks for no page gets a problem', async () => {
    const response = await fetch(`${api.origin}/acme/app`, { headers: { accept: 'application/json' } });

    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  test('files of the build are kept for ever, and come small to those who take it', async () => {
    const document = await (await fetch(api.origin, { headers: HTML })).text();
    const script = /src="(\/-\/assets\/[^"]+\.js)"/.exec(document)?.[1] ?? '';
    const response = await fetch(api.origin + script, { headers: { 'accept-encoding': 'br' } });
    const etag = response.headers.get('etag') ?? '';
    const again = await fetch(api.origin + script, { headers: { 'accept-encoding': 'br', 'if-none-match': etag } });

    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(response.headers.get('content-encoding')).toBe('br');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(again.status).toBe(304);
  });

  test.each(['/-/assets/../index.html', '/-/assets/..%2f..%2fpackage.json', '/-/assets/nothing.js', '/-/assets/'])(
    'no address is a path: %s',
    async (path) => {
      const { status, text } = await raw(path);

      expect(status).not.toBe(200);
      expect(text).not.toContain('"name"');
    },
  );

  test('without a build a page says the command', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-no-pages-'));
    await using empty = await serveApi(postgres, { pages: folder });
    const response = await fetch(empty.origin, { headers: HTML });

    expect(response.status).toBe(503);
    expect(await response.text()).toContain('npm run pages');
    rmSync(folder, { recursive: true });
  });
});

/** A request whose path nobody makes tidy. */
async function raw(path: string): Promise<{ readonly status: number; readonly text: string }> {
  const { request } = await import('node:http');
  const { hostname, port } = new URL(api.origin);
  return new Promise((done, fail) => {
    request({ hostname, port, path, headers: HTML }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, text }));
    })
      .on('error', fail)
      .end();
  });
}

// Where there is no Chromium these are told as skipped.
describe.skipIf(findChromium() === undefined)('in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  test('the first page loads without a complaint of the policy or the console', async () => {
    const context = await browser.newContext(signedIn(token));
    const page = await context.newPage();
    const complaints = await watch(page);
    await page.goto(api.origin);
    await page.getByRole('heading', { level: 1 }).waitFor();

    expect(await page.title()).toBe('Home · Sallyport');
    expect(complaints.all).toEqual([]);
    await context.close();
  });

  test('keys go to pages, the palette opens, and the list of keys names them', async () => {
    const context = await browser.newContext(signedIn(token));
    const page = await context.newPage();
    const complaints = await watch(page);
    await page.goto(api.origin);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.waitForURL('**/-/repositories');
    await page.getByRole('heading', { name: 'Repositories', level: 1 }).waitFor();
    const focused = await page.evaluate('document.activeElement?.tagName');
    await page.keyboard.press('?');
    await page.getByText('Go to: Home').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Go to: Home').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.keyboard.type('home');
    await page.getByRole('option', { name: 'Home Page' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${api.origin}/`);

    expect(focused).toBe('H1');
    expect(complaints.all).toEqual([]);
    await context.close();
  });

  test('whoever is not signed in goes to sign in, and the way back is kept', async () => {
    const page = await browser.newPage();
    await page.goto(`${api.origin}/-/repositories?x=1#y`);
    await page.waitForURL('**/sign-in?return=*');

    expect(new URL(page.url()).searchParams.get('return')).toBe('/-/repositories?x=1#y');
    await page.close();
  });
});
