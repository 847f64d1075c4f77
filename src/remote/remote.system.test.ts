import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { doorLease, random, type ServedDoor, serveDoor } from '../api/runner-door.fixture.ts';
import { silentLog, systemClock } from '../base/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import type { CancelSignal, JobEvent, JobOutcome } from '../protocol/index.ts';
import { openFinished, requestCancel } from '../queue/index.ts';
import { add, job } from '../queue/queue.fixture.ts';
import { openConnection } from './connection.ts';
import { joinServer, type Membership, readMembership } from './join.ts';
import { type RemoteDeps, type RemoteRunner, startRemoteRunner } from './work.ts';

let postgres: TestPostgres;
let door: ServedDoor;
let folder: string;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sp-remote-'));
  door = await serveDoor(postgres);
  closers.push(() => door[Symbol.asyncDispose]());
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

type JobBody = (say: (text: string) => void, cancel: CancelSignal) => Promise<JobOutcome['conclusion']>;

const join1 = (name: string, changes: { url?: string; ca?: string; ephemeral?: boolean } = {}, at = door) =>
  at.invite().then((token) =>
    joinServer({
      folder: join(folder, name),
      url: at.origin,
      token,
      name,
      labels: ['linux'],
      ephemeral: false,
      capability: {
        version: 1,
        platform: { os: 'linux', arch: 'x64', kernel: '6', root: true },
        walls: [],
        tools: {},
      },
      clock: systemClock,
      random,
      ...changes,
    }),
  );

function cancelSource() {
  let state: CancelSignal['state'] = 'none';
  const listeners = new Set<(state: 'cancel' | 'force') => void>();
  const signal: CancelSignal = {
    get state() {
      return state;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    signal,
    cancel(next: 'cancel' | 'force') {
      state = next;
      for (const listener of listeners) listener(next);
    },
  };
}

/** A runner of the real protocol; what a job does is a function of the test. `url` may lead over a wire of the test. */
function work(
  membership: Membership,
  body: JobBody,
  { url = door.origin, ...changes }: { url?: string } & Partial<RemoteDeps> = {},
) {
  // What it signs is the address of the server, whatever the wire to it is.
  const connection = openConnection({
    url,
    origin: membership.url,
    runner: { id: membership.runnerId, key: membership.key },
    clock: systemClock,
    random,
    ...(membership.ca === undefined ? {} : { ca: membership.ca }),
  });
  const runner: RemoteRunner = startRemoteRunner({
    connection,
    async runJob({ lease }, onEvent, cancel) {
      const say = (text: string) => onEvent({ kind: 'log', time: 1, step: 's', text } satisfies JobEvent);
      const conclusion = await body(say, cancel);
      return { conclusion, outputs: {}, influencedOutputs: [], level: lease.level, taints: [] };
    },
    createCancel: cancelSource,
    walls: async () => [],
    jobsMax: 1,
    ephemeral: membership.ephemeral,
    spoolDir: join(folder),
    clock: systemClock,
    log: silentLog,
    ...changes,
  });
  closers.push(async () => {
    await runner.stop();
    connection.close();
  });
  return runner;
}

async function ended(jobId: number) {
  for (let tries = 0; tries < 400; tries += 1) {
    const found = (await openFinished(door.db, { limit: 100 })).find((each) => each.jobId === jobId);
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error(`job ${jobId} did not end`);
}

const enqueue = (jobId: number) => add(door.db, job(jobId, { lease: doorLease(jobId) }));
async function logOf(jobId: number): Promise<string> {
  const parts: Buffer[] = [];
  for (let from = 0; from < (await door.logs.size(jobId)); ) {
    const part = await door.logs.read(jobId, { from, bytesMax: 100_000 });
    parts.push(part);
    from += part.length;
  }
  return Buffer.concat(parts).toString();
}
const linesOf = async (jobId: number) =>
  (await logOf(jobId))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).text);

/** A wire to the door that the test cuts and mends. */
async function wire(): Promise<{ readonly url: string; cut(): void; mend(): void; hold(isHeld: boolean): void }> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let isHeld = false;
  const held: (() => void)[] = [];
  const server: Server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(door.port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    near.on('data', (bytes) => far.write(bytes)).on('close', () => far.destroy());
    far.on('data', (bytes) => {
      if (isHeld) held.push(() => near.write(bytes));
      else near.write(bytes);
    });
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      isCut = false;
    },
    hold(next) {
      isHeld = next;
      if (!next) for (const release of held.splice(0)) release();
    },
  };
}

