/**
 * Shows what Sallyport does, in a sample repository in a temporary folder: a matrix, jobs that need others, an artifact
 * handed from job to job, a cache, a refused and an allowed access to the network, a masked secret; then the same on a server,
 * pushed with git. Nothing is left behind. It works without internet too, and then says that the allowed access could not be shown.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { styleText } from 'node:util';
import { demoServer, type ServerShown } from './demo-server.ts';

const root = join(import.meta.dirname, '..');
const bold = (text: string) => styleText('bold', text);
const say = (text: string) => process.stdout.write(`${text}\n`);
/** One run of the sample takes a few seconds; a machine on which it takes longer than this has a fault. */
const RUN_MS_MAX = 180_000;

const FILES: { readonly [path: string]: string } = {
  'lib/add.sh': 'add() { echo $(($1 + $2)); }\n',
  'actions/visit/action.yml': [
    'name: Visit',
    'inputs: { url: { required: true } }',
    'runs: { using: node24, main: main.js }',
    '',
  ].join('\n'),
  'actions/visit/main.js': `const url = process.env.INPUT_URL;
fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(15_000) }).then(
  (response) => console.log('VISIT reached ' + url + ': HTTP ' + response.status),
  (error) => {
    console.log('VISIT not reached ' + url + ': ' + (error.cause?.code ?? error.message));
    process.exitCode = 1;
  },
);
`,
  '.sallyport/egress.yml':
    '# The registry that this machine gets npm packages from, and nothing else.\npresets: [npm]\n',
  '.github/workflows/demo.yml': `name: Demo
on: push
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        number: [2, 40]
    steps:
      - uses: actions/checkout@v4
      - name: Test with \${{ matrix.number }}
        run: |
          . lib/add.sh
          test "$(add \${{ matrix.number }} 2)" = "$((\${{ matrix.number }} + 2))"
          echo "MATRIX \${{ matrix.number }}"
  build:
    needs: test
    runs-on: ubuntu-latest
    outputs:
      size: \${{ steps.pack.outputs.size }}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/cache@v4
        id: cache
        with:
          path: compiled
          key: compiled-\${{ hashFiles('lib/**') }}
      - name: Compile what the cache does not have
        if: steps.cache.outputs.cache-hit != 'true'
        run: mkdir compiled && tr a-z A-Z <lib/add.sh >compiled/add.txt && echo "CACHE miss"
      - if: steps.cache.outputs.cache-hit == 'true'
        run: echo "CACHE hit"
      - id: pack
        run: |
          echo "size=$(wc -c <compiled/add.txt)" >>"$GITHUB_OUTPUT"
          echo "## Packed" >>"$GITHUB_STEP_SUMMARY"
          echo "| file | bytes |" >>"$GITHUB_STEP_SUMMARY"
          echo "|---|---|" >>"$GITHUB_STEP_SUMMARY"
          echo "| add.txt | $(wc -c <compiled/add.txt) |" >>"$GITHUB_STEP_SUMMARY"
      - uses: actions/upload-artifact@v4
        with: { name: package, path: compiled }
  publish:
    needs: build
    runs-on: ubuntu-latest
    env:
      NODE_USE_SYSTEM_CA: '1'
    steps:
      - uses: actions/checkout@v4
      - uses: actions/download-artifact@v4
        with: { name: package, path: package }
      - run: test "$(wc -c <package/add.txt)" = "\${{ needs.build.outputs.size }}" && echo "ARTIFACT whole"
      - name: Visit the registry, which is listed
        uses: ./actions/visit
        continue-on-error: true
        with: { url: 'REGISTRY' }
      - name: Send the source away, which is not
        uses: ./actions/visit
        continue-on-error: true
        with: { url: 'https://exfiltration.example.com/' }
      - name: Print a secret, as a mistake
        env: { TOKEN: '\${{ secrets.DEMO_TOKEN }}' }
        run: echo "SECRET is $TOKEN"
`,
};

type Shown = { readonly what: string; readonly state: 'yes' | 'no' | 'not here' };

