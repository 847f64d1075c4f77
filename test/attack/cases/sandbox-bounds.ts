import type { Attack } from '../attack.ts';
import { BREACH, bash, cut, DONE, hasLine, makeArena, onHost, runStep } from '../arena.ts';
import { isSuccess } from '../sandbox-arms.ts';

export const attacks: Attack[] = [
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
  bounded('file-flood', 'use up the files of the disk of the host with empty ones', {
    script: `/usr/bin/python3 -c '
import os, time
for folder in range(11):
    os.mkdir(str(folder))
    for file in range(1000): os.close(os.open(f"{folder}/{file}", os.O_CREAT | os.O_WRONLY))
time.sleep(6); print("${BREACH}")'; rm -rf [0-9]*; echo ${DONE}`,
    spec: { diskBytesMax: 32 * 1024 * 1024 },
    mayEnd: true,
  }),
  bounded('disk-fill', 'fill the disk of the host', {
    script: `head -c 96M /dev/zero > fill && head -c 96M /dev/zero > ~/fill2 && sync; sleep 5; echo ${BREACH}; rm -f fill ~/fill2; echo ${DONE}`,
    spec: { diskBytesMax: 32 * 1024 * 1024 },
    mayEnd: true,
  }),
];

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
