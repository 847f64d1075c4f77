import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GIT, openMirror } from '../../test/support/git-mirror.ts';
import { silentLog, systemClock } from '../base/index.ts';
import { createReader, type Workflow } from '../workflow/index.ts';
import { lockWorkflows, type LockRequest } from './lock.ts';
import { pinsOf, readDigests, readLock, writeDigests, writeLock } from './lock-file.ts';
import { mirrorAdd, mirrorSync } from './mirror.ts';
import { openActionStore } from './open.ts';
import type { ActionStore } from './store.ts';

const root = mkdtempSync(join(tmpdir(), 'actions-lock-'));
const { mirror, git, makeRepository } = openMirror(root);
const reader = createReader();
const leaf = makeRepository('acme/leaf');
const composite = makeRepository('acme/composite');
const flows = makeRepository('acme/flows');
let store: ActionStore;
let leafCommit = '';

const node = 'name: n\nruns: { using: node24, main: index.js }\n';
const using = (...uses: string[]) =>
  `name: c\nruns:\n  using: composite\n  steps:\n${uses.map((one) => `    - uses: ${one}\n`).join('')}`;

beforeAll(async () => {
  leafCommit = leaf.commit({ 'action.yml': node, 'sub/action.yaml': node, 'index.js': '' });
  leaf.push('HEAD:refs/tags/v1', 'HEAD:refs/tags/v1.2.3', 'main');
  composite.commit({
    'action.yml': using('Acme/Leaf/sub@v1', '$/inner'),
    'inner/action.yml': using(`acme/leaf@${leafCommit}`),
  });
  composite.push('HEAD:refs/tags/v2');
  flows.commit({
    '.github/workflows/called.yml': 'on: { workflow_call: {} }\njobs:\n  a:\n    uses: ./.github/workflows/inner.yml\n',
    '.github/workflows/inner.yml':
      'on: { workflow_call: {} }\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ uses: acme/composite@v2 }]\n',
  });
  flows.push('main');
  store = await openActionStore({
    mirror,
    allowRemote: false,
    dir: join(root, 'store'),
    git: GIT,
    clock: systemClock,
    log: silentLog,
  });
});
afterAll(async () => {
  await reader.close();
  rmSync(root, { recursive: true, force: true });
});

async function workflow(path: string, ...steps: string[]): Promise<Workflow> {
  const text = `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${steps.map((one) => `      - uses: ${one}\n`).join('')}`;
  return parsed(path, text);
}

async function parsed(path: string, text: string): Promise<Workflow> {
  const reading = await reader.readWorkflow(path, text);
  if (!reading.ok) throw new Error(reading.errors[0]?.message);
  return reading.value;
}

const lock = (workflows: readonly Workflow[], more: Partial<LockRequest> = {}) =>
  lockWorkflows({ workflows, reader, store, localAction: async () => undefined, ...more });

test('actions are locked with all that they use, by repository and ref', async () => {
  const ci = await workflow('.github/workflows/ci.yml', 'acme/composite@v2');

  const result = await lock([ci]);

  const bySha = `acme/leaf@${leafCommit}`;
  expect(result.lock.workflows).toEqual({ '.github/workflows/ci.yml': ['acme/composite@v2', bySha, 'acme/leaf@v1'] });
  expect(result.lock.dependencies['acme/composite@v2']?.uses).toEqual([bySha, 'acme/leaf@v1']);
  expect(result.lock.dependencies[bySha]).toMatchObject({ ref: 'v1.2.3', commit: leafCommit });
  expect(Object.keys(result.digests)).toHaveLength(2);
  expect(result.changes.map((change) => change.kind)).toEqual(['added', 'added', 'added']);
  expect(result.remarks).toEqual([expect.stringContaining('owner_id')]);
});

test('reusable workflows of other repositories are followed, local actions too', async () => {
  const ci = await parsed(
    '.github/workflows/ci.yml',
    'on: push\njobs:\n  a:\n    uses: acme/flows/.github/workflows/called.yml@main\n',
  );
  const local = await workflow('.github/workflows/local.yml', './tool');

  const result = await lock([ci, local], {
    localAction: async (path) => (path === 'tool' ? using('acme/leaf@v1') : undefined),
  });

  expect(result.lock.workflows['.github/workflows/ci.yml']).toContain('acme/leaf@v1');
  expect(result.lock.dependencies['acme/flows@main']?.uses).toEqual(['acme/composite@v2']);
  expect(result.lock.workflows['.github/workflows/local.yml']).toEqual(['acme/leaf@v1']);
  await expect(lock([local])).rejects.toMatchObject({ code: 'actions/manifest-missing' });
});

test('what was written is read back, and gives pins', async () => {
  const { lock: made, digests } = await lock([await workflow('.github/workflows/ci.yml', 'acme/composite@v2')]);

  const text = writeLock(made);
  const back = readLock(text);

  expect(back).toEqual(made);
  expect(writeLock(back)).toBe(text);
  expect(readDigests(writeDigests(digests))).toEqual(digests);
  expect(pinsOf(made, digests)['acme/leaf@v1']).toEqual({
    ref: 'v1',
    commit: leafCommit,
    digest: expect.stringMatching(/^sha256:/),
  });
});

