import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openApiDocument, ROUTES } from '../../src/api/index.ts';
import { renderApiTypes, typeOf } from './api-types.ts';

const root = join(import.meta.dirname, '../..');

test('web/src/api-types.ts is what the API serves (node scripts/api-types.ts)', () => {
  const page = readFileSync(join(root, 'web/src/api-types.ts'), 'utf8');

  expect(page).toBe(renderApiTypes(JSON.parse(JSON.stringify(openApiDocument(ROUTES)))));
});

test.each([
  [{ type: 'string', format: 'date-time' }, 'string'],
  [{ type: ['string', 'null'] }, 'string | null'],
  [{ type: 'integer', minimum: 1 }, 'number'],
  [{ type: 'string', enum: ['a', "b'c"] }, "'a' | 'b\\'c'"],
  [{ type: 'array', items: { $ref: '#/components/schemas/Run' } }, "(components['schemas']['Run'])[]"],
  [{ anyOf: [{ type: 'string' }, { type: 'boolean' }] }, '(string) | (boolean)'],
  [
    {
      type: 'object',
      properties: { 'a-b': { type: 'string' }, c: {} },
      required: ['a-b'],
      additionalProperties: false,
    },
    "{ 'a-b': string; c?: unknown }",
  ],
  [{ type: 'object', additionalProperties: { type: 'number' } }, '{ [name: string]: number }'],
  [{ type: 'object', additionalProperties: false }, 'Record<string, never>'],
])('the schema %j is the type %s', (schema, wanted) => {
  expect(typeOf(schema)).toBe(wanted);
});

test('a word of a schema that is not known stops the generator: it never says less than the document', () => {
  expect(() => typeOf({ type: 'object', patternProperties: {} })).toThrow('patternProperties');
});
