import { SHAPED_ROUTES } from '../../../src/api/index.ts';
import { chooser } from '../random.ts';

const DEPTH_MAX = 4;

export type Schema = { readonly [key: string]: unknown };
export type Operation = {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema: Schema;
    readonly required?: boolean;
  }[];
  readonly body: Schema | undefined;
  readonly responses: readonly string[];
};

/** Texts that somebody once stumbled over. */
const HOSTILE = [
  '',
  '0',
  '-1',
  '1e9',
  'null',
  '\0',
  '\u202e',
  '../..',
  '%00',
  '%2e%2e%2f',
  "' or 1=1 --",
  '\ud800',
  'x'.repeat(300),
  '💥',
  '{}',
  '__proto__',
  'constructor',
];
const KNOWN = ['acme', 'app', 'root', 'main', '1', '10', 'refs/heads/main', 'owner', 'all', 'run.read', 'A'];

export function operationsOf(document: {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Schema } };
}): readonly Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => {
      const {
        parameters = [],
        requestBody,
        responses = {},
      } = described as {
        parameters?: Operation['parameters'];
        requestBody?: { content: { readonly [type: string]: { schema: Schema } } };
        responses?: object;
      };
      return {
        method,
        path,
        parameters,
        body: requestBody?.content['application/json']?.schema,
        responses: Object.keys(responses),
      };
    }),
  );
}

/** Those in GitHub's shape are not described: only that none of them fails is looked at. */
export function shapedOperations(): readonly Operation[] {
  return SHAPED_ROUTES.map(({ method, base, path, schemas }) => ({
    method,
    path: `${base}${path.replaceAll('+}', '}')}`,
    parameters: [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name = '']) => ({ name, in: 'path', schema: {} })),
    body: schemas.body === undefined ? undefined : { type: 'object' },
    responses: [],
  }));
}

export type FuzzRequest = { readonly path: string; readonly body: string | undefined };

/** What stands in paths, so that most requests are about something that is there. */
export type Sound = { readonly [name: string]: string };

/** A request as the description wants it, or nearly so. */
export function requestOf(
  operation: Operation,
  document: Schema,
  { random, sound }: { readonly random: () => number; readonly sound: Sound },
): FuzzRequest {
  const { pick } = chooser(random);
  const text = (schema: Schema) => {
    const value = random() < 0.6 ? valueOf(schema, document, { random, depth: 0 }) : pick([...HOSTILE, ...KNOWN]);
    return typeof value === 'string' ? value : JSON.stringify(value ?? '');
  };
  let path = operation.path;
  const query = new URLSearchParams();
  for (const { name, in: place, schema } of operation.parameters) {
    if (place === 'path') {
      const known = sound[name];
      const value = known !== undefined && random() < 0.8 ? known : text(schema);
      path = path.replace(`{${name}}`, encodeURIComponent(value.toWellFormed()));
    } else if (place === 'query' && random() < 0.5) {
      query.append(name, text(schema));
    }
  }
  const asked = query.size === 0 ? path : `${path}?${query}`;
  if (operation.body === undefined) return { path: asked, body: undefined };
  const roll = random();
  if (roll < 0.05)
    return { path: asked, body: pick(['', '{', '[]', 'null', '"x"', `{"a":${'['.repeat(50)}${']'.repeat(50)}}`]) };
  return { path: asked, body: JSON.stringify(valueOf(operation.body, document, { random, depth: 0 })) };
}

type Making = { readonly random: () => number; readonly depth: number };

/** A value as the schema wants it, and one in eight as it does not. */
function valueOf(schema: Schema, document: Schema, making: Making): unknown {
  const { random, depth } = making;
  const { pick } = chooser(random);
  if (random() < 0.12 || depth > DEPTH_MAX) return pick([...HOSTILE, 0, -1, 1.5, 2 ** 53, true, null, [], {}]);
  const deeper = { random, depth: depth + 1 };
  const {
    $ref: reference,
    type,
    properties,
    items,
    enum: choices,
    anyOf,
  } = schema as {
    $ref?: string;
    type?: string;
    properties?: { [name: string]: Schema };
    items?: Schema;
    enum?: unknown[];
    anyOf?: Schema[];
  };
  if (reference !== undefined) return valueOf(at(document, reference), document, making);
  if (anyOf !== undefined) return valueOf(pick(anyOf), document, deeper);
  if (choices !== undefined) return pick(choices);
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(properties ?? { a: {} })
          .filter(() => random() < 0.85)
          .map(([name, inner]) => [name, valueOf(inner, document, deeper)]),
      );
    case 'array':
      return Array.from({ length: Math.floor(random() * 3) }, () => valueOf(items ?? {}, document, deeper));
    case 'integer':
    case 'number':
      return Math.floor(random() * 100);
    case 'boolean':
      return random() < 0.5;
    default:
      return random() < 0.7 ? pick(KNOWN) : `n${Math.floor(random() * 1e6)}`;
  }
}

function at(document: Schema, reference: string): Schema {
  return reference
    .replace('#/', '')
    .split('/')
    .reduce<Schema>((inner, name) => inner[name] as Schema, document);
}