describe('a remote runner', () => {
  test('keeps its key to itself, and is known by it', async () => {
    const made = await join1('one');
    const place = join(folder, 'one');

    expect((await stat(place)).mode & 0o777).toBe(0o700);
    expect((await stat(join(place, 'runner.key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(place, 'runner.json'), 'utf8')).not.toContain('PRIVATE');
    expect(await readMembership(place)).toMatchObject({ runnerId: made.runnerId, url: door.origin });
  });

  test('runs what waits, sends every line and the outcome, and drains', async () => {
    const runner = work(await join1('one'), async (say) => {
      for (let line = 0; line < 5000; line += 1) say(`line ${line}`);
      return 'success';
    });
    await enqueue(1);
    await enqueue(2);

    expect((await ended(1)).outcome.conclusion).toBe('success');
    await ended(2);
    await runner.drain();
    expect(await runner.done).toBe('drained');
    expect(await linesOf(1)).toEqual(Array.from({ length: 5000 }, (_none, line) => `line ${line}`));
    expect((await readdir(folder)).filter((name) => name.endsWith('.ndjson'))).toEqual([]);
  });

  test('hears of a cancellation at once, and ends after its job when it is drained', async () => {
    const started = Promise.withResolvers<void>();
    const runner = work(await join1('one'), (_say, cancel) => {
      started.resolve();
      return new Promise((resolve) => cancel.onChange(() => resolve('cancelled')));
    });
    await enqueue(1);
    await started.promise;
    const draining = runner.drain();
    const before = performance.now();
    await door.db.transaction((tx) => requestCancel(tx, [{ jobId: 1, force: false, reason: 'asked' }]));

    expect((await ended(1)).outcome.conclusion).toBe('cancelled');
    expect(performance.now() - before).toBeLessThan(5000);
    await draining;
  });

  test('loses no line and doubles none while the network is cut again and again', async () => {
    const between = await wire();
    work(
      await join1('one'),
      async (say) => {
        for (let line = 0; line < 60; line += 1) {
          say(`line ${line}`);
          if (line % 20 === 5) between.cut();
          if (line % 20 === 15) between.mend();
          await sleep(30);
        }
        return 'success';
      },
      { url: between.url },
    );
    await enqueue(1);

    expect((await ended(1)).outcome.conclusion).toBe('success');
    expect(await linesOf(1)).toEqual(Array.from({ length: 60 }, (_none, line) => `line ${line}`));
    expect(await door.denied()).toEqual([]);
  });

  test('does not start a job whose lease ended while the answer was on its way', async () => {
    const between = await wire();
    const ran: string[] = [];
    const runner = (name: string, url: string) =>
      join1(name).then((membership) =>
        work(
          membership,
          async () => {
            ran.push(name);
            return 'success';
          },
          { url },
        ),
      );
    await runner('slow', between.url);
    // It asks, and waits.
    await sleep(1000);
    between.hold(true);
    await enqueue(1);
    await sleep(500);
    await door.endLease(1);
    await runner('quick', door.origin);
    await ended(1);
    between.hold(false);
    await sleep(1000);
    // The control: an answer that comes in time starts the job there.
    await enqueue(2);
    await enqueue(3);
    await ended(2);
    await ended(3);

    expect(ran[0]).toBe('quick');
    expect(ran).toHaveLength(3);
  });

  test('that is ephemeral ends after one job', async () => {
    const runner = work(await join1('one', { ephemeral: true }), async () => 'success');
    await enqueue(1);
    await enqueue(2);

    expect(await runner.done).toBe('drained');
    await ended(1);
    expect(await openFinished(door.db, { limit: 9 })).toHaveLength(1);
  });
});

describe('the wire', () => {
  test('is TLS with the certificate that was pinned, and with no other', async () => {
    const cert = join(folder, 'cert.pem');
    const key = join(folder, 'key.pem');
    const subject = ['-subj', '/CN=server', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
    const ca = await readFile(cert, 'utf8');
    const safe = await serveDoor(postgres, {}, { cert: ca, key: await readFile(key, 'utf8') });
    closers.push(() => safe[Symbol.asyncDispose]());

    await expect(join1('stranger', {}, safe)).rejects.toMatchObject({ code: 'remote/unreachable' });
    const member = await join1('one', { ca }, safe);
    expect(member.url).toMatch(/^https:/);
    const connection = openConnection({
      url: member.url,
      ca,
      runner: { id: member.runnerId, key: member.key },
      clock: systemClock,
      random,
    });
    closers.push(() => connection.close());
    const asked = connection.ask('POST', '/poll', { json: { version: 1, waitMs: 0, walls: [] } });
    expect((await asked).status).toBe(204);
  });

  test.each(['http://server.example', 'http://192.0.2.1:80', 'ftp://127.0.0.1', 'http://127.0.0.1.example.org'])(
    'is not %s',
    async (url) => {
      expect(() => openConnection({ url, clock: systemClock, random })).toThrow(
        expect.objectContaining({ code: 'remote/insecure' }),
      );
      // The control: plain HTTP to this machine.
      openConnection({ url: 'http://127.0.0.1:1', clock: systemClock, random }).close();
    },
  );
});
