import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from './attack.ts';
import { BREACH, bash, cut, DONE, hasLine, inProduct, makeVictim, onHost, type Ran } from './arena.ts';

export const isRefused = (ran: Ran) => ({
  refused: hasLine(ran, DONE) && !hasLine(ran, BREACH),
  detail: cut(ran),
});
export const isSuccess = (ran: Ran) => ({ succeeded: hasLine(ran, BREACH), detail: cut(ran) });

/** The same script in both arms: it writes BREACH when it got what it wants. */
export function scripted(
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
export function onVictim(id: string, title: string, script: (victim: { pid: number; mark: string }) => string): Attack {
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
export function newMark(): string {
  marks += 1;
  return `mark-${process.pid}-${marks}-${Date.now().toString(36)}`;
}

/** Writes a mark into the file `needle`, so that neither the script nor `grep` carries it in a command line. */
export function needle(mark: string): string {
  return `echo "${mark.slice(0, 5)}""${mark.slice(5)}" > needle;`;
}

/** Pids of the host whose command line holds a mark. */
export function findOnHost(mark: string): number[] {
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
export function endAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended by itself.
    }
  }
}

export function podRunner(): string {
  return path.join(import.meta.dirname, 'pod-runner.ts');
}

export async function within(ms: number, act: Promise<unknown>): Promise<boolean> {
  return Promise.race([act.then(() => true), sleep(ms, false, { ref: false })]);
}
