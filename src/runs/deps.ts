import type { Actor as AuditActor } from '../auditlog/index.ts';
import type { Clock, Log } from '../base/index.ts';
import type { Database, Transaction } from '../database/index.ts';
import type { ActiveRun, ReadEgress } from '../engine/index.ts';
import type { Actor } from '../event/index.ts';
import type { GitSource } from '../protocol/index.ts';
import type { RefChange, RepositoryReader } from '../repo/index.ts';
import type { OnEnded } from './batch.ts';
import type { PrepareDeps } from './prepare.ts';

/** Who asks, as authenticated by the door. */
export type Principal = { readonly id: string; readonly name: string; readonly kind: AuditActor['type'] };

export type ServerEngineDeps = Omit<PrepareDeps, 'db' | 'now'> & {
  readonly db: Database;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: (bytes: number) => Buffer;
  readonly readEgress: ReadEgress;
  /** Reads a repository: whether somebody may is not asked. */
  readonly readerOf: (repositoryId: number) => Promise<RepositoryReader>;
  /** Where a runner's gateway gets the commit of a run from. */
  readonly gitFor: (run: ActiveRun) => GitSource;
  /** Login and number of whoever did something, as people know them. */
  readonly loginOf: (actor: { readonly type: string; readonly id: string }) => Promise<Actor>;
  readonly ownerIdOf: (owner: string) => Promise<number>;
  /** What `vars` has. */
  readonly varsOf: (repositoryId: number) => Promise<{ readonly [name: string]: string }>;
  /** What a runner must have for a `runs-on`; without it the labels themselves. */
  readonly labelsOf?: (labels: readonly string[]) => readonly string[];
  /** Jobs of one repository that are queued or run at once. */
  readonly jobsMax?: number;
  /** How long artifacts are kept at most, as jobs are told. */
  readonly retentionDays?: number;
  /** Told of each run that ended, in the transaction in which it did: what fails there makes the step fail. */
  readonly onEnded?: OnEnded;
  /** Told of refs that moved, in the transaction in which that is taken note of. */
  readonly onMoved?: (tx: Transaction, changes: readonly RefChange[]) => Promise<void>;
  /** How often it looks for what it was not woken for. */
  readonly pollMs?: number;
};
