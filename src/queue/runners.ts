import { sql } from 'kysely';
import { append, type AppendDeps } from '../auditlog/index.ts';
import type { Database } from '../database/index.ts';
import { actorOf, hashOfToken, makeToken, type Principal, tokenKindOf } from '../identity/index.ts';
import type { CapabilityRecord } from '../protocol/index.ts';
import { fault } from './faults.ts';
import { QUEUE_CHANNEL, type QueueTables } from './tables.ts';

const REGISTRATION_MS = 3_600_000;
/** Last sight is kept to this: each poll would write otherwise. */
const SIGHT_MS = 10_000;

export type RunnerRow = {
  readonly id: number;
  readonly name: string;
  readonly labels: readonly string[];
  readonly walls: readonly string[];
  /** Raw Ed25519. */
  readonly publicKey: Buffer;
  readonly ephemeral: boolean;
  readonly state: 'active' | 'draining' | 'removed';
  readonly jobs: readonly number[];
  readonly lastSeenAt: Date | undefined;
  readonly capability: CapabilityRecord;
};

export type NewRunner = {
  readonly registrationToken: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly publicKey: Buffer;
  readonly capability: CapabilityRecord;
  readonly ephemeral: boolean;
};

export type RunnerToken = { readonly token: string; readonly expiresAt: Date };

export type RunnerDeps = AppendDeps & { readonly db: Database };

/** A token that registers one runner, within the hour. What a runner says beyond `labels` of itself counts only when these are none. */
export async function makeRunnerToken(
  deps: RunnerDeps,
  principal: Principal,
  wanted: { readonly labels: readonly string[]; readonly ephemeral: boolean },
): Promise<RunnerToken> {
  const token = makeToken('runner', deps).expose();
  const expiresAt = new Date(deps.now() + REGISTRATION_MS);
  await deps.db.transaction(async (tx) => {
    await tx
      .as<QueueTables>()
      .insertInto('queue_registration')
      .values({
        hash: hashOfToken(token),
        labels: wanted.labels.map((label) => label.toLowerCase()),
        ephemeral: wanted.ephemeral,
        expires_at: expiresAt,
        used_at: null,
      })
      .execute();
    await append(
      tx,
      { actor: actorOf(principal), action: 'runner.invite', resource: { type: 'runner', id: 'new' }, outcome: 'allow' },
      deps,
    );
  });
  return { token, expiresAt };
}

