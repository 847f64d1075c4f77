import { z } from '@hono/zod-openapi';
import { type EntryFilter, listEntries, newestCheckpoint, proveEntry } from '../auditlog/index.ts';
import { listVariables, removeVariable, setVariable, type VariableScope } from '../variable/index.ts';
import { fault } from './faults.ts';
import { anybody, organisation, type PersonCall, repository } from './route.ts';
import { idOfCursor, idPage, idParam, iso, isoOf, pageOf, pageQuery, sizeOfPage, time } from './schema.ts';

const variableSchema = z.strictObject({ name: z.string(), value: z.string(), updatedAt: time }).openapi('Variable');
const variablePage = pageOf(variableSchema, 'VariablePage');
const variableParam = { variable: z.string().min(1).max(100) };
const variableBody = z.strictObject({ value: z.string().max(48 * 1024) });

async function variablesOf({ deps }: PersonCall, scope: VariableScope) {
  const variables = await listVariables(deps.db, scope);
  return { items: variables.map(({ updatedAt, ...variable }) => ({ ...variable, updatedAt: iso(updatedAt) })) };
}

export const variableRoutes = [
  organisation.json(
    {
      method: 'get',
      path: '/variables',
      verb: 'organisation-variable.read',
      tag: 'Variables',
      summary: 'Variables of the organisation',
      reply: variablePage,
    },
    (call) => variablesOf(call, 'organisation'),
  ),
  organisation.none(
    {
      method: 'put',
      path: '/variables/{variable}',
      verb: 'organisation-variable.manage',
      tag: 'Variables',
      summary: 'Sets a variable of the organisation',
      params: variableParam,
      body: variableBody,
    },
    async ({ deps, principal }, { params, body }) => {
      await setVariable(deps, principal, 'organisation', { name: params.variable, value: body.value });
    },
  ),
  organisation.none(
    {
      method: 'delete',
      path: '/variables/{variable}',
      verb: 'organisation-variable.manage',
      tag: 'Variables',
      summary: 'Removes a variable of the organisation',
      params: variableParam,
    },
    ({ deps, principal }, { params }) => removeVariable(deps, principal, 'organisation', params.variable),
  ),
  repository.json(
    {
      method: 'get',
      path: '/variables',
      verb: 'variable.read',
      tag: 'Variables',
      summary: "A repository's own variables",
      reply: variablePage,
    },
    (call) => variablesOf(call, { repositoryId: call.repository.id }),
  ),
  repository.none(
    {
      method: 'put',
      path: '/variables/{variable}',
      verb: 'variable.manage',
      tag: 'Variables',
      summary: 'Sets a variable of a repository',
      params: variableParam,
      body: variableBody,
    },
    async ({ deps, principal, repository: { id } }, { params, body }) => {
      await setVariable(deps, principal, { repositoryId: id }, { name: params.variable, value: body.value });
    },
  ),
  repository.none(
    {
      method: 'delete',
      path: '/variables/{variable}',
      verb: 'variable.manage',
      tag: 'Variables',
      summary: 'Removes a variable of a repository',
      params: variableParam,
    },
    ({ deps, principal, repository: { id } }, { params }) =>
      removeVariable(deps, principal, { repositoryId: id }, params.variable),
  ),
];

const runnerSchema = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    labels: z.array(z.string()),
    state: z.enum(['idle', 'busy', 'draining', 'lost']),
    ephemeral: z.boolean(),
    jobs: z.array(z.int()),
    lastSeenAt: time.optional(),
    /** What it said of its machine when it joined. */
    capability: z
      .strictObject({
        version: z.literal(1),
        platform: z.strictObject({ os: z.string(), arch: z.string(), kernel: z.string(), root: z.boolean() }),
        walls: z.array(
          z.strictObject({
            name: z.string(),
            state: z.enum(['hard', 'soft', 'missing']),
            reason: z.string(),
            remedy: z.string().optional(),
          }),
        ),
        tools: z.record(z.string(), z.string().nullable()),
      })
      .optional(),
  })
  .openapi('Runner');
const runnerParam = { runner: idParam };
const label = z.string().regex(/^[A-Za-z0-9_.-]{1,60}$/);

