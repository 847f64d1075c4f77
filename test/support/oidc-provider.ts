import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

export const CLIENT_ID = 'sallyport';
export const CLIENT_SECRET = 'a secret that both know and nobody else, 32+';

export type RealProvider = AsyncDisposable & {
  readonly issuer: string;
  /** Groups of somebody, by the name that they sign in with. */
  readonly groups: Map<string, readonly string[]>;
};

/** A real provider of OpenID Connect on loopback, at which whoever gives a name is that person. */
export async function startProvider(origin: string): Promise<RealProvider> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const issuer = `http://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const groups = new Map<string, readonly string[]>();
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [`${origin}/api/v1/sign-in/oidc/callback`],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    pkce: { required: () => true },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: `id-of-${id}`, preferred_username: id, groups: [...(groups.get(id) ?? [])] }),
    }),
  });
  const handle = provider.callback();
  server.on('request', (request, response) => void handle(request, response));
  return {
    issuer,
    groups,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Cookies of a browser without a screen. */
export class Jar {
  readonly #cookies = new Map<string, string>();

  take(response: Response): void {
    for (const text of response.headers.getSetCookie()) {
      const [pair = ''] = text.split(';', 1);
      const at = pair.indexOf('=');
      const isOver = /expires=Thu, 01 Jan 1970|max-age=0/i.test(text);
      if (isOver) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

/** Signs in at the provider and says yes: the address that it sends the browser back to. */
export async function signInAt(issuer: string, start: string, login: string): Promise<string> {
  const jar = new Jar();
  let url = start;
  let form: string | undefined;
  for (let step = 0; step < 12; step += 1) {
    const response = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: {
        cookie: jar.header,
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form === undefined ? {} : { body: form }),
    });
    jar.take(response);
    const location = response.headers.get('location');
    if (location === null) {
      const page = await response.text();
      if (!page.includes('name="prompt"'))
        throw new TypeError(`the provider answered ${response.status}: ${page.slice(0, 300)}`);
      form = page.includes('name="login"') ? `prompt=login&login=${login}&password=x` : 'prompt=consent';
      continue;
    }
    form = undefined;
    url = new URL(location, url).href;
    if (!url.startsWith(issuer)) return url;
  }
  throw new TypeError('the provider leads nowhere');
}
