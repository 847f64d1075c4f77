import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { readAuthority } from './http.ts';
import { readHost } from './host.ts';
import { type ForwardHttp, peerOf, reset, serveNamed, turnAway } from './serve.ts';
import { admit, FIRST_BYTES_MS_MAX, IDLE_MS_MAX, type Session, type Target } from './session.ts';

/** Bytes of a SOCKS5 greeting and request: 2 + 255 methods, 4 + 1 + 255 + 2 for the place. */
const SOCKS_BYTES_MAX = 600;

/** Serves one CONNECT of a client that uses us as its HTTP proxy. */
export async function serveConnect(
  session: Session,
  request: IncomingMessage,
  head: Buffer,
  forwardHttp: ForwardHttp,
): Promise<void> {
  const client = request.socket;
  client.on('error', () => client.destroy());
  const text = request.url ?? '';
  const place = /:\d+$/.test(text) ? readAuthority(text, 0) : undefined;
  const target = targetOf(session, place, { text, via: 'connect' });
  const refuse = async (reason: string, addresses?: readonly string[]) => {
    const { name: host, port, via } = target.to;
    const address = addresses?.[0];
    await session.refuse({ via, host, port, reason, ...(address === undefined ? {} : { address }) }, peerOf(client));
    client.end(
      `HTTP/1.1 403 Forbidden\r\nx-sallyport-egress: ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
  };
  if (target.reason !== undefined) return refuse(target.reason);
  const admitted = await admit(session, target.to);
  if ('reason' in admitted) return refuse(admitted.reason, admitted.addresses);
  client.write('HTTP/1.1 200 Connection established\r\n\r\n');
  if (head.length > 0) client.unshift(head);
  await serveNamed(session, client, target.to, forwardHttp);
}

/** Serves one SOCKS5 client (RFC 1928): no authentication, CONNECT only, to a name. */
export async function serveSocks(session: Session, client: Socket, forwardHttp: ForwardHttp): Promise<void> {
  const reader = new ByteReader(client);
  const timer = setTimeout(() => reset(client), FIRST_BYTES_MS_MAX);
  try {
    const request = await readSocksRequest(reader, client);
    clearTimeout(timer);
    if (request === undefined) return reset(client);
    const place = readSocksPlace(request);
    const target = targetOf(session, place, { text: request.text, via: 'socks5' });
    if (target.reason !== undefined || request.command !== 1) {
      client.write(socksReply(request.command === 1 ? 2 : 7));
      return await turnAway(session, client, target.to, { reason: target.reason ?? 'not-supported' });
    }
    const admitted = await admit(session, target.to);
    if ('reason' in admitted) {
      client.write(socksReply(2));
      return await turnAway(session, client, target.to, admitted);
    }
    client.write(socksReply(0));
    reader.release();
    await serveNamed(session, client, target.to, forwardHttp);
  } finally {
    clearTimeout(timer);
  }
}

/** Accepts addresses only when they are ones that we gave out for a name. */
function targetOf(
  session: Session,
  place: ReturnType<typeof readAuthority>,
  asked: { readonly text: string; readonly via: Target['via'] },
): { readonly to: Target; readonly reason?: string } {
  if (place === undefined) {
    return { to: { name: asked.text.slice(0, 255), port: 0, via: asked.via }, reason: 'malformed-request' };
  }
  const { host, port } = place;
  if (host.kind === 'name') return { to: { name: host.name, port, via: asked.via } };
  const name = session.names.nameOf(host.address);
  if (name !== undefined) return { to: { name, port, via: asked.via } };
  return { to: { name: host.address, port, via: asked.via }, reason: 'address-literal' };
}

type SocksRequest = { readonly command: number; readonly text: string; readonly port: number };

async function readSocksRequest(reader: ByteReader, client: Socket): Promise<SocksRequest | undefined> {
  const greeting = await reader.take(2);
  if (greeting?.[0] !== 5) return undefined;
  const methods = await reader.take(greeting[1] ?? 0);
  if (!methods?.includes(0)) {
    client.write(Buffer.from([5, 0xff]));
    return undefined;
  }
  client.write(Buffer.from([5, 0]));
  const head = await reader.take(4);
  if (head?.[0] !== 5) return undefined;
  const text = await readSocksAddress(reader, head[3] ?? 0);
  const port = await reader.take(2);
  if (text === undefined || port === undefined) return undefined;
  return { command: head[1] ?? 0, text, port: ((port[0] ?? 0) << 8) + (port[1] ?? 0) };
}

async function readSocksAddress(reader: ByteReader, kind: number): Promise<string | undefined> {
  if (kind === 1) return (await reader.take(4))?.join('.');
  if (kind === 3) {
    const length = await reader.take(1);
    return length === undefined ? undefined : (await reader.take(length[0] ?? 0))?.toString('latin1');
  }
  if (kind !== 4) return undefined;
  const bytes = await reader.take(16);
  return bytes?.toString('hex').replace(/(.{4})(?!$)/g, '$1:');
}

function readSocksPlace(request: SocksRequest): ReturnType<typeof readAuthority> {
  const host = readHost(request.text);
  return host.kind === 'invalid' || request.port === 0 ? undefined : { host, port: request.port };
}

function socksReply(code: number): Buffer {
  return Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
}

/** Takes exact numbers of bytes from a paused socket; what it did not take stays there. */
class ByteReader {
  readonly #socket: Socket;
  #taken = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setTimeout(IDLE_MS_MAX, () => socket.destroy());
  }

  async take(count: number): Promise<Buffer | undefined> {
    if (count === 0) return Buffer.alloc(0);
    this.#taken += count;
    if (this.#taken > SOCKS_BYTES_MAX) return undefined;
    for (;;) {
      const bytes: unknown = this.#socket.read(count);
      if (Buffer.isBuffer(bytes)) return bytes.length === count ? bytes : undefined;
      if (this.#socket.readableEnded || this.#socket.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        const wake = () => {
          for (const name of ['readable', 'end', 'close']) this.#socket.off(name, wake);
          resolve();
        };
        for (const name of ['readable', 'end', 'close']) this.#socket.once(name, wake);
      });
    }
  }

  release(): void {
    this.#socket.removeAllListeners('readable');
  }
}
