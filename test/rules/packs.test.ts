import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KINDS } from '../../src/finding/index.ts';
import { generateRules, readPack } from './packs.ts';

const root = join(import.meta.dirname, '../..');

describe('rules', () => {
  test('packs and pages are what rules/ says (node scripts/rules.ts writes them)', async () => {
    const generated = await generateRules(root);
    const behind = [...generated].filter(([path, text]) => {
      const file = join(root, path);
      return !existsSync(file) || readFileSync(file, 'utf8') !== text;
    });
    const pages = KINDS.flatMap((kind) => {
      const folder = join(root, 'docs/rules', kind);
      return existsSync(folder) ? readdirSync(folder).map((name) => `docs/rules/${kind}/${name}`) : [];
    });

    expect(behind.map(([path]) => path)).toEqual([]);
    expect(pages.filter((path) => !generated.has(path))).toEqual([]);
  });

  test('every id stands once', async () => {
    const packs = await Promise.all(KINDS.map((kind) => readPack(root, kind)));
    const ids = packs.flatMap((pack) => pack?.rules.map(({ id }) => id) ?? []);

    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });

  test('every rule shows what it finds and what it leaves alone', async () => {
    const packs = await Promise.all(KINDS.map((kind) => readPack(root, kind)));
    const lacking = packs.flatMap(
      (pack) =>
        pack?.rules
          .filter(
            ({ examples }) =>
              !examples.some(({ lines }) => lines.length > 0) || !examples.some(({ lines }) => lines.length === 0),
          )
          .map(({ id }) => id) ?? [],
    );

    expect(lacking).toEqual([]);
  });
});
