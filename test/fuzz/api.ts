import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { runView, serveApi, type ServedApi } from '../../src/api/api.fixture.ts';
import { openApiDocument, ROUTES, SHAPED_ROUTES } from '../../src/api/index.ts';
import { reasonOf } from '../../src/base/index.ts';
import { openTestPostgres } from '../../src/database/postgres.fixture.ts';
import { createToken } from '../../src/identity/index.ts';
import type { FuzzOutcome } from './outcome.ts';
import { chooser, randomOf } from './random.ts';

const FAILURES_MAX = 20;
const ANSWER_MS_MAX = 10_000;
/** How often what was deleted is made again. */
const TIDY_ROUNDS = 50;
const DEPTH_MAX = 4;

type Schema = { readonly [key: string]: unknown };
type Operation = {
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

/**
 * Requests made of the server's own description, with right, nearly right and hostile values, against the whole door: no answer is a
 * failure of the server, and each is as the description says.
 */
export async function fuzzApi(seed: number, rounds: number): Promise<FuzzOutcome> {
  const postgres = await openTestPostgres();
  const api = await serveApi(postgres);
  try {
    return await shoot(api, seed, rounds);
  } finally {
    await api[Symbol.asyncDispose]();
    await postgres.close();
  }
}

async function shoot(api: ServedApi, seed: number, rounds: number): Promise<FuzzOutcome> {
  const random = randomOf(seed);
  const document = JSON.parse(JSON.stringify(openApiDocument(ROUTES)));
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  ajvFormats.default(ajv);
  ajv.addSchema(document, 'api');
  const operations = [...operationsOf(document), ...shapedOperations()];
  const failures: string[] = [];
  let token = '';
  for (let round = 0; round < rounds && failures.length < FAILURES_MAX; round += 1) {
    if (round % TIDY_ROUNDS === 0) token = await tidy(api);
    const operation = chooser(random).pick(operations);
    const request = requestOf(operation, document, random);
    const problem = await answerProblem(api, { operation, request, token, ajv });
    if (problem !== undefined)
      failures.push(
        `seed ${seed} round ${round}: ${operation.method} ${request.path} ${request.body ?? ''}: ${problem}`,
      );
  }
  return { rounds, failures };
}

/** Somebody who may all, and something to ask for: whatever the rounds before removed. */
async function tidy(api: ServedApi): Promise<string> {
  const { principal } = await api.people.owner();
  const row = (await api.repositories.server.locate({ owner: 'acme', name: 'app' })) ?? (await api.create('app'));
  api.ports.put(row.id, runView(1));
  api.ports.seal(10);
  const { token } = await createToken(api.people, principal, { name: 'fuzz', scopes: ['all'], days: 1 }).catch(
    async () => {
      // A hundred valid ones are there: time ends them.
      api.people.time += 2 * 86_400_000;
      return createToken(api.people, principal, { name: 'fuzz', scopes: ['all'], days: 1 });
    },
  );
  return token.expose();
}

function operationsOf(document: {
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
        requestBody?: { content: { 'application/json': { schema: Schema } } };
        responses?: object;
      };
      return {
        method,
        path,
        parameters,
        body: requestBody?.content['application/json'].schema,
        responses: Object.keys(responses),
      };
    }),
  );
}

/** Those in GitHub's shape are not described: only that none of them fails is looked at. */
function shapedOperations(): readonly Operation[] {
  return SHAPED_ROUTES.map(({ method, base, path, schemas }) => ({
    method,
    path: `${base}${path.replaceAll('+}', '}')}`,
    parameters: [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name = '']) => ({ name, in: 'path', schema: {} })),
    body: schemas.body === undefined ? undefined : { type: 'object' },
    responses: [],
  }));
}

type FuzzRequest = { readonly path: string; readonly body: string | undefined };

function requestOf(operation: Operation, document: Schema, random: () => number): FuzzRequest {
  const { pick } = chooser(random);
  const text = (schema: Schema) => {
    const value = random() < 0.6 ? valueOf(schema, document, { random, depth: 0 }) : pick([...HOSTILE, ...KNOWN]);
    return typeof value === 'string' ? value : JSON.stringify(value ?? '');
  };
  let path = operation.path;
  const query = new URLSearchParams();
  for (const { name, in: place, schema } of operation.parameters) {
    if (place === 'path') {
      const sound = { owner: 'acme', name: 'app', run: '1', job: '10' }[name];
      const value = sound !== undefined && random() < 0.8 ? sound : text(schema);
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

async function answerProblem(
  api: ServedApi,
  asked: {
    readonly operation: Operation;
    readonly request: FuzzRequest;
    readonly token: string;
    readonly ajv: Ajv2020;
  },
): Promise<string | undefined> {
  const { operation, request, token, ajv } = asked;
  const before = api.logged.length;
  let response: Response;
  try {
    response = await fetch(`${api.origin}${request.path}`, {
      method: operation.method.toUpperCase(),
      headers: {
        authorization: `Bearer ${token}`,
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: request.body }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
  } catch (thrown) {
    return `no answer: ${reasonOf(thrown)}`;
  }
  const { status } = response;
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/event-stream')) {
    await response.body?.cancel();
    return undefined;
  }
  const text = await response.text();
  if (status >= 500) return `${status} ${text} ${JSON.stringify(api.logged.slice(before))}`;
  // A path of dots is another path by the time that it arrives.
  if (operation.responses.length === 0 || !type.includes('json')) return undefined;
  if (type.includes('ndjson')) return undefined;
  if (text === '') return `${status} ${type} without a body`;
  const place = operation.responses.includes(String(status)) ? String(status) : 'default';
  const media = type.includes('problem') ? 'application/problem+json' : type.split(';')[0];
  const pointer = ['paths', operation.path, operation.method, 'responses', place, 'content', media ?? '', 'schema'];
  const schema = `api#/${pointer
    .map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))
    .map(encodeURIComponent)
    .join('/')}`;
  let validate: ValidateFunction | undefined;
  try {
    validate = ajv.getSchema(schema);
  } catch (thrown) {
    return `no schema for ${status} ${media}: ${reasonOf(thrown)}`;
  }
  if (validate === undefined) return `the answer ${status} ${media} is not described`;
  return validate(JSON.parse(text))
    ? undefined
    : `${status} ${text.slice(0, 300)} is not as described: ${ajv.errorsText(validate.errors)}`;
}
