import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const sallyport = join(root, 'bin/sallyport');
/** A first start makes a database. */
const READY_MS_MAX = 120_000;
const COMMAND_MS_MAX = 180_000;
const STOP_MS_MAX = 30_000;

export type ServerShown = {
  readonly ran: boolean;
  readonly refused: boolean;
  readonly proved: boolean;
  /** What a person sees of the run. */
  readonly out: string;
};

/** The same repository, pushed to a server that starts for this and ends with it. */
export async function demoServer(
  repository: string,
  folder: string,
  env: NodeJS.ProcessEnv,
  say: (text: string) => void,
): Promise<ServerShown> {
  const port = await freePort();
  const data = join(folder, 'server');
  const url = `http://localhost:${port}`;
  const server = spawn(
    sallyport,
    ['up', '--json', '--data', data, '--listen', `127.0.0.1:${port}`, '--unsafe-direct-push'],
    {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    const code = await codeOf(server);
    const run = (...args: readonly string[]) => call(sallyport, args, { cwd: repository, env });
    say(
      `$ sallyport login ${url} --setup ${code.slice(0, 4)}… --name demo\n$ sallyport repo create demo/sample\n$ git push ${url}/demo/sample.git main\n$ sallyport runs watch`,
    );
    await run('login', url, '--setup', code, '--name', 'demo');
    await run('repo', 'create', 'demo/sample');
    const helper = `credential.helper=!'${sallyport}' auth git-credential`;
    await call('git', ['-c', helper, 'push', '-q', `${url}/demo/sample.git`, 'main'], { cwd: repository, env });
    await call('git', ['remote', 'add', 'origin', `${url}/demo/sample.git`], { cwd: repository, env });
    await begun(run);
    const watched = await run('runs', 'watch');
    const proof = await run('audit', 'verify', '--data', data);
    return {
      ran: watched.code === 0 && /ARTIFACT whole/.test(watched.out),
      refused: /VISIT not reached https:\/\/exfiltration/.test(watched.out),
      proved: proof.code === 0,
      out: watched.out,
    };
  } finally {
    await stop(server);
  }
}

/** The code that `up` prints once for the first administrator. */
async function codeOf(server: ChildProcess): Promise<string> {
  let out = '';
  server.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  for (const end = Date.now() + READY_MS_MAX; Date.now() < end && server.exitCode === null; await sleep(50)) {
    const code = /"setupCode":"([^"]+)"/.exec(out)?.[1];
    if (code !== undefined) return code;
  }
  throw new Error(`the server did not start: ${out}`);
}

async function begun(run: (...args: readonly string[]) => Promise<Done>): Promise<void> {
  for (const end = Date.now() + COMMAND_MS_MAX; Date.now() < end; await sleep(100)) {
    const { out } = await run('runs', 'list', '--json');
    if (/"id":\s*\d/.test(out)) return;
  }
}

type Done = { readonly code: number; readonly out: string };

function call(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Done> {
  return new Promise((done) => {
    execFile(program, [...args], { ...options, timeout: COMMAND_MS_MAX }, (error, out) => {
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 255, out });
    });
  });
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = new Promise((done) => server.once('close', done));
  server.kill('SIGTERM');
  const timer = setTimeout(() => server.kill('SIGKILL'), STOP_MS_MAX);
  await ended;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
