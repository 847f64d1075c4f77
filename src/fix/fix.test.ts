import { describe, expect, test } from 'vitest';
import { completeFindings, type Edit, type Fix, type Match, type Rule, viewOf } from '../finding/index.ts';
import { applyEdits, type Overlay } from './apply.ts';
import { renderPatch } from './diff.ts';
import { type FixTools, fixFindings, type Resolution } from './fix.ts';
import { parseObjection } from './parses.ts';
import type { ScanState } from './state.ts';

const edit = (start: number, end: number, text: string, file = 'a.txt'): Edit => ({ file, start, end, text });

describe('edits', () => {
  test('are applied from the front, whatever their order, and equal ones once', () => {
    expect(applyEdits('one two', [edit(4, 7, '2'), edit(0, 3, '1'), edit(4, 7, '2')])).toBe('1 2');
    expect(applyEdits('ab', [edit(1, 1, '-')])).toBe('a-b');
  });

  test.each([
    ['that overlap', [edit(0, 3, 'x'), edit(2, 4, 'y')]],
    ['that insert twice at one place', [edit(1, 1, 'x'), edit(1, 1, 'y')]],
    ['beyond the end', [edit(5, 9, 'x')]],
    ['that end before they start', [edit(3, 2, 'x')]],
  ])('%s are refused', (_, edits) => {
    expect(applyEdits('one two', edits)).toBeUndefined();
  });
});

/** A scanner of words: `bad` is a flaw that becomes `good`, `sly` becomes `worse`, `worse` has no fix. */
const RULES = new Map(
  ['bad', 'sly', 'worse', 'pin', 'stubborn', 'broken'].map((id): [string, Rule] => [
    id,
    {
      id,
      kind: 'code',
      title: id,
      severity: 'high',
      confidence: 'high',
      why: 'why',
      lesson: 'lesson',
      remedy: 'remedy',
      aliases: [],
      references: [],
      examples: [],
    },
  ]),
);
const REPLACED: { readonly [rule: string]: string } = { bad: 'good', sly: 'worse', stubborn: 'stubborn', broken: '!' };

function scan(files: ReadonlyMap<string, string>): ScanState {
  const matches = [...files].flatMap(([file, text]) => {
    const view = viewOf(file, text);
    return [...text.matchAll(/[a-z]+/g)].flatMap(({ 0: word, index }): Match[] => {
      if (!RULES.has(word)) return [];
      const fix: Fix =
        word === 'worse'
          ? { kind: 'none', reason: 'nobody knows' }
          : word === 'pin'
            ? {
                kind: 'request',
                title: 'pin it',
                request: { type: 'pin-action', file, start: index, end: index + word.length, uses: 'a/b@v1' },
              }
            : {
                kind: 'edit',
                title: `mend ${word}`,
                edits: [edit(index, index + word.length, REPLACED[word] ?? '', file)],
              };
      return [
        {
          rule: word,
          place: view.placeAt(index, index + word.length),
          message: word,
          evidence: view.lineText(view.placeAt(index, index).line),
          fix,
        },
      ];
    });
  });
  return { findings: completeFindings(matches, RULES), gaps: [] };
}

function toolsFor(
  files: { readonly [path: string]: string },
  resolve?: FixTools['resolve'],
): FixTools & { readonly first: ScanState } {
  const whole = (overlay: Overlay) => new Map([...Object.entries(files), ...overlay]);
  return {
    first: scan(new Map(Object.entries(files))),
    readText: async (path) => files[path],
    rescan: async (overlay) => scan(whole(overlay)),
    resolve: resolve ?? (async (): Promise<Resolution> => ({ ok: false, reason: 'no mirror' })),
    objection: (path, _, after) => (after.includes('!') ? `${path} would no longer parse` : undefined),
  };
}

const run = async (files: { readonly [path: string]: string }, resolve?: FixTools['resolve']) => {
  const tools = toolsFor(files, resolve);
  return fixFindings(tools.first, tools);
};

describe('fixing', () => {
  test('mends all flaws of a file and tells the others why they stay', async () => {
    const result = await run({ 'a.txt': 'bad and bad\nworse bad', 'b.txt': 'fine' });

    expect([...result.overlay]).toEqual([['a.txt', 'good and good\nworse good']]);
    expect(result.mended).toHaveLength(3);
    expect(result.explained.map(({ reason }) => reason)).toEqual(['nobody knows']);
  });

  test('a fix that adds a finding is left out, the others of the same file stay', async () => {
    const result = await run({ 'a.txt': 'bad sly bad', 'b.txt': 'bad' });

    expect([...result.overlay]).toEqual([
      ['a.txt', 'good sly good'],
      ['b.txt', 'good'],
    ]);
    expect(result.explained.map(({ reason }) => reason)).toEqual(['worse would be new in a.txt']);
  });

  test('a fix that removes nothing is left out', async () => {
    const result = await run({ 'a.txt': 'stubborn bad' });

    expect(result.overlay.get('a.txt')).toBe('stubborn good');
    expect(result.explained.map(({ reason }) => reason)).toEqual(['stubborn is still found in a.txt']);
  });

  test('a fix that breaks the syntax is left out', async () => {
    const result = await run({ 'a.txt': 'broken', 'b.txt': 'bad' });

    expect([...result.overlay.keys()]).toEqual(['b.txt']);
    expect(result.explained[0]?.reason).toBe('a.txt would no longer parse');
  });

  test('a request is carried out at its place though edits stand before it', async () => {
    const result = await run({ 'a.txt': 'bad pin' }, async (requests) => ({
      ok: true,
      edits: requests.flatMap((request) =>
        request.type === 'bump' ? [] : [edit(request.start, request.end, 'locked', request.file)],
      ),
    }));

    expect(result.overlay.get('a.txt')).toBe('good locked');
  });

  test('a request that can not be carried out is explained and harms no other', async () => {
    const result = await run({ 'a.txt': 'bad pin bad' });

    expect(result.overlay.get('a.txt')).toBe('good pin good');
    expect(result.explained[0]?.reason).toBe('no mirror');
  });

  test('what is not accepted is not touched', async () => {
    const tools = toolsFor({ 'a.txt': 'bad', 'b.txt': 'bad' });

    const result = await fixFindings(tools.first, tools, ({ place }) =>
      place.file === 'b.txt' ? 'it broke the tests' : undefined,
    );

    expect([...result.overlay.keys()]).toEqual(['a.txt']);
    expect(result.explained.map(({ reason }) => reason)).toEqual(['it broke the tests']);
  });

  test('a tree without flaws stays as it is', async () => {
    expect([...(await run({ 'a.txt': 'fine' })).overlay]).toEqual([]);
  });
});

describe('texts', () => {
  test('one that no longer parses is objected to, one that never did is not', () => {
    expect(parseObjection('a.yml', 'a: 1', 'a: [')).toMatch(/^a.yml would no longer parse/);
    expect(parseObjection('a.json', '{', '{{')).toBeUndefined();
    expect(parseObjection('a.toml', 'a = 1', 'a = 2')).toBeUndefined();
  });

  test('a patch names its files as git does', () => {
    const patch = renderPatch([
      { path: 'b.txt', before: 'one\ntwo\n', after: 'one\n2\n' },
      { path: 'a.txt', after: 'new\n' },
    ]);

    expect(patch).toContain('--- /dev/null');
    expect(patch).toContain('diff --git a/b.txt b/b.txt\n--- a/b.txt\n+++ b/b.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n');
  });
});
