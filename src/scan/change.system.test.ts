import { renameSync, writeFileSync } from 'node:fs';
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

  test('a changed file with a line feed in its name does not shift what others are compared with', async () => {
    using repo = testRepository();
    repo.write({ 'a\nb.txt': 'one\n', 'z.js': 'flaw\n' });
    repo.commit();
    repo.write({ 'a\nb.txt': 'two words\n', 'z.js': 'flaw\nmore\n' });

    expect(found(await runScan(testRequest(repo.root, { mode: { kind: 'since', since: 'HEAD' } }), deps()))).toEqual(
      [],
    );
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

  test('a suppression of the base does not cover what the change writes below a copy of it, or in its place', async () => {
    using repo = testRepository();
    repo.write({ 'copied.js': `${comment}\nflaw one\n`, 'same.js': `flaw one ${comment}\n` });
    const base = repo.commit();
    repo.write({
      'copied.js': `${comment}\nflaw one\n${comment}\nflaw two\n${comment}\nflaw one\n`,
      'same.js': `flaw two ${comment}\n`,
    });
    const head = repo.commit();
    const mode = { kind: 'change', base, head } as const;

    const gated = await runScan(testRequest(repo.root, { mode, gate: base }), deps());
    const whole = await runScan(testRequest(repo.root, { gate: base }), deps());
    const control = await runScan(testRequest(repo.root, { mode }), deps());

    const brought = [
      'code-one copied.js:4',
      'code-one copied.js:6',
      'code-one same.js:1',
      'settings-from-change copied.js:3',
      'settings-from-change copied.js:5',
      'settings-from-change same.js:1',
    ];
    expect(found(gated)).toEqual(brought);
    expect(found(whole)).toEqual(brought);
    expect(found(control)).toEqual([]);
  });

  test('a mark that allows a secret has no effect when the change brings it; one of the base has', async () => {
    using repo = testRepository();
    const line = (end: string) =>
      `key = "${['AKIA', `Z7QJ3MT5LKPX2VN${end}`].join('')}" # ${['gitleaks', 'allow'].join(':')}\n`;
    repo.write({ 'old.py': line('B') });
    const base = repo.commit();
    repo.write({ 'old.py': `first = 1\n${line('B')}${line('C')}`, 'new.py': line('D') });
    const head = repo.commit();
    const mode = { kind: 'change', base, head } as const;
    const all = { ...deps(), scanners: undefined } as never;

    const gated = await runScan(testRequest(repo.root, { mode, gate: base, kinds: ['secrets'] }), all);
    const whole = await runScan(testRequest(repo.root, { gate: base, kinds: ['secrets'] }), all);
    const control = await runScan(testRequest(repo.root, { mode, kinds: ['secrets'] }), all);

    const brought = [
      'aws-access-key-id new.py:1',
      'aws-access-key-id old.py:3',
      'settings-from-change new.py:1',
      'settings-from-change old.py:3',
    ];
    expect(found(gated)).toEqual(brought);
    expect(found(whole)).toEqual(brought);
    expect(found(control)).toEqual([]);
  });

  test('a file that the change calls generated is looked at all the same; one that was so before is not', async () => {
    using repo = testRepository();
    const mark = '// Code generated by x. DO NOT EDIT.\n';
    repo.write({ 'old.js': `${mark}word\n`, 'turned.js': 'word\n' });
    const base = repo.commit();
    const long = `// ${'x'.repeat(30_000)}\n`;
    repo.write({
      'old.js': `${mark}flaw\n`,
      'turned.js': `${mark}flaw\n`,
      'new.js': `${mark}flaw\n`,
      'long.js': `${long}flaw\n`,
      'dist/a.js': 'flaw\n',
    });
    const head = repo.commit();
    const mode = { kind: 'change', base, head } as const;
    const cacheFile = join(repo.root, '.git', 'results');
    const kept = () => testDeps({ git: GIT, cacheFile });

    const control = await runScan(testRequest(repo.root, { mode }), kept());
    const gated = await runScan(testRequest(repo.root, { mode, gate: base }), kept());
    const whole = await runScan(testRequest(repo.root, { gate: base }), kept());
    const again = await runScan(testRequest(repo.root, { mode }), kept());

    const brought = ['code-one long.js:2', 'code-one new.js:2', 'code-one turned.js:2'];
    expect(found(gated)).toEqual(brought);
    expect(found(whole)).toEqual(brought);
    expect(found(control)).toEqual([]);
    expect(found(again)).toEqual([]);
    expect(gated.notes).toEqual([expect.stringContaining('dist/a.js; --everything')]);
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
  writeFileSync(join(repo.root, 'latin1.txt'), Buffer.from('caf\u00e9\n', 'latin1'));
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
  expect(await session.readText('latin1.txt')).toBeUndefined();
  await session.close();
});
