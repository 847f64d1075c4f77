import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../base/index.ts';
import { listen, type Notification } from './listen.ts';
import { openTestPostgres, type TestPostgres } from './postgres.fixture.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await openTestPostgres();
});
afterAll(() => server.close());

test('tells what is notified, and after a lost connection that something may be missed', async () => {
  const db = await server.database({});
  const heard: Notification[] = [];
  const listener = listen(db, ['one', 'Two'], (told) => heard.push(told), silentLog);
  const until = async (count: number) => {
    for (let tries = 0; heard.length < count && tries < 200; tries += 1) await sleep(25);
  };
  await until(1);

  await sql`select pg_notify('one', 'a'), pg_notify('Two', 'b'), pg_notify('three', 'c')`.execute(db.as());
  await until(3);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%'`.execute(db.as());
  await until(4);
  await sql`select pg_notify('one', 'd')`.execute(db.as());
  await until(5);
  await listener.close();

  expect(heard).toEqual([
    { kind: 'maybe-missed' },
    { kind: 'told', channel: 'one', payload: 'a' },
    { kind: 'told', channel: 'Two', payload: 'b' },
    { kind: 'maybe-missed' },
    { kind: 'told', channel: 'one', payload: 'd' },
  ]);
});
