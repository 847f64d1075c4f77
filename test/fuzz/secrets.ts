import { gzipSync } from 'node:zlib';
import { isFault, reasonOf } from '../../src/base/index.ts';
import { viewOf } from '../../src/finding/index.ts';
import { createSecretsScanner, openConfigs } from '../../src/secrets/index.ts';
import type { FuzzOutcome } from './outcome.ts';
import { chooser, randomOf } from './random.ts';

const readConfig = await openConfigs();

/** What files with secrets are made of: names, signs, openings that may never close, encodings, and bytes of anything. */
const PIECES = [
  'password',
  'api_key',
  'Authorization: ',
  'Bearer ',
  'token',
  ' = ',
  ': ',
  '=>',
  '"',
  "'",
  '`',
  '\\"',
  '${',
  '}',
  '{{',
  '<password>',
  '</password>',
  '-----BEGIN RSA PRIVATE KEY-----',
  '-----END',
  'AKIA',
  'ghp_',
  'eyJhbGciOiJIUzI1NiJ9.',
  '://',
  'user:',
  '@host/',
  'postgres://',
  'cGFzc3dvcmQ',
  '70617373776f7264',
  '%3a%2f%2f',
  '\n',
  '\r\n',
  '\t',
  ' ',
  ',',
  ';',
  '(',
  ')',
  'é',
  '😀',
  '\u0000',
  '\ufeff',
  'Xq8!mmPz',
  'A'.repeat(40),
  '0123456789abcdef'.repeat(4),
  'ENV ',
  '--password ',
  'gitleaks:allow',
  'value: ',
  '_authToken=',
  'PK\u0003\u0004',
] as const;
const PATHS = [
  'a.js',
  'a.py',
  '.env',
  'a.yml',
  'a.md',
  'a.xml',
  'Dockerfile',
  'a.zip',
  'a.gz',
  'a.bin',
  'test/a.go',
] as const;
/** Processor time that one small input may take, in milliseconds. */
const ROUND_MS_MAX = 2_000;

/** Random files, mutated bytes, cut archives. Wanted: no exception, no place outside of the file, an end within the time. */
export function fuzzSecrets(seed: number, rounds: number): FuzzOutcome {
  const random = randomOf(seed);
  const { pick, many } = chooser(random);
  const scanner = createSecretsScanner();
  const failures: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    let bytes = Buffer.from(many(PIECES, 60));
    if (random() < 0.1) bytes = gzipSync(bytes);
    if (random() < 0.1) bytes = Buffer.from(bytes.toString(), 'utf16le');
    if (random() < 0.3)
      for (let count = 0; count < 4; count += 1)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    if (random() < 0.1) bytes = bytes.subarray(0, Math.floor(random() * bytes.length));
    const path = pick(PATHS);
    const where = `seed ${seed} round ${round} ${path} ${JSON.stringify(bytes.toString('latin1'))}`;
    const started = process.cpuUsage().user;
    try {
      for (const { place } of scanner.scanFile(viewOf(path, bytes)).matches) {
        if (place.line < 1 || place.column < 1 || place.endLine < place.line)
          failures.push(`${where}: a place at ${place.line}:${place.column}`);
      }
    } catch (thrown) {
      failures.push(`${where}: ${reasonOf(thrown)}`);
    }
    if ((process.cpuUsage().user - started) / 1000 > ROUND_MS_MAX) failures.push(`${where}: took too long`);
  }
  return { rounds, failures };
}

const CONFIG_PIECES = [
  '[[rules]]\n',
  'id = "a"\n',
  'id = "b"\n',
  "regex = '''(?i)a[b-z]{2,5}'''\n",
  "regex = '''(a+)+$'''\n",
  'regex = "("\n',
  'regex = "\\\\pL[[:alpha:]]"\n',
  'keywords = ["a", 1]\n',
  'entropy = 3.5\n',
  'secretGroup = 1\n',
  'path = "\\\\.env$"\n',
  '[[rules.allowlists]]\n',
  '[rules.allowlist]\n',
  'condition = "AND"\n',
  'regexTarget = "line"\n',
  'regexes = ["a"]\n',
  'stopwords = ["x"]\n',
  '[[rules.required]]\n',
  'withinLines = 3\n',
  '[extend]\n',
  'useDefault = true\n',
  'path = "base.toml"\n',
  '[[allowlists]]\n',
  'targetRules = ["a"]\n',
  '[allowlist]\n',
  "filter = '''entropy(finding[\"secret\"]) < 3 && (true || '''\n",
  "filter = '''matchesAny(attributes[?\"path\"].orValue(\"\"), [`a+`])'''\n",
  "prefilter = '''let x = 1; x == 1'''\n",
  '"',
  "'''",
  '[',
  ']',
  '\n',
  '\u0000',
  'é = 1\n',
] as const;

/** Random configurations. Wanted: they load, or are refused with a fault that has a line. */
export function fuzzSecretsConfig(seed: number, rounds: number): FuzzOutcome {
  const { many } = chooser(randomOf(seed));
  const failures: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const text = many(CONFIG_PIECES, 14);
    const where = `seed ${seed} round ${round} ${JSON.stringify(text)}`;
    try {
      readConfig({ file: 'a.toml', text, read: () => "[[rules]]\nid = 'c'\nregex = 'c'\n" });
    } catch (thrown) {
      if (!isFault(thrown) || thrown.at === undefined) failures.push(`${where}: ${reasonOf(thrown)}`);
    }
  }
  return { rounds, failures };
}
