import { z } from '@hono/zod-openapi';
import {
  confirmAddress,
  contactOf,
  createHook,
  type Delivery,
  hasPublicBadge,
  type Hook,
  HOOK_EVENTS,
  type HookDeps,
  isWatching,
  listDeliveries,
  listHooks,
  pingHook,
  removeContact,
  removeHook,
  renewSecret,
  replayDelivery,
  setContact,
  setPublicBadge,
  setRules,
  setWatching,
  updateHook,
  viewDelivery,
} from '../notify/index.ts';
import type { ApiDeps } from './deps.ts';
import { fault } from './faults.ts';
import { repository, type RepositoryCall, self } from './route.ts';
import { idOfCursor, idPage, idParam, iso, isoOf, pageOf, pageQuery, sizeOfPage, time } from './schema.ts';

const event = z.enum(HOOK_EVENTS);
const events = z.array(event).min(1).max(HOOK_EVENTS.length);
const url = z.string().min(1).max(2000);
const webhookSchema = z
  .strictObject({
    id: z.int(),
    kind: z.enum(['webhook', 'chat']),
    /** Of a chat only where it is: its whole address is a secret. */
    url: z.string(),
    events: z.array(event),
    isActive: z.boolean(),
    /** Why it is off, when nobody turned it off. */
    pausedReason: z.string().optional(),
    createdAt: time,
  })
  .openapi('Webhook');
const deliverySchema = z
  .strictObject({
    id: z.int(),
    messageId: z.string(),
    event: z.string(),
    state: z.enum(['waiting', 'sent', 'failed']),
    attempts: z.int(),
    createdAt: time,
    nextAt: time.optional(),
    doneAt: time.optional(),
    status: z.int().optional(),
    error: z.string().optional(),
    ms: z.int().optional(),
  })
  .openapi('Delivery');
const queued = z.strictObject({ delivery: z.int() }).openapi('QueuedDelivery');
const webhookParam = { webhook: idParam };
const deliveryParam = { ...webhookParam, delivery: idParam };

function webhookOf({ createdAt, events: wanted, ...hook }: Hook) {
  return { ...hook, events: [...wanted], createdAt: iso(createdAt) };
}

function deliveryOf<Given extends Delivery>({ createdAt, nextAt, doneAt, ...delivery }: Given) {
  return { ...delivery, createdAt: iso(createdAt), ...isoOf('nextAt', nextAt), ...isoOf('doneAt', doneAt) };
}

const depsOf = (deps: ApiDeps): HookDeps => ({
  db: deps.db,
  now: () => deps.now(),
  random: (bytes) => deps.random(bytes),
  sealer: deps.outgoing.sealer,
  dialer: deps.outgoing.dialer,
});
const placeOf = (call: RepositoryCall, id: number) => ({ repositoryId: call.repository.id, id });

