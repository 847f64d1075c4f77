import type { AppendDeps } from '../auditlog/index.ts';
import { unreachable } from '../base/index.ts';
import type { Transaction } from '../database/index.ts';
import { chatText } from './chat.ts';
import type { HookEvent } from './hooks.ts';
import { type MailNote, mailFor } from './mail-text.ts';
import { enqueueOne, messageId } from './outbox.ts';
import type { NotifyTables } from './tables.ts';

export type RepositoryFacts = {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
};

export type RunFacts = {
  readonly id: number;
  readonly number: number;
  readonly attempt: number;
  readonly workflow: { readonly path: string; readonly name: string };
  readonly name: string;
  readonly event: string;
  readonly ref: string;
  readonly commit: string;
  readonly level: string;
  readonly conclusion: string;
  readonly actor: { readonly type: string; readonly id: string; readonly name: string };
  readonly finishedAt: string;
  /** How the run before it on the same ref ended, when there was one. */
  readonly previous?: string;
};

export type FindingFacts = {
  readonly id: number;
  readonly rule: string;
  readonly severity: string;
  readonly title: string;
  readonly file: string;
  readonly line: number;
};

/** Something that others may be told of. */
export type NotifyEvent =
  | { readonly type: 'run.completed'; readonly repository: RepositoryFacts; readonly run: RunFacts }
  | {
      readonly type: 'push';
      readonly repository: RepositoryFacts;
      readonly change: {
        readonly id: number;
        readonly ref: string;
        readonly before: string;
        readonly after: string;
        readonly isForced: boolean;
        readonly actor: { readonly type: string; readonly id: string };
      };
    }
  | {
      readonly type: 'findings.opened' | 'findings.fixed';
      readonly repository: RepositoryFacts;
      readonly scan: { readonly id: number; readonly ref: string; readonly commit: string };
      readonly count: number;
      /** The most urgent ones. */
      readonly findings: readonly FindingFacts[];
    };

export type EmitDeps = Pick<AppendDeps, 'now' | 'random'> & {
  /** Where people reach the server. */
  readonly origin: string;
};

/** Puts what is to be told into the outbox, for each who asked for it. The same event twice is told once. */
export async function emit(deps: EmitDeps, tx: Transaction, event: NotifyEvent): Promise<void> {
  const tables = tx.as<NotifyTables>();
  const taken = await tables
    .insertInto('notify_event')
    .values({ key: keyOf(event), created_at: new Date(deps.now()) })
    .onConflict((on) => on.column('key').doNothing())
    .returning('key')
    .executeTakeFirst();
  if (taken === undefined) return;
  const { repository } = event;
  const hooks = await tables
    .selectFrom('notify_hook')
    .select(['id', 'kind', 'events'])
    .where('repository_id', '=', String(repository.id))
    .where('is_active', '=', true)
    .execute();
  for (const { id, kind, events } of hooks) {
    if (!events.includes(event.type satisfies HookEvent)) continue;
    const payload = kind === 'chat' ? JSON.stringify({ text: chatText(event, deps.origin) }) : payloadOf(deps, event);
    await enqueueOne(deps, tx, {
      kind,
      repositoryId: repository.id,
      hookId: id,
      messageId: messageId(deps),
      event: event.type,
      payload,
    });
  }
  const mail = mailFor(event, deps.origin);
  if (mail !== undefined) await enqueueMail(deps, tx, event, mail);
}

function keyOf(event: NotifyEvent): string {
  switch (event.type) {
    case 'run.completed':
      return `run ${event.run.id} ${event.run.attempt}`;
    case 'push':
      return `push ${event.change.id}`;
    case 'findings.opened':
    case 'findings.fixed':
      return `${event.type} ${event.scan.id}`;
    default:
      return unreachable(event);
  }
}

/** Type, time and data, as Standard Webhooks has them. */
function payloadOf({ now, origin }: EmitDeps, event: NotifyEvent): string {
  const { type, repository, ...data } = event;
  const url = `${origin}/${repository.owner}/${repository.name}`;
  return JSON.stringify({
    type,
    timestamp: new Date(now()).toISOString(),
    data: { repository: { ...repository, url }, ...data },
  });
}

async function enqueueMail(
  deps: EmitDeps,
  tx: Transaction,
  event: NotifyEvent,
  { note, cause }: MailNote,
): Promise<void> {
  const rule = cause === 'findings' ? 'watched_findings' : 'watched_failures';
  const watchers = await tx
    .as<NotifyTables>()
    .selectFrom('notify_contact as contact')
    .innerJoin('notify_watch as watch', 'watch.user_id', 'contact.user_id')
    .select('contact.user_id')
    .where('watch.repository_id', '=', String(event.repository.id))
    .where('contact.address', 'is not', null)
    .where(`contact.${rule}`, '=', true)
    .execute();
  const people = new Set(isOfDefaultBranch(event) ? watchers.map(({ user_id: id }) => id) : []);
  if (event.type === 'run.completed' && event.run.actor.type === 'user' && event.run.conclusion === 'failure') {
    const own = await tx
      .as<NotifyTables>()
      .selectFrom('notify_contact')
      .select('user_id')
      .where('user_id', '=', event.run.actor.id)
      .where('address', 'is not', null)
      .where('own_failures', '=', true)
      .executeTakeFirst();
    if (own !== undefined) people.add(own.user_id);
  }
  for (const userId of people) {
    await enqueueOne(deps, tx, {
      kind: 'mail',
      repositoryId: event.repository.id,
      userId,
      messageId: messageId(deps),
      event: event.type,
      payload: JSON.stringify(note),
    });
  }
}

function isOfDefaultBranch(event: NotifyEvent): boolean {
  const ref =
    event.type === 'run.completed' ? event.run.ref : event.type === 'push' ? event.change.ref : event.scan.ref;
  return ref === `refs/heads/${event.repository.defaultBranch}`;
}
