import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcp, type Server as NetServer, type Socket } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog } from '../base/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { repoMigrations } from '../repo/index.ts';
import { IDENTITY_MIGRATIONS, type People, peopleIn, type Person } from '../identity/identity.fixture.ts';
import {
  confirmAddress,
  contactOf,
  createDialer,
  createHook,
  createMailer,
  emit,
  forgetDeliveries,
  type HookDeps,
  listDeliveries,
  listHooks,
  notifyMigrations,
  pingHook,
  removeHook,
  renewSecret,
  replayDelivery,
  sealerOf,
  setContact,
  setWatching,
  startDeliveries,
  type DeliveryOptions,
  type RunFacts,
} from './index.ts';
import type { NotifyTables } from './tables.ts';

const REPOSITORY = { id: 7, owner: 'acme', name: 'web', defaultBranch: 'main' };
const WAIT_MS = 8000;
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());

type Received = { readonly headers: IncomingMessage['headers']; readonly body: string; readonly path: string };

/** A receiver on loopback, by the name `receiver.test`. */
async function openReceiver(answer: (count: number) => { readonly status: number; readonly location?: string }) {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(parts).toString('utf8'), path: request.url ?? '' });
      const { status, location } = answer(received.length);
      response.writeHead(status, location === undefined ? {} : { location }).end('thanks');
    });
  });
  const port = await listening(server);
  return {
    received,
    port,
    url: `http://receiver.test:${port}/hook`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function listening(server: NetServer): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The outbox on a database of its own, with people and a clock that the test moves. */
async function openOutbox(changes: Partial<DeliveryOptions> = {}) {
  const db = await postgres.database({ ...IDENTITY_MIGRATIONS, ...repoMigrations, ...notifyMigrations });
  const people = peopleIn(db);
  const owner = await people.owner();
  const deps: HookDeps = {
    db,
    now: () => people.now(),
    random: (bytes) => randomBytes(bytes),
    sealer: sealerOf(Buffer.alloc(32, 7), (bytes) => randomBytes(bytes)),
    dialer: createDialer({ lookup: () => Promise.resolve(['127.0.0.1']), insideHosts: ['receiver.test'] }),
  };
  const options: DeliveryOptions = {
    ...deps,
    mailer: undefined,
    mayRead: () => Promise.resolve(true),
    version: '0.0.0',
    log: silentLog,
    lookMs: 20,
    ...changes,
  };
  return {
    db,
    people,
    owner,
    deps,
    options,
    rows: () => db.as<NotifyTables>().selectFrom('notify_delivery').selectAll().orderBy('id').execute(),
    emit: (run: Partial<RunFacts> = {}) =>
      db.transaction((tx) =>
        emit({ ...deps, origin: 'https://ci.example.org' }, tx, {
          type: 'run.completed',
          repository: REPOSITORY,
          run: { ...RUN, ...run },
        }),
      ),
  };
}

const RUN: RunFacts = {
  id: 5,
  number: 3,
  attempt: 1,
  workflow: { path: '.github/workflows/ci.yml', name: 'CI' },
  name: 'CI',
  event: 'push',
  ref: 'refs/heads/main',
  commit: 'a'.repeat(40),
  level: 'branch',
  conclusion: 'failure',
  actor: { type: 'user', id: '1', name: 'root' },
  finishedAt: '2026-01-01T00:00:00.000Z',
};

async function until<Value>(
  look: () => Promise<Value | false | undefined> | Value | false | undefined,
): Promise<Value> {
  const end = performance.now() + WAIT_MS;
  while (performance.now() < end) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    await new Promise((done) => setTimeout(done, 15));
  }
  throw new Error('it did not happen');
}

const HOOK = { kind: 'webhook', events: ['run.completed'] } as const;

