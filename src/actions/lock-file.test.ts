import { describe, expect, test } from 'vitest';
import { isFault } from '../base/index.ts';
import { readDigests, readLock, writeLock } from './lock-file.ts';

const SHA = 'de0fac2e4500dabe0009e67214ff5f5447ce83dd';
const GOOD = `# comment
version: 'v0.0.2'
workflows:
    '.github/workflows/release.yml':
        - 'actions/checkout@v6.0.2'
dependencies:
    'actions/checkout@v6.0.2':
        ref: 'v6.0.2'
        commit: 'sha1-${SHA}'
        owner_id: 44036562
        repo_id: 197814629
`;

function faultOf(run: () => unknown): { code: string; line?: number | undefined } {
  try {
    run();
    return { code: 'none' };
  } catch (error) {
    if (!isFault(error)) throw error;
    return { code: error.code, line: error.at?.line };
  }
}

describe('actions.lock', () => {
  test('is read as the tool of GitHub writes it, ids and all, and written with the same content', () => {
    const lock = readLock(GOOD);

    expect(lock.dependencies['actions/checkout@v6.0.2']).toEqual({
      ref: 'v6.0.2',
      commit: SHA,
      ownerId: 44036562,
      repoId: 197814629,
      uses: [],
    });
    expect(writeLock(lock).split('\n').slice(3)).toEqual(GOOD.split('\n').slice(1));
  });

  test('of version v0.0.3 may name github.com as the host, and no other', () => {
    const newer = GOOD.replace('v0.0.2', 'v0.0.3').replace(
      "        ref: 'v",
      "        hostname: 'github.com'\n        ref: 'v",
    );

    expect(writeLock(readLock(newer))).toContain("hostname: 'github.com'");
    expect(faultOf(() => readLock(newer.replace('github.com', 'evil.ghe.com'))).code).toBe('actions/lock-invalid');
    expect(faultOf(() => readLock(newer.replace('v0.0.3', 'v0.0.2'))).code).toBe('actions/lock-invalid');
  });

  test.each([
    ['another version', GOOD.replace('v0.0.2', 'v0.0.1'), 'lock-version', 1],
    ['no version', 'workflows: {}', 'lock-version', 1],
    ['an unknown key', `${GOOD}extra: 1\n`, 'lock-invalid', 1],
    ['an unknown key of an entry', GOOD.replace('repo_id', 'repo'), 'lock-invalid', 8],
    ['an abbreviated commit', GOOD.replace(SHA, SHA.slice(0, 7)), 'lock-invalid', 9],
    ['another kind of commit', GOOD.replace('sha1-', 'sha256-'), 'lock-invalid', 9],
    [
      'a workflow that needs what is not there',
      GOOD.replace("- 'actions/checkout@v6.0.2'", "- 'a/b@v1'"),
      'lock-invalid',
      undefined,
    ],
    ['an entry that uses what is not there', `${GOOD}        uses: ['a/b@v1']\n`, 'lock-invalid', undefined],
    ['a name in upper case', GOOD.replaceAll('actions/checkout', 'Actions/checkout'), 'lock-invalid', 5],
    ['a path in a name', GOOD.replaceAll('actions/checkout', 'actions/checkout/sub'), 'lock-invalid', 5],
    [
      'a commit in the name that differs',
      GOOD.replaceAll('checkout@v6.0.2', `checkout@${'1'.repeat(40)}`),
      'lock-invalid',
      undefined,
    ],
    ['a key twice', `${GOOD}version: 'v0.0.2'\n`, 'lock-invalid', 12],
    [
      'an alias',
      GOOD.replace('owner_id: 44036562', 'owner_id: &a 4').replace('repo_id: 197814629', 'repo_id: *a'),
      'lock-invalid',
      undefined,
    ],
    ['no YAML', 'version: [', 'lock-invalid', 1],
    ['too many bytes', `#${'x'.repeat(1024 * 1024)}`, 'lock-invalid', undefined],
  ])('with %s is refused', (_title, text, code, line) => {
    const found = faultOf(() => readLock(text));

    expect(found.code).toBe(`actions/${code}`);
    if (line !== undefined) expect(found.line).toBe(line);
  });

  test('with a name of the prototype is just a name', () => {
    expect(faultOf(() => readLock(GOOD.replace("- 'actions/checkout@v6.0.2'", "- 'constructor'"))).code).toBe(
      'actions/lock-invalid',
    );
    expect(Object.keys(readLock(GOOD.replace('.github/workflows/release.yml', '__proto__')).workflows)).toHaveLength(0);
  });

  test('that was damaged is read or refused, never anything else', () => {
    let seed = 3;
    const next = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    for (let round = 0; round < 1500; round += 1) {
      const characters = Array.from(GOOD);
      for (let edits = next(4); edits >= 0; edits -= 1)
        characters[next(characters.length)] = String.fromCharCode(next(128));

      expect(faultOf(() => readLock(characters.join(''))).code).toMatch(/^(?:none|actions\/lock-(?:invalid|version))$/);
    }
  });
});

test.each([
  ['[]'],
  ['{"version":2,"digests":{}}'],
  ['{"version":1,"digests":{"a/b@v1":"sha256:00"}}'],
  ['{"version":1,"digests":{},"more":1}'],
  ['{'],
])('the digests %s are refused', (text) => {
  expect(faultOf(() => readDigests(text)).code).toBe('actions/lock-invalid');
});