export const webhookRoutes = [
  repository.json(
    {
      method: 'get',
      path: '/webhooks',
      verb: 'webhook.read',
      tag: 'Webhooks',
      summary: 'Who is told of what happens in a repository',
      reply: pageOf(webhookSchema, 'WebhookPage'),
    },
    async (call) => ({ items: (await listHooks(call.deps.db, call.repository.id)).map(webhookOf) }),
  ),
  repository.json(
    {
      method: 'post',
      path: '/webhooks',
      verb: 'webhook.manage',
      tag: 'Webhooks',
      approval: 'act',
      summary: 'Adds a receiver. The secret that its messages are signed with is told now and never again',
      status: 201,
      tellsSecret: true,
      body: z.strictObject({ kind: z.enum(['webhook', 'chat']), url, events }),
      reply: z.strictObject({ webhook: webhookSchema, secret: z.string().optional() }).openapi('NewWebhook'),
    },
    async (call, { body }) => {
      const { hook, secret } = await createHook(depsOf(call.deps), call.principal, call.repository.id, body);
      return { webhook: webhookOf(hook), ...(secret === undefined ? {} : { secret: secret.expose() }) };
    },
  ),
  repository.json(
    {
      method: 'patch',
      path: '/webhooks/{webhook}',
      verb: 'webhook.manage',
      tag: 'Webhooks',
      summary: 'Changes a receiver, or turns it on or off',
      params: webhookParam,
      body: z.strictObject({ url: url.optional(), events: events.optional(), isActive: z.boolean().optional() }),
      reply: webhookSchema,
    },
    async (call, { params, body }) =>
      webhookOf(
        await updateHook(depsOf(call.deps), call.principal, placeOf(call, params.webhook), {
          ...(body.url === undefined ? {} : { url: body.url }),
          ...(body.events === undefined ? {} : { events: body.events }),
          ...(body.isActive === undefined ? {} : { isActive: body.isActive }),
        }),
      ),
  ),
  repository.none(
    {
      method: 'delete',
      path: '/webhooks/{webhook}',
      verb: 'webhook.manage',
      tag: 'Webhooks',
      summary: 'Removes a receiver and what waits for it',
      params: webhookParam,
    },
    (call, { params }) => removeHook(depsOf(call.deps), call.principal, placeOf(call, params.webhook)),
  ),
  repository.json(
    {
      method: 'post',
      path: '/webhooks/{webhook}/secret',
      verb: 'webhook.manage',
      tag: 'Webhooks',
      approval: 'act',
      summary: 'Makes another secret; the one before signs nothing any more',
      tellsSecret: true,
      params: webhookParam,
      body: z.strictObject({}),
      reply: z.strictObject({ secret: z.string() }).openapi('WebhookSecret'),
    },
    async (call, { params }) => ({
      secret: (await renewSecret(depsOf(call.deps), call.principal, placeOf(call, params.webhook))).expose(),
    }),
  ),
  repository.json(
    {
      method: 'post',
      path: '/webhooks/{webhook}/ping',
      verb: 'webhook.manage',
      tag: 'Webhooks',
      summary: 'Sends a message that says nothing',
      status: 202,
      params: webhookParam,
      body: z.strictObject({}),
      reply: queued,
    },
    async (call, { params }) => ({
      delivery: await pingHook(depsOf(call.deps), call.principal, placeOf(call, params.webhook)),
    }),
  ),
  repository.json(
    {
      method: 'get',
      path: '/webhooks/{webhook}/deliveries',
      verb: 'webhook.read',
      tag: 'Webhooks',
      summary: 'What was sent to a receiver in the last two weeks, newest first',
      params: webhookParam,
      query: pageQuery,
      reply: pageOf(deliverySchema, 'DeliveryPage'),
    },
    async (call, { params, query }) => {
      const limit = sizeOfPage(query.limit);
      const before = idOfCursor(query.cursor);
      const found = await listDeliveries(call.deps.db, {
        repositoryId: call.repository.id,
        hookId: params.webhook,
        ...(before === undefined ? {} : { before }),
        limit: limit + 1,
      });
      const page = idPage(found, limit);
      return { ...page, items: page.items.map(deliveryOf) };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/webhooks/{webhook}/deliveries/{delivery}',
      verb: 'webhook.read',
      tag: 'Webhooks',
      summary: 'One delivery: what was sent, and what was answered',
      params: deliveryParam,
      reply: deliverySchema.extend({ payload: z.string(), answer: z.string().optional() }).openapi('DeliveryDetail'),
    },
    async (call, { params }) =>
      deliveryOf(
        await viewDelivery(call.deps.db, {
          repositoryId: call.repository.id,
          hookId: params.webhook,
          id: params.delivery,
        }),
      ),
  ),
  repository.json(
    {
      method: 'post',
      path: '/webhooks/{webhook}/deliveries/{delivery}/replay',
      verb: 'webhook.manage',
      tag: 'Webhooks',
      summary: 'Sends the same message once more, under the same id',
      status: 202,
      params: deliveryParam,
      body: z.strictObject({}),
      reply: queued,
    },
    async (call, { params }) => ({
      delivery: await replayDelivery(depsOf(call.deps), call.principal, {
        repositoryId: call.repository.id,
        hookId: params.webhook,
        id: params.delivery,
      }),
    }),
  ),
  repository.json(
    {
      method: 'get',
      path: '/badge',
      verb: 'repository.read',
      tag: 'Feeds',
      summary: 'Whether everybody may see the badge',
      reply: z.strictObject({ isPublic: z.boolean() }).openapi('BadgeSetting'),
    },
    async (call) => ({ isPublic: await hasPublicBadge(call.deps.db, call.repository.id) }),
  ),
  repository.none(
    {
      method: 'put',
      path: '/badge',
      verb: 'repository.administer',
      tag: 'Feeds',
      summary: 'Says whether everybody may see the badge',
      body: z.strictObject({ isPublic: z.boolean() }),
    },
    (call, { body }) => setPublicBadge(call.deps, call.principal, call.repository.id, body.isPublic),
  ),
];

