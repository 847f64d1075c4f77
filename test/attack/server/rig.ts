import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LEASE_HEADER, LEVEL_HEADER, sessionText, WALLS } from '../../../src/protocol/index.ts';
import { clockOf, type Done, type Product, run, startProduct, until } from '../../product/product.ts';

/** The repository that is attacked, and the one in which the attacker may do everything. */
export const APP = 'acme/app';
export const OTHER = 'acme/other';
/** In the folder of the product: who writes a number there sets the server's clock. */
export const CLOCK = 'clock';
/** What the caches of one repository may take here at each level. */
export const CACHE_MIB_MAX = 1;
const TAKE_MS_MAX = 40_000;

const ONE = `
on: { workflow_dispatch: {} }
permissions: { contents: read }
jobs: { one: { runs-on: hostile, steps: [{ run: "echo one" }] } }
`;
const FILES = {
  '.github/workflows/one.yml': ONE,
  '.github/workflows/wide.yml': ONE.replace('contents: read', 'contents: read, statuses: write'),
  '.github/workflows/flood.yml': `
on: { workflow_dispatch: {} }
jobs:
  flood:
    strategy: { max-parallel: 200, matrix: { a: [1, 2, 3, 4, 5, 6, 7, 8], b: [1, 2, 3, 4, 5] } }
    runs-on: hostile
    steps: [{ run: "echo flood" }]
`,
  '.github/workflows/authored.yml': `
on: { push: { branches: ["authored-*"] } }
jobs: { one: { runs-on: hostile, steps: [{ run: "echo one" }] } }
`,
  'README.md': '# app\n',
};

export type Verdict = { readonly refused: boolean; readonly succeeded: boolean; readonly detail: string };

/** An attack on the running product. Both arms go through the same door: what must not work, and the same thing done rightly. */
export type ServerAttack = {
  readonly id: string;
  readonly title: string;
  readonly controls: readonly string[];
  /** Mounts, or runs something as somebody else. */
  readonly needsRoot?: true;
  /** When it takes longer than others. Milliseconds. */
  readonly msMax?: number;
  attempt(rig: Rig): Promise<Verdict>;
};

export type Answer = { readonly status: number; readonly text: string };
export type Ask = {
  readonly token?: string;
  readonly json?: object;
  readonly body?: Buffer;
  readonly headers?: object;
};

export type Taken = {
  readonly jobId: number;
  readonly leaseToken: string;
  readonly jobToken: string;
  readonly runId: number;
  readonly repository: string;
  readonly actor: string;
};

export type Person = 'ada' | 'bob' | 'mallory';

export type Rig = AsyncDisposable & {
  readonly product: Product;
  /** `ada` owns everything, `bob` may write in the attacked repository, `mallory` is admin of the other one only. */
  readonly people: { readonly [name in Person]: string };
  readonly runner: RawRunner;
  readonly rival: RawRunner;
  /** The commit on `main`. */
  readonly commit: string;
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  clone(repository: string, as: Person): Promise<Clone>;
  dispatch(repository: string, workflow: string, ref?: string): Promise<number>;
  /** Starts a run and takes its job at the raw runner. */
  take(repository?: string, workflow?: string, ref?: string): Promise<Taken>;
  restart(...args: readonly string[]): Promise<void>;
};

export type Clone = {
  readonly folder: string;
  git(args: readonly string[], input?: string): Promise<Done>;
  must(args: readonly string[], input?: string): Promise<string>;
  write(files: { readonly [path: string]: string }): Promise<string>;
};

type Joined = { readonly id: number; readonly key: KeyObject };

/** A runner that speaks the protocol by hand, and says what it likes. */
export class RawRunner {
  readonly #ask: Rig['ask'];
  readonly #origin: string;
  readonly #joined: Joined;
  #session = '';

  constructor(ask: Rig['ask'], origin: string, joined: Joined) {
    this.#ask = ask;
    this.#origin = origin;
    this.#joined = joined;
  }

  static async join(ask: Rig['ask'], origin: string, owner: string, name: string): Promise<RawRunner> {
    const invited = await ask('POST', '/api/v1/runners/registrations', { token: owner, json: { labels: ['hostile'] } });
    const { token } = JSON.parse(invited.text) as { token: string };
    const { privateKey } = generateKeyPairSync('ed25519');
    const registered = await ask('POST', '/runner/v1/register', { json: registration(token, name, privateKey) });
    if (registered.status !== 200) throw new Error(`the runner was not registered: ${registered.text}`);
    const { runnerId } = JSON.parse(registered.text) as { runnerId: number };
    const runner = new RawRunner(ask, origin, { id: runnerId, key: privateKey });
    await runner.open();
    return runner;
  }

