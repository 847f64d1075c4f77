import { z } from '@hono/zod-openapi';
import { authenticate, authorise, type Principal } from '../identity/index.ts';
import { type BadgeState, hasPublicBadge, renderBadge, renderFeed } from '../notify/index.ts';
import type { RepositoryRow } from '../repo/index.ts';
import { fault } from './faults.ts';
import type { Call } from './route.ts';
import { visitor } from './route.ts';

const name = z.string().min(1).max(100);
const place = { owner: name, name };
const token = z.string().min(1).max(200).optional();
const word = z.string().min(1).max(200);
/** Runs of one feed. */
const FEED_RUNS = 30;
const BADGE_SECONDS = 60;
/** All that a token in an address may do: addresses lie in logs, in histories and in settings of readers. */
const ADDRESS_SCOPE = 'run.read';

type Visit = Call & { readonly principal?: Principal };

/** The repository, when the one who asks may read its runs: as themselves, or by a token in the address that may nothing else. */
async function readable(call: Visit, asked: { readonly owner: string; readonly name: string }, text?: string) {
  const row = await call.deps.repo.locate(asked);
  const principal = text === undefined ? call.principal : await bearerOf(call, text);
  const may =
    row !== undefined &&
    principal !== undefined &&
    (await authorise(call.deps.db, principal, ADDRESS_SCOPE, { type: 'repository', id: row.id }));
  return { row, may };
}

async function bearerOf({ deps, address }: Visit, text: string): Promise<Principal> {
  const principal = await authenticate(deps, { bearer: text }, { address });
  if (principal === undefined) throw fault('not-signed-in', 'the token of the address is not valid');
  const { token: bounds } = principal;
  if (bounds === undefined || !bounds.scopes.every((scope) => scope === ADDRESS_SCOPE)) {
    throw fault('token-too-wide', `a token in an address has the scope ${ADDRESS_SCOPE} and no other`);
  }
  return principal;
}

const missing = () => fault('not-found', 'there is no such repository');

export const feedRoutes = [
  visitor.bytes(
    {
      method: 'get',
      path: '/repositories/{owner}/{name}/runs.atom',
      verb: undefined,
      tag: 'Feeds',
      summary: 'The newest runs as Atom; readers of feeds give a token of the scope run.read in the address',
      type: 'application/atom+xml; charset=utf-8',
      params: place,
      query: { token, branch: word.optional(), workflow: word.optional() },
    },
    async (call, { params, query }) => {
      const { row, may } = await readable(call, params, query.token);
      if (row === undefined || !may) throw missing();
      const { items } = await call.deps.runs.list({
        repositoryId: row.id,
        filter: {
          ...(query.branch === undefined ? {} : { branch: query.branch }),
          ...(query.workflow === undefined ? {} : { workflow: query.workflow }),
        },
        limit: FEED_RUNS,
      });
      const { owner, name: repository } = row;
      const at = new Date(call.deps.now());
      const text = renderFeed({ owner, name: repository, origin: call.deps.origin, at }, items);
      return { bytes: bytesOf(text), headers: { 'cache-control': 'private, no-cache' } };
    },
  ),
  visitor.bytes(
    {
      method: 'get',
      path: '/repositories/{owner}/{name}/badge.svg',
      verb: undefined,
      tag: 'Feeds',
      summary: 'How the newest run of a workflow stands; for everybody only when the repository says so',
      type: 'image/svg+xml; charset=utf-8',
      params: place,
      query: { token, branch: word.optional(), workflow: word.optional() },
    },
    async (call, { params, query }) => {
      const { row, may } = await readable(call, params, query.token);
      const isPublic = row !== undefined && (await hasPublicBadge(call.deps.db, row.id));
      if (row === undefined || !(may || isPublic)) throw missing();
      const { label, state } = await stateOf(call, row, query);
      return {
        bytes: bytesOf(renderBadge(label, state)),
        headers: { 'cache-control': `${isPublic ? 'public' : 'private'}, max-age=${BADGE_SECONDS}` },
        isEmbeddable: true,
      };
    },
  ),
];

async function stateOf(
  { deps }: Visit,
  row: RepositoryRow,
  {
    branch = row.defaultBranch,
    workflow,
  }: { readonly branch?: string | undefined; readonly workflow?: string | undefined },
): Promise<{ readonly label: string; readonly state: BadgeState }> {
  const filter = { branch, ...(workflow === undefined ? {} : { workflow }) };
  const { items } = await deps.runs.list({ repositoryId: row.id, filter, limit: 1 });
  const [run] = items;
  const label = run?.workflow.name ?? row.name;
  if (run === undefined) return { label, state: 'none' };
  return { label, state: run.state === 'finished' ? (run.conclusion ?? 'none') : 'running' };
}

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}
