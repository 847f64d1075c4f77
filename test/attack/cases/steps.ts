import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JobHarness, openJobHarness } from '../../job-harness.ts';
import type { Attack } from '../attack.ts';

const FILES = {
  'action/action.yml': 'name: A\nruns: { using: composite, steps: [{ shell: bash, run: echo committed-action }] }\n',
};

async function withJobs<T>(use: (harness: JobHarness) => Promise<T>): Promise<T> {
  await using harness = await openJobHarness(FILES);
  return await use(harness);
}

/** Runs a script as any runner without walls would: in a folder of the machine. */
function bare(script: string, env: { readonly [name: string]: string } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-control-'));
  try {
    const file = join(folder, 'script.sh');
    writeFileSync(file, script);
    return execFileSync('bash', ['-e', file], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 20_000,
      env: { PATH: process.env['PATH'], HOME: folder, ...env },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PLANT = `mkdir -p x && printf 'name: X\\nruns: { using: composite, steps: [{ shell: bash, run: echo planted-code }] }\\n' | tee x/action.yml action/action.yml`;

const localActions: Attack[] = [
  {
    id: 'R25-cloned-action',
    title: 'a step fetches an action into the workspace and a later step runs it by uses: ./x at reviewed',
    controls: ['K7'],
    async control() {
      const run = await withJobs((jobs) =>
        jobs.run(`      - uses: actions/checkout@v4\n      - run: |\n          ${PLANT}\n      - uses: ./x\n`),
      );
      return { succeeded: /^planted-code$/m.test(run.log), detail: 'at branch the planted action ran, and was marked' };
    },
    async product() {
      const run = await withJobs((jobs) =>
        jobs.run(`      - uses: actions/checkout@v4\n      - run: |\n          ${PLANT}\n      - uses: ./x\n`, {
          level: 'reviewed',
        }),
      );
      const refused = !/^planted-code$/m.test(run.log) && run.log.includes('runner/local-action-changed');
      return { refused, detail: refused ? 'runner/local-action-changed' : run.log.slice(-400) };
    },
  },
  {
    id: 'R25-rewritten-action',
    title: 'a step rewrites a committed action before it is used at reviewed',
    controls: ['K7', 'K20'],
    async control() {
      const run = await withJobs((jobs) =>
        jobs.run(`      - uses: actions/checkout@v4\n      - run: |\n          ${PLANT}\n      - uses: ./action\n`),
      );
      return {
        succeeded: /^planted-code$/m.test(run.log),
        detail: 'at branch the rewritten action ran, and was marked',
      };
    },
    async product() {
      const run = await withJobs((jobs) =>
        jobs.run(`      - uses: actions/checkout@v4\n      - run: |\n          ${PLANT}\n      - uses: ./action\n`, {
          level: 'reviewed',
        }),
      );
      const refused = !/^planted-code$/m.test(run.log) && /^committed-action$/m.test(run.log);
      return { refused, detail: refused ? 'the committed action ran' : run.log.slice(-400) };
    },
  },
];

const TITLE = 'Fix\nBASH_ENV=/tmp/evil.sh';

const envFiles: Attack[] = [
  {
    id: 'R17-title-into-env-file',
    title: 'an issue title with a line break sets BASH_ENV for the next step through GITHUB_ENV',
    controls: ['K28'],
    async control() {
      const out = bare(
        `echo 'echo pwned-by-bash-env' > evil.sh\nprintf 'TITLE=%s\\n' "$TITLE" > env\nset -a; . <(sed "s#/tmp/#$PWD/#;s/=\\(.*\\)/='\\1'/" env); bash -c true`,
        { TITLE },
      );
      return { succeeded: out.includes('pwned-by-bash-env'), detail: 'the second line of the title became a variable' };
    },
    async product() {
      const run = await withJobs((jobs) =>
        jobs.run(
          `      - { run: 'echo "echo pwned-by-bash-env" > /tmp/evil.sh' }
      - { env: { TITLE: "\${{ github.event.issue.title }}" }, run: 'echo "TITLE=$TITLE" >> "$GITHUB_ENV"' }
      - { if: always(), shell: bash, run: 'bash -c "echo next step"' }
`,
          { github: { event: { issue: { title: TITLE } } } },
        ),
      );
      const refused = !run.log.includes('\npwned-by-bash-env') && run.log.includes('BASH_ENV');
      return { refused, detail: refused ? 'the file was refused, no variable was set' : run.log.slice(-400) };
    },
  },
  {
    id: 'R17-printed-set-env',
    title: 'text that a step prints sets a variable by the command set-env',
    controls: ['K28'],
    async control() {
      const out = bare(
        `line='::set-env name=LATER::stolen'; [[ $line =~ name=([A-Z]+)::(.*) ]] && export "\${BASH_REMATCH[1]}=\${BASH_REMATCH[2]}"; bash -c 'echo "later is $LATER"'`,
      );
      return { succeeded: out.includes('later is stolen'), detail: 'a runner that obeys set-env hands the value on' };
    },
    async product() {
      const run = await withJobs((jobs) =>
        jobs.run(
          `      - { run: 'echo "::set-env name=LATER::stolen"' }\n      - { if: always(), run: 'echo "later is $LATER."' }\n`,
        ),
      );
      const refused = run.log.includes('later is .');
      return { refused, detail: refused ? 'set-env is refused' : run.log.slice(-400) };
    },
  },
];

const persistence: Attack[] = [
  {
    id: 'K21-next-job',
    title: 'a job leaves a daemon, a start file and a hook for the next job',
    controls: ['K21'],
    async control() {
      const folder = mkdtempSync(join(tmpdir(), 'sallyport-control-'));
      try {
        execFileSync(
          'bash',
          ['-c', 'echo "echo start file ran" > .bashrc; git init -q repo; touch repo/.git/hooks/post-checkout'],
          { cwd: folder },
        );
        const daemon = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' });
        const alive = daemon.pid !== undefined && process.kill(daemon.pid, 0);
        daemon.kill('SIGKILL');
        const out = execFileSync(
          'bash',
          ['--rcfile', join(folder, '.bashrc'), '-ic', 'ls repo/.git/hooks/post-checkout'],
          { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
        );
        return {
          succeeded: alive && out.includes('start file ran') && out.includes('post-checkout'),
          detail: 'on a machine without sandboxes all three are there for the next job',
        };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    async product() {
      return withJobs(async (jobs) => {
        await jobs.run(`      - run: |
          echo "echo start file ran" > ~/.bashrc; mkdir -p ~/repo/.git/hooks; touch ~/repo/.git/hooks/post-checkout /tmp/mark
          setsid python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 &
          sleep 0.5
`);
        const next = await jobs.run(
          `      - run: 'ls -A ~ /tmp; bash -ic true; curl -sS -m 2 http://127.0.0.1:8123/ && echo daemon-answered; echo done'\n        shell: bash {0}\n`,
        );
        const refused =
          next.log.includes('\ndone') &&
          !/start file ran|post-checkout|mark|daemon-answered$/m.test(next.log.replaceAll(/^.*(echo|curl).*$/gm, ''));
        return { refused, detail: refused ? 'the next job found an empty home and no daemon' : next.log.slice(-400) };
      });
    },
  },
];

const secrets: Attack[] = [
  {
    id: 'R23-read-other-step',
    title: 'a process left by one step reads the secret in the environment of a later step',
    controls: ['K3', 'K8'],
    async control() {
      const out = bare("LATER_KEY=s3cr-value-1 sleep 2 & sleep 0.3; tr '\\0' '\\n' < /proc/$!/environ");
      return {
        succeeded: out.includes('s3cr-value-1'),
        detail: 'on one machine any process of the same user can read it',
      };
    },
    async product() {
      const run = await withJobs((jobs) =>
        jobs.run(
          `      - run: |
          ( for i in $(seq 60); do for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/environ 2>/dev/null | grep -a '^LATER_KEY' | tr a-z n-za-m; done; sleep 0.1; done > /tmp/found ) >/dev/null 2>&1 &
      - { env: { LATER_KEY: "\${{ secrets.KEY }}" }, run: sleep 2 }
      - run: 'echo "found: $(wc -c < /tmp/found)"'
`,
          { secrets: { KEY: 's3cr-value-1' }, isolation: 'per-step' },
        ),
      );
      const refused = run.log.includes('found: 0');
      return { refused, detail: refused ? 'the spy died with its step' : run.log.slice(-400) };
    },
  },
];

export const attacks: Attack[] = [...localActions, ...envFiles, ...persistence, ...secrets];
