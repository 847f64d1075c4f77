import { expect, test } from 'vitest';
import { sampleRepository } from '../sample.ts';

const JAVASCRIPT = {
  '.github/actions/js/action.yml': `name: Js
inputs: { who: { default: nobody }, "two words": { default: "\${{ github.ref_name }}" } }
outputs: { greeting: { description: greets } }
runs: { using: node20, main: main.js, post: post.js }
`,
  '.github/actions/js/main.js': `const fs = require('fs');
console.log('hello ' + process.env.INPUT_WHO + ' on ' + process.env['INPUT_TWO_WORDS'] + ' by node ' + process.version.split('.')[0]);
fs.appendFileSync(process.env.GITHUB_OUTPUT, 'greeting=hi ' + process.env.INPUT_WHO + '\\n');
fs.appendFileSync(process.env.GITHUB_STATE, 'kept=state of ' + process.env.INPUT_WHO + '\\n');
console.log('runtime ' + (process.env.ACTIONS_RUNTIME_TOKEN ? 'given' : 'missing'));
`,
  '.github/actions/js/post.js': `console.log('post with ' + process.env.STATE_kept);\n`,
};

const COMPOSITE = {
  '.github/actions/outer/action.yml': `name: Outer
inputs: { text: { required: true } }
outputs: { result: { value: "\${{ steps.inner.outputs.greeting }} + \${{ steps.shell.outputs.word }}" } }
runs:
  using: composite
  steps:
    - { id: inner, uses: ./.github/actions/js, with: { who: "\${{ inputs.text }}" } }
    - { id: shell, shell: bash, run: 'echo "word=$EXTRA" >> "$GITHUB_OUTPUT"; ls "\${{ github.action_path }}"' }
    - { if: failure(), shell: bash, run: echo never }
`,
};

test('JavaScript and composite actions of the repository run with inputs, state, outputs and post', async () => {
  await using sample = await sampleRepository({
    ...JAVASCRIPT,
    ...COMPOSITE,
    '.github/workflows/ci.yml': `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - { id: outer, uses: ./.github/actions/outer, with: { text: Ada }, env: { EXTRA: handed-down } }
      - { id: print, run: 'echo "result: \${{ steps.outer.outputs.result }}"' }
      - { id: scripts, run: 'echo "runtime \${ACTIONS_RUNTIME_TOKEN:-absent}"' }
`,
  });

  const result = await sample.run();

  expect(result.conclusion(), result.stderr + result.log()).toBe('success');
  expect(result.log('outer/inner')).toContain('hello Ada on main by node v24');
  expect(result.log('outer/inner')).toContain('runtime given');
  expect(result.log('outer/shell')).toContain('action.yml');
  expect(result.log('print')).toContain('result: hi Ada + handed-down');
  expect(result.log('outer/inner:post')).toContain('post with state of Ada');
  expect(result.log('scripts')).toContain('runtime absent');
});

test('checkout, artifacts and caches work without any code fetched', async () => {
  await using sample = await sampleRepository({
    'package-lock.json': '{}',
    'src/a.txt': 'a',
    '.github/workflows/ci.yml': `on: push
jobs:
  make:
    runs-on: ubuntu-latest
    steps:
      - { uses: actions/checkout@v4, with: { fetch-depth: 0 } }
      - { id: facts, run: 'git log --oneline | wc -l; git status --porcelain | wc -l; git rev-parse --abbrev-ref HEAD; git config --get-regexp "extraheader" || echo no token' }
      - { id: cache, uses: actions/cache@v4, with: { path: store, key: "k-\${{ hashFiles('package-lock.json') }}", restore-keys: k- } }
      - run: mkdir -p store out && echo cached > store/x && echo built > out/app.txt && mkdir out/deep && echo d > out/deep/d.txt
      - { uses: actions/upload-artifact@v4, with: { name: app, path: out } }
  take:
    needs: make
    runs-on: ubuntu-latest
    steps:
      - { uses: actions/download-artifact@v4, with: { name: app, path: got } }
      - { id: got, run: 'cat got/app.txt got/deep/d.txt' }
      - uses: actions/checkout@v4
      - { id: cache, uses: actions/cache@v4, with: { path: store, key: "k-\${{ hashFiles('package-lock.json') }}" } }
      - { id: hit, run: 'echo "hit \${{ steps.cache.outputs.cache-hit }}"; cat store/x' }
`,
  });

  const result = await sample.run();

  expect(result.conclusion(), result.stderr + result.log()).toBe('success');
  expect(result.log('facts')).toContain('1\n0\nmain\nno token');
  expect(result.log('got')).toContain('built\nd');
  expect(result.log('hit')).toContain('hit true\ncached');
});

