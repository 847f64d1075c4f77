import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { checksumOf, randomDigits } from '../../../src/base/index.ts';
import { APP, isDone, isRefusal, OTHER, type Rig, type ServerAttack, verdictOf } from './rig.ts';

type Facts = { readonly run: number; readonly job: number; readonly artifact: number };
type Description = { readonly paths: { readonly [path: string]: { readonly [method: string]: unknown } } };

/** GitHub's shape of what is attacked. */
const SHAPED = (facts: Facts, commit: string): readonly string[] => [
  '',
  '/contents/README.md',
  '/commits',
  `/commits/${commit}`,
  '/branches',
  '/tags',
  '/git/ref/heads/main',
  `/commits/${commit}/statuses`,
  '/actions/workflows',
  '/actions/runs',
  `/actions/runs/${facts.run}`,
  `/actions/runs/${facts.run}/jobs`,
  `/actions/runs/${facts.run}/logs`,
  `/actions/jobs/${facts.job}`,
  `/actions/jobs/${facts.job}/logs`,
  `/actions/runs/${facts.run}/artifacts`,
  `/actions/artifacts/${facts.artifact}`,
  `/actions/artifacts/${facts.artifact}/zip`,
];

/** A run with a log and an artifact. */
async function finished(rig: Rig): Promise<Facts> {
  const job = await rig.take();
  const line = Buffer.from('{"kind":"log","time":1,"step":"a","text":"private"}\n');
  await rig.runner.log(job, 0, line);
  const put = await rig.runner.results(job, 'PUT', '/artifacts?name=private&mimeType=application/zip', {
    body: Buffer.from('private'),
  });
  await rig.runner.finish(job, line.length);
  return { run: job.runId, job: job.jobId, artifact: (JSON.parse(put.text) as { id: number }).id };
}

/** What those routes must be asked that want to know more than a path. */
function questionOf(path: string): string {
  if (/\/(blob|raw)$/.test(path)) return '?path=README.md';
  return path.endsWith('/compare') ? '?base=main&head=main' : '';
}

const foreign: readonly ServerAttack[] = [
  {
    id: 'K10-foreign-api',
    title: 'a member asks every route of the API for objects of a repository that they may not see',
    controls: ['K10'],
    async attempt(rig) {
      const facts = await finished(rig);
      const { paths } = JSON.parse((await rig.ask('GET', '/api/v1/openapi.json')).text) as Description;
      const routes = Object.entries(paths).filter(([path]) => path.includes('/repositories/{owner}'));
      const fill = (path: string, repository: string) =>
        path
          .replace('{owner}/{name}', repository)
          .replace('{run}', String(facts.run))
          .replace('{job}', String(facts.job))
          .replace('{artifact}', String(facts.artifact))
          .replace('{user}', 'mallory')
          .replace('{team}', 'team')
          .replace('{sha}', rig.commit)
          .replace('{variable}', 'NAME');
      const open: string[] = [];
      const closed: string[] = [];
      let asked = 0;
      for (const [path, methods] of routes) {
        for (const method of Object.keys(methods).filter((name) => /^(get|put|post|patch|delete)$/.test(name))) {
          const token = rig.people.mallory;
          const json = method === 'get' ? {} : { json: {} };
          const there = await rig.ask(method.toUpperCase(), fill(path, APP), { token, ...json });
          const nowhere = await rig.ask(method.toUpperCase(), fill(path, 'acme/nowhere'), { token, ...json });
          asked += 1;
          const isSame =
            there.status === 404 && nowhere.status === 404 && titleOf(there.text) === titleOf(nowhere.text);
          if (!isSame) open.push(`${method} ${path}: ${there.status}, ${nowhere.status}`);
          // Their own repository does not lead to runs of another one either.
          if (/\{(run|job|artifact)\}/.test(path)) {
            const across = await rig.ask(method.toUpperCase(), fill(path, OTHER), { token, ...json });
            if (!isRefusal(across)) open.push(`across: ${method} ${path}: ${across.status}`);
          }
          if (method !== 'get' || path.endsWith('/events')) continue;
          const owner = await rig.ask('GET', `${fill(path, APP)}${questionOf(path)}`, { token: rig.people.ada });
          if (!isDone(owner)) closed.push(`${path}: ${owner.status}`);
        }
      }
      return {
        refused: open.length === 0 && asked > 20,
        succeeded: closed.length === 0,
        detail: [`${asked} routes`, ...open, ...closed].join('; '),
      };
    },
  },
  {
    id: 'K10-foreign-shaped',
    title: "a member asks GitHub's shape of the API and git for a repository that they may not see",
    controls: ['K10'],
    async attempt(rig) {
      const facts = await finished(rig);
      const open: string[] = [];
      const closed: string[] = [];
      const paths = [
        ...SHAPED(facts, rig.commit).map((path) => `/api/v3/repos/${APP}${path}`),
        `/${APP}.git/info/refs?service=git-upload-pack`,
        `/${APP}.git/info/refs?service=git-receive-pack`,
      ];
      for (const path of paths) {
        const stranger = await rig.ask('GET', path, { token: rig.people.mallory });
        const nobody = await rig.ask('GET', path);
        if (stranger.status !== 404) open.push(`${path}: ${stranger.status}`);
        if (nobody.status !== 401 && nobody.status !== 404) open.push(`nobody: ${path}: ${nobody.status}`);
        const owner = await rig.ask('GET', path, { token: rig.people.ada });
        if (!isDone(owner)) closed.push(`${path}: ${owner.status}`);
      }
      return {
        refused: open.length === 0,
        succeeded: closed.length === 0,
        detail: [...open, ...closed].join('; '),
      };
    },
  },
];

