import { describe, expect, test } from 'vitest';
import { Secret } from '../base/index.ts';
import { createFixture } from './local-fixture.ts';
import { cancelled } from './memory-runner.ts';

const job = (more = '') => `runs-on: ubuntu-latest\n    steps: [{ run: 'true' }]${more === '' ? '' : `\n    ${more}`}`;
const workflow = (jobs: string, head = 'on: push') => ({ '.github/workflows/ci.yml': `${head}\njobs:\n${jobs}\n` });

const FORK = {
  action: 'opened',
  number: 7,
  pull_request: {
    number: 7,
    title: 'x',
    user: { login: 'mallory', type: 'User' },
    head: { ref: 'evil', sha: 'a'.repeat(40), repo: { full_name: 'mallory/project' } },
    base: { ref: 'main', sha: 'b'.repeat(40), repo: { full_name: 'ada/project' } },
  },
  repository: { full_name: 'ada/project' },
};

describe('a local run', () => {
  test('runs the jobs that a push triggers in the order of their needs, and hands outputs on', async () => {
    await using fixture = await createFixture(
      workflow(`  build:\n    ${job()}\n  test:\n    needs: build\n    ${job()}`),
    );

    const { result, runner, events } = await fixture.run({ jobs: { build: () => ({ outputs: { version: '1' } }) } });

    expect(result).toMatchObject({ kind: 'finished', conclusion: 'success' });
    expect(runner.leases.map(({ job }) => job.key)).toEqual(['build', 'test']);
    expect(runner.leases[1]?.contexts['needs']).toEqual({ build: { result: 'success', outputs: { version: '1' } } });
    expect(events[0]).toMatchObject({ kind: 'run-planned', event: 'push', level: 'branch' });
    expect(events.at(-1)).toMatchObject({ kind: 'run-finished', conclusion: 'success' });
  });

  test('gives ids that are never used again, and counts the runs of a workflow', async () => {
    await using fixture = await createFixture(workflow(`  build:\n    ${job()}`));

    const first = (await fixture.run()).runner.leases[0];
    const second = (await fixture.run()).runner.leases[0];

    expect([first?.runId, first?.runNumber, first?.job.id]).toEqual([1, 1, 1]);
    expect([second?.runId, second?.runNumber, second?.job.id]).toEqual([2, 2, 2]);
  });

  test('serves the work tree as it is as the commit, and says that it differs from the last one', async () => {
    await using fixture = await createFixture(workflow(`  build:\n    ${job()}`));
    await fixture.write({ 'new.txt': 'new' });

    const { runner, notes } = await fixture.run();

    const lease = runner.leases[0];
    expect(lease?.git.commit).toBe(lease?.contexts['github']?.['sha']);
    expect(lease?.git.commit).not.toBe(await fixture.git('rev-parse', 'HEAD'));
    expect(notes().join()).toContain('work tree differs');
  });

  test('explains itself when there are no workflows, and when none is triggered', async () => {
    await using empty = await createFixture({ 'a.txt': '' });
    await using other = await createFixture(
      workflow(`  build:\n    ${job()}`, 'on: { push: { branches: [release] } }'),
    );

    expect((await empty.run()).result).toMatchObject({ kind: 'nothing', reason: 'no-workflows' });
    const { result } = await other.run();
    expect(result).toMatchObject({ kind: 'nothing', reason: 'no-match' });
    expect(JSON.stringify(result)).toContain('main is not in on.push.branches');
  });

  test('starts nothing when one workflow is wrong', async () => {
    await using fixture = await createFixture({
      ...workflow(`  build:\n    ${job()}`),
      '.github/workflows/broken.yml':
        'on: push\njobs:\n  a:\n    runs-on: x\n    colour: red\n    steps: [{ run: a }]\n',
    });

    const { result, runner } = await fixture.run();

    expect(result).toMatchObject({ kind: 'refused', errors: [{ file: '.github/workflows/broken.yml', line: 5 }] });
    expect(runner.leases).toEqual([]);
  });

  test('runs a named file although its filters would not start it, and says so', async () => {
    await using fixture = await createFixture(
      workflow(`  build:\n    ${job()}`, 'on: { push: { branches: [release] } }'),
    );

    const { result, notes } = await fixture.run({ options: { files: [`${fixture.folder}/.github/workflows/ci.yml`] } });

    expect(result).toMatchObject({ kind: 'finished', conclusion: 'success' });
    expect(notes().join()).toContain('it runs because it was named');
  });

  test('with -j runs that job and what it needs, nothing else', async () => {
    await using fixture = await createFixture(
      workflow(`  a:\n    ${job()}\n  b:\n    needs: a\n    ${job()}\n  c:\n    ${job()}`),
    );

    const { runner } = await fixture.run({ options: { jobs: ['B'] } });

    expect(runner.leases.map(({ job }) => job.key)).toEqual(['a', 'b']);
  });

  test('takes changed paths into account', async () => {
    await using fixture = await createFixture(
      workflow(`  build:\n    ${job()}`, "on: { push: { paths: ['src/**'] } }"),
    );
    await fixture.write({ 'docs/a.md': '' });
    await fixture.git('add', '--all');
    await fixture.git('commit', '--quiet', '--message', 'docs');

    const before = await fixture.run();
    await fixture.write({ 'src/a.ts': '' });
    const after = await fixture.run();

    expect(before.result.kind).toBe('nothing');
    expect(after.result.kind).toBe('finished');
  });

  test('does not run more jobs at once than it was told', async () => {
    const jobs = [1, 2, 3, 4, 5].map((n) => `  j${n}:\n    ${job()}`).join('\n');
    await using fixture = await createFixture(workflow(jobs));
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return {};
    };

    const { runner } = await fixture.run({
      options: { parallelMax: 2 },
      jobs: { j1: slow, j2: slow, j3: slow, j4: slow, j5: slow },
    });

    expect(runner.mostAtOnce()).toBe(2);
    expect(runner.leases).toHaveLength(5);
  });

  test('fails only the job whose runner breaks down', async () => {
    await using fixture = await createFixture(workflow(`  a:\n    ${job()}\n  b:\n    ${job()}`));

    const { result, ended } = await fixture.run({
      jobs: {
        a: () => {
          throw new Error('broken');
        },
      },
    });

    expect(result).toMatchObject({ conclusion: 'failure' });
    expect(ended).toEqual({ a: 'failure', b: 'success' });
  });
});

