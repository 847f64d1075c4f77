import { generateKeyPairSync } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { viewOf } from '../finding/index.ts';
import { expandTemplates } from './fixture.ts';
import { createSecretsScanner } from './index.ts';

const scanner = createSecretsScanner();
const TOKEN = expandTemplates('{{github:ghp_}}');

/** Passwords, cut so that none stands in this file. */
const PASSWORDS: { readonly [name: string]: string } = {
  PW1: ['Xq8!', 'mmPz'].join(''),
  PW2: ['Xq8m', 'mPz1'].join(''),
  PW3: ['Wr5k', 'kLz2'].join(''),
};

function filled(text: string): string {
  return text.replaceAll(/PW[123]/g, (name) => PASSWORDS[name] ?? name);
}

function scan(path: string, content: string | Uint8Array) {
  return scanner.scanFile(viewOf(path, typeof content === 'string' ? filled(content) : content));
}

function zipOf(entries: { readonly [path: string]: Buffer }): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, bytes] of Object.entries(entries)) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(bytes);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(8, 8);
    header.writeUInt16LE(name.length, 26);
    parts.push(header, name, packed);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(bytes.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, name);
    offset += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

function utf32(text: string): Buffer {
  const points = Array.from(text, (letter) => letter.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(points.length * 4);
  for (const [at, point] of points.entries()) bytes.writeUInt32LE(point, at * 4);
  return bytes;
}

function tarOf(path: string, bytes: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write(bytes.length.toString(8).padStart(11, '0'), 124);
  header.write('0', 156);
  header.write('ustar', 257);
  return Buffer.concat([header, bytes, Buffer.alloc(1024 - (bytes.length % 512))]);
}

describe('what a finding says', () => {
  test('no part of it holds the secret, only how a long one begins', () => {
    const { matches } = scan('a.py', `token = "${TOKEN}"\npassword = "PW1"\n`);
    const text = JSON.stringify(matches);

    expect(matches).toHaveLength(2);
    expect(text).not.toContain(TOKEN.slice(4, 14));
    expect(text).not.toContain(filled('PW1').slice(0, 4));
    expect(text).toContain('ghp_…[40 characters]');
  });

  test('two secrets on one line are both redacted in both', () => {
    const { matches } = scan('a.yml', `urls: ["postgres://a:PW2@db.corp.dev/x", "postgres://b:PW3@db.corp.dev/x"]`);

    expect(matches).toHaveLength(2);
    expect(JSON.stringify(matches)).not.toMatch(new RegExp(filled('PW2|PW3')));
  });

  test('its place is that of the secret, after letters of any width', () => {
    const text = `# näive 😀\nconst t = '${TOKEN}';`;
    const [match] = scan('a.js', text).matches;

    expect(match?.place).toMatchObject({ line: 2, column: 12, endColumn: 52 });
  });

  test('it keeps its identity when it moves', () => {
    const [before] = scan('a.js', `const t = '${TOKEN}';`).matches;
    const [after] = scan('a.js', `// moved\n\n  const other = '${TOKEN}';`).matches;

    expect(after?.identity).toBe(before?.identity);
  });
});

describe('its fix', () => {
  test.each([
    ['a.js', `const dbPassword = 'PW1';`, `const dbPassword = process.env.DB_PASSWORD;`],
    ['a.py', `import sys\npassword = "PW1"\n`, `import os\nimport sys\npassword = os.environ["PASSWORD"]\n`],
    ['a.rb', `password = 'PW1'`, `password = ENV.fetch("PASSWORD")`],
    ['A.java', `String password = "PW1";`, `String password = System.getenv("PASSWORD");`],
    ['a.go', `import "os"\nvar password = "PW1"`, `import "os"\nvar password = os.Getenv("PASSWORD")`],
    ['.github/workflows/a.yml', `env:\n  DB_PASSWORD: PW1\n`, `env:\n  DB_PASSWORD: \${{ secrets.DB_PASSWORD }}\n`],
  ])('replaces the literal by a reference in %s', (path, text, fixed) => {
    const fix = scan(path, text).matches[0]?.fix;
    const edits = fix?.kind === 'edit' ? [...fix.edits].sort((a, b) => b.start - a.start) : [];

    expect(
      edits.reduce(
        (whole, { start, end, text: part }) => whole.slice(0, start) + part + whole.slice(end),
        filled(text),
      ),
    ).toBe(fixed);
    expect(fix?.followUp).toBeTruthy();
  });

  test.each([
    ['a.env', 'DB_PASSWORD=PW1'],
    ['a.go', 'const password = "PW1"'],
    ['a.js', "const url = 'https://deploy:PW2@git.corp.dev/x';"],
    ['main.tf', 'password = "PW1"'],
  ])('is none, with the reason, where none is safe: %s', (path, text) => {
    const fix = scan(path, text).matches[0]?.fix;

    expect(fix).toMatchObject({ kind: 'none' });
    expect(fix?.followUp).toBeTruthy();
  });
});

describe('files of every sort', () => {
  test.each([
    ['UTF-16 with a mark', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`token = "${TOKEN}"`, 'utf16le')])],
    ['UTF-16 without a mark', Buffer.from(`token = "${TOKEN}"`, 'utf16le')],
    ['Latin-1', Buffer.concat([Buffer.from([0xe9, 10]), Buffer.from(`token = "${TOKEN}"`)])],
  ])('%s is read', (_name, bytes) => {
    expect(scan('a.txt', bytes).matches).toHaveLength(1);
  });

  test.each([
    ['UTF-32 with a mark', Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), utf32(`token = "${TOKEN}"`)])],
    ['UTF-32 without a mark', utf32(`token = "${TOKEN}"`)],
    ['UTF-32, the other way round', utf32(`token = "${TOKEN}" 😀`).swap32()],
    ['a zero byte before the text', Buffer.concat([Buffer.alloc(1), Buffer.from(`token = "${TOKEN}"`)])],
    ['many zero bytes before the text', Buffer.concat([Buffer.alloc(20_000), Buffer.from(`token = "${TOKEN}"`)])],
    ['a zero byte within the text', Buffer.from(`# first line of a file\ntoken = "${TOKEN}"\n# end \0 of it\n`)],
  ])('what hides a text from other tools does not from this one: %s', (_name, bytes) => {
    expect(scan('a.txt', bytes).matches).toMatchObject([{ rule: 'github-pat' }]);
  });

  test('a text is one whatever its name says, and a picture is none', () => {
    const picture = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), Buffer.from(TOKEN)]);

    expect(scanner.wants('logo.png', 500)).toBe(true);
    expect(scan('logo.png', `token = "${TOKEN}"`).matches).toMatchObject([{ rule: 'github-pat' }]);
    expect(scan('logo.png', picture).matches).toEqual([]);
  });

  test.each([
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]],
    ['bzip2', [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]],
    ['7-Zip', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ])('what is packed in a way that nothing here unpacks is told: %s', (name, magic) => {
    const bytes = Buffer.concat([Buffer.from(magic), Buffer.alloc(50, 7)]);

    expect(scan('a.bin', bytes).gaps).toMatchObject([{ code: 'archive-not-read', file: 'a.bin' }]);
    expect(scan('a.tar', tarOf('in/x', bytes)).gaps?.[0]?.reason).toContain(`in/x is packed by ${name}`);
  });

  test('a secret in the name of a file is found, also of an empty one', () => {
    expect(scan(`keys/${TOKEN}.txt`, 'x').matches).toMatchObject([{ rule: 'github-pat' }]);
    expect(scanner.wants(`keys/${TOKEN}.txt`, 0)).toBe(true);
    expect(scanner.wants('keys/token.txt', 0)).toBe(false);
  });

  test('a secret in the target of a link is found', () => {
    expect(scanner.scanLink('a', `../${TOKEN}`).matches).toMatchObject([{ rule: 'github-pat', place: { file: 'a' } }]);
    expect(scanner.scanLink('a', '../password=x').matches).toEqual([]);
  });

  test('in a test a doubtful one is of low severity, and says why; elsewhere it is what its rule says', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const [inTest] = scan('test/server.key', key).matches;
    const [elsewhere] = scan('deploy/server.key', key).matches;

    expect(inTest).toMatchObject({ severity: 'low', confidence: 'low' });
    expect(inTest?.message).toContain('in a test or an example');
    expect(elsewhere?.severity).toBeUndefined();
  });

  test('what is binary is left alone', () => {
    expect(scan('a.dat', Buffer.concat([Buffer.from([1, 0, 2, 0, 0]), Buffer.from(TOKEN)])).matches).toEqual([]);
  });

  test.each([
    ['zip', zipOf({ 'in/a.py': Buffer.from(`x = "${TOKEN}"`) })],
    ['gzip', gzipSync(`x = "${TOKEN}"`)],
    ['zst', zstdCompressSync(`x = "${TOKEN}"`)],
    ['br', brotliCompressSync(`x = "${TOKEN}"`)],
    ['tar in zstd', zstdCompressSync(tarOf('in/a.py', Buffer.from(`x = "${TOKEN}"`)))],
    ['tar', tarOf('in/a.py', Buffer.from(`x = "${TOKEN}"`))],
    ['tar in gzip', gzipSync(tarOf('in/a.py', Buffer.from(`x = "${TOKEN}"`)))],
    ['zip in tar in gzip', gzipSync(tarOf('in/a.zip', zipOf({ 'a.py': Buffer.from(`x = "${TOKEN}"`) })))],
  ])('a secret in an archive is found: %s', (name, bytes) => {
    const { matches } = scan(`a.${name}`, bytes);

    expect(matches).toMatchObject([
      { rule: 'github-pat', place: { file: `a.${name}`, line: 1 }, fix: { kind: 'none' } },
    ]);
  });

  test('an archive that unpacks to far more than it has is a gap, not a wait', () => {
    const { matches, gaps } = scan('bomb.zip', zipOf({ 'a.txt': Buffer.alloc(15 * 1024 * 1024) }));

    expect(matches).toEqual([]);
    expect(gaps).toMatchObject([{ code: 'archive-not-read' }]);
  });

  test('a damaged archive is a gap', () => {
    expect(scan('a.gz', gzipSync('x'.repeat(500)).subarray(0, 20)).gaps).toMatchObject([{ code: 'archive-not-read' }]);
  });

  test.each([
    ['base64', Buffer.from(`github_token=${TOKEN}\n`).toString('base64')],
    [
      'base64 in base64',
      Buffer.from(`data: ${Buffer.from(filled(`db_password = "PW1"\n`)).toString('base64')}\npassword: x\n`).toString(
        'base64',
      ),
    ],
    ['hexadecimal', Buffer.from(filled(`password = "PW1"`)).toString('hex')],
    ['percent', encodeURIComponent(filled('https://deploy:PW2@git.corp.dev/x'))],
  ])('an encoded layer is looked into: %s', (_name, text) => {
    const { matches } = scan('a.yml', `config: ${text}\n`);

    expect(matches).toHaveLength(1);
    expect(matches[0]?.place.line).toBe(1);
  });

  test.each(['a.txt', 'a.js', 'a.yml', '.env'])('so does a name without end: %s', (path) => {
    const started = process.cpuUsage().user;
    scan(path, 'password='.repeat(220_000));

    expect(process.cpuUsage().user - started).toBeLessThan(10_000_000);
  });

  test('a line without end costs what its length costs', () => {
    const text = `var a=${JSON.stringify('password="PW1",token:"abc",'.repeat(30_000))}`;
    const started = process.cpuUsage().user;
    scan('a.min.js', text);
    scan('a.js', text);

    expect(process.cpuUsage().user - started).toBeLessThan(20_000_000);
  });
});
