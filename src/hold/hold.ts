import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fault } from './faults.ts';

/** The one before may still answer its last request. */
const WAIT_MS_MAX = 10_000;
const POLL_MS = 50;

/**
 * Makes the folder, and sure that one process at a time uses it. The name is an abstract Unix socket: the kernel gives it to one, and
 * takes it back when that one ends, however it ends. Nothing listens to what comes there.
 */
export async function holdFolder(folder: string, waitMsMax = WAIT_MS_MAX): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const name = `\0sallyport-${createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')}`;
  const deadline = performance.now() + waitMsMax;
  for (;;) {
    const server = createServer((socket) => socket.destroy());
    const code = await new Promise<string | undefined>((settled) => {
      server.once('error', (error) => settled('code' in error ? String(error.code) : 'unknown'));
      server.listen(name, () => settled(undefined));
    });
    if (code === undefined) return () => new Promise((closed) => server.close(() => closed()));
    if (code !== 'EADDRINUSE' || performance.now() > deadline) {
      throw fault('in-use', `${folder} is held by another process (${code})`);
    }
    await sleep(POLL_MS);
  }
}
