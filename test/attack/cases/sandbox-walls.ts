import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { INSIDE } from '../../../src/sandbox/index.ts';
import type { Attack } from '../attack.ts';
import {
  BREACH,
  bash,
  cut,
  DONE,
  endGroup,
  hasLine,
  inProduct,
  isRoot,
  makeArena,
  makeFolder,
  makeVictim,
  onHost,
  plainBwrap,
  type Ran,
  runStep,
  withCapabilities,
} from '../arena.ts';

const isRefused = (ran: Ran) => ({
  refused: hasLine(ran, DONE) && !hasLine(ran, BREACH),
  detail: cut(ran),
});
const isSuccess = (ran: Ran) => ({ succeeded: hasLine(ran, BREACH), detail: cut(ran) });

/** The same script in both arms: it writes BREACH when it got what it wants. */
function scripted(
  id: string,
  title: string,
  script: string,
  options: {
    readonly control: (script: string) => [string, ...string[]];
    readonly controls?: readonly string[];
    readonly needsRoot?: boolean;
  },
): Attack {
  const whole = `${script}\necho ${DONE}`;
  return {
    id: `sandbox-${id}`,
    title,
    controls: options.controls ?? ['K3'],
    ...(options.needsRoot === undefined ? {} : { needsRoot: options.needsRoot }),
    product: async () => isRefused(await inProduct(whole)),
    control: async () => isSuccess(await onHost(options.control(whole))),
  };
}

/** The same script in both arms, with a process of the host as the victim. */
function onVictim(id: string, title: string, script: (victim: { pid: number; mark: string }) => string): Attack {
  const arm = async (act: (text: string) => Promise<Ran>) => {
    const mark = newMark();
    using victim = await makeVictim({ mark, env: { VICTIM_SECRET: mark } });
    return await act(`${script({ pid: victim.pid, mark })}\necho ${DONE}`);
  };
  return {
    id: `sandbox-${id}`,
    title,
    controls: ['K3'],
    product: async () => isRefused(await arm((text) => inProduct(text))),
    control: async () => isSuccess(await arm((text) => onHost(bash(text)))),
  };
}

let marks = 0;
/** A text that occurs nowhere else. */
function newMark(): string {
  marks += 1;
  return `mark-${process.pid}-${marks}-${Date.now().toString(36)}`;
}

/** Writes a mark into the file `needle`, so that neither the script nor `grep` carries it in a command line. */
function needle(mark: string): string {
  return `echo "${mark.slice(0, 5)}""${mark.slice(5)}" > needle;`;
}

/** Pids of the host whose command line holds a mark. */
function findOnHost(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(mark);
      } catch {
        return false; // Ended since the folder was listed.
      }
    })
    .map(Number);
}

/** Ends what a control has left, by pid. */
function endAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended by itself.
    }
  }
}

