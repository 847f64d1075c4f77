import { isIPv4 } from 'node:net';
import type { Hono } from 'hono';
import { sql } from 'kysely';
import { authorise } from '../identity/index.ts';
import type { ApiDeps } from './deps.ts';
import { fault } from './faults.ts';
import { callerOf, notSignedIn, principalOf } from './guard.ts';
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
    if (deps.closing.aborted || !(await isReady(deps))) throw fault('not-ready', 'the server is not ready');
    return c.json({ status: 'ready' });
  });
  app.get('/metrics', async (c) => {
    c.set('route', '/metrics');
    take(state, c, 'network', callerOf(undefined, c.get('address')));
    const { incoming } = c.env;
    // A proxy on this machine connects from loopback, too: whoever comes through one needs a token.
    const isForwarded = ['x-forwarded-for', 'forwarded', 'via'].some((name) => incoming.headers[name] !== undefined);
    if (isForwarded || !isLoopback(incoming.socket.remoteAddress)) {
      const principal = await principalOf(deps, c.req.header('authorization'), c.get('address'));
      if (principal === undefined) throw notSignedIn();
      if (!(await authorise(deps.db, principal, 'metrics.read', { type: 'organisation' }))) {
        throw fault('not-allowed', 'this needs metrics.read');
      }
    }
    return c.body(await deps.metrics.text(), 200, { 'content-type': deps.metrics.contentType });
  });
}

async function isReady(deps: ApiDeps): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), READY_MS_MAX).unref();
  });
  const works = sql`select 1`.execute(deps.db.as<object>()).then(
    async () => (await deps.isReady?.()) ?? true,
    () => false,
  );
  return Promise.race([works, late]);
}

function isLoopback(address = ''): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}
