import { createServer } from 'node:net';
import path from 'node:path';
import type { Attack } from '../attack.ts';
import { BREACH, bash, DONE, inProduct, makeFolder, onHost, type Ran } from '../arena.ts';
import { isRefused, isSuccess, newMark, scripted } from '../sandbox-arms.ts';

export const attacks: Attack[] = [
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