/** Registers a runner with a token that works once. Throws `queue/runner-token`, `queue/runner-name`. */
export async function registerRunner(deps: RunnerDeps, wanted: NewRunner): Promise<number> {
  if (tokenKindOf(wanted.registrationToken) !== 'runner') throw fault('runner-token', 'this is no registration token');
  const walls = wanted.capability.walls.filter(({ state }) => state === 'hard').map(({ name }) => name);
  return deps.db.transaction(async (tx) => {
    const tables = tx.as<QueueTables>();
    const registration = await tables
      .updateTable('queue_registration')
      .set({ used_at: new Date(deps.now()) })
      .where('hash', '=', hashOfToken(wanted.registrationToken))
      .where('used_at', 'is', null)
      .where('expires_at', '>', new Date(deps.now()))
      .returningAll()
      .executeTakeFirst();
    if (registration === undefined) throw fault('runner-token', 'the token is used, expired or was never given');
    const taken = await tables
      .selectFrom('queue_runner')
      .select('id')
      .where(sql<boolean>`lower(name) = lower(${wanted.name}) and state <> 'removed'`)
      .executeTakeFirst();
    if (taken !== undefined) throw fault('runner-name', `a runner is named ${wanted.name}`);
    const labels = registration.labels.length > 0 ? registration.labels : wanted.labels;
    const { id } = await tables
      .insertInto('queue_runner')
      .values({
        name: wanted.name,
        labels: [...new Set(labels.map((label) => label.toLowerCase()))],
        walls,
        public_key: wanted.publicKey,
        ephemeral: wanted.ephemeral || registration.ephemeral,
        capability: JSON.stringify(wanted.capability),
        state: 'active',
        last_seen_at: new Date(deps.now()),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await append(
      tx,
      {
        actor: { type: 'runner', id },
        action: 'runner.register',
        resource: { type: 'runner', id },
        outcome: 'allow',
        detail: { name: wanted.name, labels: [...labels], walls, ephemeral: wanted.ephemeral },
      },
      deps,
    );
    return Number(id);
  });
}

export async function listRunners(db: Database): Promise<readonly RunnerRow[]> {
  const { rows } = await sql<{
    id: string;
    name: string;
    labels: string[];
    walls: string[];
    public_key: Buffer;
    ephemeral: boolean;
    state: RunnerRow['state'];
    jobs: string[];
    last_seen_at: Date | null;
    capability: CapabilityRecord;
  }>`select queue_runner.*, array(select job_id from queue_job where runner_id = queue_runner.id and queue_job.state = 'leased') as jobs
     from queue_runner where state <> 'removed' order by id`.execute(db.as());
  return rows.map((row) => ({
    id: Number(row.id),
    name: row.name,
    labels: row.labels,
    walls: row.walls,
    publicKey: row.public_key,
    ephemeral: row.ephemeral,
    state: row.state,
    jobs: row.jobs.map(Number),
    capability: row.capability,
    lastSeenAt: row.last_seen_at ?? undefined,
  }));
}

/** One that may still ask for work or finish what it holds. */
export async function runnerById(
  db: Database,
  id: number,
): Promise<Omit<RunnerRow, 'jobs' | 'capability'> | undefined> {
  const row = await db
    .as<QueueTables>()
    .selectFrom('queue_runner')
    .selectAll()
    .where('id', '=', String(id))
    .where('state', '<>', 'removed')
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id,
    name: row.name,
    labels: row.labels,
    walls: row.walls,
    publicKey: row.public_key,
    ephemeral: row.ephemeral,
    state: row.state,
    lastSeenAt: row.last_seen_at ?? undefined,
  };
}

/** Notes that it is there; how well its walls stand may have changed since. */
export async function touchRunner(deps: RunnerDeps, id: number): Promise<void> {
  const now = deps.now();
  await deps.db
    .as<QueueTables>()
    .updateTable('queue_runner')
    .set({ last_seen_at: new Date(now) })
    .where('id', '=', String(id))
    .where((all) => all.or([all('last_seen_at', 'is', null), all('last_seen_at', '<', new Date(now - SIGHT_MS))]))
    .execute();
}

/** It finishes what it holds and gets nothing more. False: there is none. */
export function drainRunner(deps: RunnerDeps, principal: Principal, id: number): Promise<boolean> {
  return change(deps, principal, id, 'draining');
}

/** Its leases end now: what it still tells is refused. False: there is none. */
export function removeRunner(deps: RunnerDeps, principal: Principal, id: number): Promise<boolean> {
  return change(deps, principal, id, 'removed');
}

async function change(
  deps: RunnerDeps,
  principal: Principal,
  id: number,
  state: 'draining' | 'removed',
): Promise<boolean> {
  return deps.db.transaction(async (tx) => {
    const tables = tx.as<QueueTables>();
    const changed = await tables
      .updateTable('queue_runner')
      .set({ state })
      .where('id', '=', String(id))
      .where('state', '<>', 'removed')
      .returning('id')
      .executeTakeFirst();
    if (changed === undefined) return false;
    if (state === 'removed') {
      await tables
        .updateTable('queue_job')
        .set({ lease_until: sql<Date>`now()` })
        .where('runner_id', '=', String(id))
        .where('state', '=', 'leased')
        .execute();
    }
    const action = state === 'removed' ? 'runner.remove' : 'runner.drain';
    await append(
      tx,
      { actor: actorOf(principal), action, resource: { type: 'runner', id: String(id) }, outcome: 'allow' },
      deps,
    );
    await sql`select pg_notify(${QUEUE_CHANNEL}, '')`.execute(tables);
    return true;
  });
}