const rules = { ownFailures: z.boolean(), watchedFailures: z.boolean(), watchedFindings: z.boolean() };
const address = z.string().min(3).max(254);

/** Watching is a person's own. */
function userOf({ principal }: RepositoryCall): number {
  if (principal.token === undefined) throw fault('not-allowed', 'this is for people');
  return principal.token.userId;
}

export const contactRoutes = [
  self.json(
    {
      method: 'get',
      path: '/notifications',
      verb: 'self.read',
      tag: 'Notifications',
      summary: 'Where one gets mail, and of what',
      reply: z
        .strictObject({
          address: z.string().optional(),
          pendingAddress: z.string().optional(),
          /** The operator set a mail server. */
          canMail: z.boolean(),
          ...rules,
        })
        .openapi('Notifications'),
    },
    async ({ deps, userId }) => ({ ...(await contactOf(deps.db, userId)), canMail: deps.outgoing.canMail }),
  ),
  self.none(
    {
      method: 'put',
      path: '/notifications/rules',
      verb: 'contact.manage',
      tag: 'Notifications',
      summary: 'Says what one wants mail of',
      body: z.strictObject(rules),
    },
    ({ deps, principal, userId }, { body }) => setRules(deps, principal, userId, body),
  ),
  self.none(
    {
      method: 'put',
      path: '/notifications/address',
      verb: 'contact.manage',
      tag: 'Notifications',
      summary: 'Names an address; a code goes there, and nothing else until it comes back',
      rate: 'sign-in',
      body: z.strictObject({ address }),
    },
    async ({ deps, principal, userId }, { body }) => {
      if (!deps.outgoing.canMail) throw fault('no-mail', 'no mail server is set');
      await setContact(deps, principal, { userId, address: body.address });
    },
  ),
  self.none(
    {
      method: 'post',
      path: '/notifications/address/confirmation',
      verb: 'contact.manage',
      tag: 'Notifications',
      summary: 'Brings the code back',
      rate: 'sign-in',
      body: z.strictObject({ code: z.string().min(1).max(40) }),
    },
    ({ deps, principal, userId }, { body }) => confirmAddress(deps, principal, { userId, code: body.code }),
  ),
  self.none(
    {
      method: 'delete',
      path: '/notifications/address',
      verb: 'contact.manage',
      tag: 'Notifications',
      summary: 'Forgets the address',
    },
    ({ deps, principal, userId }) => removeContact(deps, principal, userId),
  ),
  repository.json(
    {
      method: 'get',
      path: '/watch',
      verb: 'run.read',
      tag: 'Notifications',
      summary: 'Whether one watches a repository',
      reply: z.strictObject({ isWatched: z.boolean() }).openapi('Watch'),
    },
    async (call) => ({
      isWatched: await isWatching(call.deps.db, { userId: userOf(call), repositoryId: call.repository.id }),
    }),
  ),
  repository.none(
    {
      method: 'put',
      path: '/watch',
      verb: 'run.read',
      tag: 'Notifications',
      summary: 'Watches a repository, or does so no more',
      body: z.strictObject({ isWatched: z.boolean() }),
    },
    (call, { body }) =>
      setWatching(call.deps, call.principal, {
        userId: userOf(call),
        repositoryId: call.repository.id,
        isWatched: body.isWatched,
      }),
  ),
];
