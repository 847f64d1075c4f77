import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { createToken, ORGANISATION_ROLES, REPOSITORY_ROLES } from '../identity/index.ts';
import type { RepositoryRow } from '../repo/index.ts';
import { runView, serveApi, type ServedApi } from './api.fixture.ts';
import { ROUTES } from './routes.ts';
import { SHAPED_ROUTES } from './shaped.ts';

/**
 * Who may use each route, written by hand and read by nothing but this test. `anybody`; `person`: everybody who is signed in; `session`: no token, only a browser; roles of
 * the organisation; or the least role in the repository, which `security` and `auditor` have as `read` and `owner` as `admin`.
 */
const TABLE: { readonly [route: string]: string } = {
  'get /meta': 'anybody',
  'post /sign-in': 'anybody',
  'get /sign-in/methods': 'anybody',
  'get /sign-in/oidc': 'anybody',
  'get /sign-in/oidc/callback': 'anybody',
  'post /user/link': 'session',
  'post /sign-in/passkey/options': 'anybody',
  'post /sign-in/passkey': 'anybody',
  'post /sign-in/recovery': 'anybody',
  'post /sign-in/registration/options': 'anybody',
  'post /sign-in/registration': 'anybody',
  'get /user': 'person',
  'post /sign-out': 'person',
  'get /user/sessions': 'person',
  'delete /user/sessions': 'person',
  'delete /user/sessions/{session}': 'person',
  'post /user/approvals': 'person',
  'get /user/passkeys': 'person',
  'post /user/passkeys/options': 'session',
  'post /user/passkeys': 'session',
  'patch /user/passkeys/{passkey}': 'session',
  'delete /user/passkeys/{passkey}': 'session',
  'post /user/recovery-codes': 'session',
  'get /tokens': 'person',
  'post /tokens': 'person',
  'delete /tokens/{token}': 'person',
  'get /organisation/tokens': 'owner security',
  'get /members': 'owner security auditor member',
  'post /members': 'owner',
  'post /members/{user}/code': 'owner',
  'patch /members/{user}': 'owner',
  'delete /members/{user}': 'owner',
  'get /teams': 'owner security auditor member',
  'post /teams': 'owner',
  'patch /teams/{team}': 'owner',
  'delete /teams/{team}': 'owner',
  'put /teams/{team}/members/{user}': 'owner',
  'delete /teams/{team}/members/{user}': 'owner',
  'get /approvals/{approval}': 'owner security auditor',
  'get /organisation/stale': 'owner security',
  'get /requests': 'owner',
  'post /requests/{request}/confirm': 'owner',
  'post /requests/{request}/cancel': 'owner',
  'get /repositories': 'person',
  'post /repositories': 'owner',
  'post /repositories/import': 'owner',
  'get /deleted-repositories': 'person',
  'post /deleted-repositories/{deleted}/restore': 'person',
  'delete /deleted-repositories/{deleted}': 'person',
  'put /imports/{owner}/{name}': 'owner',
  'get /repositories/{owner}/{name}': 'read',
  'patch /repositories/{owner}/{name}': 'admin',
  'delete /repositories/{owner}/{name}': 'admin',
  'get /repositories/{owner}/{name}/refs': 'read',
  'get /repositories/{owner}/{name}/commits': 'read',
  'get /repositories/{owner}/{name}/branches': 'read',
  'get /repositories/{owner}/{name}/tags': 'read',
  'get /repositories/{owner}/{name}/tree': 'read',
  'get /repositories/{owner}/{name}/tree/commits': 'read',
  'get /repositories/{owner}/{name}/blob': 'read',
  'get /repositories/{owner}/{name}/raw': 'read',
  'get /repositories/{owner}/{name}/compare': 'read',
  'get /repositories/{owner}/{name}/commits/{sha}': 'read',
  'get /repositories/{owner}/{name}/access': 'maintain',
  'put /repositories/{owner}/{name}/access/users/{user}': 'admin',
  'delete /repositories/{owner}/{name}/access/users/{user}': 'admin',
  'put /repositories/{owner}/{name}/access/teams/{team}': 'admin',
  'delete /repositories/{owner}/{name}/access/teams/{team}': 'admin',
  'get /repositories/{owner}/{name}/runs': 'read',
  'get /repositories/{owner}/{name}/runs/{run}': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/events': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/jobs/{job}/log': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/jobs/{job}/log/events': 'read',
  'post /repositories/{owner}/{name}/runs/{run}/cancel': 'write',
  'post /repositories/{owner}/{name}/runs/{run}/rerun': 'write',
  'post /repositories/{owner}/{name}/dispatches': 'write',
  'post /repositories/{owner}/{name}/repository-dispatches': 'write',
  'get /repositories/{owner}/{name}/runs/{run}/artifacts': 'read',
  'get /repositories/{owner}/{name}/artifacts/{artifact}/archive': 'read',
  'get /repositories/{owner}/{name}/schedules': 'read',
  'get /runs': 'person',
  'get /repositories/{owner}/{name}/runs/{run}/attempts': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/plan': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/report': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/comparison': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/jobs/{job}': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/jobs/{job}/report': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/jobs/{job}/lines': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/jobs/{job}/search': 'read',
  'get /repositories/{owner}/{name}/runs/{run}/jobs/{job}/text': 'read',
  'get /repositories/{owner}/{name}/workflows': 'read',
  'get /repositories/{owner}/{name}/artifacts': 'read',
  'get /repositories/{owner}/{name}/caches': 'read',
  'delete /repositories/{owner}/{name}/caches/{cache}': 'write',
  'get /variables': 'owner security auditor member',
  'put /variables/{variable}': 'owner',
  'delete /variables/{variable}': 'owner',
  'get /repositories/{owner}/{name}/variables': 'write',
  'put /repositories/{owner}/{name}/variables/{variable}': 'maintain',
  'delete /repositories/{owner}/{name}/variables/{variable}': 'maintain',
  'get /runners': 'owner security auditor',
  'post /runners/registrations': 'owner',
  'post /runners/{runner}/drain': 'owner',
  'delete /runners/{runner}': 'owner',
  'get /audit': 'owner security auditor',
  'get /audit/checkpoint': 'owner security auditor',
  'get /audit/{entry}/proof': 'owner security auditor',
  'get /repositories/{owner}/{name}/findings': 'write',
  'get /repositories/{owner}/{name}/findings/summary': 'write',
  'get /repositories/{owner}/{name}/findings/trend': 'write',
  'get /repositories/{owner}/{name}/findings/{finding}': 'write',
  'post /repositories/{owner}/{name}/findings/{finding}/suppression': 'write',
  'get /repositories/{owner}/{name}/scans': 'write',
  'post /repositories/{owner}/{name}/scans': 'write',
  'get /repositories/{owner}/{name}/webhooks': 'maintain',
  'post /repositories/{owner}/{name}/webhooks': 'admin',
  'patch /repositories/{owner}/{name}/webhooks/{webhook}': 'admin',
  'delete /repositories/{owner}/{name}/webhooks/{webhook}': 'admin',
  'post /repositories/{owner}/{name}/webhooks/{webhook}/secret': 'admin',
  'post /repositories/{owner}/{name}/webhooks/{webhook}/ping': 'admin',
  'get /repositories/{owner}/{name}/webhooks/{webhook}/deliveries': 'maintain',
  'get /repositories/{owner}/{name}/webhooks/{webhook}/deliveries/{delivery}': 'maintain',
  'post /repositories/{owner}/{name}/webhooks/{webhook}/deliveries/{delivery}/replay': 'admin',
  'get /repositories/{owner}/{name}/badge': 'read',
  'put /repositories/{owner}/{name}/badge': 'admin',
  'get /repositories/{owner}/{name}/watch': 'read',
  'put /repositories/{owner}/{name}/watch': 'read',
  'get /notifications': 'person',
  'put /notifications/rules': 'person',
  'put /notifications/address': 'person',
  'post /notifications/address/confirmation': 'person',
  'delete /notifications/address': 'person',
  'get /repositories/{owner}/{name}/runs.atom': 'anybody',
  'get /repositories/{owner}/{name}/badge.svg': 'anybody',
  'get /installation/settings': 'owner security auditor',
  'get /installation/doctor': 'owner security auditor',
  'get /installation/sizes': 'owner security auditor',
  'get /audit/keys': 'owner security auditor',
  'get /audit/{entry}': 'owner security auditor',
};

