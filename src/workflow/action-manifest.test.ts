import { afterAll, expect, test } from 'vitest';
import { createReader } from './reader.ts';

const reader = createReader();
afterAll(() => reader.close());

const read = async (text: string) => {
  const reading = await reader.readAction('action.yml', text);
  return reading.ok ? reading.value : reading.errors.map(({ code, line, column }) => `${line}:${column} ${code}`);
};

test('a JavaScript action is read with its conditions', async () => {
  const manifest = await read(`name: Checkout
description: d
author: someone
branding: {icon: x}
inputs:
  token: {description: t, default: '\${{ github.token }}', required: true}
  depth: {default: 1}
  old: {deprecationMessage: use depth}
outputs: {ref: {description: r}}
runs: {using: node20, main: dist/index.js, post: dist/post.js, post-if: success()}
`);

  expect(manifest).toMatchObject({
    name: 'Checkout',
    inputs: [
      { name: 'token', required: true, default: { kind: 'template' } },
      { name: 'depth', required: false, default: '1' },
      { name: 'old', deprecationMessage: 'use depth' },
    ],
    outputs: [{ name: 'ref' }],
    runs: {
      kind: 'javascript',
      using: 'node20',
      main: 'dist/index.js',
      post: 'dist/post.js',
      preIf: { expression: 'always()' },
      postIf: { expression: 'success()' },
    },
  });
});

test('a composite action has steps as a job has', async () => {
  const manifest = await read(`name: c
outputs: {x: {value: '\${{ steps.a.outputs.x }}'}}
runs:
  using: composite
  steps:
    - {id: a, run: 'echo \${{ inputs.name }}', shell: bash}
    - {uses: ./other, if: inputs.name}
`);

  expect(manifest).toMatchObject({
    outputs: [{ name: 'x', value: { kind: 'template' } }],
    runs: {
      kind: 'composite',
      steps: [
        { kind: 'run', id: 'a', shell: 'bash' },
        { kind: 'uses', id: '__self', if: { expression: 'success() && (inputs.name)' } },
      ],
    },
  });
});

test('a container action names its image', async () => {
  expect(await read('name: d\nruns: {using: docker, image: Dockerfile, args: [a]}')).toMatchObject({
    runs: { kind: 'docker', image: 'Dockerfile' },
  });
});

test.each([
  ['nothing to run', 'name: x', ['1:1 workflow/key-missing']],
  ['an unknown runtime', 'name: x\nruns: {using: node99, main: a.js}', ['2:15 workflow/value-unexpected']],
  ['no main', 'name: x\nruns: {using: node24, post: a.js}', ['2:7 workflow/key-missing']],
  ['an unknown key of runs', 'name: x\nruns: {using: composite, steps: [], stepz: 1}', ['2:37 workflow/key-unknown']],
  [
    'secrets in a composite step',
    'name: x\nruns: {using: composite, steps: [{run: "${{ secrets.x }}", shell: sh}]}',
    ['2:45 workflow/context-unavailable'],
  ],
  ['a step without a shell', 'name: x\nruns: {using: composite, steps: [{run: a}]}', ['2:34 workflow/key-missing']],
])('%s is refused', async (_name, text, wanted) => {
  expect(await read(text)).toEqual(wanted);
});