export const runnerRoutes = [
  organisation.json(
    {
      method: 'get',
      path: '/runners',
      verb: 'runner.read',
      tag: 'Runners',
      summary: 'The runners',
      reply: pageOf(runnerSchema, 'RunnerPage'),
    },
    async ({ deps }) => ({
      items: (await deps.runners.list()).map(({ lastSeenAt, ...runner }) => ({
        ...runner,
        ...isoOf('lastSeenAt', lastSeenAt),
      })),
    }),
  ),
  organisation.json(
    {
      method: 'post',
      path: '/runners/registrations',
      verb: 'runner.manage',
      tag: 'Runners',
      summary: 'A token that registers one runner, within an hour',
      approval: 'act',
      tellsSecret: true,
      status: 201,
      body: z.strictObject({ labels: z.array(label).max(50).optional(), ephemeral: z.boolean().optional() }),
      reply: z.strictObject({ token: z.string(), expiresAt: time }).openapi('RunnerRegistration'),
    },
    async ({ deps, principal }, { body }) => {
      const { labels = [], ephemeral = false } = body;
      const { token, expiresAt } = await deps.runners.register(principal, { labels, ephemeral });
      return { token, expiresAt: iso(expiresAt) };
    },
  ),
  organisation.none(
    {
      method: 'post',
      path: '/runners/{runner}/drain',
      verb: 'runner.manage',
      tag: 'Runners',
      summary: 'Lets a runner end what it runs, and gives it nothing more',
      params: runnerParam,
    },
    async ({ deps, principal }, { params }) => {
      if (!(await deps.runners.drain(principal, params.runner))) throw fault('not-found', 'there is no such runner');
    },
  ),
  organisation.none(
    {
      method: 'delete',
      path: '/runners/{runner}',
      verb: 'runner.manage',
      tag: 'Runners',
      summary: 'Removes a runner; what it runs is lost',
      params: runnerParam,
    },
    async ({ deps, principal }, { params }) => {
      if (!(await deps.runners.remove(principal, params.runner))) throw fault('not-found', 'there is no such runner');
    },
  ),
];

const word = z.string().min(1).max(100).optional();

export const auditRoutes = [
  organisation.json(
    {
      method: 'get',
      path: '/audit',
      verb: 'audit.read',
      tag: 'Audit',
      summary: 'Entries of the audit log, newest first',
      query: { ...pageQuery, action: word, actor: word, resourceType: word, resource: word },
      reply: pageOf(
        z
          .strictObject({
            id: z.int(),
            /** Place in the Merkle tree; nothing until a checkpoint has it. */
            position: z.int().optional(),
            body: z.record(z.string(), z.unknown()),
            personal: z.record(z.string(), z.string()).optional(),
          })
          .openapi('AuditEntry'),
        'AuditPage',
      ),
    },
    async ({ deps }, { query }) => {
      const limit = sizeOfPage(query.limit);
      const before = idOfCursor(query.cursor);
      const filter: EntryFilter = {
        ...(query.action === undefined ? {} : { action: query.action }),
        ...(query.actor === undefined ? {} : { actorId: query.actor }),
        ...(query.resourceType === undefined ? {} : { resourceType: query.resourceType }),
        ...(query.resource === undefined ? {} : { resourceId: query.resource }),
      };
      const entries = await listEntries(deps.db, {
        limit: limit + 1,
        filter,
        ...(before === undefined ? {} : { before }),
      });
      return idPage(entries, limit);
    },
  ),
  organisation.json(
    {
      method: 'get',
      path: '/audit/checkpoint',
      verb: 'audit.read',
      tag: 'Audit',
      summary: 'The newest checkpoint, a signed note (C2SP tlog-checkpoint)',
      reply: z.strictObject({ note: z.string() }).openapi('AuditCheckpoint'),
    },
    async ({ deps }) => {
      const note = await newestCheckpoint(deps.db);
      if (note === undefined) throw fault('not-found', 'there is no checkpoint yet');
      return { note };
    },
  ),
  organisation.json(
    {
      method: 'get',
      path: '/audit/{entry}/proof',
      verb: 'audit.read',
      tag: 'Audit',
      summary:
        'The proof that the newest checkpoint has an entry (C2SP tlog-proof), and the entry as it was hashed, in base64',
      params: { entry: idParam },
      reply: z.strictObject({ leaf: z.string(), proof: z.string() }).openapi('AuditProof'),
    },
    async ({ deps }, { params }) => {
      const { leaf, proof } = await proveEntry(deps.db, params.entry);
      return { leaf: leaf.toString('base64'), proof };
    },
  ),
];

export const metaRoutes = [
  anybody.json(
    {
      method: 'get',
      path: '/meta',
      verb: undefined,
      tag: 'Server',
      summary: 'Which server this is',
      rate: 'anonymous',
      reply: z
        .strictObject({ product: z.literal('sallyport'), version: z.string(), api: z.literal('v1') })
        .openapi('Meta'),
    },
    async ({ deps }) => ({
      product: 'sallyport' as const,
      version: deps.version,
      api: 'v1' as const,
    }),
  ),
];
