import { describe, expect, test } from 'vitest';
import { isFault } from '../base/index.ts';
import { ENV_FILE_BYTES_MAX, type EnvFileKind, isLoaderVariable, parseEnvFile } from './env-file.ts';

const LENIENT = { refuseLoaderVariables: false };
const STRICT = { refuseLoaderVariables: true };
const parse = (text: string | Buffer, kind: EnvFileKind = 'env', policy = LENIENT) =>
  parseEnvFile(Buffer.from(text), kind, policy);

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    return isFault(thrown) ? `${thrown.code} ${thrown.message}` : 'other';
  }
  return 'accepted';
}

describe('entries', () => {
  test.each([
    [
      'A=1\nB=2',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['A==x\n\n', [['A', '=x']]],
    ['A=', [['A', '']]],
    ['A=b<<c', [['A', 'b<<c']]],
    [
      'A<<EOF\n1\n\n2\nEOF\nB=3',
      [
        ['A', '1\n\n2'],
        ['B', '3'],
      ],
    ],
    ['A<<EOF\nEOF', [['A', '']]],
    ['A<<EOF=x\nv\nEOF=x', [['A', 'v']]],
    ['\ufeffA=1', [['A', '1']]],
    ['A=é', [['A', 'é']]],
  ])('%j', (text, entries) => {
    const file = parse(text);
    expect(file.kind === 'env' ? file.entries.map(({ name, value }) => [name, value]) : undefined).toEqual(entries);
  });

  test.each([
    ['A', 'line 1'],
    ['A=1\nB', 'line 2'],
    ['=1', 'line 1'],
    ['A<<EOF\n1', 'line 1'],
    ['A<<\n1\n', 'line 1'],
    ['A=1\n<<EOF\nEOF', 'line 2'],
    ['A B=1', 'line 1'],
    ['A\t=1', 'line 1'],
    ['A=1\nB=\0', 'line 2'],
  ])('%j is refused with its line', (text, line) => {
    expect(codeOf(() => parse(text))).toContain(`workflow/env-file-invalid ${line}`);
  });

  test('bytes that are not UTF-8 and files that are too large are refused', () => {
    expect(codeOf(() => parse(Buffer.from([0x41, 0x3d, 0xff])))).toContain('env-file-invalid');
    expect(codeOf(() => parse(Buffer.alloc(ENV_FILE_BYTES_MAX + 1, 0x41)))).toContain('env-file-too-large');
    expect(codeOf(() => parse('A=1\n'.repeat(10_001)))).toContain('env-file-too-large');
    expect(codeOf(() => parse(`A=${'x'.repeat(200_000)}`))).toContain('env-file-too-large');
    expect(codeOf(() => parse(`A=${'x'.repeat(200_000)}`, 'output'))).toBe('accepted');
  });
});

describe('variables of the runner and of loaders', () => {
  test.each(['NODE_OPTIONS', 'node_options', 'GITHUB_SHA', 'RUNNER_TEMP'])('%s is never taken from a step', (name) => {
    expect(codeOf(() => parse(`${name}=x`))).toContain('env-file-reserved');
    expect(codeOf(() => parse(`${name}=x`, 'output'))).toBe('accepted');
  });

  test.each([
    'LD_PRELOAD',
    'BASH_ENV',
    'GIT_SSH_COMMAND',
    'PYTHONSTARTUP',
    'PATH',
    'npm_config_script_shell',
    'BASH_FUNC_ls%%',
    'ld_preload',
  ])('%s is refused under the strict policy only', (name) => {
    expect(isLoaderVariable(name)).toBe(true);
    expect(codeOf(() => parse(`${name}=x`, 'env', STRICT))).toContain('env-file-loader');
    expect(codeOf(() => parse(`${name}=x`))).toBe('accepted');
  });

  test('ordinary names are no loaders', () => {
    for (const name of ['VERSION', 'PYTHON_VERSION', 'pythonLocation', 'GIT_AUTHOR_NAME', 'constructor', 'TITLE']) {
      expect(isLoaderVariable(name), name).toBe(false);
    }
  });

  /** R17: `echo "TITLE=$TITLE" >> $GITHUB_ENV` with a title of two lines. */
  test('a line injected by a value is refused with the whole file', () => {
    const title = 'x\nLD_PRELOAD=/tmp/evil.so';
    const written = `TITLE=${title}\n`;

    expect(codeOf(() => parse(written, 'env', STRICT))).toContain('line 2');
    expect(codeOf(() => parse(written, 'env', LENIENT))).toBe('accepted');
  });
});

test('paths, summaries and artifacts', () => {
  expect(parse('/a\r\n\n/b\n', 'path')).toEqual({ kind: 'path', entries: ['/a', '/b'] });
  expect(parse('# hi', 'summary')).toEqual({ kind: 'summary', markdown: '# hi' });
  const hex = 'AB'.repeat(32);
  expect(parse(`# note\ndist/a.tgz\nfile://b@sha256:${hex}\nghcr.io/a/b:1@sha256:${hex}\n`, 'artifacts')).toEqual({
    kind: 'artifacts',
    subjects: [{ name: 'ghcr.io/a/b:1', digest: `sha256:${hex.toLowerCase()}` }],
    files: ['dist/a.tgz', `b@sha256:${hex}`],
  });
  for (const line of ['a=b', 'http://x', 'oci://x', 'file://']) {
    expect(
      codeOf(() => parse(line, 'artifacts')),
      line,
    ).toContain('line 1');
  }
});
