import type { Duplex } from 'node:stream';

/** What git runs at `pre-receive` and at `reference-transaction`: hands the question to the server and does what it answers. */
export const HOOK = `#!/bin/sh
# Written by Sallyport at each start. Descriptor 3 is one end of a socket pair whose other end the server holds.
case "$1" in committed) cat >/dev/null; exit 0 ;; esac
{ printf 'hook %s %s %s\\n' "\${0##*/}" "\${1:--}" "\${GIT_QUARANTINE_PATH:--}"; cat; echo end; } >&3 || exit 1
while IFS= read -r line <&3; do
  case "$line" in allow) exit 0 ;; deny) exit 1 ;; *) printf '%s\\n' "$line" >&2 ;; esac
done
exit 1
`;

export const HOOK_NAMES = ['pre-receive', 'reference-transaction'] as const;

export type RefLine = { readonly old: string; readonly new: string; readonly ref: string };

/** One question of a hook. */
export type HookCall =
  | { readonly kind: 'pre-receive'; readonly quarantine: string | undefined; readonly lines: readonly RefLine[] }
  | { readonly kind: 'prepared' | 'aborted'; readonly lines: readonly RefLine[] };

export type HookAnswer = { readonly isAllowed: boolean; readonly lines?: readonly string[] };

/**
 * Answers the hooks of one git process, one question after the other, as git asks them. What is not understood, and every failure, is a
 * denial; so is the end of this process, since then the hook reads nothing.
 */
export function answerHooks(socket: Duplex, bytesMax: number, answer: (call: HookCall) => Promise<HookAnswer>): void {
  let pending = '';
  let isBusy = false;
  socket.setEncoding('utf8');
  const deny = (reason: string) => socket.write(`sallyport: ${reason}\ndeny\n`);
  socket.on('data', (text: string) => {
    pending += text;
    if (pending.length > bytesMax) {
      pending = '';
      deny('too many refs at once');
      socket.destroy();
      return;
    }
    const end = pending.endsWith('\nend\n');
    if (!end || isBusy) return;
    const call = parseCall(pending);
    pending = '';
    if (call === undefined) {
      deny('the hook said something that is not understood');
      return;
    }
    isBusy = true;
    void answer(call)
      .catch((): HookAnswer => ({ isAllowed: false, lines: ['sallyport: the server failed; nothing was changed'] }))
      .then(({ isAllowed, lines = [] }) => {
        isBusy = false;
        socket.write([...lines.map(sayable), isAllowed ? 'allow' : 'deny', ''].join('\n'));
      });
  });
}

function parseCall(text: string): HookCall | undefined {
  const [head = '', ...lines] = text.slice(0, -'\nend\n'.length).split('\n');
  const [, hook, state, quarantine] = /^hook ([a-z-]+) (\S+) (.+)$/.exec(head) ?? [];
  const refs: RefLine[] = [];
  for (const line of lines) {
    const [, old, next, ref] = /^([0-9a-f]{40}) ([0-9a-f]{40}) (.+)$/.exec(line) ?? [];
    if (old === undefined || next === undefined || ref === undefined) return undefined;
    refs.push({ old, new: next, ref });
  }
  if (hook === 'pre-receive') {
    return { kind: 'pre-receive', quarantine: quarantine === '-' ? undefined : quarantine, lines: refs };
  }
  if (hook !== 'reference-transaction' || (state !== 'prepared' && state !== 'aborted')) return undefined;
  return { kind: state, lines: refs };
}

/** One line that is no answer. */
function sayable(line: string): string {
  return ` ${line.replaceAll(/[\r\n]/g, ' ')}`;
}