const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'));
// The database of the server runs as another user when this is root, and passes through.
chmodSync(folder, 0o711);
try {
  process.exitCode = await demo(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function demo(folder: string): Promise<number> {
  const token = randomBytes(15).toString('hex');
  const repository = makeRepository(join(folder, 'sample'), registryUrl());
  const env = {
    ...process.env,
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    DEMO_TOKEN: token,
  };
  say(bold('A sample repository, and its workflow run for the first time:'));
  say(styleText('dim', '$ sallyport run --secret DEMO_TOKEN=env:DEMO_TOKEN\n'));
  const first = await run(repository, env);
  say(bold('\nThe same once more for the cache, as events that a program reads (not shown):'));
  say(styleText('dim', '$ sallyport run --json --secret DEMO_TOKEN=env:DEMO_TOKEN\n'));
  const second = await run(repository, env, '--json');

  say(bold('The same repository, pushed to a server that starts for this (its output is not shown):'));
  const server = await demoServer(repository, folder, env, (text) => say(styleText('dim', text)));
  say('');

  say(bold('What happened:'));
  const shown = [...judge(first, second, token), ...judgeServer(server)];
  for (const { what, state } of shown) {
    const symbol = { yes: styleText('green', '✓'), no: styleText('red', '✗'), 'not here': styleText('yellow', '○') };
    say(
      `${symbol[state]} ${what}${state === 'not here' ? ' (not shown: the registry is out of reach from here)' : ''}`,
    );
  }
  const missing = shown.filter(({ state }) => state === 'no').length;
  say(
    missing === 0
      ? `\nNext: sallyport run in a repository of yours; sallyport up for a team; sallyport doctor for this machine.`
      : '',
  );
  return missing === 0 ? 0 : 1;
}

function judge(first: Outcome, second: Outcome, token: string): readonly Shown[] {
  const { out } = first;
  const is = (condition: boolean): Shown['state'] => (condition ? 'yes' : 'no');
  return [
    { what: 'both workflows succeeded', state: is(first.status === 0 && second.status === 0) },
    {
      what: 'a matrix of two, each in a sandbox of its own',
      state: is(/MATRIX 2$/m.test(out) && /MATRIX 40$/m.test(out)),
    },
    {
      what: 'jobs in the order of their needs, with an output handed on',
      state: is(out.indexOf('ARTIFACT') > out.indexOf('MATRIX')),
    },
    { what: 'an artifact handed from job to job', state: is(/ARTIFACT whole$/m.test(out)) },
    {
      what: 'a cache, empty at first and found again',
      state: is(/CACHE miss$/m.test(out) && second.out.includes('"CACHE hit"')),
    },
    { what: 'an allowed access: the registry of this machine', state: /VISIT reached/.test(out) ? 'yes' : 'not here' },
    {
      what: 'a refused access: nothing went to exfiltration.example.com',
      state: is(
        /VISIT not reached https:\/\/exfiltration/.test(out) && /exfiltration\.example\.com.*not-listed/.test(out),
      ),
    },
    {
      what: 'a secret, masked where it was printed',
      state: is(/SECRET is \*\*\*/.test(out) && !(out + second.out).includes(token)),
    },
  ];
}

function judgeServer(server: ServerShown): readonly Shown[] {
  const is = (condition: boolean): Shown['state'] => (condition ? 'yes' : 'no');
  return [
    { what: 'pushed with git to a server, and it ran there in the same sandbox', state: is(server.ran) },
    { what: 'the refused access was refused there as well', state: is(server.refused) },
    { what: 'the audit log of that server proves itself', state: is(server.proved) },
  ];
}

type Outcome = { readonly status: number | null; readonly out: string };

/** Runs the sample; the plain output is shown as it comes. */
function run(repository: string, env: NodeJS.ProcessEnv, ...options: readonly string[]): Promise<Outcome> {
  const args = ['run', '--secret', 'DEMO_TOKEN=env:DEMO_TOKEN', ...options];
  const child = spawn(join(root, 'bin/sallyport'), args, {
    cwd: repository,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const deadline = setTimeout(() => child.kill('SIGTERM'), RUN_MS_MAX);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
    if (options.length === 0) process.stdout.write(chunk);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(deadline);
      resolve({ status, out });
    });
  });
}

function makeRepository(path: string, registry: string): string {
  for (const [name, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content.replace('REGISTRY', registry));
  }
  const git = (...args: readonly string[]) => execFileSync('git', ['-C', path, ...args], { stdio: 'ignore' });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('-c', 'user.name=Demo', '-c', 'user.email=demo@example.org', 'commit', '-q', '-m', 'A sample');
  return path;
}

/** The registry of this machine's npm, which the preset follows. */
function registryUrl(): string {
  try {
    const answer = execFileSync('npm', ['config', 'get', 'registry'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return URL.canParse(answer.trim()) ? answer.trim() : 'https://registry.npmjs.org/';
  } catch {
    // Without npm there is the public one.
    return 'https://registry.npmjs.org/';
  }
}
