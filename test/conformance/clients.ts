/**
 * Runs in a process of its own, with the environment of an action: the unmodified clients against the gateway. Sends
 * each result to its parent.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';
import { restoreCache, saveCache } from '@actions/cache';
import { getIDToken } from '@actions/core';

export type ClientResult = {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
};

const workspace = process.env['GITHUB_WORKSPACE'] ?? '';
const artifacts = new DefaultArtifactClient();
const MIB = 1024 * 1024;

async function fileIn(folder: string, name: string, content: string | Uint8Array): Promise<string> {
  const path = join(workspace, folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function download(id: number, folder: string, expectedHash?: string) {
  const path = join(workspace, folder);
  const result = await artifacts.downloadArtifact(id, {
    path,
    ...(expectedHash === undefined ? {} : { expectedHash }),
  });
  return { path, ...result };
}

/** What the token of the job says of itself: `Actions.Results:RUN:JOB`. */
function ownIds() {
  const [, payload = ''] = (process.env['ACTIONS_RUNTIME_TOKEN'] ?? '').split('.');
  const { scp = '' } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { scp?: string };
  const [, run = '', job = ''] = /Actions\.Results:([^: ]+):([^: ]+)/.exec(scp) ?? [];
  return { workflow_run_backend_id: run, workflow_job_run_backend_id: job };
}