describe('a matrix', () => {
  test('from outputs is expanded when they are there, and told of then', async () => {
    await using fixture = await createFixture(
      workflow(`  list:\n    ${job()}\n  build:\n    needs: list\n    name: Build \${{ matrix.v }}
    strategy: { matrix: { v: '\${{ fromJSON(needs.list.outputs.all) }}' } }\n    ${job()}`),
    );

    const { runner, events } = await fixture.run({ jobs: { list: () => ({ outputs: { all: '["x","y"]' } }) } });

    expect(runner.leases.map(({ job }) => [job.key, job.name])).toEqual([
      ['list', 'list'],
      ['build (x)', 'Build x'],
      ['build (y)', 'Build y'],
    ]);
    expect(events.find(({ kind }) => kind === 'jobs-added')).toMatchObject({
      jobs: [{ key: 'build (x)' }, { key: 'build (y)' }],
    });
  });

  test('from an output that is no list fails the job with its place, and the others go on', async () => {
    await using fixture = await createFixture(
      workflow(`  list:\n    ${job()}\n  build:\n    needs: list
    strategy: { matrix: { v: '\${{ fromJSON(needs.list.outputs.all) }}' } }\n    ${job()}\n  other:\n    ${job()}`),
    );

    const { ended, result, events } = await fixture.run({ jobs: { list: () => ({ outputs: { all: '7' } }) } });

    expect(ended).toMatchObject({ build: 'failure', other: 'success' });
    expect(result).toMatchObject({ conclusion: 'failure' });
    expect(JSON.stringify(events)).toContain('ci.yml:8:15: matrix.v is the number 7');
  });

  test('can be narrowed to the combinations with a value', async () => {
    await using fixture = await createFixture(
      workflow(`  build:\n    strategy: { matrix: { v: [18, 20], os: [a, b] } }\n    ${job()}`),
    );

    const { runner } = await fixture.run({ options: { matrix: { v: '20' } } });

    expect(runner.leases.map(({ job }) => job.key)).toEqual(['build (20, a)', 'build (20, b)']);
  });

  test('that fails fast ends its other jobs', async () => {
    await using fixture = await createFixture(
      workflow(`  build:\n    strategy: { matrix: { v: [1, 2] } }\n    ${job()}`),
    );

    const { ended } = await fixture.run({
      jobs: {
        'build (1)': () => ({ conclusion: 'failure' }),
        'build (2)': async (_lease, _secrets, signal) => {
          await cancelled(signal);
          return { conclusion: 'cancelled' };
        },
      },
    });

    expect(ended).toEqual({ 'build (1)': 'failure', 'build (2)': 'cancelled' });
  });
});

