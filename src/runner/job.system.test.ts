import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type JobHarness, openJobHarness } from '../../test/job-harness.ts';
import type { CancelSignal } from '../protocol/index.ts';

let harness: JobHarness;

beforeAll(async () => {
  harness = await openJobHarness({
    'action/action.yml': 'name: A\nruns: { using: composite, steps: [{ shell: bash, run: echo committed action }] }\n',
    'default/action.yml':
      'name: D\ninputs: { t: { default: "${{ github.event.title }}" } }\nruns: { using: composite, steps: [{ shell: bash, run: "echo ${{ inputs.t }}" }] }\n',
    'shell/action.yml':
      'name: S\ninputs: { shell: {} }\nruns: { using: composite, steps: [{ shell: "${{ inputs.shell }}", run: echo ran by it }] }\n',
  });
});

afterAll(() => harness[Symbol.asyncDispose]());

/** A signal that tests pull themselves. */
function cancelSignal(): CancelSignal & { pull(state: 'cancel' | 'force'): void } {
  let state: CancelSignal['state'] = 'none';
  const listeners = new Set<(state: 'cancel' | 'force') => void>();
  return {
    get state() {
      return state;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    pull(next) {
      state = next;
      for (const listener of listeners) listener(next);
    },
  };
}

test('steps of a job run in one sandbox and hand values over', async () => {
  const { outcome, log } = await harness.run(`
      - { id: one, run: 'echo "word=hello" >> "$GITHUB_OUTPUT"; echo "NAME=Ada" >> "$GITHUB_ENV"' }
      - { run: 'echo "\${{ steps.one.outputs.word }} $NAME in $PWD as $(id -u)"' }
`);

  expect(outcome.conclusion, log).toBe('success');
  expect(log).toContain('hello Ada in /home/runner/work/sample/sample as 1000');
});

test('nothing of a job is left on the machine when it has ended', async () => {
  await harness.run('      - { run: "setsid sleep 300 & echo x > /tmp/left; echo y > $HOME/left" }\n');

  expect(readdirSync(join(harness.root, 'jobs'))).toEqual([]);
});

test('the longest time limit of a step, which is longer than one timer, does not end it at once', async () => {
  const { outcome, log } = await harness.run(`
      - { run: sleep 0.3; echo slept, timeout-minutes: 50400 }
`);

  expect(outcome.conclusion, log).toBe('success');
  expect(log).toContain('slept');
});

test('a cancelled job interrupts its step and still runs what asks for always()', async () => {
  const cancel = cancelSignal();
  const running = harness.run(
    `
      - { id: long, run: "trap 'echo interrupted; exit 1' INT; echo ready; sleep 60 & wait" }
      - { run: echo never ran }
      - { if: always(), run: 'echo tidied up \${{ job.status }}' }
`,
    { cancel },
  );
  setTimeout(() => cancel.pull('cancel'), 2500);

  const { outcome, log } = await running;

  expect(outcome.conclusion).toBe('cancelled');
  expect(log).toContain('interrupted');
  expect(log).toContain('tidied up cancelled');
  expect(log.match(/never ran/g) ?? []).toEqual([]);
});

test('a forced end waits for nothing', async () => {
  const cancel = cancelSignal();
  const running = harness.run(
    `
      - { run: "trap '' INT TERM; sleep 60 & wait; sleep 60" }
      - { if: always(), run: echo too late }
`,
    { cancel },
  );
  setTimeout(() => cancel.pull('force'), 1500);
  const started = Date.now();

  const { outcome, log } = await running;

  expect(outcome.conclusion).toBe('cancelled');
  expect(log).not.toContain('too late');
  expect(Date.now() - started).toBeLessThan(30_000);
});

test('a secret that a step prints is masked in every event, and an output that holds it is withheld', async () => {
  const { events, outcome } = await harness.run(
    `
      - { id: leak, env: { KEY: '\${{ secrets.KEY }}' }, run: 'echo "plain $KEY"; printf %s "$KEY" | base64; echo "::warning::see $KEY"; echo "# $KEY" >> "$GITHUB_STEP_SUMMARY"' }
`,
    { secrets: { KEY: 'correct-horse-battery' } },
  );

  expect(outcome.conclusion).toBe('success');
  expect(JSON.stringify(events)).not.toContain('correct-horse');
  expect(JSON.stringify(events)).not.toContain(Buffer.from('correct-horse-battery').toString('base64').slice(0, 20));
  expect(JSON.stringify(events)).toContain('plain ***');
});

test('what steps declare as built is digested inside and shown to the steps after them', async () => {
  const { outcome, log } = await harness.run(`
      - { run: 'echo built > app.bin; printf "app.bin\\noci://registry.example/app@sha256:${'a'.repeat(64)}\\n" >> "$GITHUB_ARTIFACTS"' }
      - { run: 'cat "$GITHUB_ARTIFACTS_LIST"; echo; sha256sum app.bin; echo x > "$GITHUB_ARTIFACTS_LIST" || echo read-only' }
`);

  expect(outcome.conclusion, log).toBe('success');
  expect(outcome.subjects).toEqual([
    { name: 'app.bin', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), kind: 'file' },
    { name: 'registry.example/app', digest: `sha256:${'a'.repeat(64)}`, kind: 'oci' },
  ]);
  expect(log).toContain('{"version":1,"subjects":[{"name":"app.bin"');
  expect(log).toContain('read-only');
});

