import { expect, test } from 'vitest';
import { AREA_ROUTES } from './routes.ts';

test('no two pages have the same address', () => {
  const paths = AREA_ROUTES.map(({ path }) => path);

  expect(paths.filter((path, at) => paths.indexOf(path) !== at)).toEqual([]);
});

test('the second key of `g` leads to one page', () => {
  const keys = AREA_ROUTES.flatMap(({ navigation }) => navigation?.key ?? []);

  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
});