describe('trust', () => {
  const reads = `  build:\n    runs-on: ubuntu-latest\n    steps: [{ run: echo, env: { K: '\${{ secrets.key }}' } }]`;
  const other = `  other:\n    ${job()}`;
  const secrets = { KEY: new Secret('hunter2'), SPARE: new Secret('unused') };

  test('gives a secret only to the job that names it', async () => {
    await using fixture = await createFixture(workflow(`${reads}\n${other}`));

    const { runner } = await fixture.run({ secrets });

    expect(Object.keys(runner.secrets.get('build') ?? {})).toEqual(['KEY']);
    expect(runner.secrets.get('other')).toEqual({});
    expect(runner.leases.map(({ job, isolation }) => [job.key, isolation])).toEqual([
      ['build', 'per-step'],
      ['other', 'per-job'],
    ]);
  });

  test('gives no secret to the change of a fork, which runs as untrusted', async () => {
    await using fixture = await createFixture(workflow(reads, 'on: pull_request'));

    const { runner, events, notes } = await fixture.run({
      secrets,
      options: { eventName: 'pull_request', payload: FORK },
    });

    expect(runner.leases[0]?.level).toBe('untrusted');
    expect(runner.secrets.get('build')).toEqual({});
    expect(events[0]).toMatchObject({ level: 'untrusted', taints: [{ cause: 'fork-event' }] });
    expect(notes().join()).toContain('untrusted');
    expect(runner.leases[0]?.contexts['github']).toMatchObject({
      ref: 'refs/pull/7/merge',
      head_ref: 'evil',
      base_ref: 'main',
    });
  });

  test('gives the secret to the same change when it comes from a branch of the repository (control)', async () => {
    await using fixture = await createFixture(workflow(reads, 'on: pull_request'));
    const { head, ...rest } = FORK.pull_request;
    const payload = { ...FORK, pull_request: { ...rest, head: { ...head, repo: { full_name: 'Ada/Project' } } } };

    const { runner } = await fixture.run({ secrets, options: { eventName: 'pull_request', payload } });

    expect(runner.leases[0]?.level).toBe('branch');
    expect(Object.keys(runner.secrets.get('build') ?? {})).toEqual(['KEY']);
  });

  test('drops along needs: a job after a tainted one is untrusted too, and gets no secret', async () => {
    await using fixture = await createFixture(
      workflow(`  first:\n    ${job()}\n${reads.replace('runs-on', 'needs: first\n    runs-on')}`),
    );
    const taint = { level: 'untrusted', cause: 'artifact', source: 'an artifact of a fork' } as const;

    const tainted = await fixture.run({ secrets, jobs: { first: () => ({ level: 'untrusted', taints: [taint] }) } });
    const clean = await fixture.run({ secrets });

    expect(tainted.runner.leases[1]).toMatchObject({ level: 'untrusted', taints: [{ cause: 'needs' }] });
    expect(tainted.runner.secrets.get('build')).toEqual({});
    expect(Object.keys(clean.runner.secrets.get('build') ?? {})).toEqual(['KEY']);
  });

  test('never rises, whatever a runner answers', async () => {
    await using fixture = await createFixture(
      workflow(`  a:\n    ${job()}\n  b:\n    needs: a\n    ${job()}`, 'on: pull_request'),
    );

    const { runner } = await fixture.run({
      options: { eventName: 'pull_request', payload: FORK },
      jobs: { a: () => ({ level: 'release' }) },
    });

    expect(runner.leases[1]?.level).toBe('untrusted');
  });

  test('reads the egress list of the base for an untrusted job, and of the work tree otherwise', async () => {
    await using fixture = await createFixture({
      ...workflow(`  build:\n    ${job()}`, 'on: [push, pull_request]'),
      '.sallyport/egress.yml': 'base',
    });
    await fixture.write({ '.sallyport/egress.yml': 'changed' });
    const seen: (string | undefined)[] = [];
    const readEgress = (text: string | undefined) => {
      seen.push(text);
      return { ok: true, policy: { allow: [], allowPrivate: [] } } as const;
    };

    await fixture.run({ deps: { readEgress } });
    await fixture.run({ deps: { readEgress }, options: { eventName: 'pull_request', payload: FORK } });

    expect(seen).toEqual(['changed', 'base']);
  });

  test('hands a called workflow only the secrets that the call names', async () => {
    const called = (name: string) => `on: { workflow_call: { secrets: { token: { required: false } } } }
jobs:
  ${name}:
    runs-on: ubuntu-latest
    steps: [{ run: 'true', env: { T: '\${{ secrets.token }}', K: '\${{ secrets.KEY }}' } }]
`;
    await using fixture = await createFixture({
      ...workflow(`  named:\n    uses: ./.github/workflows/a.yml\n    secrets: { token: '\${{ secrets.KEY }}' }
  all:\n    uses: ./.github/workflows/b.yml\n    secrets: inherit\n  none:\n    uses: ./.github/workflows/a.yml`),
      '.github/workflows/a.yml': called('a'),
      '.github/workflows/b.yml': called('b'),
    });

    const { runner } = await fixture.run({ secrets });

    const shown = (key: string) =>
      Object.entries(runner.secrets.get(key) ?? {}).map(([name, secret]) => [name, secret.expose()]);
    expect(shown('named / a')).toEqual([['TOKEN', 'hunter2']]);
    expect(shown('all / b')).toEqual([['KEY', 'hunter2']]);
    expect(shown('none / a')).toEqual([]);
  });

  test('says that environments and identity tokens are not there', async () => {
    await using fixture = await createFixture(
      workflow(`  deploy:\n    environment: production\n    permissions: { id-token: write }\n    ${job()}`),
    );

    const { notes, runner } = await fixture.run();

    expect(notes().join('\n')).toMatch(/production is not entered here/);
    expect(notes().join('\n')).toMatch(/id-token: write has no effect/);
    expect(runner.leases[0]).toMatchObject({ level: 'branch', isolation: 'per-step' });
  });
});