/** Of `/api/v3`, likewise: the least role in the repository. Paths below `/repos/{owner}/{name}`. */
const SHAPED: { readonly [role: string]: readonly string[] } = {
  read: [
    'get ',
    'get /contents',
    'get /contents/{path+}',
    'get /commits',
    'get /commits/{ref}',
    'get /branches',
    'get /tags',
    'get /git/ref/{ref+}',
    'get /commits/{ref}/statuses',
    'get /commits/{ref}/status',
    'get /check-runs/{id}',
    'get /commits/{ref}/check-runs',
    'get /actions/workflows',
    'get /actions/workflows/{workflow}',
    'get /actions/workflows/{workflow}/runs',
    'get /actions/runs',
    'get /actions/runs/{run}',
    'get /actions/runs/{run}/attempts/{attempt}',
    'get /actions/runs/{run}/jobs',
    'get /actions/runs/{run}/attempts/{attempt}/jobs',
    'get /actions/runs/{run}/logs',
    'get /actions/jobs/{job}',
    'get /actions/jobs/{job}/logs',
    'get /actions/runs/{run}/artifacts',
    'get /actions/artifacts/{artifact}',
    'get /actions/artifacts/{artifact}/zip',
  ],
  write: [
    'post /statuses/{sha}',
    'post /check-runs',
    'patch /check-runs/{id}',
    'post /code-scanning/sarifs',
    'get /code-scanning/sarifs/{id}',
    'post /actions/workflows/{workflow}/dispatches',
    'post /dispatches',
    'post /actions/runs/{run}/rerun',
    'post /actions/runs/{run}/rerun-failed-jobs',
    'post /actions/jobs/{job}/rerun',
    'post /actions/runs/{run}/cancel',
    'post /actions/runs/{run}/force-cancel',
  ],
};

