import { z } from '@hono/zod-openapi';
import { Fault } from '../base/index.ts';
import { fault } from './faults.ts';

/** What is wrong with a request, as RFC 9457 writes it. `code` is stable; texts are for people. */
export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().openapi({ example: 'repo/not-found' }),
    /** What to do next. */
    help: z.string(),
    request: z.string(),
  })
  .openapi('Problem');

export type Problem = z.infer<typeof problemSchema>;

const TITLES: { readonly [status: number]: string } = {
  400: 'The request is wrong',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not possible there',
  408: 'Too slow',
  409: 'Not in this state',
  413: 'Too large',
  415: 'Another type is needed',
  422: 'It contradicts an earlier request',
  429: 'Too many requests',
  503: 'Not now',
};

const STATUS_MAX = 599;

/**
 * The problem of something that was thrown. What nobody foresaw tells nothing of the inside, and neither does a fault of the server's
 * own: its message may name files and queries.
 */
export function problemOf(thrown: unknown, request: string): Problem {
  const told = thrown instanceof Fault ? thrown : fault('unexpected', 'unexpected');
  const status = told.status >= 400 && told.status <= STATUS_MAX ? told.status : 500;
  return {
    type: `urn:sallyport:fault:${told.code}`,
    title: TITLES[status] ?? 'The server failed',
    status,
    detail: status < 500 ? told.message.slice(0, 1000) : 'The server could not do it.',
    code: told.code,
    help: told.help,
    request,
  };
}
