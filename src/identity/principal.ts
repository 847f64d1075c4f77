import type { Actor, AppendDeps } from '../auditlog/index.ts';
import type { Database } from '../database/index.ts';
import type { OrganisationRole, Verb } from './verbs.ts';

/** Who asks, as authenticated by a door. Whoever gets one from elsewhere than `authenticate` has nothing that it may. */
export type Principal = {
  readonly id: string;
  readonly name: string;
  readonly kind: Actor['type'];
  /** Of a person: the credential that they came with, and what it is bounded to. */
  readonly token?: TokenBounds;
  /** Of a job: what its plan gave it. */
  readonly job?: JobBounds;
};

export type TokenBounds = {
  /** A token of the command line and of programs, the session of a browser, or a request that a second person confirmed. */
  readonly source: 'token' | 'session' | 'request';
  /** Of the one of these. */
  readonly id: number;
  readonly userId: number;
  readonly role: OrganisationRole;
  /** Verbs; `all` is each that the person may. */
  readonly scopes: readonly (Verb | 'all')[];
  /** Nothing: every repository that the person may. */
  readonly repositories?: readonly number[];
  readonly expiresAt: Date;
  readonly rootedAt: Date;
};

export type JobBounds = {
  readonly jobId: number;
  readonly repositoryId: number;
  readonly permissions: { readonly [name: string]: string };
};

/** What everything here needs. */
export type IdentityDeps = AppendDeps & { readonly db: Database };

export function actorOf({ kind, id, token }: Principal): Actor {
  return { type: kind, id, ...(token === undefined ? {} : { via: `${token.source}:${token.id}` }) };
}
