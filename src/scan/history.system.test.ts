import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GIT, testRepository } from '../../test/support/git-repository.ts';
import { runScan, type ScanResult } from './run-scan.ts';
import { testDeps, testRequest, wordScanner } from './scan.fixture.ts';

const scanners = {
  secrets: { settings: () => Promise.resolve({}), load: () => Promise.resolve(wordScanner('secrets')) },
};
const deps = () => testDeps({ git: GIT, scanners });
const request = (root: string, change = {}) => testRequest(root, { kinds: ['secrets'], history: true, ...change });
const found = ({ findings }: ScanResult) =>
  findings.map(({ place, commit }) => `${place.file}:${place.line} ${commit === undefined ? 'now' : 'then'}`).sort();

test('finds what was added and is gone, at its line, with who brought it; what is still there only there', async () => {
  using repo = testRepository();
  repo.write({ 'a.txt': 'one\ntwo\nflaw gone\n', 'b.txt': 'flaw stays\n' });
  const first = repo.commit();
  repo.write({ 'a.txt': 'one\ntwo\n' });
  repo.commit();
  repo.write({ 'a.txt': 'one\nnew\ntwo\nflaw gone\n' });
  repo.commit();
  rmSync(join(repo.root, 'a.txt'));
  repo.commit();

  const result = await runScan(request(repo.root), deps());

  expect(found(result)).toEqual(['a.txt:3 then', 'b.txt:1 now']);
  expect(result.findings.find(({ commit }) => commit !== undefined)?.commit).toMatchObject({
    id: first,
    author: 'T <t@example.org>',
  });
  expect(result.commits).toBe(4);
});

test('finds what a merge brought that none of its parents had, and nothing of them twice', async () => {
  using repo = testRepository();
  repo.write({ 'a.txt': 'base\n' });
  repo.commit();
  repo.git('checkout', '-q', '-b', 'topic');
  repo.write({ 'a.txt': 'base\nflaw of topic\n' });
  repo.commit();
  repo.git('checkout', '-q', 'main');
  repo.write({ 'b.txt': 'main\n' });
  repo.commit();
  repo.git('merge', '-q', '--no-commit', 'topic');
  repo.write({ 'a.txt': 'base\nflaw of topic\nflaw of merge\n', 'b.txt': 'main\n' });
  repo.commit();
  repo.write({ 'a.txt': 'base\n' });
  repo.commit();

  expect(found(await runScan(request(repo.root), deps()))).toEqual(['a.txt:2 then', 'a.txt:3 then']);
});

test('no content passes for a header, and odd names are read', async () => {
  using repo = testRepository();
  const trick = 'diff --git a/x b/x\n+++ b/other.txt\n@@ -0,0 +1,2 @@\n+flaw in a trick\n--- a/x\n';
  repo.write({ 'a.txt': trick, 'tab\tü "q".txt': 'flaw odd\n', 'no-end.txt': 'flaw no end' });
  repo.commit();
  rmSync(join(repo.root, 'a.txt'));
  rmSync(join(repo.root, 'tab\tü "q".txt'));
  rmSync(join(repo.root, 'no-end.txt'));
  repo.commit();

  expect(found(await runScan(request(repo.root), deps()))).toEqual([
    'a.txt:4 then',
    'no-end.txt:1 then',
    'tab\tü "q".txt:1 then',
  ]);
});

test('attributes of the repository hide nothing', async () => {
  using repo = testRepository();
  repo.write({ '.gitattributes': '*.txt -diff binary\n', 'a.txt': 'flaw\n' });
  repo.commit();
  rmSync(join(repo.root, 'a.txt'));
  repo.commit();

  expect(found(await runScan(request(repo.root), deps()))).toEqual(['a.txt:1 then']);
});

test('of a change has only its commits, also what it took back', async () => {
  using repo = testRepository();
  repo.write({ 'a.txt': 'flaw old\n' });
  repo.commit();
  rmSync(join(repo.root, 'a.txt'));
  const base = repo.commit();
  repo.write({ 'b.txt': 'flaw new\n' });
  repo.commit();
  rmSync(join(repo.root, 'b.txt'));
  const head = repo.commit();

  const mode = { kind: 'change', base, head } as const;
  expect(found(await runScan(request(repo.root, { mode }), deps()))).toEqual(['b.txt:1 then']);
});

test('a clone that lacks a part of the history says so', async () => {
  using repo = testRepository();
  repo.write({ 'a.txt': 'x\n' });
  repo.commit();
  repo.write({ 'a.txt': 'y\n' });
  repo.commit();
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-clone-'));
  const clone = (...args: readonly string[]) => {
    const target = join(folder, String(args.length));
    repo.git('config', 'uploadpack.allowFilter', 'true');
    execFileSync('git', ['clone', '-q', ...args, `file://${repo.root}`, target], { stdio: 'ignore' });
    return target;
  };

  const shallow = await runScan(request(clone('--depth=1')), deps());
  const partial = await runScan(request(clone('--filter=blob:none', '--no-checkout')), deps());

  expect(shallow.gaps).toMatchObject([{ code: 'history-shallow' }]);
  expect(partial.gaps).toMatchObject([{ code: 'history-partial' }]);
  rmSync(folder, { recursive: true });
});

test('gives the same with kept results', async () => {
  using repo = testRepository();
  repo.write({ 'a.txt': 'flaw\n' });
  repo.commit();
  rmSync(join(repo.root, 'a.txt'));
  repo.commit();
  const cacheFile = join(repo.root, '.git/kept');

  const cold = await runScan(request(repo.root), testDeps({ git: GIT, scanners, cacheFile }));
  const warm = await runScan(request(repo.root), testDeps({ git: GIT, scanners, cacheFile }));

  expect(warm.findings).toEqual(cold.findings);
  expect(warm.findings).toHaveLength(1);
  expect(warm.bytes).toBe(0);
});