describe('a webhook', () => {
  test('is told once of what happened, signed as Standard Webhooks and as GitHub say', async () => {
    await using receiver = await openReceiver(() => ({ status: 204 }));
    const outbox = await openOutbox();
    const { secret } = await createHook(outbox.deps, outbox.owner.principal, 7, { ...HOOK, url: receiver.url });
    await outbox.emit();
    await outbox.emit();
    const stop = startDeliveries(outbox.options);

    await until(async () => (await outbox.rows()).every(({ state }) => state === 'sent'));
    await stop();

    expect(receiver.received).toHaveLength(1);
    const [{ headers, body }] = receiver.received as [Received];
    const key = Buffer.from(secret!.expose().slice('whsec_'.length), 'base64');
    const text = `${headers['webhook-id'] as string}.${headers['webhook-timestamp'] as string}.${body}`;
    const wanted = `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
    expect(timingSafeEqual(Buffer.from(wanted), Buffer.from(headers['webhook-signature'] as string))).toBe(true);
    expect(headers['x-hub-signature-256']).toBe(
      `sha256=${createHmac('sha256', secret!.expose()).update(body).digest('hex')}`,
    );
    expect(JSON.parse(body)).toMatchObject({
      type: 'run.completed',
      data: { repository: { owner: 'acme' }, run: { id: 5, conclusion: 'failure' } },
    });
  });

  test('is tried again after a failure, with the same id, and after a server that was killed in the middle', async () => {
    await using receiver = await openReceiver((count) => ({ status: count === 1 ? 500 : 200 }));
    const outbox = await openOutbox();
    await createHook(outbox.deps, outbox.owner.principal, 7, { ...HOOK, url: receiver.url });
    await outbox.emit();
    let stop = startDeliveries(outbox.options);
    await until(async () => (await outbox.rows())[0]?.last_status === 500);
    await stop();
    // Somebody claimed it and was killed.
    await outbox.db
      .as<NotifyTables>()
      .updateTable('notify_delivery')
      .set({ claimed_until: new Date(outbox.people.now() + 30_000) })
      .execute();
    outbox.people.time += 20_000;
    stop = startDeliveries(outbox.options);
    await new Promise((done) => setTimeout(done, 200));
    expect(receiver.received).toHaveLength(1);
    outbox.people.time += 20_000;

    await until(async () => (await outbox.rows())[0]?.state === 'sent');
    await stop();

    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([
      receiver.received[0]?.headers['webhook-id'],
      receiver.received[0]?.headers['webhook-id'],
    ]);
    expect((await outbox.rows())[0]).toMatchObject({ attempts: 2, last_status: 200 });
  });

  test('that is given up is turned off after ten messages, with an entry, and can be replayed', async () => {
    await using receiver = await openReceiver(() => ({ status: 500 }));
    const outbox = await openOutbox();
    const { hook } = await createHook(outbox.deps, outbox.owner.principal, 7, { ...HOOK, url: receiver.url });
    for (let id = 1; id <= 10; id += 1) await outbox.emit({ id });
    await outbox.db.as<NotifyTables>().updateTable('notify_delivery').set({ attempts: 8 }).execute();
    const stop = startDeliveries(outbox.options);

    await until(async () => (await outbox.rows()).every(({ state }) => state === 'failed'));
    const [paused] = await listHooks(outbox.db, 7);
    const [last] = await listDeliveries(outbox.db, { repositoryId: 7, hookId: hook.id, limit: 1 });
    await replayDelivery(outbox.deps, outbox.owner.principal, { repositoryId: 7, hookId: hook.id, id: last!.id });
    await until(async () => (await outbox.rows()).every(({ state }) => state === 'failed'));
    await stop();

    expect(paused).toMatchObject({ isActive: false, pausedReason: 'the last 10 messages failed' });
    expect((await outbox.rows()).at(-1)).toMatchObject({
      message_id: last!.messageId,
      last_error: 'the receiver is off',
    });
    const actions = (await outbox.people.entries()).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['webhook.create', 'webhook.pause', 'webhook.replay']));
  });

  test('that answers 410 is turned off at once', async () => {
    await using receiver = await openReceiver(() => ({ status: 410 }));
    const outbox = await openOutbox();
    const { hook } = await createHook(outbox.deps, outbox.owner.principal, 7, { ...HOOK, url: receiver.url });
    await pingHook(outbox.deps, outbox.owner.principal, { repositoryId: 7, id: hook.id });
    const stop = startDeliveries(outbox.options);

    await until(async () => (await listHooks(outbox.db, 7))[0]?.isActive === false);
    await stop();

    expect(receiver.received).toHaveLength(1);
  });

  test('has its address and its secret nowhere in the tables, and another secret when that is renewed', async () => {
    await using receiver = await openReceiver(() => ({ status: 200 }));
    const outbox = await openOutbox();
    const made = await createHook(outbox.deps, outbox.owner.principal, 7, {
      kind: 'chat',
      events: ['run.completed'],
      url: `${receiver.url}/T0K3N`,
    });
    const signed = await createHook(outbox.deps, outbox.owner.principal, 7, { ...HOOK, url: receiver.url });
    const renewed = await renewSecret(outbox.deps, outbox.owner.principal, { repositoryId: 7, id: signed.hook.id });
    await outbox.emit({ ref: 'refs/heads/<!channel> *x*' });
    const stop = startDeliveries(outbox.options);
    await until(() => receiver.received.length === 2);
    await stop();

    const rows = JSON.stringify(await outbox.db.as<NotifyTables>().selectFrom('notify_hook').selectAll().execute());
    expect(rows).not.toContain('T0K3N');
    expect(rows).not.toContain('whsec_');
    expect(made.hook.url).toBe(`http://receiver.test:${receiver.port}/…`);
    expect(renewed.expose()).not.toBe(signed.secret!.expose());
    const chat = receiver.received.find(({ path }) => path.endsWith('T0K3N'))!;
    expect(JSON.parse(chat.body).text).toContain('&lt;!channel&gt;');
    expect(JSON.parse(chat.body).text).not.toContain('<!channel>');
  });

  test('takes what waits with it when it is removed; what is old is forgotten', async () => {
    const outbox = await openOutbox();
    const url = 'http://receiver.test:65000/';
    const { hook } = await createHook(outbox.deps, outbox.owner.principal, 7, { ...HOOK, url });
    await outbox.emit();
    await removeHook(outbox.deps, outbox.owner.principal, { repositoryId: 7, id: hook.id });
    expect(await outbox.rows()).toEqual([]);
    outbox.people.time += 15 * 86_400_000;

    await forgetDeliveries(outbox.deps, 10);

    expect(await outbox.db.as<NotifyTables>().selectFrom('notify_event').selectAll().execute()).toEqual([]);
  });

  test('goes with its repository, once that is gone for good', async () => {
    const outbox = await openOutbox();
    const { rows } = await sql<{ id: string }>`
      insert into repo_repository (owner, name, default_branch, state) values ('acme', 'web', 'main', 'active')
      returning id`.execute(outbox.db.as());
    const id = Number(rows[0]?.id);
    const url = 'http://receiver.test:65000/';
    await createHook(outbox.deps, outbox.owner.principal, id, { ...HOOK, url });
    await forgetDeliveries(outbox.deps, 10);
    expect(await listHooks(outbox.db, id)).toHaveLength(1);
    await sql`update repo_repository set purged_at = now(), deleted_at = now(), deleted_state = 'active', state = 'deleted'`.execute(
      outbox.db.as(),
    );

    await forgetDeliveries(outbox.deps, 10);

    expect(await listHooks(outbox.db, id)).toEqual([]);
  });

  test('of another repository is not there', async () => {
    const outbox = await openOutbox();
    const url = 'http://receiver.test:65000/';
    const { hook } = await createHook(outbox.deps, outbox.owner.principal, 7, { ...HOOK, url });

    const asked = removeHook(outbox.deps, outbox.owner.principal, { repositoryId: 8, id: hook.id });

    await expect(asked).rejects.toMatchObject({ code: 'notify/not-found' });
  });
});