/** What each caller is: in the organisation, in the repository `app`, and whether the token is bounded to another repository. */
type Caller = {
  readonly token: string | undefined;
  readonly organisation: string;
  readonly repository: (typeof REPOSITORY_ROLES)[number] | undefined;
  readonly isBounded: boolean;
};

let postgres: TestPostgres;
let api: ServedApi;
let app: RepositoryRow;
const callers = new Map<string, Caller>();

beforeAll(async () => {
  postgres = await openTestPostgres();
  api = await serveApi(postgres);
  app = await api.create('app');
  const other = await api.create('other');
  const owner = await api.people.owner();
  const add = (name: string, caller: Partial<Caller>) =>
    callers.set(name, { token: undefined, organisation: '', repository: undefined, isBounded: false, ...caller });
  add('nobody', {});
  for (const role of ORGANISATION_ROLES) {
    const { token } = role === 'owner' ? owner : await api.people.person(`o-${role}`, role);
    const repository = role === 'owner' ? 'admin' : role === 'member' || role === 'outside' ? undefined : 'read';
    add(role, { token, organisation: role, repository });
  }
  for (const role of REPOSITORY_ROLES) {
    const person = await api.people.person(`r-${role}`, 'member');
    await api.grant(app, person, role);
    add(`${role} of the repository`, { token: person.token, organisation: 'member', repository: role });
  }
  const stranger = await api.people.person('stranger', 'member');
  await api.grant(other, stranger, 'admin');
  add('admin of another repository', { token: stranger.token, organisation: 'member' });
  const bounded = await createToken(api.people, owner.principal, {
    name: 'b',
    scopes: ['all'],
    repositories: [other.id],
  });
  add('owner with a token for another repository', { token: bounded.token.expose(), isBounded: true });
  api.ports.put(app.id, runView(1));
  api.ports.put(other.id, runView(2));
  for (const [id, row] of [[1, app] as const, [2, other] as const]) {
    const info = {
      id,
      runId: id,
      name: 'a',
      bytes: 3,
      digest: 'sha256:0',
      level: 'branch',
      createdAt: new Date(0),
    } as const;
    api.ports.putArtifact(row.id, info, Buffer.from('zip'));
  }
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await postgres.close();
});

const nameOf = ({ method, path }: (typeof ROUTES)[number]) => `${method} ${path}`;
const pathOf = (path: string, ids: { readonly [name: string]: string } = {}) =>
  `/api/v1${path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => ids[name] ?? SAMPLE[name] ?? '1')}`;
const SAMPLE: { readonly [name: string]: string } = {
  owner: 'acme',
  name: 'app',
  user: 'stranger',
  variable: 'A',
  job: '10',
};

