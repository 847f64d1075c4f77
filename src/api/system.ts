import { isIPv4 } from 'node:net';
import type { Hono } from 'hono';
import { sql } from 'kysely';
import { authorise } from '../identity/index.ts';
import type { ApiDeps } from './deps.ts';
import { fault } from './faults.ts';
import { callerOf, notSignedIn, principalOf } from './guard.ts';
import { problemOf } from './problem.ts';
import { type ApiEnv, type ApiState, take } from './state.ts';

const READY_MS_MAX = 2000;

/** What a supervisor and a monitor ask: no part of the API, and told to nobody who need not know. */
export function addSystemRoutes(app: Hono<ApiEnv>, state: ApiState): void {
  const { deps } = state;
  app.get('/healthz', (c) => {
    c.set('route', '/healthz');
    return c.json({ status: 'ok' });
  });
  app.get('/readyz', async (c) => {
    c.set('route', '/readyz');
    take(state, c, 'network', callerOf(undefined, c.get('address')));
    const parts = await partsOf(deps);
    const missing = Object.keys(parts).filter((name) => parts[name] !== true);
    if (missing.length > 0) {
      const problem = problemOf(fault('not-ready', `not there: ${missing.join(', ')}`), c.get('request'));
      const type = { 'content-type': 'application/problem+json' };
      return c.body(JSON.stringify({ ...problem, parts }), 503, type);
    }
    return c.json({ status: 'ready', parts });
  });
  app.get('/metrics', async (c) => {
    c.set('route', '/metrics');
    take(state, c, 'network', callerOf(undefined, c.get('address')));
    const { incoming } = c.env;
    // A proxy on this machine connects from loopback, too: whoever comes through one needs a token.
    const isForwarded = ['x-forwarded-for', 'forwarded', 'via'].some((name) => incoming.headers[name] !== undefined);
    const header = c.req.header('authorization');
    // The runner inside passes on what jobs ask, over loopback as well: a token that came is judged wherever it came from.
    if (header !== undefined || isForwarded || !isLoopback(incoming.socket.remoteAddress)) {
      const principal = await principalOf(deps, header, c.get('address'));
      if (principal === undefined) throw notSignedIn();
      if (!(await authorise(deps.db, principal, 'metrics.read', { type: 'organisation' }))) {
        throw fault('not-allowed', 'this needs metrics.read');
      }
    }
    return c.body(await deps.metrics.text(), 200, { 'content-type': deps.metrics.contentType });
  });
}

/** By name, whether it is there. Which of them are asked is the same for everybody: nothing of why is told. */
async function partsOf(deps: ApiDeps): Promise<{ readonly [name: string]: boolean }> {
  const late = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), READY_MS_MAX).unref();
  });
  const answers = sql`select 1`.execute(deps.db.as<object>()).then(
    () => true,
    () => false,
  );
  const others = Object.entries(deps.parts ?? {}).map(([name, isThere]) => [name, isThere()] as const);
  return { stays: !deps.closing.aborted, database: await Promise.race([answers, late]), ...Object.fromEntries(others) };
}

function isLoopback(address = ''): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}
