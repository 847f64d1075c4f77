import { appendFileSync } from 'node:fs';
import { reasonOf } from '../../src/base/index.ts';
import { type Answer, APP, openRig, RawRunner, type Rig, takeOf, type Taken } from '../attack/server/rig.ts';
import { type Answered, judgeOf } from './api/answers.ts';
import {
  type FuzzRequest,
  type Operation,
  operationsOf,
  requestOf,
  type Sound,
  shapedOperations,
} from './api/requests.ts';
import { chooser, randomOf } from './random.ts';

const ANSWER_MS_MAX = 20_000;
const FAILURES_MAX = 30;
/** Requests between two looks at what is there: what was deleted is made again. */
const TIDY_REQUESTS = 200;
/** Haste is refused by person: there are several of each role. */
const PEOPLE_OF_ROLE = 3;
/** How often a request that came too early is sent again, and how long it waits. */
const RETRIES_MAX = 8;
const RETRY_MS = 400;
/** What no answer tells: words of the database, places on the machine, lines of the program. */
const INSIDE =
  /violates|duplicate key|syntax error at|relation "|column "|node_modules|\/src\/|\/var\/tmp|ENOENT|EACCES|\.ts:\d/;
/** Requests at once. */
const LANES = 4;

const ROLES = [
  'nobody',
  'member',
  'read',
  'write',
  'maintain',
  'admin',
  'auditor',
  'security',
  'owner',
  'job',
] as const;
type Role = (typeof ROLES)[number];

export type ServerFuzz = {
  readonly requests: number;
  /** Answers by role and status. */
  readonly statuses: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly failed: readonly string[];
  readonly violations: readonly string[];
};

/**
 * Requests made of the server's own description, by people of every role and by a job, against the real process: no answer is a failure
 * of the server, and each is as the description says. Seeded; several at once, so that the order of answers is the machine's.
 */
export async function shootServer(seed: number, requests: number): Promise<ServerFuzz> {
  const proxies = ['127.0.0.1', '::1'].flatMap((address) => ['--trust-proxy', address]);
  await using rig = await openRig(['--no-runner', '--unsafe-direct-push', ...proxies]);
  const described = await rig.ask('GET', '/api/v1/openapi.json');
  const shooter = new Shooter(rig, seed, JSON.parse(described.text));
  return await shooter.shoot(requests);
}

type Person = { readonly name: string; readonly token: string };
type Document = Parameters<typeof operationsOf>[0];
type Shot = {
  readonly operation: Operation;
  readonly request: FuzzRequest;
  readonly role: Role;
  readonly number: number;
};

class Shooter {
  readonly #rig: Rig;
  readonly #seed: number;
  readonly #random: () => number;
  readonly #document: Document;
  readonly #judge: ReturnType<typeof judgeOf>;
  readonly #people = new Map<string, Person>();
  readonly #granted = new Map<string, string>();
  #runner: RawRunner;
  #job: Taken | undefined;
  #sound: Sound = {};
  #made = 0;
  readonly #statuses = new Map<string, Map<number, number>>();
  readonly #failed: string[] = [];
  readonly #violations: string[] = [];

  constructor(rig: Rig, seed: number, document: Document) {
    this.#rig = rig;
    this.#seed = seed;
    this.#random = randomOf(seed);
    this.#document = document;
    this.#judge = judgeOf(document);
    this.#runner = rig.runner;
  }

