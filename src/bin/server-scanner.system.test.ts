import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog } from '../base/index.ts';
import { checkMigrations } from '../check/index.ts';
import type { Database } from '../database/index.ts';
import { openTestPostgres, type TestPostgres } from '../database/postgres.fixture.ts';
import { IDENTITY_MIGRATIONS } from '../identity/identity.fixture.ts';
import { queueMigrations } from '../queue/index.ts';
import { repoMigrations } from '../repo/index.ts';
import { git, OWNER, serveRepositories, type Served, workTree } from '../repo/repo.fixture.ts';
import { runMigrations } from '../runs/index.ts';
import type { Machine } from './commands.ts';
import { serverPlaces } from './server-places.ts';
import { type ScannerOptions, scannerOf } from './server-scans.ts';

const CODE = `import express from 'express';
import { exec } from 'node:child_process';
express().get('/', (request) => exec('ls ' + request.query.folder));
`;
const REF = 'refs/heads/main';
let postgres: TestPostgres;
let db: Database;
let served: Served;
let folder = '';
let commit = '';
let repositoryId = 0;
beforeAll(async () => {
  postgres = await openTestPostgres();
  db = await postgres.database({
    ...IDENTITY_MIGRATIONS,
    ...repoMigrations,
    ...checkMigrations,
    ...queueMigrations,
    ...runMigrations,
  });
  folder = await mkdtemp(join(tmpdir(), 'sp-scanner-'));
  served = await serveRepositories(postgres, { db, root: join(folder, 'git') });
  ({ id: repositoryId } = await served.server.create(OWNER, { owner: 'acme', name: 'web' }));
  await using tree = await workTree();
  commit = await tree.commit('app.js', CODE);
  await git(tree.dir, ['push', '-q', served.url('acme/web.git'), 'main']);
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

const machine: Machine = {
  env: { PATH: process.env['PATH'], SALLYPORT_SECRET: 'of the server' },
  places: { state: '/nonexistent', cache: '/nonexistent' },
  writeError: () => undefined,
  isDebug: false,
};

function scan(limits: NonNullable<ScannerOptions['limits']> = {}, signal = new AbortController().signal) {
  const options = { db, places: serverPlaces(folder), machine, now: () => Date.now(), log: silentLog, limits };
  return scannerOf(options)({ id: 1, repositoryId, ref: REF, commit }, signal);
}

/** A report of another tool, by somebody. */
async function report(tool: string, actor: { readonly type: string; readonly id: string }): Promise<void> {
  const run = {
    tool: { driver: { name: tool } },
    results: [
      {
        ruleId: 'odd',
        message: { text: `${tool} says so` },
        locations: [{ physicalLocation: { artifactLocation: { uri: 'app.js' }, region: { startLine: 1 } } }],
      },
    ],
  };
  const sarif = gzipSync(JSON.stringify({ version: '2.1.0', runs: [run] }));
  await sql`
    insert into check_analysis (repository_id, commit, ref, tool, results, sarif, actor_type, actor_id, created_at)
    values (${repositoryId}, ${commit}, ${REF}, ${tool}, 1, ${sarif}, ${actor.type}, ${actor.id}, now())`.execute(
    db.as(),
  );
}

/** A job of a run for a ref. */
async function jobFor(ref: string, jobId: number): Promise<void> {
  await sql`
    insert into run_run (id, repository_id, run_number, workflow_path, workflow_name, run_name, event, ref, sha, actor_type,
      actor_id, actor_login, level, taints, notes, diagnostics, state, attempt, chain_depth, created_at,
      requested_followed, completed_followed)
    values (${jobId}, ${repositoryId}, ${jobId}, 'ci.yml', 'CI', 'CI', 'push', ${ref}, ${commit}, 'user', '1', 'ada',
      'branch', '[]', '[]', '[]', 'running', 1, 0, now(), true, true)`.execute(db.as());
  await sql`
    insert into run_job (run_id, attempt, key, name, needs, state, job_id)
    values (${jobId}, 1, 'a', 'a', '[]', 'running', ${jobId})`.execute(db.as());
}

describe('the process that scans', () => {
  test('scans the commit that is asked for, and keeps what it found out', async () => {
    const { outcome } = await scan();

    expect(outcome.files).toBe(2);
    expect(outcome.gaps).toEqual([]);
    expect(outcome.findings.map(({ detail }) => detail.place.file)).toContain('app.js');
  });

  test('is ended when it takes too long, and when it takes too much memory', async () => {
    await expect(scan({ ms: 1 })).rejects.toThrow('it took more than 1 ms');
    await expect(scan({ memoryBytes: 1024 })).rejects.toThrow('MiB of memory');
  });

  test('ends with the server', async () => {
    const ending = new AbortController();
    const asked = scan({}, ending.signal);
    ending.abort(new Error('the server ends'));

    await expect(asked).rejects.toThrow('the server ends');
  });

  test('believes what a job says of the ref that it ran for, and of no other', async () => {
    await jobFor(REF, 11);
    await jobFor('refs/heads/side', 12);
    await report('own', { type: 'job', id: '11' });
    await report('side', { type: 'job', id: '12' });
    await report('stranger', { type: 'job', id: '99' });
    await report('person', { type: 'user', id: '1' });

    const { outcome, analysisId } = await scan();

    const tools = outcome.findings.flatMap(({ tool }) => (tool === undefined ? [] : [tool]));
    expect(new Set(tools)).toEqual(new Set(['own', 'person']));
    expect(analysisId).toBe(4);
  });
});
