import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Server } from 'node:http';
import type { Runners } from '../api/index.ts';
import type { Log } from '../base/index.ts';
import type { IdentityDeps } from '../identity/index.ts';
import { drainRunner, listRunners, makeRunnerToken, removeRunner } from '../queue/index.ts';
import { readMembership } from '../remote/index.ts';
import type { ServerPlaces } from './server-places.ts';
import type { ServerSettings } from './server-settings.ts';
import { type Pace, supervise } from './supervise.ts';

/** A runner that was not heard of for so long is lost. */
const LOST_MS = 90_000;
const PACE: Pace = { waitMs: 500, waitMsMax: 15_000, livedMsMin: 15_000 };
/** After that a runner that was told to end is killed; its jobs' leases end by themselves. */
const STOP_MS_MAX = 20_000;

const OPERATOR = { kind: 'system', id: 'operator', name: 'operator' } as const;

/** The runners of the server, as the API shows them. */
export function runnersOf(deps: IdentityDeps): Runners {
  return {
    async list() {
      const now = deps.now();
      return (await listRunners(deps.db)).map((runner) => {
        const isLost = runner.lastSeenAt === undefined || now - runner.lastSeenAt.getTime() > LOST_MS;
        const state =
          runner.state === 'draining' ? 'draining' : runner.jobs.length > 0 ? 'busy' : isLost ? 'lost' : 'idle';
        return {
          id: runner.id,
          name: runner.name,
          labels: runner.labels,
          state,
          ephemeral: runner.ephemeral,
          jobs: runner.jobs,
          capability: runner.capability,
          ...(runner.lastSeenAt === undefined ? {} : { lastSeenAt: runner.lastSeenAt }),
        } as const;
      });
    },
    register: (principal, wanted) => makeRunnerToken(deps, principal, wanted),
    drain: (principal, id) => drainRunner(deps, principal, id),
    remove: (principal, id) => removeRunner(deps, principal, id),
  };
}

export type OwnRunner = { pid(): number | undefined; stop(): Promise<void> };

/** The runner inside: a process of its own that joins as every other does, over loopback. It is started again when it dies. */
export async function startOwnRunner(options: {
  readonly settings: ServerSettings;
  readonly deps: IdentityDeps;
  readonly places: ServerPlaces;
  readonly machine: { readonly env: { readonly [name: string]: string | undefined } };
  readonly server: Server;
  readonly log: Log;
}): Promise<OwnRunner> {
  const { settings, deps, places, machine, log } = options;
  const folder = places.runner;
  const known = await readMembership(folder);
  const isKnown = known !== undefined && (await listRunners(deps.db)).some(({ id }) => id === known.runnerId);
  const token = isKnown ? '' : (await makeRunnerToken(deps, OPERATOR, { labels: [], ephemeral: false })).token;
  const args = [
    'runner',
    'join',
    '--folder',
    folder,
    '--url',
    settings.url,
    '--name',
    'inside',
    '--jobs',
    String(settings.runner_jobs),
    ...(settings.actions_mirror === undefined ? [] : ['--actions-mirror', settings.actions_mirror]),
    ...(settings.tls_certificate === undefined ? [] : ['--ca', settings.tls_certificate]),
    ...(isKnown ? [] : ['--token', '-', '--replace']),
  ];
  const lives = supervise(() => begin(args, token, { env: environmentOf(machine.env), log }), {
    pace: PACE,
    onDeath: (waitMs) => log.error('The runner inside ended and is started again', { waitMs }),
  });
  return {
    pid: () => lives.life().child.pid,
    async stop() {
      let timer: NodeJS.Timeout | undefined;
      await lives.close(({ child }) => {
        child.kill('SIGTERM');
        timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      });
      clearTimeout(timer);
    },
  };
}

/** What a runner needs of the environment: its toolchains and how it reaches the world; nothing of the server's settings. */
function environmentOf(env: { readonly [name: string]: string | undefined }): NodeJS.ProcessEnv {
  const names =
    /^(PATH|HOME|LANG|XDG_|RUNNER_TOOL_CACHE|AGENT_TOOLSDIRECTORY|(https?|all|no)_proxy|SSL_CERT_|NODE_COMPILE_CACHE|SALLYPORT_CACHE)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => names.test(name)));
}

type RunnerLife = { readonly child: ChildProcess; readonly ended: Promise<void> };

function begin(
  args: readonly string[],
  token: string,
  { env, log }: { readonly env: NodeJS.ProcessEnv; readonly log: Log },
): RunnerLife {
  const main = join(import.meta.dirname, `main.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`);
  const child = spawn(process.execPath, [main, ...args, '--json'], { env, stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
  // A runner that died before it read its token is told of by its end.
  child.stdin.on('error', () => undefined);
  child.stdin.end(token);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter((part) => part !== ''))
        log.debug('The runner says', { line: line.slice(0, 2000) });
    });
  }
  child.on('error', (error) => log.error('The runner can not be started', { reason: error.message }));
  // It comes after a failed start, too.
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  return { child, ended };
}
