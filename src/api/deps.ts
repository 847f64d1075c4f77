import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../base/index.ts';
import type { AuthenticateDeps, Oidc } from '../identity/index.ts';
import type { RepoServer } from '../repo/index.ts';
import type { JobReports } from '../runs/index.ts';
import type { Metrics } from './metrics.ts';
import type { Installation, JobLogReader, Outgoing, RunEngine, RunReaders, Runners } from './ports.ts';

/** All that the API gets from outside. */
export type ApiDeps = AuthenticateDeps & {
  readonly version: string;
  /** Where people reach the server: `https://ci.example.org`. */
  readonly origin: string;
  readonly log: Log;
  readonly repo: RepoServer;
  readonly runs: RunReaders;
  readonly engine: RunEngine;
  readonly jobLogs: JobLogReader;
  /** What logs tell of their jobs. */
  readonly reports: JobReports;
  readonly runners: Runners;
  readonly metrics: Metrics;
  readonly outgoing: Outgoing;
  readonly installation: Installation;
  /** A scan waits. */
  wakeScans?(): void;
  /** `/runner/v1/…`. Answers whether it took the request. */
  readonly runnerDoor?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
  /** Sign-in by a provider of OpenID Connect, and what people call it. */
  readonly provider?: { readonly name: string; readonly oidc: Oidc };
  /** What the server needs besides the database, and whether it is there. Everybody may read the names. */
  readonly parts?: { readonly [name: string]: () => boolean };
  /** A folder for files on their way in. Nothing in it outlives its request. */
  readonly spool?: string;
  /** Addresses of proxies whose `X-Forwarded-For` is believed. */
  readonly proxies: readonly string[];
  /** How often a stream says that it lives, and asks whether its reader still may. Milliseconds. */
  readonly beatMs?: number;
  /** Aborted when the server ends: streams end with it. */
  readonly closing: AbortSignal;
};
