import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from '../attack.ts';
import { BREACH, bash, DONE, makeArena, onHost, plainBwrap, runStep } from '../arena.ts';
import { findOnHost, isRefused, isSuccess, needle, newMark, onVictim } from '../sandbox-arms.ts';

export const attacks: Attack[] = [
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
