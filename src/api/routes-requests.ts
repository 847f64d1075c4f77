import { z } from '@hono/zod-openapi';
import {
  cancelRequest,
  confirmRequest,
  listRequests,
  REQUEST_KINDS,
  REQUEST_STATES,
  type TwoPersonRequest,
} from '../identity/index.ts';
import { organisation } from './route.ts';
import { idParam, iso, isoOf, pageOf, time } from './schema.ts';
import { performerOf } from './two-person.ts';

const named = z.strictObject({ id: z.int(), name: z.string() });

export const requestSchema = z
  .strictObject({
    id: z.int(),
    kind: z.enum(REQUEST_KINDS),
    object: named,
    requestedBy: named,
    requestedAt: time,
    /** When it is done by itself: there is no second owner who could confirm it. */
    dueAt: time.optional(),
    expiresAt: time,
    state: z.enum(REQUEST_STATES),
    decidedBy: named.optional(),
    decidedAt: time.optional(),
    reason: z.string().optional(),
  })
  .openapi('TwoPersonRequest');

export const requestOf = ({ requestedAt, dueAt, expiresAt, decidedAt, ...request }: TwoPersonRequest) => ({
  ...request,
  requestedAt: iso(requestedAt),
  ...isoOf('dueAt', dueAt),
  expiresAt: iso(expiresAt),
  ...isoOf('decidedAt', decidedAt),
});

const requestParam = { request: idParam };

export const requestRoutes = [
  organisation.json(
    {
      method: 'get',
      path: '/requests',
      verb: 'member.manage',
      tag: 'Two persons',
      summary: 'What one person asked for and another one has to confirm; those that wait first',
      reply: pageOf(requestSchema, 'TwoPersonRequestPage'),
    },
    async ({ deps }) => ({ items: (await listRequests(deps.db)).map(requestOf) }),
  ),
  organisation.json(
    {
      method: 'post',
      path: '/requests/{request}/confirm',
      verb: 'member.manage',
      tag: 'Two persons',
      summary: 'Confirms what another owner asked for: it is done. In a session, with a passkey',
      approval: 'act',
      params: requestParam,
      reply: requestSchema,
    },
    async ({ deps, principal }, { params }) =>
      requestOf(await confirmRequest(deps, principal, params.request, performerOf(deps))),
  ),
  organisation.json(
    {
      method: 'post',
      path: '/requests/{request}/cancel',
      verb: 'member.manage',
      tag: 'Two persons',
      summary: 'Takes back what was asked for',
      params: requestParam,
      reply: requestSchema,
    },
    async ({ deps, principal }, { params }) => requestOf(await cancelRequest(deps, principal, params.request)),
  ),
];
