import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Executor, INSIDE, type Pod, type PodSpec, type ProcessExit, type ProcessSpec } from './executor.ts';

/** What each executor must do, whatever raises its walls. `make` gives a new executor and a folder of the test's own. */
export type ExecutorUnderTest = { readonly executor: Executor; readonly folder: string };

export const CONTRACT_BOUNDS = {
  memoryBytesMax: 512 * 1024 * 1024,
  processesMax: 200,
  cpusMax: 2,
  diskBytesMax: 512 * 1024 * 1024,
} as const;

let pods = 0;

export async function openTestPod(under: ExecutorUnderTest, spec: Partial<PodSpec> = {}): Promise<Pod> {
  pods += 1;
  const scratch = path.join(under.folder, `scratch-${pods}`);
  mkdirSync(scratch);
  return under.executor.open({ id: `test-${pods}`, bounds: CONTRACT_BOUNDS, require: [], scratch, ...spec });
}

export type StepResult = { readonly out: string; readonly error: string; readonly exit: ProcessExit };

export async function runScript(pod: Pod, script: string, spec: Partial<ProcessSpec> = {}): Promise<StepResult> {
  const env = { PATH: '/usr/bin:/bin', HOME: INSIDE.home };
  const step = pod.start({
    command: ['/bin/bash', '-c', script],
    env,
    cwd: INSIDE.work,
    isolation: 'per-job',
    ...spec,
  });
  const [out, error, exit] = await Promise.all([text(step.stdout), text(step.stderr), step.exited]);
  return { out, error, exit };
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export function describeExecutor(name: string, make: () => ExecutorUnderTest): void {
  const withPod = async (act: (pod: Pod, under: ExecutorUnderTest) => Promise<void>, spec?: Partial<PodSpec>) => {
    const under = make();
    const pod = await openTestPod(under, spec);
    try {
      await act(pod, under);
    } finally {
      await pod.close();
    }
  };

  describe(`${name} keeps the contract of executors`, () => {
    test('arguments reach the command as they are, in the first process and in later ones', () =>
      withPod(async (pod) => {
        const odd = [' edges ', '', '\\n \\\\', `$(id) \`id\` "'`, '-x', '$1', '*', 'ü→\u{1f512}', '\r\t'];
        const commands = [odd, odd, [...odd, 'two\nlines'], [...odd, 'x'.repeat(10_000)], odd];
        for (const words of commands) {
          const { out, exit } = await runScript(pod, '', { command: ['/usr/bin/printf', '%s|', ...words] });
          expect(out).toBe(words.map((word) => `${word}|`).join(''));
          expect(exit.code).toBe(0);
        }
      }));

    test('a process that kills all it can reach takes nothing of a later one with it', () =>
      withPod(async (pod) => {
        await runScript(pod, 'true');
        const bystander = runScript(pod, 'sleep 60');
        const seen = await runScript(pod, 'sleep 1; ls /proc | grep -c "^[0-9]"; kill -9 -1');
        // The control: what can be reached is killed.
        expect((await bystander).exit.code).toBe(137);
        expect(Number(seen.out)).toBeGreaterThan(0);
        expect((await runScript(pod, 'echo whole')).out).toBe('whole\n');
      }));

    test('a process has its output, its exit code and exactly the given environment', () =>
      withPod(async (pod) => {
        const ran = await runScript(pod, 'env; echo oops >&2; exit 7', {
          env: { A: 'b\nc', PATH: '/usr/bin:/bin' },
        });

        expect(ran.exit).toEqual({ code: 7 });
        expect(ran.error).toBe('oops\n');
        // bash itself adds three.
        expect(ran.out.replace(/^(PWD|SHLVL|_)=.*\n/gm, '')).toBe('A=b\nc\nPATH=/usr/bin:/bin\n');
      }));

    test('standard input is what is given, or nothing', () =>
      withPod(async (pod) => {
        expect((await runScript(pod, 'cat', { stdin: Buffer.from('in\0put') })).out).toBe('in\0put');
        expect((await runScript(pod, 'cat')).out).toBe('');
        const piped = pod.start({ command: ['/bin/cat'], env: {}, cwd: '/', isolation: 'per-step', stdin: 'pipe' });
        piped.stdin?.end('later');
        expect(await text(piped.stdout)).toBe('later');
      }));

    test('home, workspace and /tmp last from step to step, and are gone with the job', () =>
      withPod(async (pod, under) => {
        await runScript(pod, 'echo 1 > ~/a; echo 2 > b; echo 3 > /tmp/c');

        expect((await runScript(pod, 'cat ~/a b /tmp/c', { isolation: 'per-step' })).out).toBe('1\n2\n3\n');
        await pod.close();
        expect(existsSync(path.join(under.folder, 'scratch'))).toBe(false);
        await pod.close();
      }));

    test('a server that one step leaves running is reached by the next, not by a step of its own namespace', () =>
      withPod(async (pod) => {
        await runScript(pod, 'sleep 30 >/dev/null 2>&1 & echo $! > /tmp/pid');

        expect((await runScript(pod, 'kill -0 $(cat /tmp/pid) && echo seen')).out).toBe('seen\n');
        expect((await runScript(pod, 'ls /proc | grep -c "^[0-9]"', { isolation: 'per-step' })).out).toMatch(
          /^[1-6]\n$/,
        );
      }));

    test('a file for one process is read back through what the runner opened, up to its limit', () =>
      withPod(async (pod) => {
        const file = await pod.privateFile('env', 'before\n');
        const inside = `${INSIDE.commands}/env`;
        const mounts = [{ host: file.path, inside, writable: true }];

        await runScript(pod, `echo after >> ${inside}`, { mounts });

        expect((await file.read(100)).toString()).toBe('before\nafter\n');
        await expect(file.read(5)).rejects.toMatchObject({ code: 'sandbox/file-too-large' });
        expect((await runScript(pod, `ls ${INSIDE.commands}`)).out).toBe('');
        await expect(pod.privateFile('../x', '')).rejects.toMatchObject({ code: 'sandbox/spec-invalid' });
      }));

    test('names resolve as the caller says, also for processes that run already', () =>
      withPod(async (pod) => {
        const waiting = runScript(
          pod,
          'until grep -q later.test /etc/hosts; do sleep 0.05; done; cat /etc/resolv.conf',
        );

        await pod.setNetworkFiles({ resolvConf: 'nameserver 198.18.0.1\n', hosts: '198.18.0.2 later.test\n' });

        expect((await waiting).out).toBe('nameserver 198.18.0.1\n');
      }));

    test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
      '%s reaches the whole tree of a step and of no other',
      (signal) =>
        withPod(async (pod) => {
          const other = runScript(pod, 'sleep 1.2; echo alive');
          const step = pod.start({
            command: ['/bin/bash', '-c', 'sleep 41 | sleep 42'],
            env: { PATH: '/usr/bin:/bin' },
            cwd: '/',
            isolation: 'per-job',
          });
          step.stdout.resume();
          step.stderr.resume();
          await sleep(250);
          step.signal(signal);
          await step.exited;

          expect((await runScript(pod, 'cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -cE "sleep 4[12]"')).out).toBe(
            '0\n',
          );
          expect((await other).out).toBe('alive\n');
        }),
    );

    test('a program that does not exist is told as set-up, with the reason on standard error', () =>
      withPod(async (pod) => {
        const step = pod.start({ command: ['/no/such'], env: {}, cwd: '/', isolation: 'per-job' });
        step.stdout.resume();
        const [error, exit] = await Promise.all([text(step.stderr), step.exited]);

        expect(exit.reason).toBe('setup');
        expect(error).toContain('/no/such');
      }));

    test('a mount that a job could lead astray is refused before anything runs', () =>
      withPod(async (pod, under) => {
        writeFileSync(path.join(under.folder, 'file'), '');
        const mounts = [{ host: path.join(under.folder, 'file'), inside: `${INSIDE.work}/x`, writable: false }];

        await expect(runScript(pod, 'true', { mounts })).rejects.toMatchObject({ code: 'sandbox/mount-refused' });
      }));

    test('a closed pod starts nothing, and what ran in it ended for that reason', () =>
      withPod(async (pod) => {
        const running = runScript(pod, 'sleep 60');
        await sleep(200);
        await pod.close();

        expect((await running).exit).toMatchObject({ reason: 'pod' });
        await expect(runScript(pod, 'true')).rejects.toMatchObject({ code: 'sandbox/pod-closed' });
      }));

    test('nothing of the host but its toolchain is seen', () =>
      withPod(async (pod) => {
        const { out } = await runScript(
          pod,
          'ls /; ls -d /etc/shadow /etc/ssl/private /root /var /run 2>/dev/null; id -u; touch /x 2>&1',
        );

        expect(out).not.toMatch(/^(root|var|run|sys|mnt|boot|srv)$|shadow|private/m);
        expect(out).toMatch(/^1000$/m);
        expect(out).toContain('Read-only');
      }));
  });
}
