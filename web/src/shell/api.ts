import createClient, { type ClientPathsWithMethod, type MaybeOptionalInit } from 'openapi-fetch';
import {
  type InfiniteData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from '@tanstack/react-query';
import type { components, paths } from '../api-types.ts';
import { approval } from './approval.ts';

type Schemas = components['schemas'];
/** What a schema of the API holds: `Of<'Run'>`. */
export type Of<Name extends keyof Schemas> = Schemas[Name];

/**
 * The client of the API: `api.GET('/api/v1/…', { params })`. The session is a cookie that the page can't read. A failed answer has
 * `error`; `told` throws it.
 */
export const api = createClient<paths>({
  baseUrl: globalThis.location === undefined ? 'http://localhost' : globalThis.location.origin,
});

api.use(approval);

/** An answer that is a problem, or none at all. `help` says what to do next. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly help: string;
  /** Of the request, for the operator. */
  readonly request: string | undefined;

  constructor(problem: Omit<Of<'Problem'>, 'type' | 'request'> & { readonly request?: string }) {
    super(problem.detail);
    this.name = problem.title;
    this.status = problem.status;
    this.code = problem.code;
    this.help = problem.help;
    this.request = problem.request;
  }
}

type Answer<Data> = { readonly data?: Data; readonly error?: unknown; readonly response: Response };

/** The data of an answer. Throws an `ApiError`. */
export async function told<Data>(asking: Promise<Answer<Data>>): Promise<Data> {
  let answer: Answer<Data>;
  try {
    answer = await asking;
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown;
    throw new ApiError({
      title: 'The server does not answer',
      status: 0,
      detail: 'The request did not reach the server.',
      code: 'pages/unreachable',
      help: 'Look whether the server runs and whether you are online, then try again.',
    });
  }
  // An answer without a body has no data; its type says so.
  if (answer.response.ok) return answer.data as Data;
  throw errorOf(answer.error, answer.response);
}

function errorOf(error: unknown, response: Response): ApiError {
  if (isProblem(error)) return new ApiError(error);
  return new ApiError({
    title: 'The server failed',
    status: response.status,
    detail: `It answered with ${response.status} and no reason.`,
    code: 'pages/no-reason',
    help: 'Try again. When it stays, the log of the server says more.',
  });
}

function isProblem(value: unknown): value is Of<'Problem'> {
  return typeof value === 'object' && value !== null && 'code' in value && 'help' in value && 'detail' in value;
}

type GetPath = ClientPathsWithMethod<typeof api, 'get'>;
/** What the address of a path needs: `{ params: { path, query } }`. */
type InitOf<Path extends GetPath> = MaybeOptionalInit<paths[Path], 'get'>;
type JsonOf<Path extends GetPath> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Data } } } };
}
  ? Data
  : never;

export type ReadOptions<Data = unknown> = {
  readonly enabled?: boolean;
  /** Asks again after so long, while the page is looked at. */
  readonly everyMs?: number | ((data: Data | undefined) => number | false);
  readonly staleMs?: number;
};

/** The key under which an answer is kept: `queryClient.invalidateQueries({ queryKey: keyOf(path) })` forgets it. */
export const keyOf = (path: GetPath, init?: unknown): readonly unknown[] =>
  init === undefined ? [path] : [path, (init as { params?: unknown }).params ?? {}];

/** Reads one address, keeps the answer and asks again when it is old. */
export function useRead<Path extends GetPath>(
  path: Path,
  init: InitOf<Path>,
  options: ReadOptions<JsonOf<Path>> = {},
): UseQueryResult<JsonOf<Path>, ApiError> {
  const { everyMs } = options;
  return useQuery<JsonOf<Path>, ApiError>({
    queryKey: keyOf(path, init ?? {}),
    queryFn: ({ signal }) => told(get(path, { ...init, signal })),
    enabled: options.enabled ?? true,
    ...(options.staleMs === undefined ? {} : { staleTime: options.staleMs }),
    ...(everyMs === undefined
      ? {}
      : { refetchInterval: typeof everyMs === 'number' ? everyMs : (query) => everyMs(query.state.data) }),
  });
}

type ItemOf<Path extends GetPath> = JsonOf<Path> extends { items: readonly (infer Item)[] } ? Item : never;

/** Reads a list page by page. `data.pages.flatMap(({ items }) => items)` is what came so far. */
export function usePages<Path extends GetPath>(
  path: Path,
  init: InitOf<Path>,
  options: ReadOptions = {},
): UseInfiniteQueryResult<InfiniteData<{ items: ItemOf<Path>[]; next?: string }>, ApiError> {
  type Page = { items: ItemOf<Path>[]; next?: string };
  const { params }: { readonly params?: { readonly query?: object } } = init ?? {};
  return useInfiniteQuery<Page, ApiError, InfiniteData<Page>, readonly unknown[], string | undefined>({
    queryKey: [...keyOf(path, init ?? {}), 'pages'],
    queryFn: ({ signal, pageParam }) => {
      const query = { ...params?.query, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
      return told(get(path, { ...init, params: { ...params, query }, signal })) as Promise<unknown> as Promise<Page>;
    },
    initialPageParam: undefined,
    getNextPageParam: ({ next }) => next,
    enabled: options.enabled ?? true,
    ...(typeof options.everyMs === 'number' ? { refetchInterval: options.everyMs } : {}),
  });
}

/** The generic of the client can't be followed through ours: path and init were checked by the caller's types. */
function get<Path extends GetPath>(path: Path, init: object): Promise<Answer<JsonOf<Path>>> {
  const ask = api.GET as unknown as (path: Path, init: object) => Promise<Answer<JsonOf<Path>>>;
  return ask(path, init);
}