describe('reusable workflows', () => {
  const CALLED = `on:
  workflow_call:
    inputs: { who: { type: string, required: true }, times: { type: number, default: 2 } }
    outputs: { said: { value: '\${{ jobs.say.outputs.said }}' } }
jobs:
  say:
    runs-on: ubuntu-latest
    outputs: { said: x }
    strategy: { matrix: { n: [1] } }
    steps: [{ run: 'echo \${{ inputs.who }}' }]
`;

  test('get typed inputs, give outputs, and mark inputs that an outsider wrote', async () => {
    await using fixture = await createFixture({
      ...workflow(`  first:\n    ${job()}\n  call:\n    needs: first\n    uses: ./.github/workflows/called.yml
    with: { who: '\${{ github.event.head_commit.message }}' }\n  after:\n    needs: call\n    ${job()}`),
      '.github/workflows/called.yml': CALLED,
    });

    const { runner, ended } = await fixture.run({ jobs: { say: () => ({ outputs: { said: 'hi' } }) } });

    expect(ended).toMatchObject({ 'call / say (1)': 'success', after: 'success' });
    expect(runner.leases[1]).toMatchObject({
      contexts: { inputs: { who: 'first', times: 2 } },
      influenced: { inputs: ['who'] },
      workflowPath: '.github/workflows/called.yml',
    });
    expect(runner.leases[2]?.contexts['needs']).toEqual({ call: { result: 'success', outputs: { said: 'hi' } } });
  });

  test('get no more permissions than the job that calls them', async () => {
    await using fixture = await createFixture({
      ...workflow(`  call:\n    permissions: { contents: read, issues: write }\n    uses: ./.github/workflows/c.yml`),
      '.github/workflows/c.yml': `on: workflow_call\njobs:\n  a:\n    permissions: { issues: read }\n    ${job()}\n  b:\n    ${job()}\n`,
    });

    const { runner } = await fixture.run();

    const permissions = Object.fromEntries(runner.leases.map((lease) => [lease.job.key, lease.permissions]));
    expect(permissions['call / a']).toEqual({ issues: 'read' });
    expect(permissions['call / b']).toEqual({ contents: 'read', issues: 'write' });
  });

  test('that ask for more permissions than their caller has are refused', async () => {
    await using fixture = await createFixture({
      ...workflow(`  call:\n    uses: ./.github/workflows/c.yml`),
      '.github/workflows/c.yml': `on: workflow_call\npermissions: { packages: write }\njobs:\n  a:\n    ${job()}\n`,
    });

    expect((await fixture.run()).result).toMatchObject({
      kind: 'refused',
      errors: [{ code: 'workflow/call-permissions' }],
    });
  });

  test('that call each other in a circle are refused', async () => {
    await using fixture = await createFixture({
      ...workflow(`  call:\n    uses: ./.github/workflows/c.yml`),
      '.github/workflows/c.yml': `on: workflow_call\njobs:\n  again:\n    uses: ./.github/workflows/c.yml\n`,
    });

    expect((await fixture.run()).result).toMatchObject({ kind: 'refused', errors: [{ code: 'plan/call-circle' }] });
  });

  test('that are not there are refused with their place', async () => {
    await using fixture = await createFixture(workflow(`  call:\n    uses: ./.github/workflows/nowhere.yml`));

    expect((await fixture.run()).result).toMatchObject({
      kind: 'refused',
      errors: [{ code: 'plan/call-missing', line: 4 }],
    });
  });
});

