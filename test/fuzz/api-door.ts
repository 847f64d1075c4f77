import { runView, serveApi, type ServedApi } from '../../src/api/api.fixture.ts';
import { openApiDocument, ROUTES } from '../../src/api/index.ts';
import { reasonOf } from '../../src/base/index.ts';
import { openTestPostgres } from '../../src/database/postgres.fixture.ts';
import { createToken } from '../../src/identity/index.ts';
import { judgeOf } from './api/answers.ts';
import { type FuzzRequest, type Operation, operationsOf, requestOf, shapedOperations } from './api/requests.ts';
import type { FuzzOutcome } from './outcome.ts';
import { chooser, randomOf } from './random.ts';

const FAILURES_MAX = 20;
const ANSWER_MS_MAX = 10_000;
/** How often what was deleted is made again. */
const TIDY_ROUNDS = 50;
const SOUND = { owner: 'acme', name: 'app', run: '1', job: '10' };

/**
 * Requests made of the server's own description, with right, nearly right and hostile values, against the whole door: no answer is a
 * failure of the server, and each is as the description says.
 */
export async function fuzzApiDoor(seed: number, rounds: number): Promise<FuzzOutcome> {
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
  const judge = judgeOf(document);
  const operations = [...operationsOf(document), ...shapedOperations()];
  const failures: string[] = [];
  let token = '';
  for (let round = 0; round < rounds && failures.length < FAILURES_MAX; round += 1) {
    if (round % TIDY_ROUNDS === 0) token = await tidy(api);
    const operation = chooser(random).pick(operations);
    const request = requestOf(operation, document, { random, sound: SOUND });
    const problem = await answerProblem(api, { operation, request, token, judge });
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

async function answerProblem(
  api: ServedApi,
  asked: {
    readonly operation: Operation;
    readonly request: FuzzRequest;
    readonly token: string;
    readonly judge: ReturnType<typeof judgeOf>;
  },
): Promise<string | undefined> {
  const { operation, request, token, judge } = asked;
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
  return judge(operation, { status, type, text });
}
