import { lookup } from 'node:dns/promises';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outgoing } from '../api/index.ts';
import { type Log, reasonOf, Secret } from '../base/index.ts';
import type { Transaction } from '../database/index.ts';
import { noteBranchPush, type ScansOptions } from '../findings/index.ts';
import { type IdentityDeps, personMay } from '../identity/index.ts';
import {
  createDialer,
  createMailer,
  emit,
  type EmitDeps,
  type Mailer,
  type RepositoryFacts,
  sealerOf,
  startDeliveries,
} from '../notify/index.ts';
import { type RefChange, repositoryById, ZERO } from '../repo/index.ts';
import type { EndedRun } from '../runs/index.ts';
import type { ServerPlaces } from './server-places.ts';
import { fault, type ServerSettings } from './server-settings.ts';

const KEY_BYTES = 32;
const TLS_PORT = 465;

export type OpenNotify = {
  readonly outgoing: Outgoing;
  /** For the engine: in the transaction in which it happened. */
  readonly onEnded: (tx: Transaction, run: EndedRun) => Promise<void>;
  readonly onMoved: (tx: Transaction, changes: readonly RefChange[]) => Promise<void>;
  readonly onFindings: NonNullable<ScansOptions['onChange']>;
  close(): Promise<void>;
};

export type NotifyOptions = IdentityDeps & {
  readonly settings: ServerSettings;
  readonly places: ServerPlaces;
  readonly version: string;
  readonly log: Log;
};

/** Opens what goes out: the key of what is sealed, the mail server, the outbox. */
export async function openNotify(options: NotifyOptions): Promise<OpenNotify> {
  const { db, settings, places, version, log } = options;
  const now = () => options.now();
  const random = (bytes: number) => options.random(bytes);
  const sealer = sealerOf(await readKey(places.notify, random), random);
  const dialer = createDialer({
    lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    insideHosts: settings.unsafe_webhook_hosts,
  });
  const mailer = await mailerOf(settings);
  const stop = startDeliveries({
    db,
    now,
    random,
    dialer,
    sealer,
    mailer,
    mayRead: (userId, repositoryId) => personMay(db, 'run.read', { userId, repositoryId }),
    version,
    log,
  });
  const deps: EmitDeps = { now, random, origin: new URL(settings.url).origin };
  const factsOf = async (tx: Transaction, id: number): Promise<RepositoryFacts | undefined> => {
    const row = await repositoryById(tx, id);
    return row === undefined ? undefined : { id, owner: row.owner, name: row.name, defaultBranch: row.defaultBranch };
  };
  return {
    outgoing: { sealer, dialer, canMail: mailer !== undefined },
    async onEnded(tx, { repositoryId, finishedAt, ...run }) {
      const repository = await factsOf(tx, repositoryId);
      if (repository === undefined) return;
      await emit(deps, tx, {
        type: 'run.completed',
        repository,
        run: { ...run, finishedAt: finishedAt.toISOString() },
      });
    },
    async onMoved(tx, changes) {
      for (const change of changes) await onMove(deps, tx, change, await factsOf(tx, change.repositoryId));
    },
    async onFindings(tx, { scan, opened, fixed }) {
      const repository = await factsOf(tx, scan.repositoryId);
      if (repository === undefined) return;
      const { id, ref, commit } = scan;
      for (const [type, { count, named }] of [
        ['findings.opened', opened],
        ['findings.fixed', fixed],
      ] as const) {
        if (count === 0) continue;
        await emit(deps, tx, { type, repository, scan: { id, ref, commit }, count, findings: named });
      }
    },
    async close() {
      await stop();
      mailer?.close();
    },
  };
}

async function onMove(
  deps: EmitDeps,
  tx: Transaction,
  change: RefChange,
  repository: RepositoryFacts | undefined,
): Promise<void> {
  if (repository === undefined || change.cause !== 'push') return;
  const { id, ref, old, new: after, isForced, actor } = change;
  await emit(deps, tx, { type: 'push', repository, change: { id, ref, before: old, after, isForced, actor } });
  const main = `refs/heads/${repository.defaultBranch}`;
  if (!ref.startsWith('refs/heads/') || ref === main || after === ZERO) return;
  await noteBranchPush(deps, tx, { repositoryId: repository.id, ref, commit: after, base: main, cause: 'push' });
}

/** Made once; it lies beside the database, and goes into backups as the other keys do. */
async function readKey(folder: string, random: (bytes: number) => Uint8Array): Promise<Buffer> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const path = join(folder, 'key');
  const known = await readFile(path).catch(() => undefined);
  if (known !== undefined && known.length === KEY_BYTES) return known;
  if (known !== undefined) throw fault('other-keys', `${path} has ${known.length} bytes, not ${KEY_BYTES}`);
  const made = Buffer.from(random(KEY_BYTES));
  await writeFile(path, made, { mode: 0o600, flag: 'wx' });
  return made;
}

async function mailerOf(settings: ServerSettings): Promise<Mailer | undefined> {
  const { smtp_host: host, smtp_port: port, smtp_user: user, smtp_password_file: file, mail_from: from } = settings;
  if (host === undefined || from === undefined) return undefined;
  const password = file === undefined ? undefined : new Secret((await readPassword(file)).trim());
  return createMailer({
    host,
    port,
    security: settings.unsafe_smtp_plain ? 'plain' : port === TLS_PORT ? 'tls' : 'starttls',
    from,
    ...(user === undefined || password === undefined ? {} : { user, password }),
  });
}

async function readPassword(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    throw fault('unreadable', `${file}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}