const processes: Attack[] = [
  onVictim(
    'environ',
    'read the environment of a host process',
    ({ mark }) =>
      `${needle(mark)} cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -qf needle && echo ${BREACH}`,
  ),
  onVictim(
    'process-list',
    'see processes of the host',
    ({ mark }) =>
      `${needle(mark)} cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -qxf needle && echo ${BREACH}`,
  ),
  onVictim('signal', 'signal a process of the host', ({ pid }) => `kill -0 ${pid} 2>/dev/null && echo ${BREACH}`),
  onVictim(
    'ptrace',
    'trace a process of the host',
    ({ pid }) =>
      `/usr/bin/python3 -c 'import ctypes
l = ctypes.CDLL(None, use_errno=True)
if l.ptrace(16, ${pid}, 0, 0) == 0: print("${BREACH}"); import os; os.waitpid(${pid}, 0); l.ptrace(17, ${pid}, 0, 0)'`,
  ),
  {
    id: 'sandbox-secret-in-command-line',
    title: 'read a secret of the environment from a command line, inside or on the host',
    controls: ['K4'],
    product: async () => {
      const mark = newMark();
      await using arena = makeArena();
      const pod = await arena.open();
      const script = `printenv SECRET > p; sleep 0.4; cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -qf p && echo ${BREACH}; echo ${DONE}`;
      const step = runStep(pod, script, { env: { SECRET: mark, PATH: '/usr/bin:/bin' }, isolation: 'per-step' });
      await sleep(250);
      const onHostToo = findOnHost(mark);
      const ran = await step;
      const verdict = isRefused(ran);
      return {
        refused: verdict.refused && onHostToo.length === 0,
        detail: `${onHostToo.length} on the host, ${verdict.detail}`,
      };
    },
    control: async () => {
      const mark = newMark();
      const script = `printenv SECRET > p; cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -qf p && echo ${BREACH}`;
      return isSuccess(await onHost(plainBwrap(script, ['--setenv', 'SECRET', mark])));
    },
  },
  {
    id: 'sandbox-step-environ',
    title: 'a process left by one step reads the environment of a later step',
    controls: ['K4'],
    product: async () => {
      const mark = newMark();
      await using arena = makeArena();
      const pod = await arena.open();
      const spy = `nohup bash -c 'for i in $(seq 40); do cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | grep -q "^LATER=mark" && echo ${BREACH} >> /tmp/spy; sleep 0.05; done; echo ${DONE} >> /tmp/spy' >/dev/null 2>&1 &`;
      await runStep(pod, spy);
      await runStep(pod, 'sleep 1', { env: { LATER: mark, PATH: '/usr/bin:/bin' } });
      return isRefused(
        await runStep(
          pod,
          'for i in $(seq 40); do grep -q DONE /tmp/spy 2>/dev/null && break; sleep 0.1; done; cat /tmp/spy',
        ),
      );
    },
    control: async () => {
      const script = `(sleep 0.3; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -q "^LATER=mark" && echo ${BREACH}) & LATER=mark sleep 0.8; wait`;
      return isSuccess(await onHost(bash(script)));
    },
  },
  {
    id: 'sandbox-other-job',
    title: 'see a process or a file of another job that runs at the same time',
    controls: ['K21'],
    product: async () => {
      const mark = newMark();
      await using arena = makeArena();
      const [one, other] = await Promise.all([arena.open(), arena.open()]);
      const first = runStep(one, `echo ${mark} > /tmp/theirs; exec -a ${mark} sleep 1.5`);
      await sleep(300);
      const script = `${needle(mark)} cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -qxf needle && echo ${BREACH}; cat /tmp/theirs 2>/dev/null && echo ${BREACH}; echo ${DONE}`;
      const ran = await runStep(other, script);
      await first;
      return isRefused(ran);
    },
    control: async () => {
      const mark = newMark();
      const script = `${needle(mark)} (exec -a ${mark} sleep 1) & sleep 0.2; cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -qxf needle && echo ${BREACH}`;
      return isSuccess(await onHost(bash(script)));
    },
  },
];

