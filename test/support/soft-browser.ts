import { request as send } from 'node:http';
import { Authenticator } from '../../src/identity/authenticator.fixture.ts';

export const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36';
export const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0';

export type Got = {
  readonly status: number;
  readonly body: { readonly [name: string]: unknown };
  readonly headers: { readonly [name: string]: string | string[] | undefined };
};

export type AskOptions = {
  readonly body?: unknown;
  /** In place of what a browser says; `undefined` leaves it out. */
  readonly headers?: { readonly [name: string]: string | undefined };
  /** The address that it comes from. */
  readonly from?: string;
};

/** A browser without a screen, with an authenticator: what it sends is what a browser sends, unless it is told to lie. */
export class SoftBrowser {
  readonly origin: string;
  readonly device: Authenticator;
  cookie = '';
  userAgent = CHROME;

  constructor(origin: string, device?: Authenticator) {
    this.origin = origin;
    this.device = device ?? new Authenticator(origin);
  }

  /** Below `/api/v1`, unless the path says otherwise. */
  ask(method: string, path: string, { body, headers = {}, from }: AskOptions = {}): Promise<Got> {
    const url = new URL(
      path.startsWith('/api/') || path.startsWith('/!') ? path.replace(/^\/!/, '/') : `/api/v1${path}`,
      this.origin,
    );
    const text = body === undefined ? undefined : JSON.stringify(body);
    const whole: { [name: string]: string | undefined } = {
      'user-agent': this.userAgent,
      origin: method === 'GET' ? undefined : this.origin,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
      ...(this.cookie === '' ? {} : { cookie: this.cookie }),
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
      ...headers,
    };
    const given = Object.entries(whole).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const { promise, resolve, reject } = Promise.withResolvers<Got>();
    const request = send(
      {
        host: '127.0.0.1',
        port: url.port,
        path: url.pathname + url.search,
        method,
        agent: false,
        headers: { host: url.host, ...Object.fromEntries(given) },
        ...(from === undefined ? {} : { localAddress: from }),
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', reject);
        response.once('end', () => {
          const answer = Buffer.concat(parts).toString('utf8');
          const isJson = /[+/]json/.test(response.headers['content-type'] ?? '');
          resolve({
            status: response.statusCode ?? 0,
            body: isJson ? JSON.parse(answer) : { text: answer },
            headers: response.headers,
          });
        });
      },
    );
    request.once('error', reject);
    request.end(text);
    return promise;
  }

  /** Keeps the session that an answer starts. */
  take(got: Got): Got {
    const [cookie = ''] = [got.headers['set-cookie'] ?? []].flat();
    const [pair = ''] = cookie.split(';', 1);
    if (pair.startsWith('__Host-sid=')) this.cookie = pair;
    return got;
  }

  async register(code: string, name?: string): Promise<Got> {
    const asked = { code, ...(name === undefined ? {} : { name }) };
    const options = await this.ask('POST', '/sign-in/registration/options', { body: asked });
    const answer = this.device.create(options.body);
    return this.take(await this.ask('POST', '/sign-in/registration', { body: { code, passkeyName: 'soft', answer } }));
  }

  async signIn(options: AskOptions = {}): Promise<Got> {
    const asked = await this.ask('POST', '/sign-in/passkey/options', options);
    const answer = this.device.get(asked.body);
    return this.take(await this.ask('POST', '/sign-in/passkey', { ...options, body: { answer } }));
  }

  /** What approves one request, as its header. */
  async approvalFor(method: string, path: string, body?: unknown): Promise<string> {
    const act = { method, path: `/api/v1${path}`, ...(body === undefined ? {} : { body }) };
    const asked = await this.ask('POST', '/user/approvals', { body: act });
    return Buffer.from(JSON.stringify(this.device.get(asked.body))).toString('base64url');
  }

  async approved(method: string, path: string, body?: unknown): Promise<Got> {
    const approval = await this.approvalFor(method, path, body);
    return this.ask(method, path, {
      ...(body === undefined ? {} : { body }),
      headers: { 'sallyport-approval': approval },
    });
  }
}
