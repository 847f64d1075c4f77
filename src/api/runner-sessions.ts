import { verify } from 'node:crypto';
import { publicKeyOf, TOKEN_SECONDS_MAX } from '../attest/index.ts';
import { sessionText } from '../protocol/index.ts';
import { runnerById } from '../queue/index.ts';
import type { RunnerDoorDeps } from './runner-door.ts';
import { fault } from './runner-faults.ts';

/** The clocks of runner and server may differ by this much. */
const CLOCK_MS_MAX = 5 * 60_000;
const SESSION_SECONDS = TOKEN_SECONDS_MAX['runner-session'] - 120;
const NONCES_MAX = 100_000;

export type Sessions = {
  open(asked: {
    readonly runnerId: number;
    readonly time: number;
    readonly nonce: string;
    readonly signature: string;
  }): Promise<{ readonly token: string; readonly expiresInMs: number }>;
};

/** Sessions of runners: a signature of its key is answered by a token, once. */
export function openSessions(deps: RunnerDoorDeps): Sessions {
  /** Numbers that were used, while a signature with them would still be in time. */
  const nonces = new Map<string, number>();
  const isFresh = (nonce: string, now: number): boolean => {
    for (const [old, until] of nonces) {
      if (until > now && nonces.size < NONCES_MAX) break;
      nonces.delete(old);
    }
    if (nonces.has(nonce)) return false;
    nonces.set(nonce, now + 2 * CLOCK_MS_MAX);
    return true;
  };
  return {
    async open({ runnerId, time, nonce, signature }) {
      const now = deps.clock.now();
      const runner = await runnerById(deps.db, runnerId);
      const text = Buffer.from(sessionText(deps.origin, { runnerId, time, nonce }));
      const isSigned =
        runner !== undefined && verify(null, text, publicKeyOf(runner.publicKey), Buffer.from(signature, 'base64'));
      if (!isSigned) throw fault('not-signed-in', `no runner ${runnerId} with this key is known for ${deps.origin}`);
      if (Math.abs(now - time) > CLOCK_MS_MAX) {
        throw fault('not-signed-in', `the clock of the runner is ${Math.round((time - now) / 1000)} s off`);
      }
      if (!isFresh(`${runnerId}:${nonce}`, now)) throw fault('not-signed-in', 'this signature was used already');
      const issuedAt = Math.floor(now / 1000);
      const token = await deps.tokens.sign(`runner:${runnerId}`, issuedAt, issuedAt + SESSION_SECONDS);
      return { token, expiresInMs: SESSION_SECONDS * 1000 };
    },
  };
}
