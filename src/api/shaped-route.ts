import { z } from '@hono/zod-openapi';
import type { Verb } from '../identity/index.ts';
import { parse } from './parse.ts';
import type { Problem } from './problem.ts';
import { type Answer, BODY_BYTES_MAX, type Method, type RepositoryCall, type Route, toRepository } from './route.ts';

type Shape = z.ZodRawShape;
type Nothing = Record<string, never>;
type Input<P extends Shape, Q extends Shape, B extends z.ZodType> = {
  readonly params: z.output<z.ZodObject<P>>;
  readonly query: z.output<z.ZodObject<Q>>;
  readonly body: z.output<B>;
};

/**
 * A route of a repository in the shape of GitHub's API. Clients send more than they mean, so that names that it does not know are passed
 * over, as GitHub does; who may is asked by the same guard as everywhere.
 */
export function shaped<P extends Shape = Nothing, Q extends Shape = Nothing, B extends z.ZodType = z.ZodUndefined>(
  spec: {
    readonly method: Method;
    /** Below `/repos/{owner}/{name}`. */
    readonly path: string;
    readonly verb: Verb;
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly bodyBytesMax?: number;
  },
  handle: (call: RepositoryCall, input: Input<P, Q, B>) => Promise<Answer>,
): Route {
  const params = z.object({ ...spec.params });
  const query = z.object({ ...spec.query });
  return {
    method: spec.method,
    base: '/api/v3',
    path: `/repos/{owner}/{name}${spec.path}`,
    access: { to: 'repository', verb: spec.verb },
    summary: '',
    tag: 'GitHub',
    rate: spec.method === 'get' ? 'read' : 'write',
    bodyBytesMax: spec.bodyBytesMax ?? BODY_BYTES_MAX,
    takesFile: false,
    tellsSecret: false,
    approval: 'none',
    schemas: {
      params,
      query,
      ...(spec.body === undefined ? {} : { body: spec.body }),
      reply: { kind: 'json', status: 200, schema: z.unknown() },
    },
    handle: async (call, found, raw) => {
      const input = {
        params: parse(params, raw.params, 'path'),
        query: parse(query, raw.query, 'query'),
        body: parse(spec.body ?? z.undefined(), raw.body, 'body'),
      };
      // The schemas are those that the types were made of: what they let through has these types.
      return handle(toRepository(call, found), input as Input<P, Q, B>);
    },
  };
}

export const json = (value: unknown, status: 200 | 201 | 202 = 200): Answer => ({ kind: 'json', status, value });

/** An error as clients of GitHub's API expect it. */
export function shapedProblem({ detail, status, code, help, request }: Problem) {
  return { message: detail, documentation_url: '', status: String(status), code, help, request_id: request };
}

const PER_PAGE_DEFAULT = 30;
const PAGES_MAX = 1000;

export const pagedQuery = {
  per_page: z.coerce.number().int().min(1).max(100).optional(),
  page: z.coerce.number().int().min(1).max(PAGES_MAX).optional(),
};

export type Paged = { readonly perPage: number; readonly page: number; readonly skip: number };

export function pagedOf({
  per_page: perPage = PER_PAGE_DEFAULT,
  page = 1,
}: {
  readonly per_page?: number | undefined;
  readonly page?: number | undefined;
}): Paged {
  return { perPage, page, skip: (page - 1) * perPage };
}

/** A page with the links that clients follow. */
export function pageAnswer(
  call: RepositoryCall,
  path: string,
  paged: Paged,
  page: { readonly value: unknown; readonly hasNext: boolean },
): Answer {
  if (!page.hasNext) return json(page.value);
  const { owner, name } = call.repository;
  const next = `${call.deps.origin}/api/v3/repos/${owner}/${name}${path}?per_page=${paged.perPage}&page=${paged.page + 1}`;
  return { kind: 'json', status: 200, value: page.value, headers: { link: `<${next}>; rel="next"` } };
}
