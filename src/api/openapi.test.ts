import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openApiDocument } from './openapi.ts';
import { createRates, RATE_LIMITS } from './rate.ts';
import { ROUTES } from './routes.ts';

const document: {
  readonly openapi: string;
  readonly paths: { readonly [path: string]: { readonly [method: string]: { readonly operationId: string } } };
} = JSON.parse(JSON.stringify(openApiDocument(ROUTES)));

test('docs/reference/openapi.json is what is served (node scripts/openapi.ts)', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/openapi.json'), 'utf8');

  expect(JSON.parse(page)).toEqual(document);
});

test('every route is described once, and nothing else', () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  const operations = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );

  expect(described.toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} /api/v1${path}`).toSorted());
  expect(new Set(operations).size).toBe(operations.length);
  expect(document.openapi).toBe('3.1.0');
});

test('haste is bounded for each caller by itself, and comes back with time', () => {
  let now = 0;
  const rates = createRates(() => now);
  const { burst, perSecond } = RATE_LIMITS.write;
  const take = (who: string) => rates.take('write', who) === undefined;

  expect(Array.from({ length: burst }, () => take('ada')).every(Boolean)).toBe(true);
  expect(take('ada')).toBe(false);
  expect(take('eve')).toBe(true);
  expect(rates.take('read', 'ada')).toBeUndefined();
  now += 1000;
  expect(Array.from({ length: perSecond + 1 }, () => take('ada'))).toEqual([
    ...Array.from({ length: perSecond }, () => true),
    false,
  ]);
  now -= 500_000;
  expect(take('ada')).toBe(false);
});

test('callers without number do not fill the memory', () => {
  const rates = createRates(() => 0);
  for (let at = 0; at < 50_000; at += 1) rates.take('anonymous', `192.0.2.${at}`);

  expect(rates.size()).toBeLessThanOrEqual(20_000);
});
