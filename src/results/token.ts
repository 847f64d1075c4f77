import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type Clock, Secret } from '../base/index.ts';
import { fault } from './faults.ts';
import type { ResultsScope } from './store.ts';

/** Longest life of a runtime token: the longest job and some. It dies earlier, with its key. Milliseconds. */
const TOKEN_MS_MAX = 7 * 3_600_000;
/** Longest text that is looked at as a token. Characters. */
const TOKEN_LENGTH_MAX = 4_096;

type TokenScope = Pick<ResultsScope, 'runId' | 'attempt' | 'jobId'>;

const payloadSchema = z.strictObject({
  iss: z.literal('sallyport'),
  scp: z.string(),
  attempt: z.int(),
  nbf: z.number(),
  exp: z.number(),
});

/**
 * The runtime token of one job attempt: a JWT, HS256. Clients read the run and job id out of `scp` and do not verify
 * it; `verifyRuntimeToken` does.
 */
export function mintRuntimeToken(key: Buffer, scope: TokenScope, clock: Clock): Secret {
  const now = Math.floor(clock.now() / 1000);
  const payload: z.infer<typeof payloadSchema> = {
    iss: 'sallyport',
    scp: scopeText(scope),
    attempt: scope.attempt,
    nbf: now - 60,
    exp: now + TOKEN_MS_MAX / 1000,
  };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(payload)}`;
  return new Secret(`${signed}.${signatureOf(key, signed)}`);
}

/** Fault `results/token-refused` when this is not, now, the token of this very job attempt. */
export function verifyRuntimeToken(token: string, key: Buffer, scope: TokenScope, clock: Clock): void {
  const [header, payload, signature, ...rest] = token.length <= TOKEN_LENGTH_MAX ? token.split('.') : [];
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    throw fault('token-refused', 'the token is not a JWT');
  }
  // The algorithm is ours, whatever the header says.
  if (!isEqual(signature, signatureOf(key, `${header}.${payload}`))) {
    throw fault('token-refused', 'the token was not made for this job');
  }
  const claims = payloadSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  const now = clock.now() / 1000;
  if (now < claims.nbf || now >= claims.exp) throw fault('token-refused', 'the token is expired');
  if (claims.scp !== scopeText(scope) || claims.attempt !== scope.attempt) {
    throw fault('token-refused', 'the token was made for another job');
  }
}

/** Compares without telling by its time where the difference is. */
export function isEqual(given: string, wanted: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(wanted);
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

function scopeText(scope: TokenScope): string {
  return `Actions.Results:${scope.runId}:${scope.jobId}`;
}

function signatureOf(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(`runtime-token\n${text}`).digest('base64url');
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
