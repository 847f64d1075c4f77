import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createReader, type Workflow } from '../../src/workflow/index.ts';
import { comparePlan } from './plan.ts';
import { silentlyDropped } from './silent.ts';

const EVERYTHING = `
name: all
run-name: by \${{ github.actor }}
on:
  push: { branches: [main], paths: ['src/**'] }
  schedule: [{ cron: '0 5 * * 1' }]
  workflow_dispatch: { inputs: { level: { type: choice, options: [a, b], default: a, required: true } } }
permissions: read-all
env: { A: 1 }
defaults: { run: { shell: bash, working-directory: src } }
concurrency: { group: 'g-\${{ github.ref }}', cancel-in-progress: true }
jobs:
  build:
    name: Build
    runs-on: [self-hosted, linux]
    permissions: { contents: read, issues: none }
    environment: { name: prod, url: 'https://example.org' }
    strategy: { fail-fast: false, max-parallel: 2, matrix: { node: [18, 20], include: [{ node: 22, extra: x }] } }
    timeout-minutes: 5
    continue-on-error: true
    outputs: { v: '\${{ steps.a.outputs.v }}' }
    steps:
      - uses: actions/checkout@v4
        with: { fetch-depth: 0 }
      - { id: a, name: A, run: 'echo 1', if: "github.ref == 'x'", env: { B: b }, shell: sh, timeout-minutes: 1, continue-on-error: true }
  after: { needs: build, runs-on: ubuntu-latest, steps: [{ run: exit 0 }] }
`;

async function read(text: string): Promise<Workflow> {
  const reader = createReader();
  const reading = await reader.readWorkflow('all.yml', text);
  await reader.close();
  if (!reading.ok) throw new Error(JSON.stringify(reading.errors));
  return reading.value;
}

/** Removes the members with this name at any depth. */
function without(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, name));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => key !== name);
  return Object.fromEntries(kept.map(([key, member]) => [key, without(member, name)]));
}

describe('the walk that looks for dropped keys', () => {
  test('finds nothing in a file whose keys are all in the model', async () => {
    expect(silentlyDropped(EVERYTHING, await read(EVERYTHING))).toEqual([]);
  });

  test.each([
    ['paths', 'on.push: paths'],
    ['runName', 'run-name'],
    ['maxParallel', 'jobs.build.strategy: max-parallel'],
    ['timeoutMinutes', 'jobs.build: timeout-minutes'],
    ['workingDirectory', 'defaults.run: working-directory'],
    ['concurrency', 'concurrency'],
    ['environment', 'jobs.build: environment'],
    ['with', 'jobs.build.steps.0: with'],
    ['needs', 'jobs.after: needs'],
    ['options', 'on.workflow_dispatch.inputs.level: options'],
  ])('finds %s when the model has lost it', async (name, finding) => {
    const model = await read(EVERYTHING);
    const broken = without(model, name) as Workflow;

    const found = silentlyDropped(EVERYTHING, broken).join('\n');

    expect(found).toContain(finding);
  });
});

describe('planning a tree', () => {
  test('counts what is planned and what is refused, with the place of each refusal', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-compat-'));
    const files = {
      'a/all.yml': EVERYTHING,
      'b/broken.yml': 'on: push\njobs:\n  x:\n    runs-on: ubuntu-latest\n    colour: red\n    steps: [{ run: a }]\n',
      'b/image.yml':
        'on: push\njobs:\n  x:\n    runs-on: ubuntu-latest\n    container: node:20\n    steps: [{ run: a }]\n',
      'b/other.yml': 'not: a workflow\n',
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }

    const { summary, holds, notes } = await comparePlan(folder);
    await rm(folder, { recursive: true });

    expect(summary).toBe('plan: 1 planned, 2 refused, 0 crashed, 0 silent');
    expect(holds).toBe(true);
    expect(notes.join('\n')).toContain('b/broken.yml:5:5');
    expect(notes.join('\n')).toContain('b/image.yml:5:16: plan/container-unsupported');
  });
});
