/**
 * The real product for tests from outside: `sallyport up` as a process of its own on loopback, with the database, keeper, witness and
 * runner that it starts; the command line as people use it; git as it comes. Nothing is replaced.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '../..');
const MAIN = join(root, 'src/bin/main.ts');
const READY_MS_MAX = 90_000;
const STOP_MS_MAX = 40_000;
const COMMAND_MS_MAX = 120_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export type Done = { readonly code: number; readonly out: string; readonly err: string };

export type ProductOptions = {
  /** Where everything lies; a new folder when not given. */
  readonly folder?: string;
  readonly port?: number;
  /** How it is reached, when that is by way of something else. */
  readonly url?: string;
  /** An address of this machine that others reach, with a certificate for it. */
  readonly tls?: { readonly address: string };
  readonly args?: readonly string[];
  /** The program, when it is not the sources as they are. */
  readonly main?: string;
  readonly env?: { readonly [name: string]: string };
  /** False: nobody is the owner yet, and the code is there for whoever wants to be. */
  readonly isSignedIn?: boolean;
};

export type Pids = { readonly [name in 'server' | 'postgres' | 'keeper' | 'witness' | 'runner']: number | undefined };

export type Product = AsyncDisposable & {
  readonly url: string;
  readonly folder: string;
  readonly data: string;
  /** Of people: where they are signed in. */
  readonly env: { readonly [name: string]: string };
  /** Certificate of the server, when it has one of its own. */
  readonly ca: string | undefined;
  /** The code that `up` printed at its first start. */
  readonly setupCode: string | undefined;
  cli(
    args: readonly string[],
    options?: { readonly cwd?: string; readonly input?: string; readonly as?: string },
  ): Promise<Done>;
  /** A command that must succeed: its output. */
  must(
    args: readonly string[],
    options?: { readonly cwd?: string; readonly input?: string; readonly as?: string },
  ): Promise<string>;
  /** A request with a token; without one, nobody's. */
  fetch(path: string, options?: RequestInit & { readonly token?: string }): Promise<Response>;
  token(as?: string): Promise<string>;
  pids(): Promise<Pids>;
  /** Ends the server process as `kill` does, or in order. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  start(): Promise<void>;
  /** What the server told the operator. */
  log(): Promise<string>;
  tree(repository: string, options?: { readonly as?: string }): Promise<WorkTree>;
};

/** A clone in which a person works. */
export type WorkTree = {
  readonly folder: string;
  git(...args: readonly string[]): Promise<Done>;
  /** Writes files, commits and pushes. Gives the commit. */
  push(
    files: { readonly [path: string]: string },
    options?: { readonly branch?: string; readonly message?: string },
  ): Promise<string>;
};

/** Starts the product and makes its first owner, `ada`. */
export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const folder = options.folder ?? (await mkdtemp('/var/tmp/sp-product-'));
  // Other users of this machine pass to their own folders below.
  await chmod(folder, 0o711);
  const port = options.port ?? (await freePort());
  const host = options.tls?.address ?? '127.0.0.1';
  const url = options.url ?? (options.tls === undefined ? `http://localhost:${port}` : `https://${host}:${port}`);
  const tls = options.tls === undefined ? undefined : await makeCertificate(folder, host);
  const state = new State(folder, options, { port, host, url, tls });
  await state.start();
  try {
    if (state.setupCode !== undefined && options.isSignedIn !== false)
      await state.must(['login', url, '--setup', state.setupCode, '--name', 'ada']);
  } catch (thrown) {
    await state[Symbol.asyncDispose]();
    throw thrown;
  }
  return state;
}

type Place = {
  readonly port: number;
  readonly host: string;
  readonly url: string;
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
};

class State implements Product {
  readonly folder: string;
  readonly data: string;
  readonly url: string;
  readonly ca: string | undefined;
  setupCode: string | undefined;
  readonly #options: ProductOptions;
  readonly #place: Place;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();

  constructor(folder: string, options: ProductOptions, place: Place) {
    this.folder = folder;
    this.data = join(folder, 'data');
    this.url = place.url;
    this.ca = place.tls?.certificate;
    this.#options = options;
    this.#place = place;
  }

  get env(): { readonly [name: string]: string } {
    return {
      PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
      HOME: this.folder,
      // A file of our own: git replaces what it is told to write, and as root /dev/null as well.
      GIT_CONFIG_GLOBAL: join(this.folder, 'gitconfig'),
      GIT_TERMINAL_PROMPT: '0',
      ...(this.ca === undefined ? {} : { NODE_EXTRA_CA_CERTS: this.ca, GIT_SSL_CAINFO: this.ca }),
      ...this.#options.env,
    };
  }

