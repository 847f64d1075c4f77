import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GIT, testRepository } from '../../test/support/git-repository.ts';
import { runScan, type ScanResult } from './run-scan.ts';
import { testDeps, testRequest } from './scan.fixture.ts';

const found = ({ findings }: ScanResult) =>
  findings.map(({ rule, place }) => `${rule} ${place.file}:${place.line}`).sort();
const deps = () => testDeps({ git: GIT });
/** The marker is put together here: this file is scanned, too. */
const IGNORE = ['sallyport', 'ignore'].join(':');
const long = Array.from({ length: 40 }, (_, at) => `line ${at}\n`).join('');

describe('only what is new', () => {
  test('of a change: not what was there, was moved, or is above or below', async () => {
    using repo = testRepository();
    repo.write({ 'a.js': 'flaw one\n', 'moved.js': `${long}flaw two\n`, 'same.js': 'flaw three\n' });
    const base = repo.commit();
    repo.write({ 'a.js': 'new line\nflaw four\nflaw one\n' });
    renameSync(join(repo.root, 'moved.js'), join(repo.root, 'here.js'));
    const head = repo.commit();

    const result = await runScan(testRequest(repo.root, { mode: { kind: 'change', base, head } }), deps());

    expect(found(result)).toEqual(['code-one a.js:2']);
  });

  test('a file that is moved to where it is looked at is new there', async () => {
    using repo = testRepository();
    repo.write({ '.sallyport/notes.js': `${long}flaw\n` });
    const base = repo.commit();
    renameSync(join(repo.root, '.sallyport/notes.js'), join(repo.root, 'notes.js'));
    const head = repo.commit();

    const result = await runScan(testRequest(repo.root, { mode: { kind: 'change', base, head } }), deps());

    expect(found(result)).toEqual(['code-one notes.js:41']);
  });

  test('counts from where the change left its base', async () => {
    using repo = testRepository();
    repo.write({ 'a.js': 'flaw\n' });
    repo.commit();
    repo.git('checkout', '-q', '-b', 'topic');
    repo.write({ 'b.js': 'flaw\n' });
    repo.commit();
    repo.git('checkout', '-q', 'main');
    repo.write({ 'a.js': 'mended\n' });
    repo.commit();

    const mode = { kind: 'change', base: 'main', head: 'topic' } as const;
    expect(found(await runScan(testRequest(repo.root, { mode }), deps()))).toEqual(['code-one b.js:1']);
  });

  test('sees over all files what a change of one of them brings', async () => {
    using repo = testRepository();
    repo.write({ 'a.js': 'pair\n', 'b.js': 'nothing\n' });
    const base = repo.commit();
    repo.write({ 'b.js': 'pair\n' });
    const head = repo.commit();

    const result = await runScan(testRequest(repo.root, { mode: { kind: 'change', base, head } }), deps());

    expect(found(result)).toEqual(['code-two a.js:1', 'code-two b.js:1']);
  });

  test('of what is staged, and of the folder', async () => {
    using repo = testRepository();
    repo.write({ 'a.js': 'flaw\n' });
    repo.commit();
    repo.write({ 'b.js': 'flaw\n' });
    repo.git('add', 'b.js');
    repo.write({ 'b.js': 'mended meanwhile\n', 'c.js': 'flaw\n' });

    const staged = await runScan(testRequest(repo.root, { mode: { kind: 'staged' } }), deps());
    const since = await runScan(testRequest(repo.root, { mode: { kind: 'since', since: 'HEAD' } }), deps());

    expect(found(staged)).toEqual(['code-one b.js:1']);
    expect(found(since)).toEqual(['code-one c.js:1']);
  });

  test('before the first commit all that is staged is new', async () => {
    using repo = testRepository();
    repo.write({ 'a.js': 'flaw\n' });
    repo.git('add', 'a.js');

    expect(found(await runScan(testRequest(repo.root, { mode: { kind: 'staged' } }), deps()))).toEqual([
      'code-one a.js:1',
    ]);
  });
});

describe('in gate mode', () => {
  const comment = `// ${IGNORE} code-one -- fine (me, until 2031-01-01)`;

  test('a suppression that the change brings has no effect and is told; one of the base has', async () => {
    using repo = testRepository();
    repo.write({ 'old.js': `flaw ${comment}\n` });
    const base = repo.commit();
    repo.write({ 'old.js': `first\nflaw ${comment}\n`, 'new.js': `flaw ${comment}\n` });
    const head = repo.commit();
    const mode = { kind: 'change', base, head } as const;

    const gated = await runScan(testRequest(repo.root, { mode, gate: base }), deps());
    const whole = await runScan(testRequest(repo.root, { gate: base }), deps());
    const control = await runScan(testRequest(repo.root, { mode }), deps());

    expect(found(gated)).toEqual(['code-one new.js:1', 'settings-from-change new.js:1']);
    expect(found(whole)).toEqual(['code-one new.js:1', 'settings-from-change new.js:1']);
    expect(found(control)).toEqual([]);
  });

  test('a file of suppressions that the change brings has no effect and is told', async () => {
    using repo = testRepository();
    repo.write({ 'a.js': 'nothing\n' });
    const base = repo.commit();
    const file = '- rule: code-one\n  reason: fine\n  owner: me\n  expires: 2031-01-01\n';
    repo.write({ 'a.js': 'flaw\n', '.sallyport/suppressions.yml': file });
    const head = repo.commit();
    const mode = { kind: 'change', base, head } as const;

    const gated = await runScan(testRequest(repo.root, { mode, gate: base }), deps());
    const control = await runScan(testRequest(repo.root, { mode }), deps());

    expect(found(gated)).toEqual(['code-one a.js:1', 'settings-from-change .sallyport/suppressions.yml:1']);
    expect(found(control)).toEqual([]);
  });
});

test('a session scans again with other texts, and what it says is what a new scan would', async () => {
  using repo = testRepository();
  repo.write({ 'a.js': 'flaw\npair\n', 'b.js': 'pair\n' });
  const { openScan } = await import('./run-scan.ts');
  const session = await openScan(testRequest(repo.root), deps());

  const after = await session.rescan(
    new Map([
      ['a.js', 'mended\n'],
      ['c.js', 'flaw\n'],
    ]),
  );
  repo.write({ 'a.js': 'mended\n', 'c.js': 'flaw\n' });
  const anew = await runScan(testRequest(repo.root), deps());

  expect(after.findings).toEqual(anew.findings);
  expect(await session.readText('b.js')).toBe('pair\n');
  await session.close();
});