const privileges: Attack[] = [
  scripted('mount', 'mount a file system', `mkdir -p m; mount -t tmpfs t m 2>/dev/null && echo ${BREACH}`, {
    control: withCapabilities,
  }),
  scripted(
    'remount',
    'make a read-only mount writable',
    `mkdir -p m; mount --bind /usr/share m 2>/dev/null; mount -o remount,bind,ro m 2>/dev/null; t=/usr; [ -e m/misc ] && t=m; mount -o remount,bind,rw $t 2>/dev/null && echo ${BREACH}`,
    { control: withCapabilities },
  ),
  scripted(
    'write-usr',
    'change the host toolchain',
    `touch /usr/share/sallyport-attack 2>/dev/null && echo ${BREACH}`,
    {
      control: (script) => ['bwrap', '--dev-bind', '/', '/', '--tmpfs', '/usr/share', 'bash', '-c', script],
    },
  ),
  scripted(
    'sysctl',
    'change a setting of the kernel',
    `echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null && echo ${BREACH}`,
    {
      control: (script) => ['unshare', '-Urnmpf', '--mount-proc', 'bash', '-c', script],
    },
  ),
  scripted('sys', 'reach control groups and devices by /sys', `[ -e /sys/fs/cgroup ] && echo ${BREACH}`, {
    control: bash,
  }),
  scripted(
    'setuid',
    'gain rights by a setuid program',
    `(sleep 1.5 | su -c true root >/dev/null 2>&1) & sleep 0.5; for f in /proc/[0-9]*/status; do grep -q '^Name:.su$' $f 2>/dev/null && grep -qE '^Uid:\\s+[1-9][0-9]*\\s+0\\s' $f && echo ${BREACH}; done; wait`,
    {
      control: (script) =>
        isRoot
          ? ['setpriv', '--reuid', '54321', '--regid', '54321', '--clear-groups', 'bash', '-c', script]
          : bash(script),
    },
  ),
  scripted(
    'no-new-privileges',
    'keep the chance of new privileges and capabilities',
    `grep -qE '^(NoNewPrivs:\\s+0|Cap(Bnd|Prm|Eff|Inh|Amb):\\s+0*[1-9a-f])' /proc/self/status && echo ${BREACH}`,
    { control: bash },
  ),
  scripted('user-namespace', 'make a user namespace', `unshare -Ur true 2>/dev/null && echo ${BREACH}`, {
    control: bash,
  }),
  scripted(
    'nested-bwrap',
    'start a sandbox of its own with other mounts',
    `bwrap --ro-bind / / true 2>/dev/null && echo ${BREACH}`,
    { control: bash },
  ),
  scripted(
    'devices',
    'open the disks, memory or virtual machines of the host',
    `for d in /dev/mem /dev/kmsg /dev/kvm /dev/fuse /dev/loop0 /dev/vda /dev/sda /dev/nvme0n1 /dev/loop-control; do [ -e $d ] && echo ${BREACH}; done`,
    { control: bash },
  ),
  scripted('mknod', 'make a device', `mknod ./disk b 7 99 2>/dev/null && echo ${BREACH}; rm -f ./disk`, {
    control: bash,
    needsRoot: true,
  }),
  scripted(
    'foreign-calls',
    'call the kernel by its 32-bit interface',
    `/usr/bin/python3 -c '
import ctypes, mmap, os, platform
if platform.machine() != "x86_64": print("${BREACH}" if os.environ.get("CONTROL") else ""); raise SystemExit
m = mmap.mmap(-1, 4096, prot=7); m.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
if f() == os.getpid(): print("${BREACH}")' 2>/dev/null`,
    { control: (script) => ['env', 'CONTROL=1', 'bash', '-c', script] },
  ),
  scripted(
    'type-into-terminal',
    'type into a terminal',
    `/usr/bin/python3 -c '
import fcntl, os, termios
m, s = os.openpty(); os.setsid(); fcntl.ioctl(s, termios.TIOCSCTTY, 0)
for request in (0x5412, 0x541c):
    try: fcntl.ioctl(s, request, b"x"); print("${BREACH}")
    except OSError as error:
        if error.errno not in (1, 38): print("${BREACH}")'`,
    { control: bash },
  ),
];

