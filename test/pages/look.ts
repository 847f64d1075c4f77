/** What a demanding reader looks at in every state: rules of accessibility, the way of Tab, what hangs over the edge. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Stops on the way of Tab through one page. */
const STOPS_MAX = 400;
const LOOKS_MAX = 200;
const BUSY = "document.querySelector('[aria-busy=true], .sp-progress') !== null";
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

type AxeFinding = {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
};

/** What axe finds. Empty is well. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const found = (await page.evaluate(
    `axe.run(document, { runOnly: { type: 'tag', values: ${JSON.stringify(TAGS)} }, resultTypes: ['violations'] })
      .then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary })) })))`,
  )) as readonly AxeFinding[];
  return found.flatMap(({ id, nodes }) =>
    nodes
      .slice(0, 3)
      .map(
        ({ target, failureSummary }) =>
          `axe ${id}: ${target.join(' ')} (${failureSummary?.split('\n')[1]?.trim() ?? ''})`,
      ),
  );
}

/** Names the element that has the focus, and whether one sees that it has. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return undefined;
  window.sallyportSeen ??= new Map();
  if (!window.sallyportSeen.has(element)) window.sallyportSeen.set(element, window.sallyportSeen.size);
  const marks = [element, element.parentElement, element.closest('label')].filter(Boolean).map((one) => getComputedStyle(one));
  const box = (element.type === 'radio' ? (element.labels?.[0] ?? element) : element).getBoundingClientRect();
  const sibling = element.nextElementSibling === null ? [] : [getComputedStyle(element.nextElementSibling)];
  const isMarked = [...marks, ...sibling].some((style) => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none')
    || (element.tagName === 'INPUT' && getComputedStyle(element).borderColor !== '' && element.matches(':focus-visible'));
  return {
    number: window.sallyportSeen.get(element),
    name: element.tagName.toLowerCase() + ' ' + (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 60),
    isMarked,
    isSeen: box.width > 0 && box.height > 0,
  };
})()`;

/** Everything that somebody with a mouse could use, and Tab did not come to. */
const MISSED = `(() => {
  const seen = window.sallyportSeen ?? new Map();
  const radios = new Set([...seen.keys()].filter((one) => one.type === 'radio').map((one) => one.name));
  const scope = [...document.querySelectorAll('[role=dialog][aria-modal=true]')].at(-1) ?? document;
  return [...scope.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
    .filter((one) => one.tabIndex >= 0 && !one.disabled && one.type !== 'hidden' && !seen.has(one))
    .filter((one) => !(one.type === 'radio' && radios.has(one.name)))
    .filter((one) => one.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: false }) && one.closest('[inert], [aria-hidden=true]') === null)
    .map((one) => one.tagName.toLowerCase() + ' ' + (one.getAttribute('aria-label') ?? one.textContent ?? '').trim().slice(0, 60));
})()`;

type Focused = { readonly number: number; readonly name: string; readonly isMarked: boolean; readonly isSeen: boolean };

/** Walks by Tab until it comes round. Gives what is wrong: a stop that is not seen, something that is never reached. */
export async function tabWalk(page: Page): Promise<readonly string[]> {
  const wrong: string[] = [];
  await page.evaluate(`window.sallyportSeen = new Map(); document.body.tabIndex = -1; document.body.focus();
    document.body.removeAttribute('tabindex'); window.scrollTo(0, 0)`);
  let last = -1;
  let isRound = false;
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    await page.keyboard.press('Tab');
    const focused = (await page.evaluate(FOCUSED)) as Focused | undefined;
    if (focused === undefined) {
      // The end of the document: the browser's own controls are next.
      isRound = last >= 0;
      if (isRound) break;
      continue;
    }
    isRound = focused.number < last || (focused.number === last && stop > 0);
    if (isRound) break;
    last = focused.number;
    if (!focused.isMarked) wrong.push(`focus is not seen: ${focused.name}`);
    if (!focused.isSeen) wrong.push(`focus is on something that is not there: ${focused.name}`);
  }
  // A list of hundreds of links: what comes later is like what came.
  if (!isRound) return wrong;
  const missed = (await page.evaluate(MISSED)) as readonly string[];
  return [...wrong, ...missed.map((name) => `Tab never comes to: ${name}`)];
}

/** Whether the page is wider than the window. */
export async function overhang(page: Page): Promise<readonly string[]> {
  const wide = (await page.evaluate(`(() => {
    const max = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= max) return [];
    return [...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > max + 1)
      .slice(0, 3).map((one) => one.tagName.toLowerCase() + '.' + one.className);
  })()`)) as readonly string[];
  return wide.map((name) => `wider than the window: ${name}`);
}

/** Until the page shows what it is about: nothing is on its way any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  // Asked again from here: a condition that the page itself looks at would need a wider policy.
  for (let look = 0; look < LOOKS_MAX && (await page.evaluate(BUSY)) === true; look += 1) await sleep(50);
  await page.evaluate(
    'document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60))))',
  );
}
