import { OpenAPIHono, z } from '@hono/zod-openapi';
import { SESSION_COOKIE } from './browser.ts';
import { problemSchema } from './problem.ts';
import type { ReplySchema, Route } from './route.ts';

const DESCRIPTION = [
  'Everything that the pages and the command line do goes through here. Errors are problems (RFC 9457) whose `code` is stable',
  '(docs/reference/faults.md). Lists have `next`, the `cursor` of the page after. A POST with `Idempotency-Key` is done once.',
  'What is not yours to read answers 404.',
].join(' ');

/** The description of the routes, in OpenAPI 3.1. The same list is served, tested and written to docs/reference/openapi.json. */
export function openApiDocument(routes: readonly Route[]): object {
  const app = new OpenAPIHono();
  const registry = app.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'session', { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE });
  for (const route of routes) {
    const { params, query, body, reply } = route.schemas;
    const isPublic = route.access.to === 'anybody';
    registry.registerPath({
      method: route.method,
      path: `${route.base}${route.path}`,
      operationId: operationOf(route),
      summary: route.summary,
      tags: [route.tag],
      security: isPublic ? [] : [{ token: [] }, { session: [] }],
      ...('verb' in route.access ? { description: describe(route.access.verb, route.approval) } : {}),
      request: {
        params,
        query,
        ...(route.method === 'post' && !isPublic
          ? {
              headers: z.object({
                'idempotency-key': z
                  .string()
                  .regex(/^[A-Za-z0-9_-]{8,100}$/)
                  .optional(),
              }),
            }
          : {}),
        ...(body === undefined ? {} : { body: { required: true, content: { 'application/json': { schema: body } } } }),
        ...(route.takesFile
          ? { body: { required: true, content: { 'application/octet-stream': { schema: z.string() } } } }
          : {}),
      },
      responses: {
        ...replyOf(reply),
        default: { description: 'A problem', content: { 'application/problem+json': { schema: problemSchema } } },
      },
    });
  }
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Sallyport', version: 'v1', description: DESCRIPTION, license: { name: 'Apache-2.0' } },
    servers: [{ url: '/' }],
  });
}

function describe(verb: string, approval: Route['approval']): string {
  const needed = approval === 'none' ? '' : ' In a session it needs an approval: the header `Sallyport-Approval`.';
  return `Needs \`${verb}\`.${needed}`;
}

function replyOf(reply: ReplySchema) {
  switch (reply.kind) {
    case 'json':
      return {
        [reply.status]: { description: 'Done', content: { 'application/json': { schema: reply.schema } } },
      };
    case 'none':
      return { 204: { description: 'Done' } };
    case 'redirect':
      return { 302: { description: 'Leads to another address' } };
    case 'events':
      return {
        200: {
          description: `Server-sent events: ${reply.describes}`,
          content: { 'text/event-stream': { schema: z.string() } },
        },
      };
    case 'bytes':
      return { 200: { description: 'The bytes', content: { [reply.type]: { schema: z.string() } } } };
  }
}

/** `get /repositories/{owner}/{name}/runs` to `getRepositoryRuns`. */
function operationOf({ method, path }: Route): string {
  const words = path
    .replace('/repositories/{owner}/{name}', '/repository')
    .replaceAll(/\{(\w+)\}/g, 'by-$1')
    .split(/[^A-Za-z]+/)
    .filter((word) => word !== '');
  return [method, ...words.map((word) => `${word[0]?.toUpperCase() ?? ''}${word.slice(1)}`)].join('');
}