const files: Attack[] = [
  scripted(
    'etc-secrets',
    'find the passwords, keys and settings of the host',
    `for f in /etc/shadow /etc/sudoers /etc/ssh /etc/ssl/private /etc/gitconfig /etc/machine-id /root /var/lib /run/lock /boot /srv; do [ -e $f ] && echo ${BREACH}; done`,
    { control: bash },
  ),
  {
    id: 'sandbox-host-file',
    title: 'read a file of the user who runs the runner',
    controls: ['K3'],
    ...hostFileArms(),
  },
  {
    id: 'sandbox-inherited-descriptor',
    title: 'use a descriptor that was left open when the runner started',
    controls: ['K3'],
    product: () => descriptorArm((folder, script) => [process.execPath, podRunner(), folder, script]).then(isRefused),
    control: () => descriptorArm((_, script) => plainBwrap(script)).then(isSuccess),
  },
  {
    id: 'sandbox-tool-cache',
    title: 'poison the tool cache for later jobs',
    controls: ['K6', 'K21'],
    product: async () => {
      using place = makeFolder();
      writeFileSync(path.join(place.folder, 'tool'), 'clean');
      await using arena = makeArena({ toolCache: place.folder });
      const ran = await runStep(
        await arena.open(),
        `[ "$(cat ${INSIDE.toolCache}/tool)" = clean ] || exit 1; echo evil > ${INSIDE.toolCache}/tool; touch ${INSIDE.toolCache}/new; echo ${DONE}`,
      );
      const intact =
        readFileSync(path.join(place.folder, 'tool'), 'utf8') === 'clean' &&
        !existsSync(path.join(place.folder, 'new'));
      return { refused: hasLine(ran, DONE) && intact, detail: cut(ran) };
    },
    control: async () => {
      using place = makeFolder();
      writeFileSync(path.join(place.folder, 'tool'), 'clean');
      const ran = await onHost(['bwrap', '--dev-bind', '/', '/', 'bash', '-c', `echo evil > ${place.folder}/tool`]);
      return { succeeded: readFileSync(path.join(place.folder, 'tool'), 'utf8') === 'evil\n', detail: cut(ran) };
    },
  },
  {
    id: 'sandbox-env-file-link',
    title: 'make the runner read a host file by a link in place of an env file',
    controls: ['K28', 'K29'],
    product: async () => {
      await using arena = makeArena();
      const pod = await arena.open();
      const file = await pod.privateFile('env', '');
      const inside = `${INSIDE.commands}/env`;
      const script = `rm -f ${inside}; ln -sf /etc/passwd ${inside}; mkfifo ${inside}2; mv ${inside}2 ${inside}; mv ${INSIDE.commands} ${INSIDE.temp}/x; ln -s /etc ${INSIDE.commands}; echo ${DONE}`;
      const ran = await runStep(pod, script, { mounts: [{ host: file.path, inside, writable: true }] });
      const text = (await file.read(100_000)).toString();
      return {
        refused: hasLine(ran, DONE) && !text.includes('root'),
        detail: `read ${JSON.stringify(text.slice(0, 80))}`,
      };
    },
    control: async () => {
      using place = makeFolder();
      symlinkSync('/etc/passwd', path.join(place.folder, 'env'));
      const text = readFileSync(path.join(place.folder, 'env'), 'utf8');
      return { succeeded: text.includes('root'), detail: `read ${text.length} characters` };
    },
  },
  {
    id: 'sandbox-mount-point',
    title: 'lead the mounts of a later step astray by a planted link',
    controls: ['K4'],
    product: async () => {
      await using arena = makeArena();
      const pod = await arena.open();
      const folders = [INSIDE.temp, INSIDE.actions, INSIDE.commands, INSIDE.event, INSIDE.work];
      const script = folders.map(
        (folder) => `mv ${folder} ${folder}-away 2>/dev/null && ln -s /tmp ${folder} && echo ${BREACH}`,
      );
      return isRefused(await runStep(pod, `${script.join('\n')}\necho ${DONE}`));
    },
    control: async () => {
      using place = makeFolder();
      const script = `mkdir -p _temp && mv _temp _temp-away && ln -s /tmp _temp && echo ${BREACH}`;
      return isSuccess(await onHost(plainBwrap(script), { cwd: place.folder }));
    },
  },
  {
    id: 'sandbox-git-config',
    title: 'plant a command in .git/config that runs on the host when git looks at the workspace',
    controls: ['K29'],
    product: async () => {
      using place = makeFolder();
      const flag = path.join(place.folder, 'pwned');
      await using arena = makeArena();
      const pod = await arena.open();
      await runStep(pod, plantedRepository(flag));
      // The runner has no git of its own: what looks at a workspace is a step.
      const ran = await runStep(pod, `cd repo && git status >/dev/null; echo ${DONE}`);
      return { refused: hasLine(ran, DONE) && !existsSync(flag), detail: cut(ran) };
    },
    control: async () => {
      using place = makeFolder();
      const flag = path.join(place.folder, 'pwned');
      const ran = await onHost(bash(`${plantedRepository(flag)}; cd repo && git status`), { cwd: place.folder });
      return { succeeded: existsSync(flag), detail: cut(ran) };
    },
  },
];

