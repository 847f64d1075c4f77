import { expect, test } from 'vitest';
import { checkCall, jobPermissions, loadCalls } from './calls.ts';
import type { CallJob, Reading, Workflow } from './model.ts';
import { readWorkflowFile } from './reader-file.ts';

const workflow = (path: string, text: string): Workflow => {
  const reading = readWorkflowFile(path, text);
  if (!reading.ok) throw new Error(JSON.stringify(reading.errors));
  return reading.value;
};
const caller = (job: string) => workflow('caller.yml', `on: push\njobs:\n  call:\n    uses: o/r/w.yml@v1\n${job}`);
const CALLED = `on:
  workflow_call:
    inputs:
      flag: {type: boolean, required: true}
      count: {type: number}
    secrets: {key: {required: true}}
jobs: {a: {runs-on: x, permissions: {contents: read}, steps: [{run: a}]}}
`;
const check = (from: Workflow, called: Workflow) =>
  checkCall(from.jobs[0] as CallJob, called, { callerPath: from.path, permissions: { contents: 'read' } }).map(
    ({ code, line, column }) => `${line}:${column} ${code}`,
  );

test('a call that gives what is asked for is fine', () => {
  const from = caller('    with: {flag: "${{ github.x }}", count: 1}\n    secrets: {key: a}');

  expect(check(from, workflow('called.yml', CALLED))).toEqual([]);
  expect(check(caller('    with: {flag: true}\n    secrets: inherit'), workflow('called.yml', CALLED))).toEqual([]);
});

test('what is missing, undefined, of another type or too much is found at its place', () => {
  const called = workflow('called.yml', CALLED.replace('contents: read', 'contents: write'));

  expect(check(caller("    with: {count: 'x', other: 1}\n    secrets: {foo: a}"), called)).toEqual([
    '4:11 workflow/call-input-missing',
    '5:19 workflow/call-input-type',
    '5:31 workflow/call-input-undefined',
    '4:11 workflow/call-secret-missing',
    '6:20 workflow/call-secret-undefined',
    '3:3 workflow/call-permissions',
  ]);
});

test('a workflow that can not be called is refused', () => {
  expect(check(caller(''), workflow('called.yml', 'on: push\njobs: {a: {runs-on: x}}'))).toEqual([
    '4:11 workflow/call-trigger-missing',
  ]);
});

test('workflows that call each other end at the depth, and many jobs at the count', async () => {
  const loop = workflow(
    'loop.yml',
    'on: workflow_call\njobs: {a: {uses: o/r/loop.yml@v1}, b: {uses: o/r/loop.yml@v1}}',
  );
  const resolve = async (): Promise<Reading<Workflow>> => ({ ok: true, value: loop });

  expect(await loadCalls(loop, { resolve })).toMatchObject({ ok: false, errors: [{ code: 'workflow/call-depth' }] });
  expect(await loadCalls(loop, { resolve, jobsMax: 5 })).toMatchObject({
    ok: false,
    errors: [{ code: 'workflow/call-jobs' }],
  });
});

test('permissions only narrow from caller to called, level by level', async () => {
  const top = workflow(
    'top.yml',
    'on: push\npermissions: {contents: write, issues: read}\njobs: {a: {uses: o/r/mid.yml@v1, permissions: {contents: read}}}',
  );
  const mid = workflow('mid.yml', 'on: workflow_call\njobs: {b: {uses: o/r/low.yml@v1}}');
  const low = workflow('low.yml', 'on: workflow_call\njobs: {c: {runs-on: x, permissions: {issues: read}}}');
  const resolve = async (job: CallJob): Promise<Reading<Workflow>> => ({
    ok: true,
    value: job.uses.includes('mid') ? mid : low,
  });

  expect(await loadCalls(top, { resolve })).toMatchObject({
    ok: false,
    errors: [{ file: 'mid.yml', code: 'workflow/call-permissions' }],
  });
});

test('a job has its own permissions, else those of its workflow, else those it was given', () => {
  const plain = workflow('a.yml', 'on: push\njobs: {a: {runs-on: x}}');
  const [job] = plain.jobs;

  expect(jobPermissions(job!, plain)).toEqual({ contents: 'read' });
  expect(jobPermissions(job!, { ...plain, permissions: {} })).toEqual({});
  expect(jobPermissions({ ...job!, permissions: { issues: 'write' } }, plain, { issues: 'read' })).toEqual({
    issues: 'read',
  });
  expect(jobPermissions(job!, plain, { issues: 'read' })).toEqual({ issues: 'read' });
});