  async shoot(requests: number): Promise<ServerFuzz> {
    const operations = [...operationsOf(this.#document), ...shapedOperations()];
    const { pick } = chooser(this.#random);
    let sent = 0;
    while (sent < requests && this.#failed.length + this.#violations.length < FAILURES_MAX) {
      await this.#tidy();
      const shots = Array.from({ length: Math.min(TIDY_REQUESTS, requests - sent) }, (_, at): Shot => {
        const operation = pick(operations);
        // Without its repository the rest of a round would be about nothing.
        const sound = isEnd(operation) ? { ...this.#sound, name: 'spare' } : this.#sound;
        const request = requestOf(operation, this.#document, { random: this.#random, sound });
        return { operation, request, role: pick(ROLES), number: sent + at };
      });
      sent += shots.length;
      const left = [...shots];
      await Promise.all(
        Array.from({ length: LANES }, async () => {
          for (let shot = left.shift(); shot !== undefined; shot = left.shift()) await this.#fire(shot);
        }),
      );
    }
    return { requests: sent, statuses: this.#statuses, failed: this.#failed, violations: this.#violations };
  }

  async #fire({ operation, request, role, number }: Shot): Promise<void> {
    const line = `seed ${this.#seed} request ${number} as ${role}: ${operation.method} ${request.path} ${request.body ?? ''}`;
    let answer: Answered;
    try {
      answer = await this.#send(operation, request, `${role}-${number % PEOPLE_OF_ROLE}`);
    } catch (thrown) {
      this.#failed.push(`${line}: no answer: ${reasonOf(thrown)}`);
      return;
    }
    const counts = this.#statuses.get(role) ?? new Map<number, number>();
    counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
    this.#statuses.set(role, counts);
    if (process.env['FUZZ_TRACE'] !== undefined)
      appendFileSync(process.env['FUZZ_TRACE'], `${answer.status} ${line}\n`);
    if (answer.status >= 500) {
      const id = /"request":"([^"]+)"/.exec(answer.text)?.[1] ?? '?';
      const said = (await this.#rig.product.log()).split('\n').find((one) => one.includes(id)) ?? '';
      this.#failed.push(`${line}: ${answer.status} ${answer.text} ${said}`);
      return;
    }
    const inside = INSIDE.exec(answer.text)?.[0];
    // Where the server keeps what is what these routes are there to tell, to those who may ask.
    const isTold = / \/api\/v1\/installation\//.test(line);
    if (inside !== undefined && !isTold)
      this.#violations.push(`${line}: ${answer.status} tells of the inside: ${inside}`);
    const problem = this.#judge(operation, answer);
    if (problem !== undefined) this.#violations.push(`${line}: ${problem}`);
    if (role === 'nobody' && answer.status < 400 && !['/api/v1/meta', '/api/v1/sign-in'].includes(operation.path)) {
      this.#violations.push(`${line}: nobody was answered ${answer.status}`);
    }
  }

  /** Haste is refused with a 429, which is no answer to what was asked: it is asked again. */
  async #send(operation: Operation, request: FuzzRequest, who: string): Promise<Answered> {
    for (let turn = 0; ; turn += 1) {
      const token = who.startsWith('job-') ? this.#job?.jobToken : this.#people.get(who)?.token;
      const response = await fetch(new URL(request.path, this.#rig.product.url), {
        method: operation.method.toUpperCase(),
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
          'x-forwarded-for': this.#address(),
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      const { status } = response;
      const type = response.headers.get('content-type') ?? '';
      if (type.startsWith('text/event-stream')) {
        await response.body?.cancel();
        return { status, type, text: '' };
      }
      const text = await response.text();
      if (status !== 429 || turn >= RETRIES_MAX) return { status, type, text };
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }

  /** Puts back what the requests before took away: the repository, people and their roles, a runner, a job that runs. */
  async #tidy(): Promise<void> {
    await this.#must('POST', '/api/v1/repositories', { owner: 'acme', name: 'app' }, [201, 409]);
    const repository = `/api/v1/repositories/${APP}`;
    if ((await this.#look(`${repository}/refs`))['items']?.length === 0) {
      const tree = await this.#rig.clone(APP, 'ada');
      await tree.write({ '.github/workflows/wide.yml': WIDE });
      await tree.must(['push', '-q', 'origin', 'HEAD:main']);
    }
    for (const role of ROLES) {
      if (role === 'nobody' || role === 'job') continue;
      for (let n = 0; n < PEOPLE_OF_ROLE; n += 1) await this.#person(role, `${role}-${n}`);
    }
    await this.#takeJob().catch((thrown: unknown) => console.log(`  no job this time: ${reasonOf(thrown)}`));
    await this.#learn(repository);
  }

  /** A name that was removed stays taken: who is gone comes back as another. */
  async #person(role: Role, slot: string): Promise<void> {
    const wanted = role === 'owner' || role === 'auditor' || role === 'security' ? role : 'member';
    const known = this.#people.get(slot);
    const self = known === undefined ? undefined : await this.#rig.ask('GET', '/api/v1/user', { token: known.token });
    if (known === undefined || self?.status !== 200) {
      this.#people.set(slot, await this.#invite(`${slot}-${this.#made}`, wanted));
    }
    const { name } = this.#people.get(slot) ?? { name: '' };
    const seen = { path: `/api/v1/repositories/${APP}`, token: this.#people.get(slot)?.token ?? '' };
    if (self?.status === 200 && (JSON.parse(self.text) as { role: string }).role !== wanted) {
      // Nobody becomes an owner by one person's word: then they wait for a second one.
      await this.#must('PATCH', `/api/v1/members/${name}`, { role: wanted }, [200, 202, 409]);
    }
    if (role !== 'read' && role !== 'write' && role !== 'maintain' && role !== 'admin') return;
    // A grant that is there is not written again: the one who tidies has haste limits as well.
    if (
      this.#granted.get(slot) === name &&
      (await this.#rig.ask('GET', seen.path, { token: seen.token })).status === 200
    )
      return;
    await this.#must('PUT', `/api/v1/repositories/${APP}/access/users/${name}`, { role }, [200, 204]);
    this.#granted.set(slot, name);
  }

  async #invite(name: string, role: string): Promise<Person> {
    const { text } = await this.#must('POST', '/api/v1/members', { name, role }, [201]);
    const { code } = JSON.parse(text) as { code: string };
    const headers = { 'x-forwarded-for': this.#address() };
    const signedIn = await this.#rig.ask('POST', '/api/v1/sign-in', { json: { code, device: 'fuzz' }, headers });
    return { name, token: (JSON.parse(signedIn.text) as { token: string }).token };
  }

  /** Each request comes from elsewhere, as people do. */
  #address(): string {
    this.#made += 1;
    return `10.${(this.#made >> 16) & 255}.${(this.#made >> 8) & 255}.${this.#made & 255}`;
  }

  async #takeJob(): Promise<void> {
    if (this.#job !== undefined) await this.#runner.finish(this.#job);
    this.#job = undefined;
    const { people, product } = this.#rig;
    try {
      await this.#runner.open();
    } catch {
      const ask: Rig['ask'] = (method, path, asked) => this.#patiently(() => this.#rig.ask(method, path, asked));
      this.#runner = await RawRunner.join(ask, product.url, people.ada, `raw-${this.#made}`);
    }
    const path = `/api/v1/repositories/${APP}/dispatches`;
    const { text } = await this.#must('POST', path, { workflow: 'wide.yml', ref: 'main' }, [201]);
    const { runIds } = JSON.parse(text) as { runIds: number[] };
    this.#job = await takeOf(this.#runner, runIds[0] ?? 0);
    await this.#runner.results(this.#job, 'PUT', '/artifacts?name=built&mimeType=text%2Fplain', {
      body: Buffer.from('x'),
    });
  }

  /** The newest of everything, for paths. */
  async #learn(repository: string): Promise<void> {
    const run = this.#job?.runId ?? 1;
    const [artifacts, teams, tokens, runners] = [
      await this.#look(`${repository}/runs/${run}/artifacts`),
      await this.#look('/api/v1/teams'),
      await this.#look('/api/v1/organisation/tokens?limit=20'),
      await this.#look('/api/v1/runners'),
    ];
    const id = (found: Found) => String(found['items']?.at(-1)?.id ?? 1);
    this.#sound = {
      owner: 'acme',
      name: 'app',
      run: String(run),
      job: String(this.#job?.jobId ?? 1),
      artifact: id(artifacts),
      team: id(teams),
      // The one of `ada`, who puts things back, is older than these.
      token: id(tokens),
      runner: id(runners),
      user: this.#people.get('member-2')?.name ?? '',
      variable: 'A',
      entry: '3',
      ref: 'main',
      sha: this.#rig.commit,
      path: '.github/workflows/wide.yml',
      workflow: 'wide.yml',
      attempt: '1',
      id: '1',
    };
  }

  async #look(path: string): Promise<Found> {
    const { status, text } = await this.#patient('GET', path);
    return status === 200 ? (JSON.parse(text) as Found) : {};
  }

  async #must(method: string, path: string, json: object | undefined, statuses: readonly number[]) {
    const answer = await this.#patient(method, path, json);
    if (!statuses.includes(answer.status)) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  #patient(method: string, path: string, json?: object) {
    const asked = { token: this.#rig.people.ada, ...(json === undefined ? {} : { json }) };
    return this.#patiently(() => this.#rig.ask(method, path, asked));
  }

  async #patiently(ask: () => Promise<Answer>): Promise<Answer> {
    for (let turn = 0; ; turn += 1) {
      const answer = await ask();
      if (answer.status !== 429 || turn > RETRIES_MAX) return answer;
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
}

const isEnd = ({ method, path }: Operation) => method === 'delete' && path.endsWith('/{name}');

type Found = { readonly items?: readonly { readonly id?: number }[] };

const WIDE = `
on: { workflow_dispatch: {} }
permissions: { contents: read, statuses: write }
jobs: { one: { runs-on: hostile, steps: [{ run: "echo one" }] } }
`;
