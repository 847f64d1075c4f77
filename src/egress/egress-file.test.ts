import { expect, test } from 'vitest';
import { EGRESS_FILE_CHARACTERS_MAX, readEgressFile } from './egress-file.ts';
import { cpuMs } from '../../test/support/cpu-time.ts';

const FILE = '.sallyport/egress.yml';

function read(text: string) {
  const reading = readEgressFile(text, FILE);
  if (!reading.ok) throw new Error(JSON.stringify(reading.diagnostics));
  return reading;
}

function refusals(text: string): string[] {
  const reading = readEgressFile(text, FILE);
  return reading.ok ? [] : reading.diagnostics.map((entry) => `${entry.line}:${entry.column} ${entry.message}`);
}

test('the top holds for every job, and parts of a job and an environment are added', () => {
  const reading = read(`presets: [pypi]
allow: ["Top.Example:443"]
jobs:
  build:
    presets: [npm]
    allow: ["*.build.example:80"]
environments:
  production:
    allow: ["deploy.example:22"]
`);

  expect(reading.policyFor('test').allow).toEqual(['pypi.org:443', 'files.pythonhosted.org:443', 'top.example:443']);
  expect(reading.policyFor('build').allow).toContain('*.build.example:80');
  expect(reading.policyFor('build').allow).toContain('registry.npmjs.org:443');
  expect(reading.policyFor('build').allow).not.toContain('deploy.example:22');
  expect(reading.policyFor('x', { environment: 'production' }).allow).toContain('deploy.example:22');
});

test('private addresses come from the operator only', () => {
  expect(read('allow: ["a.example:443"]').policyFor('build').allowPrivate).toEqual([]);
  expect(read('').policyFor('build', { allowPrivate: ['a.example'] }).allowPrivate).toEqual(['a.example']);
  expect(refusals('allowPrivate: [a.example]')).toEqual([expect.stringContaining('1:1 unknown key "allowPrivate"')]);
});

test.each(['', '# only a comment\n', 'null\n', '---\n'])('an empty file allows nothing: %j', (text) => {
  expect(read(text).policyFor('build')).toEqual({ allow: [], allowPrivate: [] });
});

test.each([
  ['allow: ["a.example"]', '1:9 "a.example": not host:port'],
  ['allow: ["10.0.0.1:80"]', '1:9 "10.0.0.1:80": an address cannot be listed'],
  ['allow: a.example:443', '1:1 "allow" must be a list'],
  ['allow: [443]', '1:9 an entry of "allow" must be plain text'],
  ['presets: [nmp]', '1:11 unknown preset "nmp"; known: npm'],
  ['Presets: [npm]', '1:1 unknown key "Presets"'],
  ['jobs:\n  build:\n    alow: []', '3:5 unknown key "alow"'],
  ['jobs:\n  build: [npm]', '2:3 "build" must hold presets: and allow:'],
  ['jobs: [build]', '1:1 this must be a mapping'],
  ['- npm', '1:1 the file must be a mapping'],
  ['allow: &a ["a.example:443"]', 'anchors are not used'],
  ['allow: ["a.example:443"]\njobs:\n  b:\n    allow: *a', '4:5 "allow" must be a list'],
  ['allow: []\nallow: []', '2:1'],
  ['allow: [', '1:'],
  ['allow: []\n---\nallow: []', '2:1'],
  ['allow: [!!js/function "x"]', '1:'],
  ['? [a]\n: b', '1:3 a key must be plain text'],
])('%j is refused with its place', (text, wanted) => {
  const found = refusals(text);

  expect(found.join('\n')).toContain(wanted);
});

test('an alias bomb is refused at once', () => {
  const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
  for (let level = 1; level < 12; level += 1) bomb.push(`a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}]`);
  const started = cpuMs();

  expect(refusals(bomb.join('\n')).length).toBeGreaterThan(0);
  expect(cpuMs() - started).toBeLessThan(1000);
});

test('deep nesting and a large file are refused, not thrown', () => {
  expect(refusals(`allow: ${'['.repeat(20_000)}`).length).toBeGreaterThan(0);
  expect(refusals(`#${'x'.repeat(EGRESS_FILE_CHARACTERS_MAX)}`)).toEqual([expect.stringContaining('1:1 the file has')]);
});