test('a matrix, a reusable workflow and its outputs come together', async () => {
  await using sample = await sampleRepository({
    '.github/workflows/reusable.yml': `on:
  workflow_call:
    inputs: { who: { type: string, required: true } }
    secrets: { KEY: { required: true } }
    outputs: { said: { value: "\${{ jobs.say.outputs.said }}" } }
jobs:
  say:
    runs-on: ubuntu-latest
    outputs: { said: "\${{ steps.say.outputs.said }}" }
    steps:
      - { id: say, env: { KEY: "\${{ secrets.KEY }}" }, run: 'echo "said=hello \${{ inputs.who }} \${#KEY}" >> "$GITHUB_OUTPUT"' }
`,
    '.github/workflows/ci.yml': `on: push
jobs:
  list:
    runs-on: ubuntu-latest
    outputs: { versions: "\${{ steps.list.outputs.versions }}" }
    steps: [{ id: list, run: 'echo "versions=[1, 2]" >> "$GITHUB_OUTPUT"' }]
  test:
    needs: list
    runs-on: ubuntu-latest
    strategy: { matrix: { version: "\${{ fromJSON(needs.list.outputs.versions) }}", os: [a, b], exclude: [{ version: 2, os: b }] } }
    steps: [{ run: 'echo "cell \${{ matrix.version }}-\${{ matrix.os }} of \${{ strategy.job-total }}"' }]
  call:
    needs: test
    uses: ./.github/workflows/reusable.yml
    with: { who: "\${{ github.ref_name }}" }
    secrets: { KEY: "\${{ secrets.KEY }}" }
  end:
    needs: call
    runs-on: ubuntu-latest
    steps: [{ id: end, run: 'echo "got \${{ needs.call.outputs.said }}"' }]
`,
  });

  const result = await sample.run(['--secret', 'KEY=env:KEY'], { env: { KEY: '12345678' } });

  expect(result.conclusion(), result.stderr + result.log()).toBe('success');
  for (const cell of ['1-a', '1-b', '2-a']) expect(result.log()).toContain(`cell ${cell} of 3`);
  expect(result.log()).not.toContain('cell 2-b');
  expect(result.log('end')).toContain('got hello main 8');
});

test('background steps run beside others and are waited for', async () => {
  await using sample = await sampleRepository({
    '.github/workflows/ci.yml': `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - { id: slow, background: true, run: 'sleep 1; echo "word=done" >> "$GITHUB_OUTPUT"' }
      - { id: quick, run: 'echo "before \${{ steps.slow.outcome }}"' }
      - wait: [slow]
      - { id: after, run: 'echo "after \${{ steps.slow.outcome }} \${{ steps.slow.outputs.word }}"' }
      - parallel:
          - { id: left, run: 'sleep 0.3; echo left' }
          - { id: right, run: 'sleep 0.3; echo right' }
      - { id: last, run: 'echo "\${{ steps.left.outcome }} \${{ steps.right.outcome }}"' }
`,
  });

  const result = await sample.run();

  expect(result.conclusion(), result.stderr + result.log()).toBe('success');
  expect(result.log('quick')).toMatch(/before \s*$/m);
  expect(result.log('after')).toContain('after success done');
  expect(result.log('last')).toContain('success success');
});
