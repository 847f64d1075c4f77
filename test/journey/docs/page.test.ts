import { expect, test } from 'vitest';
import { stepsOf } from './page.ts';

test('blocks in sh are commands, others are not, and comments say what is special', () => {
  const page = [
    '# A page',
    '<!-- hidden',
    'mkdir x',
    '-->',
    '<!-- with sps_… as CODE -->',
    '```sh',
    'sallyport login --setup sps_…',
    '```',
    '```yaml',
    'a: 1',
    '```',
    '<!-- file x/b.yml -->',
    '',
    '```yaml',
    'b: 2',
    '```',
    '<!-- exits 1 -->',
    '```sh',
    'false',
    '```',
    '<!-- not run: another machine -->',
    '```sh',
    'reboot',
    '```',
    '<!-- background until ready -->',
    '```sh',
    'sallyport up',
    '```',
    '<!-- a word to whoever edits this -->',
  ].join('\n');

  expect(stepsOf(page)).toEqual([
    { line: 2, kind: 'run', script: 'mkdir x\n', exits: 0, isHidden: true },
    { line: 5, kind: 'with', text: 'sps_…', variable: 'CODE' },
    { line: 6, kind: 'run', script: 'sallyport login --setup sps_…\n', exits: 0, isHidden: false },
    { line: 14, kind: 'file', path: 'x/b.yml', text: 'b: 2\n' },
    { line: 18, kind: 'run', script: 'false\n', exits: 1, isHidden: false },
    { line: 22, kind: 'not-run', reason: 'another machine' },
    { line: 26, kind: 'background', script: 'sallyport up\n', until: 'ready' },
  ]);
});

test.each([
  ['a mark that no block follows', '<!-- exits 1 -->\ntext\n```sh\nfalse\n```'],
  ['a mark at the end', '<!-- not run: why -->'],
  ['a block without an end', '```sh\nls'],
  ['a comment without an end', '<!-- hidden\nls'],
  ['a half replacement', '<!-- with sps_ as code -->'],
])('%s is refused', (_, page) => {
  expect(() => stepsOf(page)).toThrow(/^line 1: /);
});
