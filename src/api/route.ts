import { z } from '@hono/zod-openapi';
import type { Principal } from '../identity/index.ts';
import type { AuthorisedObject, Verb } from '../identity/index.ts';
import type { RepositoryRow } from '../repo/index.ts';
import type { ApiDeps } from './deps.ts';
import { fault } from './faults.ts';
import type { BrowserCall } from './browser.ts';
import { parse } from './parse.ts';
import type { RateLimitName } from './rate.ts';

/** Who may use a route. There is no route without it, and nothing else asks. */
export type Access =
  | { readonly to: 'anybody' }
  | { readonly to: 'self'; readonly verb: Verb }
  | { readonly to: 'organisation'; readonly verb: Verb }
  /** The path names the repository. Whoever may not read it is told that it is not there. */
  | { readonly to: 'repository'; readonly verb: Verb };

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** One message of an event stream. */
export type ServerEvent = { readonly event: string; readonly id?: string; readonly data: unknown };

export type Answer =
  | {
      readonly kind: 'json';
      readonly status: 200 | 201 | 202;
      readonly value: unknown;
      readonly headers?: { readonly [name: string]: string };
    }
  | { readonly kind: 'none' }
  /** To another place: the path of a page, or the provider that people sign in at. */
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'events'; readonly events: AsyncIterable<ServerEvent> }
  | {
      readonly kind: 'bytes';
      readonly type: string;
      readonly bytes: AsyncIterable<Uint8Array>;
      readonly headers?: { readonly [name: string]: string };
      /** Pages of others may show it. */
      readonly isEmbeddable?: boolean;
    };

/** One request that may be made. */
export type Call = {
  readonly deps: ApiDeps;
  /** Of the one who asks. */
  readonly address: string;
  readonly request: string;
  /** Aborted when the client is gone or the server ends. */
  readonly signal: AbortSignal;
  /** Of a route that takes a file: its bytes, once, within the route's bounds. */
  readonly content?: AsyncIterable<Uint8Array>;
  /** Where a stream goes on. */
  readonly lastEventId?: string;
  /** The browser that asks, when it is one. */
  readonly browser: BrowserCall;
};
export type PersonCall = Call & { readonly principal: Principal };
/** Asked by a person, not by a job. */
export type SelfCall = PersonCall & { readonly userId: number };
export type RepositoryCall = PersonCall & { readonly repository: RepositoryRow };

export type RawInput = {
  readonly params: { readonly [name: string]: string };
  readonly query: { readonly [name: string]: string };
  readonly body: unknown;
};

export type Route = {
  readonly method: Method;
  /** Our own API, or the one in the shape of GitHub's. */
  readonly base: '/api/v1' | '/api/v3';
  /** Below it, with `{names}`; `{name+}` has slashes, too. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  readonly tag: string;
  readonly rate: RateLimitName;
  readonly bodyBytesMax: number;
  /** Its body is a file of at most `bodyBytesMax`, read while it comes. */
  readonly takesFile: boolean;
  /** Its answer holds a secret, and is never kept to be told again. */
  readonly tellsSecret: boolean;
  /** What a session does only with a fresh passkey's approval of this very request. */
  readonly approval: 'none' | 'act' | 'passkey';
  readonly schemas: {
    readonly params: z.ZodObject;
    readonly query: z.ZodObject;
    readonly body?: z.ZodType;
    readonly reply: ReplySchema;
  };
  handle(call: Call, found: Found, input: RawInput): Promise<Answer>;
};

/** Whom and what the guard found before a handler is called. */
export type Found = { readonly principal?: Principal; readonly repository?: RepositoryRow };

export type ReplySchema =
  | { readonly kind: 'json'; readonly status: 200 | 201 | 202; readonly schema: z.ZodType }
  | { readonly kind: 'none' }
  | { readonly kind: 'redirect' }
  | { readonly kind: 'events'; readonly describes: string }
  | { readonly kind: 'bytes'; readonly type: string };

/** Bytes of a body of JSON. */
export const BODY_BYTES_MAX = 256 * 1024;

type Shape = z.ZodRawShape;
type Nothing = Record<string, never>;

type Spec<Verbs, P extends Shape, Q extends Shape, B extends z.ZodType> = {
  readonly method: Method;
  readonly path: string;
  readonly verb: Verbs;
  readonly summary: string;
  readonly tag: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly rate?: RateLimitName;
  readonly bodyBytesMax?: number;
  readonly takesFile?: boolean;
  readonly tellsSecret?: boolean;
  readonly approval?: 'act' | 'passkey';
};

type Input<P extends Shape, Q extends Shape, B extends z.ZodType> = {
  readonly params: z.output<z.ZodObject<P>>;
  readonly query: z.output<z.ZodObject<Q>>;
  readonly body: z.output<B>;
};

/** What a handler answers with: it need not copy what is read only. */
type Told<Value> = Value extends readonly (infer Item)[]
  ? readonly Told<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Told<Value[Key]> }
    : Value;

/** What a handler answers with, beside its schema. */
type JsonReply<R extends z.ZodType> = { readonly status?: 200 | 201 | 202; readonly reply: R };

