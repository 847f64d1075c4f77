import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { createApi, createMetrics, createRunnerDoor, HTTP_OPTIONS } from '../api/index.ts';
import { type Log, reasonOf, systemClock } from '../base/index.ts';
import { authoriseGit, firstSetupCode, type IdentityDeps, recoverySetupCode } from '../identity/index.ts';
import { startScans } from '../findings/index.ts';
import { openJobLogs } from '../joblog/index.ts';
import { openQueue } from '../queue/index.ts';
import { openRepoServer } from '../repo/index.ts';
import { openResultsTables } from '../results-tables/index.ts';
import { openJobReports } from '../runs/index.ts';
import type { Machine } from './commands.ts';
import { findProgram } from './programs.ts';
import { openCommits, openRuns } from './server-engine.ts';
import { openGround } from './server-ground.ts';
import { openServerBlobs, quotasOf } from './server-blobs.ts';
import { figuresOf } from './server-figures.ts';
import { openOidc } from './server-oidc.ts';
import { houseworks, startHousework } from './server-housework.ts';
import { installationOf } from './server-installation.ts';
import { openNotify } from './server-notify.ts';
import { scannerOf } from './server-scans.ts';
import { serverPlaces } from './server-places.ts';
import { runnersOf, startOwnRunner } from './server-runner.ts';
import { startTraces } from './server-traces.ts';
import { isLoopback, type ServerSettings, type SettingSource } from './server-settings.ts';

/** What `npm run pages` makes: beside the programs of the package, and of the sources. */
const PAGES = join(import.meta.dirname, import.meta.url.endsWith('.js') ? '../pages' : '../../dist/pages');
/** A connection that is closed has so long to end what it does. */
const CLOSE_MS_MAX = 10_000;
const HOUR_MS = 3_600_000;
const SCAN_SETTLE_MS = 10_000;

export type RunningServer = {
  readonly url: string;
  /** For an administrator, once. */
  readonly setupCode: string | undefined;
  readonly remarks: readonly string[];
  /** Settles when a part that the server can't do without is gone. */
  readonly broken: Promise<string>;
  readonly pids: () => { readonly [name: string]: number | undefined };
  /** Takes no new requests, ends streams, and leaves running jobs to their runners. May be called twice. */
  stop(): Promise<void>;
};

export type ServerOptions = {
  readonly settings: ServerSettings;
  readonly sources: { readonly [name: string]: SettingSource };
  readonly machine: Machine;
  readonly version: string;
  /** A code for a further administrator is wanted. */
  readonly setup: boolean;
  readonly log: Log;
  readonly onProgress: (what: string) => void;
};