/** What the table says that a caller is answered. `400` stands for: let through, and then told that the request is wrong. */
function wantedOf(route: string, path: string, caller: Caller): number {
  const who = TABLE[route] ?? 'nobody';
  if (who === 'anybody') return 400;
  if (caller.token === undefined) return 401;
  if (path.startsWith('/repositories/{owner}')) {
    if (caller.repository === undefined) return 404;
    const has = REPOSITORY_ROLES.indexOf(caller.repository);
    return has >= REPOSITORY_ROLES.findIndex((role) => role === who) ? 400 : 403;
  }
  if (who === 'session') return 403;
  if (who === 'person') {
    const isRefused = /^\w+ \/tokens$|^delete \/user\/sessions|^(?:put|post|delete) \/notifications/.test(route);
    return caller.isBounded && isRefused ? 403 : 400;
  }
  return who.split(' ').includes(caller.organisation) ? 400 : 403;
}

describe('every route', () => {
  test('has a row in the table, and every row a route', () => {
    expect(ROUTES.map(nameOf).toSorted()).toEqual(Object.keys(TABLE).toSorted());
  });

  test.each(ROUTES.map((route) => ({ name: nameOf(route), route })))(
    '$name lets in whom the table names, and nobody else',
    async ({ name, route }) => {
      // A name in the query that no route has: who is let in is told so, and nothing happens.
      const path = `${pathOf(route.path)}?nothing-knows-this=1`;
      const body = ['get', 'delete'].includes(route.method) ? {} : { body: {} };

      const found: { [caller: string]: number } = {};
      const wanted: { [caller: string]: number } = {};
      for (const [caller, what] of callers) {
        const { status } = await api.ask(route.method.toUpperCase(), path, {
          ...body,
          ...(what.token === undefined ? {} : { token: what.token }),
        });
        found[caller] = status;
        wanted[caller] = wantedOf(name, route.path, what);
      }

      expect(found).toEqual(wanted);
    },
  );

  test.each(ROUTES.filter(({ access }) => access.to !== 'anybody').map((route) => ({ name: nameOf(route), route })))(
    '$name takes no token that is wrong, expired or revoked for none',
    async ({ route }) => {
      const path = pathOf(route.path);
      const header = (authorization: string) => ({ headers: { authorization } });
      const asked = await Promise.all(
        ['Bearer x', 'Bearer', 'Basic !', `Bearer spt_${'a'.repeat(36)}`, 'Negotiate abc'].map(
          async (text) => (await api.ask(route.method.toUpperCase(), path, header(text))).status,
        ),
      );

      expect(asked).toEqual([401, 401, 401, 401, 401]);
    },
  );
});

describe("every route in the shape of GitHub's API", () => {
  const below = (path: string) => path.replace('/repos/{owner}/{name}', '');
  const url = (path: string, ids: { readonly [name: string]: string } = {}) =>
    `/api/v3${path.replaceAll(/\{(\w+)\+?\}/g, (_all, name: string) => ids[name] ?? SAMPLE[name] ?? '1')}`;

  test('has a row, and every row a route', () => {
    const rows = Object.values(SHAPED).flat();
    expect(SHAPED_ROUTES.map(({ method, path }) => `${method} ${below(path)}`).toSorted()).toEqual(rows.toSorted());
  });

  test.each(SHAPED_ROUTES.map((route) => ({ name: `${route.method} ${below(route.path)}`, route })))(
    '$name lets in whom the table names, and nobody else',
    async ({ name, route }) => {
      const least = REPOSITORY_ROLES.findIndex((role) => SHAPED[role]?.includes(name));
      const found: { [caller: string]: number | string } = {};
      const wanted: { [caller: string]: number | string } = {};
      for (const [caller, what] of callers) {
        const { status, body } = await api.ask(route.method.toUpperCase(), url(route.path), {
          ...(route.method === 'get' ? {} : { body: {} }),
          ...(what.token === undefined ? {} : { token: what.token }),
        });
        const isRefused = [401, 403].includes(status) || body['message'] === 'there is no such repository';
        found[caller] = isRefused ? status : 'in';
        const has = what.repository === undefined ? -1 : REPOSITORY_ROLES.indexOf(what.repository);
        wanted[caller] = what.token === undefined ? 401 : has === -1 ? 404 : has >= least ? 'in' : 403;
      }

      expect(found).toEqual(wanted);
    },
  );

  test.each(
    SHAPED_ROUTES.filter(({ path }) => /\{(run|job|artifact)\}/.test(path)).map((route) => ({
      name: `${route.method} ${below(route.path)}`,
      route,
    })),
  )('$name does not find what belongs to another repository', async ({ route }) => {
    const { token } = await api.people.owner();
    const ask = (ids: { readonly [name: string]: string }) =>
      api.ask(route.method.toUpperCase(), url(route.path, ids), { token });

    expect((await ask({ run: '1', job: '10', artifact: '1', attempt: '1' })).status).toBeLessThan(300);
    expect((await ask({ run: '2', job: '20', artifact: '2', attempt: '1' })).status).toBe(404);
  });
});