const sockets: Attack[] = [
  listening(
    'unix-socket',
    'reach a Unix socket of the host',
    (place) => path.join(place, 'socket'),
    (at) => `socket.AF_UNIX, '${at}'`,
  ),
  listening(
    'abstract-socket',
    'reach an abstract socket of the host',
    () => `\0${newMark()}`,
    (at) => `socket.AF_UNIX, '\\0${String(at).slice(1)}'`,
  ),
  listening(
    'loopback',
    'reach a service on the loopback of the host',
    () => 0,
    (at) => `socket.AF_INET, ('127.0.0.1', ${at})`,
  ),
  scripted(
    'engine-socket',
    'drive a container engine or the system bus',
    `for s in /var/run/docker.sock /run/podman /run/containerd /run/dbus /run/systemd /run/lock /run/user /var/run; do [ -e $s ] && echo ${BREACH}; done`,
    { control: bash },
  ),
];

const bounds: Attack[] = [
  bounded('fork-bomb', 'start more processes than the job may', {
    script: `/usr/bin/python3 -c '
import os, signal, time
pids = []
try:
    for i in range(400):
        pid = os.fork()
        if pid == 0: time.sleep(8); os._exit(0)
        pids.append(pid)
    print("${BREACH}")
except OSError: pass
for pid in pids: os.kill(pid, signal.SIGKILL)'; echo ${DONE}`,
    spec: { processesMax: 120 },
  }),
  bounded('memory-bomb', 'take more memory than the job may', {
    script: `/usr/bin/python3 -c '
import time
b = bytearray(400 << 20)
for i in range(0, len(b), 4096): b[i] = 1
time.sleep(4); print("${BREACH}")'; echo ${DONE}`,
    spec: { memoryBytesMax: 160 * 1024 * 1024 },
    mayEnd: true,
  }),
  bounded('disk-fill', 'fill the disk of the host', {
    script: `head -c 96M /dev/zero > fill && head -c 96M /dev/zero > ~/fill2 && sync; sleep 5; echo ${BREACH}; rm -f fill ~/fill2; echo ${DONE}`,
    spec: { diskBytesMax: 32 * 1024 * 1024 },
    mayEnd: true,
  }),
];