  /** What opens a session: whoever sends it twice replays it. */
  signed(): object {
    const asked = { runnerId: this.#joined.id, time: Date.now(), nonce: randomBytes(16).toString('base64url') };
    const text = Buffer.from(sessionText(this.#origin, asked));
    return { version: 1, ...asked, signature: sign(null, text, this.#joined.key).toString('base64') };
  }

  async open(): Promise<void> {
    const opened = await this.#ask('POST', '/runner/v1/session', { json: this.signed() });
    if (opened.status !== 200) throw new Error(`no session: ${opened.text}`);
    this.#session = (JSON.parse(opened.text) as { token: string }).token;
  }

  call(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    return this.#ask(method, `/runner/v1${path}`, { token: this.#session, ...ask });
  }

  async poll(): Promise<Taken | undefined> {
    const polled = await this.call('POST', '/poll', { json: { version: 1, waitMs: 2_000, walls: [...WALLS] } });
    if (polled.status === 204) return undefined;
    if (polled.status !== 200) throw new Error(`poll: ${polled.status} ${polled.text}`);
    const { jobId, leaseToken, jobToken, lease } = JSON.parse(polled.text) as Taken & {
      lease: { runId: number; contexts: { github: { repository: string; actor: string } } };
    };
    const { repository, actor } = lease.contexts.github;
    return { jobId, leaseToken, jobToken, runId: lease.runId, repository, actor };
  }

  log({ jobId, leaseToken }: Pick<Taken, 'jobId' | 'leaseToken'>, offset: number, body: Buffer): Promise<Answer> {
    const headers = { [LEASE_HEADER]: leaseToken };
    return this.call('PUT', `/jobs/${jobId}/log?offset=${offset}`, { headers, body });
  }

  finish({ jobId, leaseToken }: Pick<Taken, 'jobId' | 'leaseToken'>, logBytes = 0): Promise<Answer> {
    const outcome = { conclusion: 'success', outputs: {}, influencedOutputs: [], level: 'branch', taints: [] };
    return this.call('POST', `/jobs/${jobId}/finish`, { json: { leaseToken, logBytes, outcome } });
  }

  results(job: Pick<Taken, 'jobId' | 'leaseToken'>, method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const headers = { [LEASE_HEADER]: job.leaseToken, [LEVEL_HEADER]: 'release' };
    return this.call(method, `/jobs/${job.jobId}/results${path}`, { ...ask, headers });
  }
}

export function registration(token: string, name: string, key: KeyObject): object {
  const raw = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
  return {
    version: 1,
    registrationToken: token,
    name,
    labels: ['hostile'],
    publicKey: raw.toString('base64'),
    capability: {
      version: 1,
      platform: { os: 'linux', arch: 'x64', kernel: '6', root: false },
      walls: WALLS.map((wall) => ({ name: wall, state: 'hard', reason: 'it says so' })),
      tools: {},
    },
    ephemeral: false,
  };
}

export async function openRig(more: readonly string[] = []): Promise<Rig> {
  const args = [...more];
  const folder = await mkdtemp('/var/tmp/sp-attack-');
  await mkdir(join(folder, 'data'), { mode: 0o711 });
  // Small, so that it can be filled.
  await writeFile(join(folder, 'data', 'sallyport.yml'), `repository_cache_mib_max: ${CACHE_MIB_MAX}\n`, {
    mode: 0o600,
  });
  const product = await startProduct({ args, folder, env: clockOf(join(folder, CLOCK)) });
  try {
    return await furnish(product, args);
  } catch (thrown) {
    await product[Symbol.asyncDispose]();
    throw thrown;
  }
}

async function furnish(product: Product, args: string[]): Promise<Rig> {
  const ask: Rig['ask'] = async (method, path, { token, json, body, headers } = {}) => {
    const answer = await product.fetch(path, {
      method,
      headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(token === undefined ? {} : { token }),
      ...(json !== undefined
        ? { body: JSON.stringify(json) }
        : body === undefined
          ? {}
          : { body: new Uint8Array(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const ada = await product.token();
  const must = async (method: string, path: string, json: object) => {
    const answer = await ask(method, path, { token: ada, json });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text;
  };
  const invite = async (name: string): Promise<string> => {
    const { code } = JSON.parse(await must('POST', '/api/v1/members', { name, role: 'member' })) as { code: string };
    const signedIn = await ask('POST', '/api/v1/sign-in', { json: { code, device: 'attack' } });
    return (JSON.parse(signedIn.text) as { token: string }).token;
  };
  for (const name of ['app', 'other']) await must('POST', '/api/v1/repositories', { owner: 'acme', name });
  const people = { ada, bob: await invite('bob'), mallory: await invite('mallory') };
  await must('PUT', `/api/v1/repositories/${APP}/access/users/bob`, { role: 'write' });
  await must('PUT', `/api/v1/repositories/${OTHER}/access/users/mallory`, { role: 'admin' });
  const clone = (repository: string, as: Person) => openClone(product, repository, { as, token: people[as] });
  let commit = '';
  for (const repository of [OTHER, APP]) {
    const first = await clone(repository, 'ada');
    commit = await first.write(FILES);
    await first.must(['push', '-q', 'origin', 'main']);
  }
  const runner = await RawRunner.join(ask, product.url, ada, 'raw');
  const rival = await RawRunner.join(ask, product.url, ada, 'rival');
  const dispatch: Rig['dispatch'] = async (repository, workflow, ref = 'main') => {
    const path = `/api/v1/repositories/${repository}/dispatches`;
    const { runIds } = JSON.parse(await must('POST', path, { workflow, ref })) as { runIds: number[] };
    return runIds[0] ?? 0;
  };
  return {
    product,
    people,
    runner,
    rival,
    commit,
    ask,
    clone,
    dispatch,
    async take(repository = APP, workflow = 'one.yml', ref = 'main') {
      const runId = await dispatch(repository, workflow, ref);
      return takeOf(runner, runId);
    },
    async restart(...more) {
      await product.end('SIGTERM');
      args.push(...more);
      await product.start();
      for (const one of [runner, rival]) await one.open();
    },
    [Symbol.asyncDispose]: () => product[Symbol.asyncDispose](),
  };
}

/** Polls until a job of the run comes. What else comes is ended. */
export function takeOf(runner: RawRunner, runId: number): Promise<Taken> {
  return until(TAKE_MS_MAX, async () => {
    const taken = await runner.poll();
    if (taken === undefined || taken.runId === runId) return taken;
    await runner.finish(taken);
    return undefined;
  });
}

async function openClone(
  product: Product,
  repository: string,
  { as, token }: { readonly as: string; readonly token: string },
): Promise<Clone> {
  const folder = await mkdtemp(join(product.folder, 'clone-'));
  const header = `Authorization: Basic ${Buffer.from(`git:${token}`).toString('base64')}`;
  const env = {
    ...product.env,
    GIT_AUTHOR_NAME: as,
    GIT_AUTHOR_EMAIL: `${as}@example.org`,
    GIT_COMMITTER_NAME: as,
    GIT_COMMITTER_EMAIL: `${as}@example.org`,
  };
  const git: Clone['git'] = (args, input) =>
    run('git', ['-c', `http.extraHeader=${header}`, ...args], {
      cwd: folder,
      env,
      ...(input === undefined ? {} : { input }),
    });
  const must: Clone['must'] = async (args, input) => {
    const done = await git(args, input);
    if (done.code !== 0) throw new Error(`git ${args.join(' ')} ended with ${done.code}: ${done.err}`);
    return done.out.trim();
  };
  await must(['init', '-q', '-b', 'main']);
  await must(['remote', 'add', 'origin', `${product.url}/${repository}.git`]);
  if ((await git(['fetch', '-q', 'origin', 'main'])).code === 0) await must(['reset', '-q', '--hard', 'FETCH_HEAD']);
  return {
    folder,
    git,
    must,
    async write(files) {
      for (const [path, text] of Object.entries(files)) {
        const blob = await must(['hash-object', '-w', '--stdin'], text);
        await must(['update-index', '--add', '--cacheinfo', `100644,${blob},${path}`]);
      }
      await must(['commit', '-q', '-m', 'change']);
      return must(['rev-parse', 'HEAD']);
    },
  };
}

export const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A refusal of whoever asks, not a failure of the server. */
export const isRefusal = ({ status }: Answer): boolean => status >= 400 && status < 500 && status !== 429;
export const isDone = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** All of these were refused, all of those succeeded. */
export function verdictOf(
  refused: { readonly [what: string]: Answer },
  succeeded: { readonly [what: string]: Answer },
): Verdict {
  const wrong = [
    ...Object.entries(refused).filter(([, answer]) => !isRefusal(answer)),
    ...Object.entries(succeeded).filter(([, answer]) => !isDone(answer)),
  ];
  return {
    refused: Object.values(refused).every(isRefusal),
    succeeded: Object.values(succeeded).every(isDone),
    detail: wrong.map(([what, { status, text }]) => `${what}: ${status} ${text.slice(0, 200)}`).join('; '),
  };
}
