import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { hostname } from 'node:os';
import type { ClientTools } from '../cli/index.ts';
import type { Machine } from './commands.ts';
import { gitEnvironment, networkEnvironment } from './environment.ts';
import { fault } from './faults.ts';
import { findProgram } from './programs.ts';

const ID_BYTES = 18;
const REMOTES_BYTES_MAX = 256 * 1024;

/** What the client commands need of this process. */
export function clientTools(machine: Machine): ClientTools {
  return {
    hostname: hostname(),
    newId: () => randomBytes(ID_BYTES).toString('base64url'),
    fetch: (url, init) => fetch(url, { ...init, redirect: 'error' }),
    async remotes(directory) {
      const text = await output(machine, ['-C', directory, 'config', '--get-regexp', '^remote\\..*\\.url$']);
      const found = text.split('\n').flatMap((line) => {
        const [, name, url] = /^remote\.(.+)\.url (.+)$/.exec(line) ?? [];
        return name === undefined || url === undefined ? [] : [{ name, url }];
      });
      return found.toSorted((a, b) => Number(b.name === 'origin') - Number(a.name === 'origin')).map(({ url }) => url);
    },
    git: (args, { cwd, sign }) => runGit(machine, args, cwd, sign),
    async readInput(bytesMax) {
      const parts: Buffer[] = [];
      let bytes = 0;
      for await (const part of process.stdin) {
        const chunk = Buffer.from(part);
        bytes += chunk.length;
        if (bytes > bytesMax) throw fault('input-too-large', `standard input has more than ${bytesMax} bytes`);
        parts.push(chunk);
      }
      return Buffer.concat(parts).toString('utf8');
    },
  };
}

/** What git prints; nothing when it fails: there is no repository, or no remote. */
async function output({ env }: Machine, args: readonly string[]): Promise<string> {
  const child = spawn(findProgram(env, 'git'), args, {
    env: { ...gitEnvironment(env), LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    if (text.length < REMOTES_BYTES_MAX) text += bytes.toString('utf8');
  });
  await once(child, 'close');
  return child.exitCode === 0 ? text : '';
}

/** The token is a header of requests to this origin only, told by the environment: other users of the machine read command lines. */
async function runGit(
  { env }: Machine,
  args: readonly string[],
  cwd: string,
  { origin, token }: { readonly origin: string; readonly token: string },
): Promise<number> {
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  const settings: readonly (readonly [string, string])[] = [
    [`http.${origin}/.extraHeader`, `Authorization: Basic ${basic}`],
    ['credential.helper', ''],
    ['http.followRedirects', 'false'],
  ];
  const child = spawn(findProgram(env, 'git'), args, {
    cwd,
    env: {
      ...gitEnvironment(env),
      ...networkEnvironment(env),
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_COUNT: String(settings.length),
      ...Object.fromEntries(
        settings.flatMap(([key, value], at) => [
          [`GIT_CONFIG_KEY_${at}`, key],
          [`GIT_CONFIG_VALUE_${at}`, value],
        ]),
      ),
    },
    stdio: ['ignore', 2, 2],
  });
  await once(child, 'close');
  return child.exitCode ?? 1;
}
