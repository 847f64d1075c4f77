import { expect, test } from 'vitest';
import { createCodeScanner } from './index.ts';
import { readSettings } from './settings.ts';
import { scanFiles, viewOf } from '../finding/index.ts';

const scanner = await createCodeScanner();

const MAIN = 'app/src/main/java/acme/Seal.java';
const SETTINGS = 'app/src/main/resources/seal.properties';

function seal(load: string, look: string): string {
  return `package acme;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.Properties;
class Seal {
  byte[] of(byte[] text) throws Exception {
    Properties settings = new Properties();
    ${load}
    String name = ${look};
    return MessageDigest.getInstance(name).digest(text);
  }
}
`;
}

const LOAD = 'settings.load(Seal.class.getResourceAsStream("/seal.properties"));';
const STREAM = 'try (InputStream in = Seal.class.getResourceAsStream("/seal.properties")) { settings.load(in); }';
const LOOK = 'settings.getProperty("seal.digest", "SHA-256")';

function rulesFound(files: { readonly [path: string]: string }): readonly string[] {
  return scanFiles(scanner, files).findings.map(({ rule }) => rule);
}

test.each([
  ['a weak value is set', LOAD, LOOK, { [SETTINGS]: '# sealing\nseal.digest = MD5\n' }, true],
  ['it is loaded from a stream', STREAM, LOOK, { [SETTINGS]: 'seal.digest: SHA1\n' }, true],
  ['a strong value is set', LOAD, LOOK, { [SETTINGS]: 'seal.digest=SHA-512\n' }, false],
  ['the file is not of the tree', LOAD, LOOK, {}, false],
  ['another key is weak', LOAD, LOOK, { [SETTINGS]: 'seal.old.digest=MD5\nseal.digest=SHA-512' }, false],
  ['another file has the key', LOAD, LOOK, { 'app/src/main/resources/other.properties': 'seal.digest=MD5\n' }, false],
  [
    'the file of the tests is weak alone',
    LOAD,
    LOOK,
    { [SETTINGS]: 'seal.digest=SHA-256', 'app/src/test/resources/seal.properties': 'seal.digest=MD5' },
    false,
  ],
  [
    'the default is weak and overridden',
    LOAD,
    'settings.getProperty("seal.digest", "MD5")',
    { [SETTINGS]: 'seal.digest=SHA-256' },
    false,
  ],
  [
    'the default is weak and counts',
    LOAD,
    'settings.getProperty("seal.digest", "MD5")',
    { [SETTINGS]: 'name=x' },
    true,
  ],
  [
    'the program sets it itself',
    `${LOAD} settings.setProperty("seal.digest", "SHA-256");`,
    LOOK,
    { [SETTINGS]: 'seal.digest=MD5' },
    false,
  ],
] as const)('%s', (_, load, look, files, expected) => {
  expect(rulesFound({ [MAIN]: seal(load, look), ...files }).includes('java-weak-hash')).toBe(expected);
});

test('the finding names the file that sets the value', () => {
  const { findings } = scanFiles(scanner, { [MAIN]: seal(LOAD, LOOK), [SETTINGS]: 'seal.digest=MD5\n' });

  expect(findings.map(({ message, place, trace }) => [message, place.file, trace?.[0]?.place.file])).toEqual([
    [expect.stringContaining(`\`seal.digest\` is \`MD5\` in ${SETTINGS}:1`), MAIN, SETTINGS],
  ]);
});

test('no value leaves a file of settings but those that a rule asks for', () => {
  const text = 'db.password=hunter2\nhash.key=verysecret\nmail.digest=MD5\n';
  const facts = readSettings(viewOf('a.properties', text), [{ arg: 0, matches: '^MD5$', setting: true }]);

  expect(JSON.stringify(facts)).not.toMatch(/hunter2|verysecret/);
  expect(facts?.entries).toMatchObject({ 'hash.key': {}, 'mail.digest': { value: 'MD5' } });
});