function titleOf(text: string): string {
  try {
    const { code, title } = JSON.parse(text) as { code?: string; title?: string };
    return `${code ?? ''} ${title ?? ''}`;
  } catch {
    return text;
  }
}

/** A request from another address of this machine: who guesses is blocked by network. */
function askFrom(rig: Rig, address: string, token: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const url = new URL('/api/v1/user', rig.product.url);
  const headers = { authorization: `Bearer ${token}`, host: url.host };
  const asked = request({ host: '127.0.0.1', port: url.port, path: url.pathname, localAddress: address, headers });
  asked.once('response', (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  asked.once('error', reject);
  asked.end();
  return promise;
}

/** Sends the head of a request and then a byte a second. How long it was let, and what was answered. */
function drip(
  rig: Rig,
  path: string,
  headers: { readonly [name: string]: string },
): Promise<readonly [number, number]> {
  const { promise, resolve } = Promise.withResolvers<readonly [number, number]>();
  const url = new URL(path, rig.product.url);
  const started = performance.now();
  const asked = request({
    host: '127.0.0.1',
    port: url.port,
    path: url.pathname + url.search,
    method: 'POST',
    headers: { host: url.host, 'content-length': '1000', ...headers },
  });
  const timer = setInterval(() => asked.write(' '), 1_000);
  const end = (status: number) => {
    clearInterval(timer);
    asked.destroy();
    resolve([status, (performance.now() - started) / 1000]);
  };
  asked.once('response', (response) => end(response.statusCode ?? 0));
  asked.once('error', () => end(0));
  void sleep(70_000, undefined, { ref: false }).then(() => end(-1));
  return promise;
}

const ESCAPES = '\u001b]0;title\u0007 \u001b[2J\u001b[1;1H \u001b]52;c;ZXZpbA==\u0007 \u202eevil \u009b31m \u001bc';

const bodies: readonly ServerAttack[] = [
  {
    id: 'K23-token-guessing',
    title: 'tokens are guessed until one fits',
    controls: ['K23'],
    async attempt(rig) {
      const right = rig.people.bob;
      const statuses: number[] = [];
      for (let at = 0; at < 30 && !statuses.includes(429); at += 1) {
        // With a true checksum: what has none is no guess, and no table is asked.
        const digits = randomDigits(30, { random: randomBytes });
        statuses.push(await askFrom(rig, '127.0.0.9', `spt_${digits}${checksumOf(digits)}`));
      }
      const late = await askFrom(rig, '127.0.0.9', right);
      const elsewhere = await askFrom(rig, '127.0.0.10', right);
      return {
        refused: statuses.includes(429) && !statuses.includes(200) && late === 429,
        succeeded: elsewhere === 200,
        detail: `${statuses.join(' ')}, the right one there ${late}, elsewhere ${elsewhere}`,
      };
    },
  },
  {
    id: 'K21-large-bodies',
    title: 'bodies beyond their bounds at the door of runners and at the API',
    controls: ['K21'],
    async attempt(rig) {
      const job = await rig.take();
      const token = rig.people.ada;
      const many = (bytes: number) => ({ pad: 'x'.repeat(bytes) });
      const path = `/api/v1/repositories/${APP}/dispatches`;
      const refused = {
        register: await rig.ask('POST', '/runner/v1/register', { json: many(300_000) }),
        poll: await rig.runner.call('POST', '/poll', { json: many(5_000_000) }),
        log: await rig.runner.log(job, 0, Buffer.alloc(5_000_000, 0x20)),
        api: await rig.ask('POST', path, { token, json: many(20_000_000) }),
        deep: await rig.ask('POST', path, {
          token,
          body: Buffer.from('['.repeat(50_000) + ']'.repeat(50_000)),
          headers: { 'content-type': 'application/json' },
        }),
        header: await rig.ask('GET', '/api/v1/meta', { headers: { 'x-long': 'x'.repeat(20_000) } }),
      };
      const succeeded = {
        log: await rig.runner.log(job, 0, Buffer.from('{}\n')),
        api: await rig.ask('GET', '/api/v1/meta'),
      };
      await rig.runner.finish(job, 3);
      return verdictOf(refused, succeeded);
    },
  },
  {
    id: 'K21-slow-bodies',
    title: 'bodies that drip, at the door of runners, the API and git',
    controls: ['K21'],
    async attempt(rig) {
      const json = { 'content-type': 'application/json' };
      const authorization = `Bearer ${rig.people.ada}`;
      const git = { 'content-type': 'application/x-git-upload-pack-request', authorization };
      const dripped = await Promise.all([
        drip(rig, '/runner/v1/register', json),
        drip(rig, `/api/v1/repositories/${APP}/dispatches`, { ...json, authorization }),
        drip(rig, `/${APP}.git/git-upload-pack`, git),
      ]);
      const quick = await rig.ask('GET', '/api/v1/meta');
      return {
        refused: dripped.every(([status, seconds]) => status !== -1 && status !== 200 && seconds < 65),
        succeeded: isDone(quick),
        detail: dripped.map(([status, seconds]) => `${status} after ${seconds.toFixed(0)} s`).join(', '),
      };
    },
  },
  {
    id: 'K21-log-injection',
    title: 'a log that steers the terminal of who reads it, and lines that are no events',
    controls: ['K21'],
    async attempt(rig) {
      const job = await rig.take();
      const line = (text: string) => `${JSON.stringify({ kind: 'log', time: 1, step: 'a', text })}\n`;
      const lies = [
        line(`before ${ESCAPES} after`),
        'no event at all \u001b[2J\n',
        '{"kind":"job-finished","time":1,"conclusion":"failure","durationMs":1}\n',
        line('::error file=a,line=1::forged\u001b]0;t\u0007'),
        line('\r\u001b[K✓ reviewed by ada'),
      ].join('');
      const bytes = Buffer.from(lies);
      const sent = await rig.runner.log(job, 0, bytes);
      await rig.runner.finish(job, bytes.length);
      const read = (verb: string) => rig.product.cli(['runs', verb, String(job.runId), '-R', APP]);
      const shown = [await read('logs'), await read('watch'), await read('view')];
      const text = shown.map(({ out, err }) => out + err).join('\n');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come.
      const steering = /\u001b(?!\[[0-9;]*m)|[\u0007\u0080-\u009f\u202a-\u202e\u2066-\u2069]|\r(?!\n)/u.exec(text);
      const view = await rig.ask('GET', `/api/v1/repositories/${APP}/runs/${job.runId}`, { token: rig.people.ada });
      const isTrue = (JSON.parse(view.text) as { conclusion?: string }).conclusion !== 'failure';
      const raw = await rig.ask('GET', `/api/v3/repos/${APP}/actions/jobs/${job.jobId}/logs`, {
        token: rig.people.ada,
      });
      return {
        refused: isDone(sent) && steering === null && isTrue && text.includes('after'),
        // Without the wall between, as a program reads it, all of it is there.
        succeeded: raw.text.includes('\u001b]0;title'),
        detail: `${JSON.stringify(steering?.[0] ?? '')} at ${JSON.stringify(text.slice(Math.max(0, (steering?.index ?? 0) - 60)).slice(0, 160))}, raw ${raw.status}`,
      };
    },
  },
];

export const attacks: readonly ServerAttack[] = [...foreign, ...bodies];