const life: Attack[] = [
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

export const attacks: Attack[] = [...processes, ...privileges, ...files, ...sockets, ...bounds, ...life];

const PLANT = `echo 'echo ${BREACH}' >> ~/.bashrc; echo 'echo ${BREACH}' > ~/.profile; mkdir -p ~/hooks ~/.config; git config --global core.hooksPath ~/hooks; echo x > ~/.config/planted; echo x > /tmp/sallyport-planted-$UID; (crontab -l; echo '* * * * * true') 2>/dev/null | true`;
const FIND = `for f in ~/.bashrc ~/.profile ~/.gitconfig ~/hooks ~/.config/planted; do [ -e $f ] && echo ${BREACH}; done; [ -e /tmp/sallyport-planted-$UID ] && echo ${BREACH}; rm -f /tmp/sallyport-planted-$UID; echo ${DONE}`;

function plantedRepository(flag: string): string {
  return `git init -q repo && git -C repo config core.fsmonitor "touch ${flag}; false"`;
}

function podRunner(): string {
  return path.join(import.meta.dirname, '..', 'pod-runner.ts');
}

async function within(ms: number, act: Promise<unknown>): Promise<boolean> {
  return Promise.race([act.then(() => true), sleep(ms, false, { ref: false })]);
}

function hostFileArms(): Pick<Attack, 'product' | 'control'> {
  const arm = async (act: (script: string) => Promise<Ran>) => {
    using place = makeFolder();
    const file = path.join(place.folder, 'id_ed25519');
    writeFileSync(file, `${BREACH}\n`);
    return await act(
      `cat ${file} 2>/dev/null; cat /proc/[0-9]*/root${file} /proc/[0-9]*/cwd/${file} 2>/dev/null; echo ${DONE}`,
    );
  };
  return {
    product: async () => isRefused(await arm((script) => inProduct(script))),
    control: async () => isSuccess(await arm((script) => onHost(plainBwrap(script)))),
  };
}

/** Starts a program with descriptor 9 open on a secret file. */
async function descriptorArm(command: (folder: string, script: string) => readonly string[]): Promise<Ran> {
  using place = makeFolder();
  const secret = path.join(place.folder, 'secret');
  writeFileSync(secret, `${BREACH}\n`);
  const script = `for f in /proc/self/fd/*; do case $f in */[012]) ;; *) timeout 1 head -c 100 <$f 2>/dev/null;; esac; done; timeout 1 cat <&9 2>/dev/null; echo ${DONE}`;
  return await onHost(['bash', '-c', `exec 9<"$0"; "$@"`, secret, ...command(place.folder, script)]);
}

/** A listener of this process as the goal of a connection. */
function listening(
  id: string,
  title: string,
  where: (folder: string) => string | number,
  python: (at: string | number) => string,
): Attack {
  const arm = async (act: (script: string) => Promise<Ran>) => {
    using place = makeFolder();
    const server = createServer((socket) => socket.destroy());
    const at = where(place.folder);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      if (typeof at === 'number') server.listen(at, '127.0.0.1', resolve);
      else server.listen(at.startsWith('\0') ? { path: at } : { path: at, writableAll: true }, resolve);
    });
    const address = server.address();
    const goal = typeof address === 'object' && address !== null ? address.port : at;
    const [family, target] = splitOnce(python(goal));
    const code = `import socket\ns = socket.socket(${family}, socket.SOCK_STREAM); s.settimeout(3)\ntry: s.connect(${target}); print("${BREACH}")\nexcept OSError as error: print(error)`;
    const ran = await act(`/usr/bin/python3 - <<'PYTHON'\n${code}\nPYTHON\necho ${DONE}`);
    await new Promise((resolve) => server.close(resolve));
    return ran;
  };
  return {
    id: `sandbox-${id}`,
    title,
    controls: ['K5'],
    product: async () => isRefused(await arm((script) => inProduct(script))),
    control: async () => isSuccess(await arm((script) => onHost(bash(script)))),
  };
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf(', ');
  return [text.slice(0, at), text.slice(at + 2)];
}

/** Takes more than a bound allows. The job may be ended for it (`mayEnd`), or the attempt fails. */
function bounded(
  id: string,
  title: string,
  options: { script: string; spec: { [bound: string]: number }; mayEnd?: boolean },
): Attack {
  return {
    id: `sandbox-${id}`,
    title,
    controls: ['K3'],
    product: async () => {
      await using arena = makeArena();
      const limits = {
        memoryBytesMax: 512 << 20,
        processesMax: 200,
        cpusMax: 2,
        diskBytesMax: 512 << 20,
        ...options.spec,
      };
      const pod = await arena.open({ bounds: limits });
      const ran = await runStep(pod, options.script);
      const ended = hasLine(ran, DONE) || (options.mayEnd === true && ran.code !== 0);
      return { refused: ended && !hasLine(ran, BREACH), detail: `${cut(ran)} ${pod.killed ?? ''}` };
    },
    control: async () => isSuccess(await onHost(bash(options.script))),
  };
}

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
