import { Secret } from '../base/index.ts';
import { Client, inner, integer, text } from './client.ts';
import { openSession, originOf, type ServerOptions } from './client-place.ts';
import type { ClientTools } from './client-tools.ts';
import { type Credential, dropCredential, keepCredential, readCredentials } from './credentials.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { harmless } from './harmless.ts';
import { fromNow, printRows } from './table.ts';
import { paintOf } from './terminal.ts';

const INPUT_BYTES_MAX = 64 * 1024;
const TOKEN_BYTES_MAX = 1024;

export type LoginOptions = {
  readonly setup?: string;
  readonly name?: string;
  readonly withToken?: true;
  readonly days?: number;
  readonly json?: true;
};

/** `sallyport login URL` */
export async function login(address: string, options: LoginOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, commands, places, clock } = dependencies;
  const origin = originOf(address);
  const tools = await commands.client();
  const given = await giveCredential(options, dependencies, tools);
  const known = (await readCredentials(places.state)).find((one) => one.origin === origin);
  const credential = given.expose().startsWith('sps_')
    ? await redeem(tools, { origin, code: given.expose(), options })
    : await ask(tools, origin, given.expose());
  await keepCredential(places.state, credential);
  // The token before is of no use to anybody now, but to a thief.
  if (known !== undefined && known.tokenId !== credential.tokenId) {
    await new Client(tools, origin, credential.token).send('DELETE', `/tokens/${known.tokenId}`).catch(() => undefined);
  }
  if (options.json === true) {
    const { token: _token, ...told } = credential;
    terminal.write(`${JSON.stringify(told)}\n`);
    return EXIT.success;
  }
  const paint = paintOf(terminal.colors);
  terminal.write(
    [
      `${paint('green', '✓')} signed in to ${origin} as ${harmless(credential.user, false)}; the token ends ${fromNow(credential.expiresAt, clock.now())}`,
      '',
      'To let git use it:',
      ...gitSettings(origin).map((line) => `  ${line}`),
      '',
    ].join('\n'),
  );
  return EXIT.success;
}

/** What makes git ask us, for this server only. */
const gitSettings = (origin: string) => [
  `git config --global credential.${origin}.helper '!sallyport auth git-credential'`,
];

async function giveCredential(
  { setup, withToken }: LoginOptions,
  { terminal }: CliDependencies,
  tools: ClientTools,
): Promise<Secret> {
  if (setup !== undefined) return new Secret(setup);
  if (withToken === true) return new Secret((await tools.readInput(TOKEN_BYTES_MAX)).trim());
  if (!terminal.canAsk) {
    throw fault('usage', 'without a terminal give --setup CODE, or --with-token and the token at standard input');
  }
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: 'A sign-in code or a token', output: process.stderr });
  if (isCancel(answer)) throw fault('cancelled', 'nothing was given');
  return new Secret(answer.trim());
}

async function redeem(
  tools: ClientTools,
  asked: { readonly origin: string; readonly code: string; readonly options: LoginOptions },
): Promise<Credential> {
  const { origin, code, options } = asked;
  const answer = await new Client(tools, origin, undefined).send('POST', '/sign-in', {
    code,
    device: `login on ${tools.hostname}`.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.days === undefined ? {} : { days: options.days }),
  });
  const info = inner(answer, 'info');
  return {
    origin,
    user: text(inner(answer, 'user'), 'name'),
    token: text(answer, 'token'),
    tokenId: integer(info, 'id'),
    expiresAt: text(info, 'expiresAt'),
  };
}

/** Whose a token is. It is kept only when the server knows it. */
async function ask(tools: ClientTools, origin: string, token: string): Promise<Credential> {
  const user = await new Client(tools, origin, token).get('/user');
  const own = inner(user, 'token');
  return { origin, user: text(user, 'name'), token, tokenId: integer(own, 'id'), expiresAt: text(own, 'expiresAt') };
}

/** `sallyport logout`: ends the token on the server, and forgets it here in any case. */
export async function logout(options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, places } = dependencies;
  const { client, credential } = await openSession(options, dependencies);
  if (credential === undefined) throw fault('usage', 'a token of the environment is not signed out');
  const failure = await client.send('DELETE', `/tokens/${credential.tokenId}`).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  await dropCredential(places.state, credential.origin);
  const isRevoked = failure === undefined;
  if (options.json === true) terminal.write(`${JSON.stringify({ origin: credential.origin, revoked: isRevoked })}\n`);
  else terminal.write(`signed out of ${credential.origin}\n`);
  if (!isRevoked && !isEnded(failure)) {
    terminal.writeError('the server could not be told: the token works there until it ends\n');
    return EXIT.failure;
  }
  return EXIT.success;
}

const isEnded = (thrown: unknown) => thrown instanceof Error && 'status' in thrown && thrown.status === 401;

/** `sallyport auth status`: exit code 1 when one of the tokens does not work. */
export async function authStatus(options: ServerOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal, commands, places, clock } = dependencies;
  const tools = await commands.client();
  const wanted = options.server === undefined ? undefined : originOf(options.server);
  const rows = [];
  for (const { origin, token, user, expiresAt } of await readCredentials(places.state)) {
    if (wanted !== undefined && origin !== wanted) continue;
    const state = await new Client(tools, origin, token).get('/user').then(
      (answer) => text(answer, 'role'),
      (thrown: unknown) => (isEnded(thrown) ? 'ended' : 'unreachable'),
    );
    rows.push({ origin, user, state, expiresAt, isFine: state !== 'ended' && state !== 'unreachable' });
  }
  const paint = paintOf(terminal.colors);
  printRows(
    rows,
    [
      { title: 'SERVER', text: ({ origin }) => origin },
      { title: 'AS', text: ({ user }) => user },
      {
        title: 'STATE',
        text: ({ state }) => state,
        paint: (state, { isFine }) => paint(isFine ? 'green' : 'red', state),
      },
      { title: 'ENDS', text: ({ expiresAt }) => fromNow(expiresAt, clock.now()) },
    ],
    { terminal, json: options.json === true, none: 'signed in to no server: sallyport login URL' },
  );
  return rows.length > 0 && rows.every(({ isFine }) => isFine) ? EXIT.success : EXIT.failure;
}

/** `sallyport auth git-credential get|store|erase`, as git's own helpers speak; without a word it says how to set it up. */
export async function gitCredential(operation: string | undefined, dependencies: CliDependencies): Promise<number> {
  const { terminal, commands, places } = dependencies;
  if (operation === undefined) {
    const credentials = await readCredentials(places.state);
    const origins = credentials.length === 0 ? ['https://ci.example.org'] : credentials.map(({ origin }) => origin);
    terminal.write(`${origins.flatMap(gitSettings).join('\n')}\n`);
    return EXIT.success;
  }
  // Git also says when a password worked or did not: what is kept here is not git's to change.
  if (operation !== 'get') return EXIT.success;
  const tools = await commands.client();
  const asked = new Map(
    (await tools.readInput(INPUT_BYTES_MAX)).split('\n').map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, Math.max(0, at)), line.slice(at + 1)];
    }),
  );
  const wanted = `${asked.get('protocol') ?? ''}://${asked.get('host') ?? ''}`;
  const found = (await readCredentials(places.state)).find(({ origin }) => origin === wanted);
  if (found !== undefined) terminal.write(`username=x-access-token\npassword=${found.token}\n`);
  return EXIT.success;
}
