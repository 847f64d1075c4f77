import { expect, test } from 'vitest';
import { GIT, testRepository } from '../../test/support/git-repository.ts';
import { openGate } from './gate.ts';

test('a gate judges each change by itself, whatever it has seen before', async () => {
  using repo = testRepository();
  const key = (end: string) => `key = "${['AKIA', `Z7QJ3MT5LKPX2VN${end}`].join('')}"\n`;
  repo.write({ 'a.py': 'a = 1\n' });
  const first = repo.commit();
  repo.write({ 'b.py': key('B') });
  const second = repo.commit();
  repo.write({ 'b.py': 'b = 1\n' });
  const third = repo.commit();
  repo.write({ '.gitleaks.toml': '[[rules]]\nid = "word"\ndescription = "A word"\nregex = "wo[r]d"\n' });
  const fourth = repo.commit();
  repo.write({ 'c.py': `word\n${key('C')}` });
  const fifth = repo.commit();
  const gate = openGate({ kinds: ['secrets'], history: true, deps: { git: GIT, threads: 1 } });
  const scan = async (base: string, head: string) => {
    const { findings } = await gate.scan({
      root: repo.root,
      base,
      head,
      today: '2026-01-01',
      machine: { advisoriesFolder: undefined, now: 0 },
      signal: new AbortController().signal,
    });
    return findings
      .map(({ rule, place, commit }) => `${rule} ${place.file}${commit === undefined ? '' : ' gone'}`)
      .sort();
  };

  expect(await scan(first, second)).toEqual(['aws-access-key-id b.py']);
  expect(await scan(second, third)).toEqual([]);
  // What a later commit took out again stays in the history.
  expect(await scan(first, third)).toEqual(['aws-access-key-id b.py gone']);
  // Settings are those of the base: those that come with the change have no effect, those that it goes onto have.
  expect(await scan(third, fifth)).toEqual(['aws-access-key-id c.py', 'settings-from-change .gitleaks.toml']);
  expect(await scan(fourth, fifth)).toEqual(['word c.py']);
  expect(await Promise.all([scan(first, second), scan(fourth, fifth)])).toEqual([
    ['aws-access-key-id b.py'],
    ['word c.py'],
  ]);
});