describe('what belongs to another repository', () => {
  const inner = ROUTES.filter(({ path }) => /\{(run|job|artifact)\}/.test(path)).map((route) => ({
    name: nameOf(route),
    route,
  }));
  const BODIES: { readonly [route: string]: object } = { cancel: {}, rerun: {} };
  const QUERIES: { readonly [route: string]: string } = { search: '?text=x' };
  /** Nothing is kept of the own run that they could tell: their tests are beside the runs. */
  const TELL_NOTHING = ['plan', 'comparison', 'attempts'];

  test.each(inner)('$name does not find it, also for an owner', async ({ route }) => {
    const { token } = await api.people.owner();
    const last = route.path.split('/').at(-1) ?? '';
    const ask = (ids: { readonly [name: string]: string }) =>
      api.ask(route.method.toUpperCase(), `${pathOf(route.path, ids)}${QUERIES[last] ?? ''}`, {
        token,
        ...(BODIES[last] === undefined ? {} : { body: BODIES[last] }),
        headers: { 'last-event-id': '0' },
      });
    if (last !== 'events' && !TELL_NOTHING.includes(last)) {
      const own = await ask({ run: '1', job: '10', artifact: '1' });
      expect(own.status, route.path).toBeLessThan(300);
    }

    const foreign = [
      await ask({ run: '2', job: '20', artifact: '2' }),
      await ask({ run: '99', job: '99', artifact: '99' }),
    ];
    expect(foreign.map(({ status, body }) => [status, body['code']])).toEqual([
      [404, 'api/not-found'],
      [404, 'api/not-found'],
    ]);
  });

  test('a job of another run is not found through one that may be read', async () => {
    const { token } = await api.people.owner();

    const { status } = await api.ask('GET', '/api/v1/repositories/acme/app/runs/1/jobs/20/log', { token });
    const rerun = await api.ask('POST', '/api/v1/repositories/acme/app/runs/1/rerun', {
      token,
      body: { only: { job: 20 } },
    });

    expect([status, rerun.status]).toEqual([404, 404]);
  });

  test('lists have only what one may read', async () => {
    const names = async (caller: string) => {
      const token = callers.get(caller)?.token;
      const { body } = await api.ask('GET', '/api/v1/repositories', token === undefined ? {} : { token });
      return (body['items'] as { name: string }[]).map(({ name }) => name);
    };

    expect(await names('owner')).toEqual(['app', 'other']);
    expect(await names('auditor')).toEqual(['app', 'other']);
    expect(await names('read of the repository')).toEqual(['app']);
    expect(await names('admin of another repository')).toEqual(['other']);
    expect(await names('owner with a token for another repository')).toEqual(['other']);
    expect(await names('member')).toEqual([]);
  });
});

describe('git', () => {
  const GIT: { readonly [caller: string]: readonly [fetch: number, push: number] } = {
    nobody: [401, 401],
    owner: [200, 200],
    security: [200, 403],
    auditor: [200, 403],
    member: [404, 404],
    outside: [404, 404],
    'read of the repository': [200, 403],
    'write of the repository': [200, 200],
    'maintain of the repository': [200, 200],
    'admin of the repository': [200, 200],
    'admin of another repository': [404, 404],
    'owner with a token for another repository': [404, 404],
  };

  test('answers as the API does, with the token as the password of basic authentication', async () => {
    const found: { [caller: string]: readonly number[] } = {};
    for (const [caller, { token }] of callers) {
      const headers: { [name: string]: string } =
        token === undefined
          ? {}
          : { authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}` };
      const statuses = ['git-upload-pack', 'git-receive-pack'].map(
        async (service) => (await fetch(`${api.origin}/acme/app.git/info/refs?service=${service}`, { headers })).status,
      );
      found[caller] = await Promise.all(statuses);
    }

    expect(found).toEqual(GIT);
  });
});
