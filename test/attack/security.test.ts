import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadAttacks } from './cases.ts';
import { loadPageAttacks } from './pages.ts';
import { SERVER_ATTACKS } from './server/main.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const DECISIONS = path.join(ROOT, 'docs/decisions');
const NAMED = /`((?:R\d+|K\d+|sandbox|xss)-[a-z0-9-]*\*?)`/g;

async function loadIds(): Promise<readonly string[]> {
  return [...(await loadAttacks()), ...SERVER_ATTACKS, ...(await loadPageAttacks())].map(({ id }) => id);
}

function namesIn(file: string): readonly string[] {
  return [...readFileSync(file, 'utf8').matchAll(NAMED)].map((match) => match[1] ?? '');
}

/** `R16-*` stands for all that begin so. */
function fits(name: string, id: string): boolean {
  return name.endsWith('*') ? id.startsWith(name.slice(0, -1)) : id === name;
}

test('the attacks that the pages name exist', async () => {
  const ids = await loadIds();
  const pages = [path.join(ROOT, 'SECURITY.md'), ...readdirSync(DECISIONS).map((name) => path.join(DECISIONS, name))];
  const missing = pages.flatMap(namesIn).filter((name) => !ids.some((id) => fits(name, id)));

  expect(missing).toEqual([]);
});

test('no two attacks have the same id', async () => {
  const ids = await loadIds();

  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('SECURITY.md names every attack beside the claim that it tests', async () => {
  const names = namesIn(path.join(ROOT, 'SECURITY.md'));
  const unnamed = (await loadIds()).filter((id) => !names.some((name) => fits(name, id)));

  expect(unnamed).toEqual([]);
});