/** Makes the routes of one sort of access. Types of a handler follow from the schemas. */
function routesOf<CallOf extends Call>(to: Access['to'], narrow: (call: Call, found: Found) => CallOf) {
  function base<P extends Shape, Q extends Shape, B extends z.ZodType>(
    spec: Spec<Verb | undefined, P, Q, B>,
    reply: ReplySchema,
    answer: (call: CallOf, input: Input<P, Q, B>) => Promise<Answer>,
  ): Route {
    const isRepository = to === 'repository';
    const place = isRepository ? REPOSITORY_PARAMS : {};
    const params = z.strictObject({ ...place, ...spec.params });
    const own = z.object({ ...spec.params });
    const query = z.strictObject({ ...spec.query });
    return {
      method: spec.method,
      base: '/api/v1',
      path: isRepository ? `/repositories/{owner}/{name}${spec.path}` : spec.path,
      access: accessOf(to, spec.verb),
      summary: spec.summary,
      tag: spec.tag,
      rate: spec.rate ?? (spec.method === 'get' ? 'read' : 'write'),
      bodyBytesMax: spec.bodyBytesMax ?? BODY_BYTES_MAX,
      takesFile: spec.takesFile ?? false,
      tellsSecret: spec.tellsSecret ?? false,
      approval: spec.approval ?? 'none',
      schemas: { params, query, ...(spec.body === undefined ? {} : { body: spec.body }), reply },
      handle: async (call, found, raw) => {
        parse(params, raw.params, 'path');
        const input = {
          params: parse(own, raw.params, 'path'),
          query: parse(query, raw.query, 'query'),
          body: parse(spec.body ?? z.undefined(), raw.body, 'body'),
        };
        // The schemas are those that the types were made of: what they let through has these types.
        return answer(narrow(call, found), input as Input<P, Q, B>);
      },
    };
  }
  return {
    json: <
      R extends z.ZodType,
      P extends Shape = Nothing,
      Q extends Shape = Nothing,
      B extends z.ZodType = z.ZodUndefined,
    >(
      spec: Spec<Verb | undefined, P, Q, B> & JsonReply<R>,
      handle: (call: CallOf, input: Input<P, Q, B>) => Promise<Told<z.input<R>>>,
    ): Route => {
      const { status = 200, reply } = spec;
      return base(spec, { kind: 'json', status, schema: reply }, async (call, input) => ({
        kind: 'json',
        status,
        // What the schema does not name is never sent.
        value: reply.parse(await handle(call, input)),
      }));
    },
    none: <P extends Shape = Nothing, Q extends Shape = Nothing, B extends z.ZodType = z.ZodUndefined>(
      spec: Spec<Verb | undefined, P, Q, B>,
      handle: (call: CallOf, input: Input<P, Q, B>) => Promise<void>,
    ): Route =>
      base(spec, { kind: 'none' }, async (call, input) => {
        await handle(call, input);
        return { kind: 'none' };
      }),
    redirect: <P extends Shape = Nothing, Q extends Shape = Nothing, B extends z.ZodType = z.ZodUndefined>(
      spec: Spec<Verb | undefined, P, Q, B>,
      handle: (call: CallOf, input: Input<P, Q, B>) => Promise<string>,
    ): Route =>
      base(spec, { kind: 'redirect' }, async (call, input) => ({ kind: 'redirect', to: await handle(call, input) })),
    events: <P extends Shape = Nothing, Q extends Shape = Nothing, B extends z.ZodType = z.ZodUndefined>(
      spec: Spec<Verb | undefined, P, Q, B> & { readonly describes: string },
      handle: (call: CallOf, input: Input<P, Q, B>) => Promise<AsyncIterable<ServerEvent>>,
    ): Route =>
      base(spec, { kind: 'events', describes: spec.describes }, async (call, input) => ({
        kind: 'events',
        events: await handle(call, input),
      })),
    bytes: <P extends Shape = Nothing, Q extends Shape = Nothing, B extends z.ZodType = z.ZodUndefined>(
      spec: Spec<Verb | undefined, P, Q, B> & { readonly type: string },
      handle: (
        call: CallOf,
        input: Input<P, Q, B>,
      ) => Promise<{
        readonly bytes: AsyncIterable<Uint8Array>;
        /** When it is another one than the route's. */
        readonly type?: string;
        readonly headers?: { readonly [name: string]: string };
        readonly isEmbeddable?: boolean;
      }>,
    ): Route =>
      base(spec, { kind: 'bytes', type: spec.type }, async (call, input) => ({
        kind: 'bytes',
        type: spec.type,
        ...(await handle(call, input)),
      })),
  };
}

const nameParam = z.string().min(1).max(100);
const REPOSITORY_PARAMS = { owner: nameParam, name: nameParam };

function accessOf(to: Access['to'], verb: Verb | undefined): Access {
  if (to === 'anybody') return { to };
  if (verb === undefined) throw new TypeError(`a route for ${to} has a verb`);
  return { to, verb };
}

export const anybody = routesOf('anybody', (call) => call);
/** Anybody, and yet known when they say who they are. */
export const visitor = routesOf('anybody', (call, { principal }): Call & { readonly principal?: Principal } =>
  principal === undefined ? call : { ...call, principal },
);
export const self = routesOf('self', (call, { principal }): SelfCall => {
  if (principal?.token === undefined) throw fault('not-found', 'this is for people');
  return { ...call, principal, userId: principal.token.userId };
});
export const organisation = routesOf('organisation', (call, { principal }): PersonCall => {
  if (principal === undefined) throw new TypeError('the guard lets nobody through without a principal');
  return { ...call, principal };
});
export const repository = routesOf('repository', toRepository);

export function toRepository(call: Call, found: Found): RepositoryCall {
  const { principal, repository: row } = found;
  if (principal === undefined || row === undefined) throw new TypeError('the guard finds both or refuses');
  return { ...call, principal, repository: row };
}

/** The object that the guard asks about. */
export function objectOf(access: Access, found: Found): AuthorisedObject | undefined {
  switch (access.to) {
    case 'anybody':
      return undefined;
    case 'self':
      return found.principal?.token === undefined ? undefined : { type: 'user', id: found.principal.token.userId };
    case 'organisation':
      return { type: 'organisation' };
    case 'repository':
      return found.repository === undefined ? undefined : { type: 'repository', id: found.repository.id };
  }
}
