import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from '../attack.ts';
import { BREACH, bash, cut, DONE, endGroup, hasLine, makeArena, makeFolder, onHost, runStep } from '../arena.ts';
import { endAll, findOnHost, isRefused, isSuccess, newMark, podRunner, within } from '../sandbox-arms.ts';

export const attacks: Attack[] = [
  {
    id: 'sandbox-daemon',
    title: 'leave a daemon running after the job',
    controls: ['K21'],
    product: async () => {
      const mark = newMark();
      await using arena = makeArena();
      const pod = await arena.open();
      const ran = await runStep(
        pod,
        `setsid nohup bash -c 'exec -a ${mark} sleep 300' >/dev/null 2>&1 & sleep 0.3; echo ${DONE}`,
      );
      const before = findOnHost(mark).length;
      await pod.close();
      const after = findOnHost(mark);
      endAll(after);
      return {
        refused: hasLine(ran, DONE) && before > 0 && after.length === 0,
        detail: `${before} before, ${after.length} after`,
      };
    },
    control: async () => {
      const mark = newMark();
      await onHost(bash(`setsid nohup bash -c 'exec -a ${mark} sleep 300' >/dev/null 2>&1 & sleep 0.3`));
      const after = findOnHost(mark);
      endAll(after);
      return { succeeded: after.length > 0, detail: `${after.length} left` };
    },
  },
  {
    id: 'sandbox-killed-runner',
    title: 'outlive a runner that is killed',
    controls: ['K21'],
    product: async () => {
      using place = makeFolder();
      const mark = newMark();
      const script = `setsid nohup bash -c 'exec -a ${mark} sleep 300' >/dev/null 2>&1 & exec -a ${mark} sleep 300`;
      const { before, after } = await killedArm([process.execPath, podRunner(), place.folder, script], mark);
      return { refused: before > 1 && after.length === 0, detail: `${before} before, ${after.length} after` };
    },
    control: async () => {
      const mark = newMark();
      const script = `setsid nohup bash -c 'exec -a x-${mark} sleep 300' >/dev/null 2>&1 & sleep 300`;
      const { before, after } = await killedArm(['bash', '-c', script], `x-${mark}`);
      return { succeeded: after.length > 0, detail: `${before} before, ${after.length} after` };
    },
  },
  {
    id: 'sandbox-persistence',
    title: 'plant a shell start file, a git hook or a cron table for the next job',
    controls: ['K21'],
    product: async () => {
      await using arena = makeArena();
      const first = await arena.open();
      await runStep(first, PLANT);
      await first.close();
      return isRefused(await runStep(await arena.open(), FIND));
    },
    control: async () => {
      using place = makeFolder();
      await onHost(bash(PLANT), { env: { HOME: place.folder } });
      return isSuccess(await onHost(bash(FIND), { env: { HOME: place.folder } }));
    },
  },
  {
    id: 'sandbox-stop-supervisor',
    title: 'hang the runner for ever by stopping the processes that watch a step',
    controls: ['K3'],
    product: async () => {
      await using arena = makeArena();
      const pod = await arena.open();
      const steps = (['per-step', 'per-job'] as const).map((isolation) =>
        runStep(pod, `kill -STOP $PPID; kill -STOP 1; sleep 20; echo ${BREACH}`, { isolation }),
      );
      await sleep(700);
      const closed = await within(5_000, pod.close());
      const ran = closed ? await Promise.all(steps) : [];
      return {
        refused: closed && ran.every(({ output }) => !output.includes(`${BREACH}\n`)),
        detail: closed ? 'closed' : 'hangs',
      };
    },
    control: async () => {
      const ran = await onHost(['bash', '-c', 'bash -c "kill -STOP \\$PPID; exit 0"; true'], { timeoutMs: 2_000 });
      return { succeeded: ran.code === null, detail: cut(ran) };
    },
  },
  {
    id: 'sandbox-end-of-job',
    title: 'end the whole job by a signal to its first process',
    controls: ['K3'],
    product: async () => {
      await using arena = makeArena();
      const pod = await arena.open();
      await runStep(pod, 'for s in TERM INT HUP QUIT KILL USR1; do kill -$s 1 2>/dev/null; done; sleep 0.2');
      const ran = await runStep(pod, `echo ${DONE}`);
      return { refused: hasLine(ran, DONE) && pod.killed === undefined, detail: cut(ran) };
    },
    control: async () => {
      // As the first process a shell with a handler, as init programs have.
      const first = `trap 'exit 0' TERM; bash -c 'kill -TERM 1; sleep 0.5; echo alive' & wait`;
      const ran = await onHost(['unshare', '-Urpf', '--mount-proc', 'bash', '-c', first]);
      return { succeeded: !ran.output.includes('alive'), detail: cut(ran) };
    },
  },
  {
    id: 'sandbox-held-pipe',
    title: 'hang a step by a background process that holds its output open',
    controls: ['K21'],
    product: async () => {
      await using arena = makeArena();
      const ended = await within(8_000, runStep(await arena.open(), `sleep 25 & echo ${DONE}`));
      return { refused: ended, detail: ended ? 'the step ended' : 'the step hangs' };
    },
    control: async () => {
      const child = spawn('bash', ['-c', 'sleep 25 &'], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
      const closed = await within(3_000, new Promise((resolve) => child.once('close', resolve)));
      endGroup(child);
      return { succeeded: !closed, detail: closed ? 'closed' : 'held open' };
    },
  },
];

const PLANT = `echo 'echo ${BREACH}' >> ~/.bashrc; echo 'echo ${BREACH}' > ~/.profile; mkdir -p ~/hooks ~/.config; git config --global core.hooksPath ~/hooks; echo x > ~/.config/planted; echo x > /tmp/sallyport-planted-$UID; (crontab -l; echo '* * * * * true') 2>/dev/null | true`;
const FIND = `for f in ~/.bashrc ~/.profile ~/.gitconfig ~/hooks ~/.config/planted; do [ -e $f ] && echo ${BREACH}; done; [ -e /tmp/sallyport-planted-$UID ] && echo ${BREACH}; rm -f /tmp/sallyport-planted-$UID; echo ${DONE}`;

/** Starts a program of its own, kills it without mercy once the mark runs, and looks for what is left. */
async function killedArm(
  command: readonly [string, ...string[]],
  mark: string,
): Promise<{ readonly before: number; readonly after: readonly number[] }> {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: 'ignore', detached: true });
  const isMarked = (pid: number) => pid !== child.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(mark);
  const marked = () => findOnHost(mark).filter((pid) => existsSync(`/proc/${pid}`) && isMarked(pid));
  let before = 0;
  for (let tries = 0; tries < 200 && before < 2; tries += 1) {
    await sleep(50);
    before = marked().length;
    if (before > 0 && tries > 60) break;
  }
  child.kill('SIGKILL');
  let after = marked();
  for (let tries = 0; tries < 40 && after.length > 0; tries += 1) {
    await sleep(50);
    after = marked();
  }
  endAll(after);
  endGroup(child);
  return { before, after };
}
