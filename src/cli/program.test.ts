import { Readable } from 'node:stream';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { faultsOf } from '../base/index.ts';
import type { CapabilityRecord } from '../protocol/index.ts';
import type { CliDependencies, Commands, PlannedFile, RunRequest, RunResult } from './door.ts';
import { memoryTerminal, recordedRun } from './fixture.ts';
import { main } from './program.ts';

const sandboxFault = faultsOf('sandbox', { 'wall-missing': { status: 503, help: 'Mend it.' } });
const RECORD: CapabilityRecord = {
  version: 1,
  platform: { os: 'linux', arch: 'x64', kernel: '6.1', root: true },
  walls: [
    { name: 'user-namespace', state: 'hard', reason: 'yes' },
    { name: 'network', state: 'hard', reason: 'yes' },
    { name: 'processes', state: 'hard', reason: 'yes' },
    { name: 'filesystem', state: 'hard', reason: 'yes' },
    { name: 'seccomp', state: 'missing', reason: 'no', remedy: 'boot another kernel' },
    { name: 'hard-memory', state: 'soft', reason: 'no cgroup' },
  ],
  tools: { bwrap: '0.8.0', git: null },
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function call(argv: readonly string[], commands: Partial<Commands> = {}, terminal = memoryTerminal()) {
  const requests: RunRequest[] = [];
  const dependencies: CliDependencies = {
    version: '9.9.9',
    terminal,
    clock: { now: () => 0, monotonic: () => 0 },
    cwd: folder,
    environment: (name) => (name === 'TOKEN' ? 'from-env' : undefined),
    input: () => Readable.from([]),
    places: { state: join(folder, 'state'), cache: join(folder, 'cache') },
    interrupt: { onInterrupt: () => () => {} },
    commands: {
      run: async (request) => {
        requests.push(request);
        return { kind: 'finished', conclusion: 'success', remarks: [] };
      },
      plan: async () => [],
      up: () => Promise.reject(new TypeError('not called')),
      serverFacts: () => Promise.reject(new TypeError('not called')),
      audit: {
        verify: () => Promise.reject(new TypeError('not called')),
        checkProof: () => Promise.reject(new TypeError('not called')),
      },
      runner: { join: () => Promise.reject(new TypeError('not called')) },
      backup: () => Promise.reject(new TypeError('not called')),
      restore: () => Promise.reject(new TypeError('not called')),
      proposeEgress: async () => '',
      scan: () => Promise.reject(new TypeError('not called')),
      scanAndFix: () => Promise.reject(new TypeError('not called')),
      explain: async () => ({ similar: [] }),
      lock: async () => ({ upToDate: true, written: [], changes: [], remarks: [] }),
      advisories: {
        sync: () => Promise.reject(new Error('not here')),
        import: () => Promise.reject(new Error('not here')),
        status: async () => undefined,
      },
      mirror: { add: async () => [], sync: async () => [] },
      probe: async () => RECORD,
      client: () => Promise.reject(new TypeError('not called')),
      ...commands,
    },
  };
  const exitCode = await main(argv, dependencies);
  return { exitCode, out: terminal.out, err: terminal.err, request: requests[0] };
}

describe('exit codes', () => {
  test.each([
    ['success', 0],
    ['failure', 1],
    ['cancelled', 130],
    ['skipped', 0],
  ] as const)('a run that ends as %s ends with %i', async (conclusion, wanted) => {
    const { exitCode } = await call(['run'], { run: async () => ({ kind: 'finished', conclusion, remarks: [] }) });

    expect(exitCode).toBe(wanted);
  });

  test.each([
    ['an unknown option', ['run', '--nonsense']],
    ['an unknown command', ['nonsense']],
    ['an unknown wall', ['run', '--require', 'paper']],
    ['no jobs at a time', ['run', '--jobs', '0']],
    ['a pair without =', ['run', '--var', 'x']],
    ['a pair that is given twice', ['run', '--var', 'x=1', '--var', 'x=2']],
    ['two forms of output', ['run', '--json', '--quiet']],
    ['an unknown shell', ['completion', 'tcsh']],
    ['nothing', []],
  ])('%s ends with 2', async (_name, argv) => {
    const { exitCode, err } = await call(argv);

    expect(exitCode).toBe(2);
    expect(err).not.toBe('');
  });

  test('a wall that is missing ends with 3 and says what mends it', async () => {
    const { exitCode, err } = await call(['run'], {
      run: async () => {
        throw sandboxFault('wall-missing', 'seccomp is missing');
      },
    });

    expect(exitCode).toBe(3);
    expect(err).toBe('error[sandbox/wall-missing]: seccomp is missing\nhelp: Mend it.\n');
  });

  test('an unforeseen failure says that it is our error, and shows its stack with --debug', async () => {
    const run = async (): Promise<RunResult> => {
      throw new TypeError('x is\u001b[2J undefined');
    };

    const plain = await call(['run'], { run });
    const debug = await call(['run', '--debug'], { run });

    expect(plain.exitCode).toBe(1);
    expect(plain.err).toContain('this is an error of Sallyport');
    expect(plain.err).toContain('x is undefined');
    expect(plain.err).not.toContain('    at ');
    expect(debug.err).toContain('    at ');
  });

  test('--help and --version end with 0', async () => {
    expect(await call(['--help'])).toMatchObject({ exitCode: 0, err: '' });
    expect(await call(['--version'])).toMatchObject({ exitCode: 0, out: '9.9.9\n' });
  });
});

test.each([
  'run',
  'plan',
  'lock',
  'mirror add',
  'mirror sync',
  'advisories sync',
  'advisories import',
  'advisories status',
  'init',
  'clean',
  'doctor',
  'completion',
])('%s --help has an example', async (command) => {
  const { exitCode, out } = await call([...command.split(' '), '--help']);

  expect(exitCode).toBe(0);
  expect(out).toMatch(/Examples?:\n {2}\$ sallyport /);
});

describe('the request of sallyport run', () => {
  test('holds what the options say', async () => {
    writeFileSync(join(folder, 'key'), 'from-file\n');
    writeFileSync(join(folder, 'secrets.env'), "FILED='two words'\n");

    const { request, exitCode } = await call(
      [
        'run',
        'a.yml',
        '-j',
        'build',
        '-j',
        'test',
        '--event-name',
        'pull_request',
        '--event',
        'e.json',
        '--matrix',
        'node=20',
        '--input',
        'a=b=c',
        '--var',
        'V=1',
        '--secret',
        'token=env:TOKEN',
        '--secret',
        `KEY=@${join(folder, 'key')}`,
        '--secret-file',
        join(folder, 'secrets.env'),
        '--keep',
        '--artifacts',
        'out',
        '--require',
        'hard-memory',
        '--require',
        'seccomp',
        '--no-builtin',
        '--jobs',
        '3',
        '--allow-private',
        'db.local',
        '--actions-mirror',
        'm',
        '--skip-unrunnable',
        '--failed',
        '--learn',
        '--shell',
        '--debug',
      ],
      {},
      memoryTerminal({ canAsk: true }),
    ); // prettier-ignore

    expect(exitCode).toBe(0);
    const secrets = Object.entries(request?.secrets ?? {}).map(([name, secret]) => [name, secret.expose()]);
    expect(secrets).toEqual([
      ['FILED', 'two words'],
      ['TOKEN', 'from-env'],
      ['KEY', 'from-file'],
    ]);
    expect({ ...request, secrets: {} }).toEqual({
      directory: folder,
      files: [join(folder, 'a.yml')],
      jobs: ['build', 'test'],
      eventName: 'pull_request',
      eventFile: join(folder, 'e.json'),
      matrix: { node: '20' },
      inputs: { a: 'b=c' },
      vars: { V: '1' },
      secrets: {},
      keep: true,
      shell: true,
      artifactsTo: join(folder, 'out'),
      failed: true,
      learn: true,
      require: ['hard-memory', 'seccomp'],
      actionsMirror: join(folder, 'm'),
      builtin: false,
      skipUnrunnable: true,
      allowPrivate: ['db.local'],
      tools: [],
      jobsAtOnce: 3,
      debug: true,
    });
  });

  test.each([
    ['a value on the command line', 'KEY=hunter2', 'cli/secret-on-command-line'],
    ['a variable that is not set', 'KEY=env:NOPE', 'cli/secret-unreadable'],
    ['a file that is not there', 'KEY=@/nowhere/key', 'cli/file-unreadable'],
    ['a question without a terminal', 'KEY', 'cli/secret-not-asked'],
    ['a name that is none', 'a-b=env:TOKEN', 'cli/usage'],
  ])('refuses a secret by %s, and never prints it', async (_name, option, code) => {
    const { exitCode, err } = await call(['run', '--secret', option]);

    expect(exitCode).toBe(2);
    expect(err).toContain(code);
    expect(err).not.toContain('hunter2');
  });
});

test('a refused plan is printed as compilers print, with the line, a caret and the remedy', async () => {
  writeFileSync(join(folder, 'ci.yml'), 'jobs:\n\tbuild: 你 stepz:\n');
  const errors = [
    {
      file: 'ci.yml',
      line: 2,
      column: 11,
      code: 'workflow/unknown-key',
      message: 'unknown key "stepz"',
      remedy: 'Did you mean steps?',
    },
  ]; // prettier-ignore

  const { exitCode, err } = await call(['run'], { run: async () => ({ kind: 'refused', errors }) });

  expect(exitCode).toBe(2);
  expect(err).toBe(`ci.yml:2:11: error[workflow/unknown-key]: unknown key "stepz"
 2 |         build: 你 stepz:
   |                   ^
   help: Did you mean steps?

1 error: nothing ran
`);
});

test('a repository without workflows explains itself and offers init', async () => {
  const { exitCode, err } = await call(['run'], {
    run: async () => ({ kind: 'nothing', reason: 'no-workflows', message: 'there is no workflow here' }),
  });

  expect(exitCode).toBe(2);
  expect(err).toContain('there is no workflow here');
  expect(err).toContain('sallyport init');
});

test('events reach the renderer as they come', async () => {
  const { out } = await call(['run', '--json'], {
    run: async (_request, onEvent) => {
      for (const event of recordedRun()) onEvent(event);
      return { kind: 'finished', conclusion: 'failure', remarks: [] };
    },
  });

  expect(out.trimEnd().split('\n')).toHaveLength(recordedRun().length);
});

test('--learn hands over what was reached, each place once, and prints the proposal as it comes', async () => {
  const record = { time: 0, via: 'transparent', host: 'example.org', port: 443, verdict: 'allowed' } as const;
  const seen: unknown[] = [];

  const { out } = await call(['run', '--learn'], {
    run: async (_request, onEvent) => {
      for (const verdict of ['allowed', 'allowed', 'denied'] as const) {
        const event = { kind: 'egress', time: 0, record: { ...record, verdict } } as const;
        onEvent({ kind: 'job', runId: 1, job: 'build', event });
      }
      return { kind: 'finished', conclusion: 'success', remarks: [] };
    },
    proposeEgress: async (records) => {
      seen.push(...records);
      return '+allow:\n+  - "example.org:443"\n';
    },
  });

  expect(seen).toEqual([record]);
  expect(out).toContain('+allow:\n+  - "example.org:443"\n');
});

const PLANNED: PlannedFile = {
  file: 'ci.yml',
  ok: true,
  name: 'CI',
  on: ['push'],
  jobs: [{ id: 'build', name: 'Build it', needs: ['lint'] }],
  errors: [],
  json: { file: 'ci.yml', ok: true },
};

test('--shell without a terminal is refused before anything runs', async () => {
  const { exitCode, err, request } = await call(['run', '--shell']);

  expect(exitCode).toBe(2);
  expect(err).toContain('--shell needs a terminal');
  expect(request).toBeUndefined();
});

describe('sallyport plan', () => {
  test('names a workflow that goes by its path once', async () => {
    const { out } = await call(['plan'], { plan: async () => [{ ...PLANNED, name: PLANNED.file }] });

    expect(out.split(PLANNED.file)).toHaveLength(2);
  });

  test('prints workflows, triggers and jobs', async () => {
    const { exitCode, out } = await call(['plan'], { plan: async () => [PLANNED] });

    expect(exitCode).toBe(0);
    expect(out).toBe('✓ CI  ci.yml\n  on push\n    build  Build it  after lint\n');
  });

  test('--json is one array; a refused file ends with 2', async () => {
    const { exitCode, out } = await call(['plan', '--json'], {
      plan: async () => [PLANNED, { ...PLANNED, ok: false, json: { ok: false } }],
    });

    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toEqual([{ file: 'ci.yml', ok: true }, { ok: false }]);
  });
});

test('doctor prints each wall with what mends it, and ends with 3 when a needed one is missing', async () => {
  const { exitCode, out } = await call(['doctor']);

  expect(exitCode).toBe(3);
  expect(out).toContain('missing seccomp         no\n');
  expect(out).toContain('mend: boot another kernel');
  expect(out).toContain('no job can run here: seccomp is not hard');
  expect(JSON.parse((await call(['doctor', '--json'])).out)).toEqual(RECORD);
});

test('clean removes what lies below its own folders and nothing else', async () => {
  const { mkdirSync, existsSync } = await import('node:fs');
  mkdirSync(join(folder, 'cache', 'actions'), { recursive: true });
  mkdirSync(join(folder, 'state', 'runs'), { recursive: true });
  writeFileSync(join(folder, 'cache', 'actions', 'x'), 'four');
  writeFileSync(join(folder, 'kept'), '');

  expect((await call(['clean', '--caches'])).out).toContain('(4 B)');
  expect(existsSync(join(folder, 'state', 'runs'))).toBe(true);
  expect((await call(['clean'])).exitCode).toBe(0);
  expect(existsSync(join(folder, 'state', 'runs'))).toBe(false);
  expect(existsSync(join(folder, 'kept'))).toBe(true);
  expect((await call(['clean'])).out).toBe('nothing to remove\n');
});

test('lock --check ends with 1 when something is not pinned', async () => {
  const lock = async () => ({ upToDate: false, written: [], changes: ['+ a/b@v1'], remarks: [] });

  expect((await call(['lock', '--check'], { lock })).exitCode).toBe(1);
  expect((await call(['lock'], { lock })).exitCode).toBe(0);
});

describe('init', () => {
  test('writes a workflow and an egress list for what it finds, and never overwrites', async () => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { test: 'node --test' } }));
    writeFileSync(join(folder, 'package-lock.json'), '{}');

    const first = await call(['init']);
    const workflow = readFileSync(join(folder, '.github/workflows/ci.yml'), 'utf8');
    writeFileSync(join(folder, '.github/workflows/ci.yml'), 'mine');
    const second = await call(['init']);

    expect(first.exitCode).toBe(0);
    expect(workflow).toContain('        run: npm ci\n');
    expect(workflow).toContain('        run: npm run test\n');
    expect(workflow).toContain('contents: read');
    expect(readFileSync(join(folder, '.sallyport/egress.yml'), 'utf8')).toContain('presets: [npm]');
    expect(second.out).toContain('kept .github/workflows/ci.yml');
    expect(readFileSync(join(folder, '.github/workflows/ci.yml'), 'utf8')).toBe('mine');
  });

  test('says what it looked for when it finds nothing', async () => {
    const { exitCode, err } = await call(['init']);

    expect(exitCode).toBe(2);
    expect(err).toContain('cli/init-unknown-project');
  });
});
