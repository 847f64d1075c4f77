import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { createReader } from '../workflow/index.ts';
import { planFiles } from './plan-files.ts';

const reader = createReader();
afterAll(() => reader.close());
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-plan-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function plan(files: { readonly [path: string]: string | Uint8Array }, paths: readonly string[] = []) {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return planFiles({ folder, paths: paths.map((path) => join(folder, path)), now: 0 }, { reader });
}

const CI = `name: CI
on: push
jobs:
  build:
    name: Build \${{ matrix.v }}
    strategy: { matrix: { v: [1, 2] } }
    runs-on: [self-hosted, linux]
    environment: prod
    steps: [{ uses: actions/checkout@v4 }, { run: 'echo \${{ matrix.v }}' }]
  call: { needs: build, uses: ./.github/workflows/called.yml }
`;
const CALLED = 'on: workflow_call\njobs:\n  inner: { runs-on: ubuntu-latest, steps: [{ run: a }] }\n';

test('a file that has no text says why', async () => {
  const large = 'a'.repeat(4 * 1024 * 1024 + 1);
  await plan({ 'large.yml': large });
  execFileSync('mkfifo', [join(folder, 'pipe.yml')]);

  const plans = await plan({}, ['large.yml', 'pipe.yml']);

  expect(plans.map(({ errors }) => errors[0]?.message)).toEqual([
    `the file has ${large.length} bytes, which is more than 4194304`,
    'this is no regular file',
  ]);
});

describe('planning files', () => {
  test('gives jobs, needs, labels, matrix, environment and steps, with called workflows in their place', async () => {
    const [called, ci] = await plan({ '.github/workflows/ci.yml': CI, '.github/workflows/called.yml': CALLED });

    expect(called).toMatchObject({ ok: true, on: ['workflow_call'], jobs: [{ id: 'inner' }] });
    expect(ci).toMatchObject({
      file: '.github/workflows/ci.yml',
      ok: true,
      name: 'CI',
      on: ['push'],
      errors: [],
      jobs: [
        {
          id: 'build (1)',
          name: 'Build 1',
          needs: [],
          runsOn: ['self-hosted', 'linux'],
          matrix: { v: 1 },
          permissions: { contents: 'read' },
          environment: 'prod',
          level: 'branch',
          steps: [{ uses: 'actions/checkout@v4' }, { run: 'echo ${{ matrix.v }}' }],
        },
        { id: 'build (2)' },
        { id: 'call / inner' },
      ],
    });
  });

  test('names what is wrong with its place, and goes on with the other files', async () => {
    const plans = await plan({
      '.github/workflows/a.yml': 'on: push\njobs:\n  a: { uses: ./.github/workflows/nowhere.yml }\n',
      '.github/workflows/b.yml': CALLED,
      '.github/workflows/c.yml': 'on: push\njobs: [',
    });

    expect(plans.map(({ ok, errors }) => [ok, errors[0]?.line])).toEqual([
      [false, 3],
      [true, undefined],
      [false, 2],
    ]);
  });

  test('does not leave the repository for a called workflow', async () => {
    const [only] = await plan({ '.github/workflows/a.yml': 'on: push\njobs:\n  a: { uses: ./../../etc/passwd }\n' });

    expect(only?.ok).toBe(false);
  });

  test('of a path that is not there is a fault', async () => {
    await expect(plan({}, ['nowhere.yml'])).rejects.toMatchObject({ code: 'engine/workflow-missing' });
  });

  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['bytes', new Uint8Array([0, 255, 254, 128, 0])],
    ['a list', '- a\n- b\n'],
    ['null jobs', 'on: push\njobs:\n'],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefg'[i]}`).join()}]`)
        .join('\n')}\non: push\njobs: {}\n`,
    ],
    ['5,000 brackets', `on: push\njobs: ${'['.repeat(5000)}`],
    [
      'a circle of needs',
      'on: push\njobs:\n  a: { needs: b, runs-on: x, steps: [{ run: a }] }\n  b: { needs: a, runs-on: x, steps: [{ run: a }] }\n',
    ],
    ['a prototype', 'on: push\njobs:\n  __proto__: { runs-on: x, steps: [{ run: a }] }\n'],
    [
      'prototype names',
      'on: push\njobs:\n  constructor: { runs-on: x, steps: [{ run: a }] }\n  toString: { needs: constructor, runs-on: x, steps: [{ run: a }] }\n',
    ],
  ])('of %s answers instead of breaking', async (_what, content) => {
    const plans = await plan({ 'x.yml': content }, ['x.yml']);

    expect(plans).toHaveLength(1);
    expect(plans[0]?.ok === true || (plans[0]?.errors.length ?? 0) > 0).toBe(true);
  });

  test('never breaks on damaged files (seeded)', async () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const files: Record<string, string> = {};
    for (let index = 0; index < 150; index += 1) {
      const lines = CI.split('\n');
      for (let change = 0; change <= random(3); change += 1) {
        const at = random(lines.length);
        const line = lines[at] ?? '';
        const cut = random(line.length + 1);
        const junk = ['{', '}', '${{', '}}', ':', '*', '&a', '- ', '\t', "'", '"', '\u0000', '%', '<<: '][random(14)];
        lines[at] = random(3) === 0 ? (lines[random(lines.length)] ?? '') : line.slice(0, cut) + junk + line.slice(cut);
      }
      files[`f${index}.yml`] = lines.join('\n');
    }

    const plans = await plan(files, Object.keys(files));

    expect(plans).toHaveLength(150);
    expect(plans.every(({ ok, errors }) => ok || errors.length > 0)).toBe(true);
  });
});