  #envOf(as: string): { readonly [name: string]: string } {
    const own = join(this.folder, 'people', as);
    return { ...this.env, XDG_STATE_HOME: join(own, 'state'), XDG_CACHE_HOME: join(own, 'cache') };
  }

  get #main(): string {
    return this.#options.main ?? MAIN;
  }

  async start(): Promise<void> {
    const { port, host, url, tls } = this.#place;
    const args = [
      'up',
      '--json',
      '--data',
      this.data,
      '--listen',
      `${host}:${port}`,
      '--url',
      url,
      ...(tls === undefined ? [] : ['--tls-certificate', tls.certificate, '--tls-key', tls.key]),
      ...(this.#options.args ?? []),
    ];
    const child = spawn(process.execPath, [this.#main, ...args], {
      env: { ...this.env, XDG_STATE_HOME: join(this.folder, 'server'), XDG_CACHE_HOME: join(this.folder, 'server') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#exited = new Promise((done) => child.once('close', done));
    let out = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      void writeFile(join(this.folder, 'server.log'), text, { flag: 'a' });
    });
    const ready = await until(READY_MS_MAX, async () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the server ended: ${said.slice(-2000)}`);
      return out
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { kind: string; setupCode?: string }]))
        .find(({ kind }) => kind === 'ready');
    });
    this.setupCode = ready.setupCode ?? this.setupCode;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await this.#exited;
    clearTimeout(timer);
  }

  cli(
    args: readonly string[],
    options: { readonly cwd?: string; readonly input?: string; readonly as?: string } = {},
  ): Promise<Done> {
    return run(process.execPath, [this.#main, ...args], {
      cwd: options.cwd ?? this.folder,
      env: this.#envOf(options.as ?? 'ada'),
      ...(options.input === undefined ? {} : { input: options.input }),
    });
  }

  async must(
    args: readonly string[],
    options: { readonly cwd?: string; readonly input?: string; readonly as?: string } = {},
  ): Promise<string> {
    const done = await this.cli(args, options);
    if (done.code !== 0) throw new Error(`sallyport ${args.join(' ')} ended with ${done.code}: ${done.err}${done.out}`);
    return done.out;
  }

  async token(as = 'ada'): Promise<string> {
    const asked = await run(process.execPath, [this.#main, 'auth', 'git-credential', 'get'], {
      cwd: this.folder,
      env: this.#envOf(as),
      input: `protocol=${new URL(this.url).protocol.slice(0, -1)}\nhost=${new URL(this.url).host}\n\n`,
    });
    return /^password=(.*)$/m.exec(asked.out)?.[1] ?? '';
  }

  fetch(path: string, { token, ...rest }: RequestInit & { readonly token?: string } = {}): Promise<Response> {
    const headers = new Headers(rest.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return fetch(new URL(path, this.url), { ...rest, headers });
  }

  async pids(): Promise<Pids> {
    const server = this.#child?.pid;
    const found: { [name: string]: number | undefined } = { server };
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const [status, command] = await Promise.all([
        readFile(`/proc/${name}/status`, 'utf8').catch(() => ''),
        readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => ''),
      ]);
      if (!command.includes(this.data) || !new RegExp(`^PPid:\\s${server ?? -1}$`, 'm').test(status)) continue;
      const kind =
        ['keeper', 'witness'].find((one) => command.includes(`/bin/${one}.`)) ??
        (command.includes('postgres') ? 'postgres' : 'runner');
      found[kind] = Number(name);
    }
    return found as Pids;
  }

  log(): Promise<string> {
    return readFile(join(this.folder, 'server.log'), 'utf8').catch(() => '');
  }

  async tree(repository: string, { as = 'ada' }: { readonly as?: string } = {}): Promise<WorkTree> {
    const folder = await mkdtemp(join(this.folder, 'tree-'));
    const helper = `!${process.execPath} ${this.#main} auth git-credential`;
    const env = {
      ...this.#envOf(as),
      GIT_AUTHOR_NAME: as,
      GIT_AUTHOR_EMAIL: `${as}@example.org`,
      GIT_COMMITTER_NAME: as,
      GIT_COMMITTER_EMAIL: `${as}@example.org`,
    };
    const git = (...args: readonly string[]) =>
      run('git', ['-c', `credential.helper=${helper}`, ...args], { cwd: folder, env });
    const must = async (...args: readonly string[]) => {
      const done = await git(...args);
      if (done.code !== 0) throw new Error(`git ${args.join(' ')} ended with ${done.code}: ${done.err}`);
      return done.out.trim();
    };
    await must('init', '-q', '-b', 'main');
    await must('remote', 'add', 'origin', `${this.url}/${repository}.git`);
    return {
      folder,
      git,
      async push(files, { branch = 'main', message = 'change' } = {}) {
        await must('checkout', '-q', '-B', branch);
        for (const [path, text] of Object.entries(files)) {
          await mkdir(dirname(join(folder, path)), { recursive: true });
          await writeFile(join(folder, path), text);
        }
        await must('add', '-A');
        await must('commit', '-q', '--allow-empty', '-m', message);
        await must('push', '-q', 'origin', branch);
        return must('rev-parse', 'HEAD');
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM');
    if (process.env['KEEP'] === undefined) await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    else console.error(`kept ${this.folder}`);
  }
}

/** What gives a process of the product a wall clock that a file sets: by how many milliseconds it is off. */
export function clockOf(file: string): { readonly [name: string]: string } {
  return { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'clock.ts')}`, TEST_CLOCK_FILE: file };
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: { readonly [name: string]: string };
    readonly input?: string;
    readonly timeoutMs?: number;
  },
): Promise<Done> {
  return new Promise((done) => {
    const child = execFile(
      program,
      [...args],
      { cwd: options.cwd, env: options.env, timeout: options.timeoutMs ?? COMMAND_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX },
      (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
        done({ code, out, err });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** Looks again and again until there is an answer. */
export async function until<Value>(msMax: number, look: () => Promise<Value | undefined | false>): Promise<Value> {
  const end = performance.now() + msMax;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`it did not happen within ${msMax} ms`);
    await sleep(50);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function makeCertificate(
  folder: string,
  address: string,
): Promise<{ readonly certificate: string; readonly key: string }> {
  const [certificate, key] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  const subject = ['-subj', '/CN=sallyport test', '-addext', `subjectAltName=IP:${address},DNS:localhost`];
  const made = await run(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      certificate,
      ...subject,
    ],
    { cwd: folder, env: { PATH: process.env['PATH'] ?? '' } },
  );
  if (made.code !== 0) throw new Error(`openssl ended with ${made.code}: ${made.err}`);
  return { certificate, key };
}