async function twirp(method: string, body: object, token = process.env['ACTIONS_RUNTIME_TOKEN']) {
  const response = await fetch(`${process.env['ACTIONS_RESULTS_URL']}twirp/github.actions.results.api.v1.${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...ownIds(), ...body }),
  });
  return { status: response.status, body: await response.json() };
}

const SCENARIOS: { readonly [name: string]: () => Promise<string | void> } = {
  async 'artifact: small, up, listed, down, deleted'() {
    const file = await fileIn('small', 'a/hello.txt', 'hello');
    const up = await artifacts.uploadArtifact('small', [file], join(workspace, 'small'), { retentionDays: 3 });
    assert.ok(up.id);
    const { artifacts: found } = await artifacts.listArtifacts();
    const one = found.find((artifact) => artifact.id === up.id);
    assert.equal(one?.name, 'small');
    assert.equal(one.size, up.size);
    assert.equal(one.digest, `sha256:${up.digest}`);
    const { artifact } = await artifacts.getArtifact('small');
    assert.equal(artifact.id, up.id);
    const down = await download(up.id, 'small-down', `sha256:${up.digest}`);
    assert.equal(down.digestMismatch, false);
    assert.equal(await readFile(join(down.path, 'a/hello.txt'), 'utf8'), 'hello');
    assert.equal((await artifacts.deleteArtifact('small')).id, up.id);
    await assert.rejects(artifacts.getArtifact('small'), /not found/i);
  },

  async 'artifact: 20 MB'() {
    const content = randomBytes(20 * MIB);
    const file = await fileIn('large', 'blob.bin', content);
    const start = performance.now();
    const up = await artifacts.uploadArtifact('large', [file], join(workspace, 'large'), { compressionLevel: 0 });
    const uploadMs = performance.now() - start;
    assert.ok(up.id);
    const down = await download(up.id, 'large-down', `sha256:${up.digest}`);
    assert.ok(content.equals(await readFile(join(down.path, 'blob.bin'))));
    return `upload ${(uploadMs / 1000).toFixed(2)} s`;
  },

  async 'artifact: 500 files'() {
    const files: string[] = [];
    for (let n = 0; n < 500; n += 1) files.push(await fileIn('many', `d${n % 20}/f${n}.txt`, `file ${n}`));
    const up = await artifacts.uploadArtifact('many', files, join(workspace, 'many'));
    assert.ok(up.id);
    const down = await download(up.id, 'many-down');
    assert.equal((await readdir(down.path)).length, 20);
    assert.equal(await readFile(join(down.path, 'd19/f499.txt'), 'utf8'), 'file 499');
  },

  async 'artifact: one raw file without a zip'() {
    const file = await fileIn('raw', 'page.html', '<h1>hi</h1>');
    const up = await artifacts.uploadArtifact('ignored', [file], join(workspace, 'raw'), { skipArchive: true });
    assert.ok(up.id);
    await mkdir(join(workspace, 'raw-down'), { recursive: true });
    const down = await download(up.id, 'raw-down');
    assert.equal(await readFile(join(down.path, 'page.html'), 'utf8'), '<h1>hi</h1>');
  },

  async 'artifact: the same name twice is refused'() {
    const file = await fileIn('twice', 'x', 'x');
    await artifacts.uploadArtifact('twice', [file], join(workspace, 'twice'));
    await assert.rejects(artifacts.uploadArtifact('twice', [file], join(workspace, 'twice')), /already exists/);
  },

  async 'artifact: a wrong digest is refused by the server'() {
    const created = await twirp('ArtifactService/CreateArtifact', { name: 'wrong', version: 7 });
    const { signed_upload_url: url } = created.body as { signed_upload_url: string };
    await fetch(url, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' }, body: 'what was sent' });
    const hash = `sha256:${createHash('sha256').update('something else').digest('hex')}`;
    const finalized = await twirp('ArtifactService/FinalizeArtifact', { name: 'wrong', size: '13', hash });
    // A runner that is far away tells of it as a refusal of its server.
    assert.ok([400, 409].includes(finalized.status), `${finalized.status}`);
    assert.match(JSON.stringify(finalized.body), /results\/artifact-digest/);
    const { artifacts: found } = await artifacts.listArtifacts();
    assert.equal(
      found.some(({ name }) => name === 'wrong'),
      false,
    );
  },

  async 'artifact: a wrong digest is noticed by the client'() {
    const file = await fileIn('noticed', 'x', 'x');
    const up = await artifacts.uploadArtifact('noticed', [file], join(workspace, 'noticed'));
    const down = await download(up.id ?? 0, 'noticed-down', `sha256:${'0'.repeat(64)}`);
    assert.equal(down.digestMismatch, true);
  },

  async 'cache: saved, then restored by its key'() {
    const path = await fileIn('cached', 'deps.txt', 'version 1');
    process.chdir(workspace);
    const start = performance.now();
    assert.ok((await saveCache(['cached'], 'deps-linux-1')) > 0);
    const savedMs = performance.now() - start;
    await rm(path);
    assert.equal(await restoreCache(['cached'], 'deps-linux-1'), 'deps-linux-1');
    assert.equal(await readFile(path, 'utf8'), 'version 1');
    return `save ${savedMs.toFixed(0)} ms, restore ${(performance.now() - start - savedMs).toFixed(0)} ms`;
  },

  async 'cache: restored by a prefix, the newest first'() {
    const path = await fileIn('cached', 'deps.txt', 'version 2');
    await saveCache(['cached'], 'deps-linux-2');
    await rm(path);
    assert.equal(await restoreCache(['cached'], 'deps-linux-9', ['deps-mac-', 'deps-linux-']), 'deps-linux-2');
    assert.equal(await readFile(path, 'utf8'), 'version 2');
  },

  async 'cache: a miss, by key and by version'() {
    assert.equal(await restoreCache(['cached'], 'other'), undefined);
    assert.equal(await restoreCache(['another-path'], 'deps-linux-1'), undefined);
  },

  async 'cache: an existing key is not overwritten'() {
    const path = await fileIn('cached', 'deps.txt', 'overwritten');
    assert.equal(await saveCache(['cached'], 'deps-linux-1'), -1);
    await restoreCache(['cached'], 'deps-linux-1');
    assert.equal(await readFile(path, 'utf8'), 'version 1');
  },

  async 'cache: looked up without a download'() {
    const options = { lookupOnly: true };
    assert.equal(await restoreCache(['cached'], 'deps-linux-1', [], options), 'deps-linux-1');
  },

  async 'cache: 140 MB, in blocks'() {
    await fileIn('big-cache', 'blob.bin', randomBytes(140 * MIB));
    assert.ok((await saveCache(['big-cache'], 'big')) > 0);
    await rm(join(workspace, 'big-cache'), { recursive: true });
    assert.equal(await restoreCache(['big-cache'], 'big'), 'big');
    assert.equal((await readFile(join(workspace, 'big-cache/blob.bin'))).byteLength, 140 * MIB);
  },

  async 'cache: the older protocol'() {
    const path = await fileIn('old', 'deps.txt', 'older');
    delete process.env['ACTIONS_CACHE_SERVICE_V2'];
    try {
      assert.ok((await saveCache(['old'], 'old-1')) > 0);
      await rm(path);
      assert.equal(await restoreCache(['old'], 'old-2', ['old-']), 'old-1');
      assert.equal(await readFile(path, 'utf8'), 'older');
      assert.equal(await restoreCache(['old'], 'none'), undefined);
      assert.equal(await saveCache(['old'], 'old-1'), -1);
    } finally {
      process.env['ACTIONS_CACHE_SERVICE_V2'] = 'True';
    }
  },

  async 'token: another one is refused'() {
    const forged = `${process.env['ACTIONS_RUNTIME_TOKEN']?.slice(0, -4)}AAAA`;
    assert.equal((await twirp('ArtifactService/ListArtifacts', {}, forged)).status, 401);
  },

  async 'token: another job and another run are refused'() {
    const job = { workflow_job_run_backend_id: `${ownIds().workflow_job_run_backend_id}2`, name: 'x', version: 7 };
    assert.equal((await twirp('ArtifactService/CreateArtifact', job)).status, 403);
    assert.equal(
      (
        await twirp('ArtifactService/ListArtifacts', {
          workflow_run_backend_id: `${ownIds().workflow_run_backend_id}8`,
        })
      ).status,
      403,
    );
  },

  async 'unknown calls are refused cleanly'() {
    const migrated = await twirp('ArtifactService/MigrateArtifact', { name: 'x' });
    assert.equal(migrated.status, 501);
    assert.match(JSON.stringify(migrated.body), /unimplemented/);
  },

  async 'identity token: refused with an explanation'() {
    await assert.rejects(getIDToken('sts.example.org'), /gets no identity token|ACTIONS_ID_TOKEN_REQUEST_URL/);
  },
};

for (const [name, run] of Object.entries(SCENARIOS)) {
  const start = performance.now();
  const result = await run().then(
    (detail) => ({ ok: true, detail: detail ?? '' }),
    (error: unknown) => ({
      ok: false,
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }),
  );
  const message: ClientResult = { name, ms: performance.now() - start, ...result };
  if (process.send !== undefined) process.send(message);
  else {
    // As an action of a job: its log tells.
    console.log(`${message.ok ? 'pass' : 'FAIL'}  ${name}`);
    if (!message.ok) console.log(message.detail);
  }
}
if (process.send !== undefined) process.disconnect();
