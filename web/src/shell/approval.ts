import type { Middleware } from 'openapi-fetch';

const NEEDED = 'api/approval-needed';
const HEADER = 'sallyport-approval';
const SAFE = new Set(['GET', 'HEAD']);

/** What was sent, as long as it may have to be sent again. */
const sent = new Map<string, Request>();

/**
 * What lasts is done with a passkey's approval of the very request. A page need not know: when the server asks for one, the browser asks
 * the person, and the request is sent again with what they signed.
 */
export const approval: Middleware = {
  onRequest({ request, id }) {
    if (!SAFE.has(request.method)) sent.set(id, request.clone());
  },
  async onResponse({ response, id }) {
    const request = sent.get(id);
    sent.delete(id);
    if (request === undefined || response.status !== 403) return undefined;
    const problem: unknown = await response
      .clone()
      .json()
      .catch(() => undefined);
    const isNeeded = typeof problem === 'object' && problem !== null && 'code' in problem && problem.code === NEEDED;
    return isNeeded ? approve(request) : undefined;
  },
  onError({ id }) {
    sent.delete(id);
  },
};

async function approve(request: Request): Promise<Response> {
  const text = await request.clone().text();
  const { pathname, search } = new URL(request.url);
  const asked = await fetch('/api/v1/user/approvals', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      method: request.method,
      path: `${pathname}${search}`,
      ...(text === '' ? {} : { body: JSON.parse(text) }),
    }),
  });
  if (!asked.ok) return asked;
  const { signWith } = await import('./passkey.ts');
  try {
    const answer = await signWith(await asked.json());
    const headers = new Headers(request.headers);
    headers.set(HEADER, toBase64url(JSON.stringify(answer)));
    // sallyport:ignore javascript-ssrf -- the same request once more, in the person's own browser (web, until 2027-06-30)
    return await fetch(new Request(request, { headers }));
  } catch (thrown) {
    // The person said no, or their browser did.
    return Response.json(refusal(thrown), { status: 403, headers: { 'content-type': 'application/problem+json' } });
  }
}

function refusal(thrown: unknown) {
  return {
    title: 'Not approved',
    status: 403,
    detail: 'Nothing was changed: it was not approved with a passkey.',
    code: 'pages/not-approved',
    help: thrown instanceof Error ? thrown.message : 'Try again, and let your passkey approve it.',
  };
}

function toBase64url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