test('container jobs are refused with the line, before anything starts', async () => {
  const { outcome } = await harness.run(`      - run: echo hi\n    container: node:22\n`);

  expect(outcome.conclusion).toBe('failure');
  expect(outcome.reason).toMatch(/ci\.yml:\d+:\d+: `container:`.*runner\/container-unsupported/);
});

test('places and titles of annotations are masked too', async () => {
  const { events } = await harness.run(
    `      - { env: { S: "\${{ secrets.KEY }}" }, run: 'echo "::error title=$S,file=$S/a.ts,line=1::$S"' }\n`,
    { secrets: { KEY: 'hunter2-long-enough' } },
  );

  const found = events.flatMap((event) => (event.kind === 'annotation' ? [event.annotation] : []));
  expect(found).toMatchObject([{ title: '***', file: '***/a.ts', message: '***' }]);
  expect(JSON.stringify(events)).not.toContain('hunter2');
});

test('a step that masks more than can be kept ends its job, not the runner', async () => {
  const { outcome, log } = await harness.run(
    `      - run: for i in $(seq 1 2200); do echo "::add-mask::mask-$i-of-many"; done; echo reached; sleep 60
      - { if: always(), run: echo later }
`,
  );

  expect(outcome.conclusion).toBe('failure');
  expect(log).toContain('runner/masks-exceeded');
  expect(log).not.toMatch(/^(reached|later)$/m);
});

/** Text of an outsider that reaches a script as data of somebody else. It is only spliced when nobody followed it. */
test.each([
  ['a default of an input of an action', '      - uses: ./default\n'],
  [
    'an object that the schema gives no type',
    '      - { env: { C: "${{ toJSON(github.event.commits) }}" }, run: "echo ${{ env.C }}" }\n',
  ],
  [
    'a member that the schema types and the event does not',
    '      - { env: { N: "${{ github.event.number }}" }, run: "echo ${{ env.N }}" }\n',
  ],
  [
    'a free member with a typed name',
    '      - { env: { N: "${{ github.event.deployment.payload.id }}" }, run: "echo ${{ env.N }}" }\n',
  ],
])('text of an outsider stays data in %s', async (_name, steps) => {
  const text = '; echo pw"n"ed #';
  const event = { number: text, title: text, commits: [{ message: text }], deployment: { payload: { id: text } } };

  const hostile = await harness.run(`      - uses: actions/checkout@v4\n${steps}`, { github: { event } });

  expect(hostile.outcome.conclusion, hostile.log).toBe('success');
  expect(hostile.log).not.toMatch(/^pwned/m);
  expect(hostile.log).toContain('echo pw');
});

test('a shell that an outsider could write is refused, one of the author runs', async () => {
  const steps = (shell: string) =>
    `      - uses: actions/checkout@v4\n      - { uses: ./shell, with: { shell: "${shell}" } }\n`;

  const hostile = await harness.run(steps('${{ github.event.title }}'), { github: { event: { title: 'sh {0}' } } });
  const own = await harness.run(steps('sh {0}'));

  expect(hostile.log).toContain('runner/script-unsafe');
  expect(hostile.log).not.toMatch(/^ran by/m);
  expect(own.log).toMatch(/^ran by/m);
});

test('a disk of fixed size, which only the job sees, gets the folders of the job too', async () => {
  const { outcome, log } = await harness.run('      - run: pwd; df --output=size -B1 . | tail -1\n', {
    require: ['hard-disk'],
  });

  expect(outcome.conclusion, log).toBe('success');
  expect(log).toContain('/home/runner/work/sample/sample');
});
