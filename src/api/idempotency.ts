import { createHash } from 'node:crypto';
import type { Principal } from '../identity/index.ts';
import type { ApiDeps } from './deps.ts';
import { fault } from './faults.ts';
import type { Answer, Route } from './route.ts';
import type { ApiTables } from './tables.ts';

/** How long an answer is kept to be told again. */
const KEPT_MS = 24 * 3_600_000;
const KEY = /^[A-Za-z0-9_-]{8,100}$/;

export type Replayed = Answer & { readonly replayed?: true };

/**
 * Does a POST once for each key: who asks again gets the first answer. A request that failed leaves its key free. One whose server was
 * ended in the middle keeps it, since nobody knows what it did.
 */
export async function withIdempotency(
  deps: Pick<ApiDeps, 'db' | 'now'>,
  asked: {
    readonly route: Route;
    readonly principal: Principal | undefined;
    readonly key: string | undefined;
    readonly path: string;
    readonly body: Buffer;
  },
  work: () => Promise<Answer>,
): Promise<Replayed> {
  const { route, principal, key } = asked;
  if (key === undefined || route.method !== 'post' || principal === undefined) return work();
  if (!KEY.test(key)) throw fault('key-invalid', 'the Idempotency-Key has another form');
  const row = { principal: `${principal.kind}:${principal.id}`, key };
  const fingerprint = createHash('sha256').update(`${route.method} ${asked.path}\n`).update(asked.body).digest();
  const earlier = await begin(deps, row, fingerprint);
  if (earlier !== undefined) return earlier;
  let answer: Answer;
  try {
    answer = await work();
  } catch (thrown) {
    await deps.db
      .as<ApiTables>()
      .deleteFrom('api_idempotency')
      .where('principal', '=', row.principal)
      .where('key', '=', key)
      .execute();
    throw thrown;
  }
  const isKept = answer.kind === 'json' && !route.tellsSecret;
  await deps.db
    .as<ApiTables>()
    .updateTable('api_idempotency')
    .set({
      status: answer.kind === 'json' ? answer.status : 204,
      body: isKept && answer.kind === 'json' ? JSON.stringify(answer.value) : null,
    })
    .where('principal', '=', row.principal)
    .where('key', '=', key)
    .execute();
  return answer;
}

/** The answer of an earlier request with this key; nothing when this one is the first. */
async function begin(
  deps: Pick<ApiDeps, 'db' | 'now'>,
  row: { readonly principal: string; readonly key: string },
  fingerprint: Buffer,
): Promise<Replayed | undefined> {
  const now = deps.now();
  const tables = deps.db.as<ApiTables>();
  await tables
    .deleteFrom('api_idempotency')
    .where('principal', '=', row.principal)
    .where('key', '=', row.key)
    .where('created_at', '<', new Date(now - KEPT_MS))
    .execute();
  const inserted = await tables
    .insertInto('api_idempotency')
    .values({ ...row, fingerprint, created_at: new Date(now), status: null, body: null })
    .onConflict((on) => on.columns(['principal', 'key']).doNothing())
    .returning('key')
    .executeTakeFirst();
  if (inserted !== undefined) return undefined;
  const found = await tables
    .selectFrom('api_idempotency')
    .selectAll()
    .where('principal', '=', row.principal)
    .where('key', '=', row.key)
    .executeTakeFirst();
  if (found === undefined) throw fault('key-running', 'the first request with this key failed a moment ago');
  if (!found.fingerprint.equals(fingerprint)) throw fault('key-reused', 'this key was used for another request');
  if (found.status === null) throw fault('key-running', 'the first request with this key is not answered yet');
  if (found.status === 204) return { kind: 'none', replayed: true };
  if (found.body === null) throw fault('key-secret', 'what was answered first is told once only');
  const status = found.status === 201 ? 201 : found.status === 202 ? 202 : 200;
  return { kind: 'json', status, value: JSON.parse(found.body), replayed: true };
}

/** Takes away what is older than it is kept. */
export async function forgetAnswers({ db, now }: Pick<ApiDeps, 'db' | 'now'>): Promise<void> {
  await db
    .as<ApiTables>()
    .deleteFrom('api_idempotency')
    .where('created_at', '<', new Date(now() - KEPT_MS))
    .execute();
}