test('a moved tag stays locked until it is asked to be updated', async () => {
  const moved = makeRepository('acme/moving');
  const before = moved.commit({ 'action.yml': node });
  moved.push('HEAD:refs/tags/v1');
  const ci = await workflow('.github/workflows/ci.yml', 'acme/moving@v1', 'acme/leaf@v1');
  const first = await lock([ci]);
  const after = moved.commit({ 'index.js': 'evil' });
  moved.push('HEAD:refs/tags/v1');

  const same = await lock([ci], { previous: first });
  const other = await lock([ci], { previous: first, update: ['acme/leaf'] });
  const updated = await lock([ci], { previous: first, update: ['Acme/Moving'] });

  expect(same.lock).toEqual(first.lock);
  expect(other.changes).toEqual([]);
  expect(updated.changes).toEqual([{ kind: 'moved', key: 'acme/moving@v1', from: before, to: after }]);
});

test('a workflow that is gone takes its entries along, unless others are kept', async () => {
  const ci = await workflow('.github/workflows/ci.yml', 'acme/leaf@v1');
  const old = await workflow('.github/workflows/old.yml', 'acme/composite@v2');
  const previous = await lock([ci, old]);

  const pruned = await lock([ci], { previous });
  const kept = await lock([ci], { previous, keepOthers: true });

  expect(Object.keys(pruned.lock.dependencies)).toEqual(['acme/leaf@v1']);
  expect(pruned.changes.every((change) => change.kind === 'removed')).toBe(true);
  expect(kept.lock).toEqual(previous.lock);
});

test('actions that use each other in a circle are refused', async () => {
  const circle = makeRepository('acme/circle');
  circle.commit({ 'action.yml': using('acme/circle@main') });
  circle.push('main');

  const request = lock([await workflow('.github/workflows/ci.yml', 'acme/circle@main')]);

  await expect(request).rejects.toMatchObject({ code: 'actions/nesting-too-deep' });
});

test('a lookalike of a well-known name is refused, also when it exists', async () => {
  const squat = makeRepository('actons/checkout');
  squat.commit({ 'action.yml': node });
  squat.push('HEAD:refs/tags/v4');
  const ci = await workflow('.github/workflows/ci.yml', 'actons/checkout@v4');

  await expect(lock([ci])).rejects.toMatchObject({
    code: 'actions/name-lookalike',
    message: expect.stringContaining('actions/checkout'),
  });
  expect((await lock([ci], { allowNames: ['actons/checkout'] })).changes).toHaveLength(1);
});

test('a built-in action without a source is left out with a remark, another one is a fault', async () => {
  const ci = await workflow('.github/workflows/ci.yml', 'actions/checkout@v4');

  const result = await lock([ci], { isBuiltin: ({ owner }) => owner === 'actions' });

  expect(result.lock.dependencies).toEqual({});
  // What it wrote it can read: a name that leads nowhere would be refused by every later run.
  expect(readLock(writeLock(result.lock))).toEqual(result.lock);
  expect(result.remarks[0]).toContain('built in');
  await expect(lock([ci])).rejects.toMatchObject({ code: 'actions/source-missing' });
});

test('a mirror copies branches and tags, not pull requests, and keeps what a moved tag leaves behind', async () => {
  const upstream = makeRepository('up/stream');
  const old = upstream.commit({ 'action.yml': node });
  upstream.push('HEAD:refs/tags/v1', 'HEAD:refs/pull/1/head');
  const copy = join(root, 'copy');
  const options = { git: GIT, remoteBaseUrl: `file://${mirror}` };
  await mirrorAdd({ owner: 'up', repo: 'stream' }, copy, options);
  git(upstream.work, 'checkout', '-q', '--orphan', 'other');
  upstream.commit({ 'index.js': 'new' });
  upstream.push('HEAD:refs/tags/v1');

  const synced = await mirrorSync(copy, options);

  expect(synced).toEqual([{ name: 'up/stream', moved: ['refs/tags/v1'] }]);
  expect(git(join(copy, 'up/stream.git'), 'for-each-ref', '--format=%(refname)')).toBe(
    `refs/kept/${old}\nrefs/tags/v1`,
  );
  const fresh = await openActionStore({
    mirror: copy,
    allowRemote: false,
    dir: join(root, 'store-2'),
    git: GIT,
    clock: systemClock,
    log: silentLog,
  });
  expect(await fresh.resolve({ owner: 'up', repo: 'stream', ref: 'v1' }, { commit: old })).toMatchObject({
    commit: old,
  });
  await expect(mirrorAdd({ owner: 'up', repo: 'nothing' }, copy, options)).rejects.toMatchObject({
    code: 'actions/source-missing',
  });
});