/** A mail server, as far as a client needs one. */
async function openSmtp() {
  const mails: { readonly envelope: readonly string[]; readonly data: string }[] = [];
  const server = createTcp((socket: Socket) => {
    let envelope: string[] = [];
    let data: string | undefined;
    let rest = '';
    socket.write('220 test\r\n');
    socket.on('error', () => undefined);
    socket.on('data', (part) => {
      rest += part.toString('utf8');
      for (let end = rest.indexOf('\r\n'); end !== -1; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (data !== undefined) {
          if (line === '.') {
            mails.push({ envelope, data });
            data = undefined;
            socket.write('250 ok\r\n');
          } else data += `${line}\n`;
        } else if (/^DATA/i.test(line)) {
          data = '';
          socket.write('354 go\r\n');
        } else if (/^(MAIL|RCPT)/i.test(line)) {
          envelope = [...envelope, line];
          socket.write('250 ok\r\n');
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
        else socket.write('250 ok\r\n');
      }
    });
  });
  const port = await listening(server);
  return { mails, port, [Symbol.asyncDispose]: () => new Promise<void>((done) => server.close(() => done())) };
}

async function openMail(changes: Partial<DeliveryOptions> = {}) {
  const smtp = await openSmtp();
  const settings = { host: '127.0.0.1', port: smtp.port, security: 'plain', from: 'ci@example.org' } as const;
  const mailer = await createMailer(settings);
  const outbox = await openOutbox({ mailer, ...changes });
  return { smtp, mailer, ...outbox };
}

async function confirm(
  { people, db, smtp, options }: Awaited<ReturnType<typeof openMail>>,
  person: Person,
  address: string,
): Promise<void> {
  const deps: People = people;
  await setContact(deps, person.principal, { userId: person.id, address });
  const stop = startDeliveries(options);
  const mail = await until(async () => {
    const isQuiet = (await db.as<NotifyTables>().selectFrom('notify_delivery').selectAll().execute()).every(
      ({ state }) => state !== 'waiting',
    );
    return isQuiet && smtp.mails.findLast(({ envelope }) => envelope.join().includes(address));
  });
  await stop();
  const code = /code is ([0-9A-F]{10})/.exec(mail.data)?.[1] ?? '';
  await confirmAddress({ ...deps, db }, person.principal, { userId: person.id, code });
}

describe('mail', () => {
  test('goes to an address only once its code came back, and its code is nowhere afterwards', async () => {
    const mail = await openMail();
    await using _smtp = mail.smtp;
    const { owner, people, db } = mail;
    await setContact(people, owner.principal, { userId: owner.id, address: 'root@example.org' });
    await mail.emit();

    expect((await mail.rows()).map(({ event }) => event)).toEqual(['confirm']);
    const stop = startDeliveries(mail.options);
    await until(() => mail.smtp.mails.length === 1);
    await stop();
    const wrong = confirmAddress(people, owner.principal, { userId: owner.id, code: '0000000000' });
    await expect(wrong).rejects.toMatchObject({ code: 'notify/code-invalid' });
    const soon = setContact(people, owner.principal, { userId: owner.id, address: 'other@example.org' });
    await expect(soon).rejects.toMatchObject({ code: 'notify/too-soon' });
    people.time += 61_000;
    await confirm(mail, owner, 'root@example.org');

    expect(await contactOf(db, owner.id)).toMatchObject({ address: 'root@example.org' });
    expect((await mail.rows()).filter(({ event, state }) => event === 'confirm' && state === 'sent')).toSatisfy(
      (rows: { payload: string }[]) => rows.every(({ payload }) => payload === '{}'),
    );
  });

  test('tells who caused it of a run that broke, watchers of the default branch, and nobody twice', async () => {
    const mail = await openMail();
    await using _smtp = mail.smtp;
    const { owner, people, smtp } = mail;
    const watcher = await people.person('watcher', 'member');
    await confirm(mail, owner, 'root@example.org');
    await confirm(mail, watcher, 'watcher@example.org');
    await setWatching(people, watcher.principal, { userId: watcher.id, repositoryId: 7, isWatched: true });
    smtp.mails.length = 0;
    const stop = startDeliveries(mail.options);

    await mail.emit({ id: 1, actor: { type: 'user', id: String(owner.id), name: 'root' } });
    await mail.emit({ id: 2, previous: 'failure' });
    await mail.emit({ id: 3, conclusion: 'cancelled' });
    await mail.emit({
      id: 4,
      conclusion: 'success',
      previous: 'failure',
      actor: { type: 'user', id: '99', name: 'x' },
    });
    await mail.emit({ id: 5, ref: 'refs/heads/other', actor: { type: 'user', id: '99', name: 'x' } });
    await until(async () => (await mail.rows()).every(({ state }) => state !== 'waiting'));
    await stop();

    expect(
      smtp.mails.map(({ envelope, data }) => [envelope[1], /^Subject: (.*)$/m.exec(data)?.[1]].join(' ')).toSorted(),
    ).toEqual([
      'RCPT TO:<root@example.org> [acme/web] CI failed on main',
      'RCPT TO:<watcher@example.org> [acme/web] CI failed on main',
      'RCPT TO:<watcher@example.org> [acme/web] CI succeeds again on main',
    ]);
  });

  test('is not sent to a person who may not read the repository any more', async () => {
    const mail = await openMail({ mayRead: () => Promise.resolve(false) });
    await using _smtp = mail.smtp;
    await confirm(mail, mail.owner, 'root@example.org');
    mail.smtp.mails.length = 0;
    await mail.emit({ actor: { type: 'user', id: String(mail.owner.id), name: 'root' } });
    const stop = startDeliveries(mail.options);

    await until(async () => (await mail.rows()).every(({ state }) => state !== 'waiting'));
    await stop();

    expect(mail.smtp.mails).toEqual([]);
    expect((await mail.rows()).at(-1)).toMatchObject({ state: 'failed' });
  });

  test.each([
    'a@b\r\nBcc: x@y',
    'a@b, c@d',
    'Ada <a@b>',
    'a b@c',
    '@b',
    'a@',
    '<a@b>',
    '"a"@b',
    `${'a'.repeat(260)}@b`,
  ])('has no address like %j', async (address) => {
    const outbox = await openOutbox();

    const asked = setContact(outbox.people, outbox.owner.principal, { userId: outbox.owner.id, address });

    await expect(asked).rejects.toMatchObject({ code: 'notify/address-invalid' });
  });
});
