import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { applyEdits } from './apply.ts';
import { type Bump, planBumps } from './bump.ts';
import { pinEdits } from './pin.ts';

function makeFolder(): { readonly folder: string; [Symbol.dispose](): void } {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bump-'));
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

const bump = (file: string, name: string, from: string, to: string, isDirect = true): Bump => ({
  type: 'bump',
  ecosystem: 'x',
  name,
  from,
  to,
  file,
  isDirect,
});

function raised(file: string, text: string, bumps: readonly (readonly [string, string, string])[]): string | undefined {
  const plan = planBumps(
    bumps.map(([name, from, to]) => bump(file, name, from, to)),
    text,
  );
  return plan.kind === 'text' ? applyEdits(text, plan.edits) : undefined;
}

describe('a version that stands alone', () => {
  test.each([
    [
      'requirements.txt',
      'flask==1.0\njinja2==2.10 # x\n',
      [['jinja2', '2.10', '2.11.3']],
      'flask==1.0\njinja2==2.11.3 # x\n',
    ],
    ['requirements/dev.in', 'a\n', [['b', '1', '2']], undefined],
    ['requirements.txt', 'jinja2==2.10 \\\n    --hash=sha256:abc\n', [['jinja2', '2.10', '2.11.3']], undefined],
    ['requirements.txt', 'django-cors==1.0\ncors==1.0\n', [['cors', '1.0', '1.1']], 'django-cors==1.0\ncors==1.1\n'],
    ['requirements.txt', 'a==1.0.1\n', [['a', '1.0', '1.1']], undefined],
    ['requirements.txt', 'a>=1\nb==1.0\n', [['a', '1.0', '1.1']], undefined],
    [
      'pom.xml',
      '<dependency>\n  <groupId>org.x</groupId>\n  <artifactId>core</artifactId>\n  <version>1.2</version>\n</dependency>',
      [['org.x:core', '1.2', '1.3']],
      '<dependency>\n  <groupId>org.x</groupId>\n  <artifactId>core</artifactId>\n  <version>1.3</version>\n</dependency>',
    ],
    [
      'App.csproj',
      '<PackageReference Include="Newtonsoft.Json" Version="9.0.1" />',
      [['Newtonsoft.Json', '9.0.1', '13.0.1']],
      '<PackageReference Include="Newtonsoft.Json" Version="13.0.1" />',
    ],
    [
      'build.gradle',
      "implementation 'org.x:core:1.2'\n",
      [['org.x:core', '1.2', '1.3']],
      "implementation 'org.x:core:1.3'\n",
    ],
    ['unknown.lock', 'a 1.0', [['a', '1.0', '1.1']], undefined],
  ] as const)('%s', (file, text, bumps, wanted) => {
    expect(raised(file, text, bumps)).toBe(wanted);
  });
});

describe('a lockfile', () => {
  test('is left to its own tool, with all packages at once', () => {
    const plan = planBumps(
      [bump('web/package-lock.json', 'a', '1.0.0', '1.0.1'), bump('web/package-lock.json', '@b/c', '2.0.0', '2.1.0')],
      '{}',
    );

    expect(plan).toMatchObject({ kind: 'tool', program: 'npm', registry: 'npm' });
    expect(plan.kind === 'tool' && plan.script).toContain("'a@1.0.1' '@b/c@2.1.0'");
  });

  test.each([
    ["a'; touch pwn; '", '1.0.1'],
    ['$(touch pwn)', '1.0.1'],
    ['../../x', '1.0.1'],
    ['a', '1.0.1; touch pwn'],
    ['a', '--foo'],
    ['--global', '1.0.0'],
  ])('R3: a hostile name or version never reaches the script: %s %s', (name, to) => {
    expect(planBumps([bump('package-lock.json', name, '1.0.0', to)], '{}').kind).toBe('none');
  });

  test('keeps the ranges of package.json as narrow as they were', () => {
    using place = makeFolder();
    const write = (name: string, value: unknown) =>
      writeFileSync(join(place.folder, name), `${JSON.stringify(value, null, 4)}\n`);
    const asked = (a: string, b: string, c: string) => ({ dependencies: { a, b }, devDependencies: { c } });
    write('package.before.json', asked('1.0.0', '~2.0.0', '>=1 <4'));
    write('package.json', asked('^1.0.1', '^2.1.0', '^3.0.0'));
    write('package-lock.json', { packages: { '': asked('^1.0.1', '^2.1.0', '^3.0.0') } });
    const all = [bump('package-lock.json', 'a', '1.0.0', '1.0.1'), bump('package-lock.json', 'b', '2.0.0', '2.1.0')];
    const plan = planBumps([...all, bump('package-lock.json', 'c', '2.0.0', '3.0.0')], '{}');
    const script = plan.kind === 'tool' ? plan.script.slice(plan.script.indexOf('node -e')) : '';

    execFileSync('bash', ['-c', script], { cwd: place.folder });

    const manifest = readFileSync(join(place.folder, 'package.json'), 'utf8');
    const lock = JSON.parse(readFileSync(join(place.folder, 'package-lock.json'), 'utf8'));
    expect(manifest).toBe(`${JSON.stringify(asked('1.0.1', '~2.1.0', '^3.0.0'), null, 4)}\n`);
    expect(lock.packages['']).toEqual(asked('1.0.1', '~2.1.0', '^3.0.0'));
  });

  test('R3: nor does the version that a hostile lockfile says is there', () => {
    expect(planBumps([bump('Cargo.lock', 'a', "1.0.0'; touch pwn; '", '1.0.1')], '').kind).toBe('none');
  });
});

describe('a pin', () => {
  const pinned = { reference: 'a/b@0123', name: 'v4' };
  const pin = (file: string, text: string) => {
    const start = text.indexOf('a/b@v4');
    const request = { type: 'pin-action', file, start, end: start + 6, uses: 'a/b@v4' } as const;
    return applyEdits(text, pinEdits(request, text, pinned));
  };

  test.each([
    ['a.yml', '- uses: a/b@v4\n', '- uses: a/b@0123 # v4\n'],
    ['a.yml', "- uses: 'a/b@v4'\r\n", "- uses: 'a/b@0123' # v4\r\n"],
    ['a.yml', '- uses: a/b@v4 # newest\n', '- uses: a/b@0123 # newest\n'],
    ['a.yml', '- { uses: a/b@v4 }\n', '- { uses: a/b@0123 }\n'],
    ['a.yml', '- uses: a/b@v4', '- uses: a/b@0123 # v4'],
    ['Dockerfile', 'FROM a/b@v4\n', 'FROM a/b@0123\n'],
  ])('%s: %j', (file, text, wanted) => {
    expect(pin(file, text)).toBe(wanted);
  });
});
