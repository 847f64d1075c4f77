/**
 * Attacks on people in browsers and on what they see, each in a file of its own in `pages/`: `npm run -s attack -- pages`. They share one
 * running product, which is started when the first one needs it.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { reasonOf } from '../../src/base/index.ts';
import { type Product, startProduct } from '../product/product.ts';
import { SoftBrowser } from '../support/soft-browser.ts';

const ATTEMPT_MS_MAX = 120_000;

export type PageVerdict = { readonly refused: boolean; readonly succeeded: boolean; readonly detail: string };

/** Both arms go through the same door: what must not work, and the same without the control, or done rightly. */
export type PageAttack = {
  readonly id: string;
  readonly title: string;
  readonly controls: readonly string[];
  attempt(rig: PageRig): Promise<PageVerdict>;
};

export type PageRig = AsyncDisposable & {
  /** `sallyport up`, with all that it starts. `ada` owns it. */
  product(): Promise<Product>;
  /** Somebody who signed in with a passkey of their own: an owner is `ada`, others are members. */
  person(name: string): Promise<SoftBrowser>;
  /** Actions of the newest entries of the audit log, newest first. */
  actions(): Promise<readonly string[]>;
};

export function createRig(): PageRig {
  let started: Promise<Product> | undefined;
  const people = new Map<string, Promise<SoftBrowser>>();
  const product = () => {
    started ??= startProduct();
    return started;
  };
  async function arrive(name: string): Promise<SoftBrowser> {
    const { url, must } = bound(await product());
    const command = name === 'ada' ? ['member', 'code', 'ada', '--json'] : ['member', 'add', name, '--json'];
    const { code } = JSON.parse(await must(command)) as { code: string };
    const browser = new SoftBrowser(url);
    const { status, body } = await browser.register(code);
    if (status !== 201) throw new Error(`${name} was not registered: ${JSON.stringify(body)}`);
    return browser;
  }
  return {
    product,
    person(name) {
      const known = people.get(name) ?? arrive(name);
      people.set(name, known);
      return known;
    },
    async actions() {
      const running = await product();
      const answer = await running.fetch('/api/v1/audit?limit=30', { token: await running.token() });
      const { items } = (await answer.json()) as { items: { body: { action: string } }[] };
      return items.map(({ body }) => body.action);
    },
    async [Symbol.asyncDispose]() {
      const running = await started?.catch(() => undefined);
      await running?.[Symbol.asyncDispose]();
    },
  };
}

const bound = (product: Product) => ({
  url: product.url,
  must: (args: readonly string[]) => product.must(args),
});

/** Those of every file in `pages` that has some. */
export async function loadPageAttacks(): Promise<readonly PageAttack[]> {
  const folder = path.join(import.meta.dirname, 'pages');
  const attacks: PageAttack[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const loaded: { readonly attacks?: readonly PageAttack[] } = await import(path.join(folder, file));
    attacks.push(...(loaded.attacks ?? []));
  }
  return attacks;
}

export async function attackPages(only: string | undefined): Promise<number> {
  const all = await loadPageAttacks();
  const wanted = all.filter(({ id }) => only === undefined || id === only || id.startsWith(`${only}-`));
  const verdicts: PageVerdict[] = [];
  await using rig = createRig();
  for (const attack of wanted) {
    const started = performance.now();
    const verdict = await attempt(attack, rig);
    verdicts.push(verdict);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const product = verdict.refused ? 'refused' : 'NOT REFUSED';
    const control = verdict.succeeded ? 'succeeded' : 'FAILED';
    console.log(`${attack.id}  ${attack.title}: ${product}, control ${control} (${seconds} s)`);
    if (!verdict.refused || !verdict.succeeded) console.log(`      ${verdict.detail}`);
  }
  const total = verdicts.length;
  const refused = verdicts.filter((verdict) => verdict.refused).length;
  const succeeded = verdicts.filter((verdict) => verdict.succeeded).length;
  console.log(`attack: ${refused}/${total} refused, ${succeeded}/${total} controls succeeded`);
  return total > 0 && refused === total && succeeded === total ? 0 : 1;
}

/** What throws or hangs proves nothing, in either direction. */
async function attempt(attack: PageAttack, rig: PageRig): Promise<PageVerdict> {
  const { promise: late, resolve } = Promise.withResolvers<PageVerdict>();
  const nothing = (detail: string): PageVerdict => ({ refused: false, succeeded: false, detail });
  const timer = setTimeout(() => resolve(nothing(`no answer within ${ATTEMPT_MS_MAX} ms`)), ATTEMPT_MS_MAX);
  try {
    return await Promise.race([attack.attempt(rig), late]);
  } catch (thrown) {
    return nothing(`failed: ${reasonOf(thrown)}`);
  } finally {
    clearTimeout(timer);
  }
}
