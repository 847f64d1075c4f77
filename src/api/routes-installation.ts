import { z } from '@hono/zod-openapi';
import { entryById } from '../auditlog/index.ts';
import { fault } from './faults.ts';
import { organisation } from './route.ts';
import { idParam } from './schema.ts';

const keySchema = z.strictObject({ name: z.string(), key: z.string() });

/** What an operator looks at. Settings are changed where the server is started, never here. */
export const installationRoutes = [
  organisation.json(
    {
      method: 'get',
      path: '/installation/settings',
      verb: 'installation.read',
      tag: 'Installation',
      summary: 'The settings of the server, and where each comes from',
      reply: z
        .strictObject({
          items: z.array(
            z.strictObject({
              name: z.string(),
              value: z.string(),
              source: z.enum(['default', 'file', 'environment', 'flag']),
              isWeakening: z.boolean(),
            }),
          ),
        })
        .openapi('Settings'),
    },
    async ({ deps }) => ({ items: deps.installation.settings() }),
  ),
  organisation.json(
    {
      method: 'get',
      path: '/installation/doctor',
      verb: 'installation.read',
      tag: 'Installation',
      summary: 'What the machine of the server can and cannot isolate, and what of its settings weakens it',
      reply: z
        .strictObject({
          items: z.array(
            z.strictObject({
              name: z.string(),
              state: z.enum(['hard', 'soft', 'missing', 'weak', 'ok']),
              text: z.string(),
              remedy: z.string().optional(),
            }),
          ),
        })
        .openapi('Doctor'),
    },
    async ({ deps }) => ({ items: await deps.installation.doctor() }),
  ),
  organisation.json(
    {
      method: 'get',
      path: '/installation/sizes',
      verb: 'installation.read',
      tag: 'Installation',
      summary: 'What the server keeps, and how much of it',
      reply: z
        .strictObject({
          items: z.array(z.strictObject({ name: z.string(), bytes: z.number(), entries: z.number().optional() })),
        })
        .openapi('Sizes'),
    },
    async ({ deps }) => ({ items: await deps.installation.sizes() }),
  ),
  organisation.json(
    {
      method: 'get',
      path: '/audit/keys',
      verb: 'audit.read',
      tag: 'Audit',
      summary: 'The public keys of log and witness, as this server has them: compare them with those you wrote down',
      reply: z.strictObject({ log: keySchema, witness: keySchema }).openapi('AuditKeys'),
    },
    async ({ deps }) => deps.installation.logKeys,
  ),
  organisation.json(
    {
      method: 'get',
      path: '/audit/{entry}',
      verb: 'audit.read',
      tag: 'Audit',
      summary: 'One entry of the audit log',
      params: { entry: idParam },
      reply: z
        .strictObject({
          id: z.int(),
          position: z.int().optional(),
          body: z.record(z.string(), z.unknown()),
          personal: z.record(z.string(), z.string()).optional(),
        })
        .openapi('AuditEntryDetail'),
    },
    async ({ deps }, { params }) => {
      const entry = await entryById(deps.db, params.entry);
      if (entry === undefined) throw fault('not-found', 'there is no such entry');
      return entry;
    },
  ),
];