/** Starts everything: ground, git, queue, engine, doors, the runner inside. What fails in the middle closes what was open. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { settings, log, onProgress } = options;
  const places = serverPlaces(settings.data);
  const closers: (() => unknown)[] = [];
  const stop = once(async () => {
    for (const close of closers.splice(0).reverse()) {
      await Promise.resolve(close()).catch((thrown: unknown) =>
        log.error('A part did not close', { reason: reasonOf(thrown) }),
      );
    }
  });
  try {
    onProgress('database and keys');
    const ground = await openGround(settings, process.geteuid?.() ?? -1, log);
    closers.push(() => ground.close());
    const { db, keys } = ground;
    const deps: IdentityDeps = { db, now: () => Date.now(), random: (bytes) => randomBytes(bytes) };
    onProgress('repositories');
    const engineWake = { call: () => {} };
    const repo = await openRepoServer({
      ...deps,
      root: places.git,
      gitPath: findProgram(options.machine.env, 'git'),
      authorise: authoriseGit(db),
      unsafeDirectPush: settings.unsafe_direct_push,
      network: { lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address) },
      log,
      onChanges: () => engineWake.call(),
      keepCommits: (id) => openCommits(db, id),
      maintainMs: HOUR_MS,
    });
    closers.push(() => repo.close());
    const queue = openQueue({ ...deps, log });
    closers.push(() => queue.close());
    const stored = await openServerBlobs(settings, places, keys.origin);
    closers.push(() => stored.close());
    const logs = await openJobLogs(places.logs, {
      isEnded: (jobId) => queue.isEnded(jobId),
      ...(stored.logs === undefined ? {} : { archive: stored.logs }),
    });
    closers.push(() => logs.close());
    const { blobs } = stored;
    const results = await openResultsTables({
      db,
      blobs,
      clock: systemClock,
      quotas: quotasOf(settings),
      audit: deps,
      staging: join(places.results, 'staging'),
    });
    const { version, machine } = options;
    const notify = await openNotify({ ...deps, settings, places, version, log });
    closers.push(() => notify.close());
    const runs = await openRuns({ ...deps, db, repo, results, settings, machine, log, notify });
    closers.push(() => runs.close());
    const scan = scannerOf({ db, places, machine, now: () => deps.now(), log });
    const scans = await startScans({ ...deps, scan, onChange: notify.onFindings, settleMs: SCAN_SETTLE_MS, log });
    closers.push(() => scans.close());
    // Runs of a push go first: its scan is found by the next look.
    engineWake.call = () => runs.wake();
    const closing = new AbortController();
    const provider = await openOidc(settings);
    const api = createApi({
      ...deps,
      jobOf: (hash) => queue.jobOf(hash),
      version: options.version,
      origin: settings.url,
      log,
      repo,
      runs: runs.readers,
      engine: runs.engine,
      jobLogs: logs,
      reports: openJobReports(logs),
      runners: runnersOf(deps),
      outgoing: notify.outgoing,
      installation: installationOf({ db, settings, sources: options.sources, places, keys, now: () => deps.now() }),
      wakeScans: () => scans.wake(),
      metrics: createMetrics(figuresOf({ ...deps, sequencer: ground.sequencer })),
      runnerDoor: createRunnerDoor({
        ...deps,
        queue,
        logs,
        results,
        tokens: {
          issuer: keys.origin,
          publicKey: keys.tokenKey,
          sign: (subject, issuedAt, expiresAt) =>
            keys.signToken({ use: 'runner-session', subject, issuedAt, expiresAt }),
        },
        origin: new URL(settings.url).origin,
        clock: systemClock,
        closing: closing.signal,
        log,
      }),
      ...(provider === undefined ? {} : { provider }),
      parts: { 'audit log': () => ground.sequencer.problem() === undefined },
      spool: places.uploads,
      proxies: settings.trust_proxy,
      closing: closing.signal,
      pages: PAGES,
    });
    const server = await listen(settings, (request, response) => api.listener(request, response));
    closers.push(() => {
      // Streams end first, with a word on when to come back: they would hold the server until they are cut.
      closing.abort();
      return closeServer(server);
    });
    const { log_retention_days: logRetentionDays, run_retention_days: runRetentionDays } = settings;
    closers.push(
      startHousework(houseworks({ ...deps, repo, logs, results, logRetentionDays, runRetentionDays, log }), log),
    );
    if (settings.otlp_url !== undefined) {
      const { otlp_url: url } = settings;
      const { version } = options;
      closers.push(startTraces({ ...deps, logs, url, origin: settings.url, version, log }));
    }
    onProgress('runner');
    const runner = settings.runner ? await startOwnRunner({ ...options, deps, places, server }) : undefined;
    if (runner !== undefined) closers.push(() => runner.stop());
    const code = options.setup ? await recoverySetupCode(deps) : await firstSetupCode(deps);
    const broken = Promise.withResolvers<string>();
    void ground.postgres?.exited.then(() => broken.resolve('the database ended'));
    return {
      url: settings.url,
      setupCode: code?.code.expose(),
      remarks: [...ground.remarks, ...remarksOf(settings)],
      broken: broken.promise,
      pids: () => ({ ...keys.pids(), postgres: ground.postgres?.pid, runner: runner?.pid() }),
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function remarksOf(settings: ServerSettings): readonly string[] {
  return [
    ...(settings.unsafe_direct_push
      ? ['unsafe_direct_push is on: owners may push to default branches without a review, and such runs are `branch`']
      : []),
    ...(settings.oidc?.unsafe_inside_issuer === true
      ? [
          'oidc.unsafe_inside_issuer is on: the server asks a provider in its own network, which another service there could play',
        ]
      : []),
  ];
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

async function listen(settings: ServerSettings, listener: http.RequestListener): Promise<Server> {
  const { tls_certificate: certificate, tls_key: key } = settings;
  const server =
    certificate === undefined || key === undefined
      ? http.createServer(HTTP_OPTIONS, listener)
      : https.createServer(
          { ...HTTP_OPTIONS, cert: await readFile(certificate), key: await readFile(key), minVersion: 'TLSv1.2' },
          listener,
        );
  const at = settings.listen.lastIndexOf(':');
  const host = settings.listen.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(Number(settings.listen.slice(at + 1)), host, () => resolve());
  await promise;
  // A name for this machine has two addresses, and clients try either first.
  if (host === '127.0.0.1' && isLoopback(settings.listen)) listenToo(server, listener, settings);
  return server;
}

/** `localhost` is `::1` as well, for those who ask there first. Where there is no IPv6 nobody does. */
function listenToo(server: Server, listener: http.RequestListener, settings: ServerSettings): void {
  if (settings.tls_certificate !== undefined) return;
  const second = http.createServer(HTTP_OPTIONS, listener);
  second.on('error', () => second.close());
  const address = server.address();
  if (typeof address === 'object' && address !== null) second.listen(address.port, '::1');
  server.once('close', () => {
    second.close();
    second.closeAllConnections();
  });
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS_MAX);
  await closed;
  clearTimeout(timer);
}
