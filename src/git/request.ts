import type { IncomingMessage, ServerResponse } from 'node:http';
import { cpus } from 'node:os';

export type GitLimits = {
  /** Processes at once, and requests that wait for one. */
  readonly processesMax: number;
  readonly waitingMax: number;
  /** A request that waits longer is refused. Milliseconds. */
  readonly waitMsMax: number;
  /** The body of one request, unpacked. Bytes. */
  readonly requestBytesMax: number;
  /** One request. Milliseconds. */
  readonly requestMsMax: number;
  /** In each span of this length a client that sends must send `idleBytesMin`. Milliseconds. */
  readonly idleMsMax: number;
  readonly idleBytesMin: number;
  /** Address space of the process. Bytes. */
  readonly memoryBytesMax: number;
};

export function gitLimits(changes: Partial<GitLimits> = {}): GitLimits {
  return {
    processesMax: Math.max(2, cpus().length),
    waitingMax: 64,
    waitMsMax: 60_000,
    requestBytesMax: 16 * 1024 * 1024,
    requestMsMax: 30 * 60_000,
    idleMsMax: 60_000,
    idleBytesMin: 1,
    memoryBytesMax: 4 * 1024 ** 3,
    ...changes,
  };
}

export type Protocol = 0 | 2;

/** Nothing for a version that is not served. A client of version 1 is answered as one of version 0, as git does. */
export function protocolOf(request: IncomingMessage): Protocol | undefined {
  const header = request.headers['git-protocol'];
  if (header === undefined || header === '' || header === 'version=0' || header === 'version=1') return 0;
  return header === 'version=2' ? 2 : undefined;
}

export type Slots = {
  /** Leave to run a process, to be called once when it ended. Nothing when too many wait, or for too long. */
  take(): Promise<(() => void) | undefined>;
};

export function slotsOf(limits: Pick<GitLimits, 'processesMax' | 'waitingMax' | 'waitMsMax'>): Slots {
  const waiting = new Set<() => void>();
  let taken = 0;
  const release = () => {
    const [next] = waiting;
    if (next === undefined) taken -= 1;
    else next();
  };
  const wait = () =>
    new Promise<boolean>((settle) => {
      const go = () => {
        waiting.delete(go);
        clearTimeout(timer);
        settle(true);
      };
      const timer = setTimeout(() => {
        waiting.delete(go);
        settle(false);
      }, limits.waitMsMax);
      waiting.add(go);
    });
  return {
    async take() {
      if (taken < limits.processesMax) taken += 1;
      else if (waiting.size >= limits.waitingMax || !(await wait())) return undefined;
      return release;
    },
  };
}

/** Answers with one line of text. What the client still sends is not read. */
export function refuse(
  response: ServerResponse,
  status: number,
  text: string,
  headers: { readonly [name: string]: string } = {},
): void {
  const isUnread = !response.req.complete;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    ...headers,
    ...(isUnread ? { connection: 'close' } : {}),
  });
  response.end(`${text}\n`, () => {
    if (isUnread) response.req.destroy();
  });
}