describe('what does not run here', () => {
  test('is refused with its place when it is container work', async () => {
    await using fixture = await createFixture(
      workflow(`  build:\n    container: node:20\n    ${job()}\n  b:\n    ${job()}`),
    );

    const { ended, events } = await fixture.run();

    expect(ended).toEqual({ build: 'failure', b: 'success' });
    expect(JSON.stringify(events)).toContain('ci.yml:4:16');
  });

  test('is refused when it wants another machine, or skipped when asked to', async () => {
    await using fixture = await createFixture(
      workflow(
        `  win:\n    runs-on: windows-latest\n    steps: [{ run: dir }]\n  big:\n    runs-on: [self-hosted, gpu]\n    steps: [{ run: x }]`,
      ),
    );

    expect((await fixture.run()).ended).toEqual({ win: 'failure', big: 'failure' });
    expect((await fixture.run({ options: { skipUnrunnable: true, labels: ['GPU'] } })).ended).toEqual({
      win: 'skipped',
      big: 'success',
    });
  });
});

describe('inputs of workflow_dispatch', () => {
  const head = `on:
  workflow_dispatch:
    inputs:
      level: { type: choice, options: [low, high], required: true }
      dry: { type: boolean, default: true }`;

  test('are checked, typed, and shown as text in the event', async () => {
    await using fixture = await createFixture(workflow(`  build:\n    ${job()}`, head));
    const options = { eventName: 'workflow_dispatch', inputs: { level: 'high' } };

    const { runner } = await fixture.run({ options });

    expect(runner.leases[0]?.contexts['inputs']).toEqual({ level: 'high', dry: true });
    expect(runner.leases[0]?.contexts['github']?.['event']).toMatchObject({ inputs: { level: 'high', dry: 'true' } });
    expect(runner.leases[0]?.influenced.inputs).toEqual(['*']);
  });

  test.each([
    [{}, 'required'],
    [{ level: 'middle' }, 'one of: low, high'],
    [{ level: 'low', dry: 'perhaps' }, 'true or false'],
    [{ level: 'low', colour: 'red' }, 'no input colour'],
  ])('%j are refused', async (inputs: { [name: string]: string }, message) => {
    await using fixture = await createFixture(workflow(`  build:\n    ${job()}`, head));

    const { result } = await fixture.run({ options: { eventName: 'workflow_dispatch', inputs } });

    expect(result.kind).toBe('refused');
    expect(JSON.stringify(result)).toContain(message);
  });
});

describe('a second attempt', () => {
  const FLAKY = workflow(`  a:\n    ${job()}\n  b:\n    needs: a\n    ${job()}\n  c:\n    needs: b\n    ${job()}`);

  test('runs what failed and what needs it, takes the outputs of the rest over, and stays the same run', async () => {
    await using fixture = await createFixture(FLAKY);
    const first = await fixture.run({
      jobs: { a: () => ({ outputs: { v: '1' } }), b: () => ({ conclusion: 'failure' }) },
    });

    const second = await fixture.run({ options: { failed: true } });

    expect(first.ended).toEqual({ a: 'success', b: 'failure', c: 'skipped' });
    expect(second.runner.leases.map(({ job, attempt, runId }) => [job.key, attempt, runId])).toEqual([
      ['b', 2, 1],
      ['c', 2, 1],
    ]);
    expect(second.runner.leases[0]?.contexts['needs']).toMatchObject({ a: { outputs: { v: '1' } } });
    expect(second.result).toMatchObject({ conclusion: 'success' });
    expect((await fixture.run({ options: { failed: true } })).result).toMatchObject({ kind: 'nothing' });
  });
});

describe('a cancelled run', () => {
  test('ends what runs, and still runs what says always()', async () => {
    await using fixture = await createFixture(
      workflow(
        `  a:\n    ${job()}\n  clean:\n    needs: a\n    if: always()\n    ${job()}\n  b:\n    needs: a\n    ${job()}`,
      ),
    );

    const { result, ended } = await fixture.run({
      jobs: {
        a: async (_lease, _secrets, signal) => {
          await cancelled(signal);
          return { conclusion: 'cancelled' };
        },
      },
      cancelAfter: (event) =>
        event.kind === 'job' && event.event.kind === 'job-started' && event.job === 'a' ? 'cancel' : undefined,
    });

    expect(result).toMatchObject({ conclusion: 'cancelled' });
    expect(ended).toEqual({ a: 'cancelled', clean: 'success', b: 'cancelled' });
  });
});
