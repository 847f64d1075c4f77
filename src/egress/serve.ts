import type { Socket } from 'node:net';
import { CLIENT_HELLO_BYTES_MAX, parseClientHello } from './client-hello.ts';
import { readHost } from './host.ts';
import { admit, type Denied, dial, IDLE_MS_MAX, type Session, type Start, type Target } from './session.ts';
import { peek, splice, spliceBack } from './stream.ts';

/** Bytes of the first line of an HTTP request on a port where anything may be spoken. */
const REQUEST_LINE_BYTES_MAX = 8192;
const METHOD = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT|PRI|PROPFIND|REPORT|SEARCH) /;
const METHOD_START = /^[A-Z]{1,8}$/;

/** Hands a client's socket to the HTTP forwarder, which judges each request by itself. */
export type ForwardHttp = (client: Socket, target: Target) => void;

/**
 * Serves a client that wants to talk to a named host. Port 80 is HTTP and 443 is TLS, each for that name only; on
 * other ports TLS and HTTP are recognised and held to the same, and anything else goes by the name alone.
 */
export async function serveNamed(
  session: Session,
  client: Socket,
  target: Target,
  forwardHttp: ForwardHttp,
): Promise<void> {
  client.setTimeout(IDLE_MS_MAX, () => client.destroy());
  if (target.port === 80) return forwardHttp(client, target);
  if (target.port === 443) return serveTls(session, client, target);
  return serveAny(session, client, target, forwardHttp);
}

async function serveTls(session: Session, client: Socket, target: Target): Promise<void> {
  const verdict = await peek(client, (bytes, ended) => judgeTls(bytes, ended, target.name));
  if (verdict !== 'ok') return turnAway(session, client, target, { reason: verdict ?? 'no-name' });
  const route = await reach(session, client, target);
  if (route === undefined) return;
  const start = session.begin();
  await splice(client, route.socket);
  noteEnd(session, target, { ...route, start });
}

async function serveAny(session: Session, client: Socket, target: Target, forwardHttp: ForwardHttp): Promise<void> {
  const route = await reach(session, client, target);
  if (route === undefined) return;
  const start = session.begin();
  const closed = new Promise<void>((resolve) => route.socket.once('close', () => resolve()));
  // Many protocols let the server speak first, so its bytes flow while the client's first ones are awaited.
  let isClaimed = false;
  route.socket.pipe(client, { end: false });
  const onEarlyEnd = () => {
    if (!isClaimed) client.end();
  };
  route.socket.once('end', onEarlyEnd);
  client.once('close', () => {
    if (!isClaimed) route.socket.destroy();
  });
  const verdict = await peek(client, (bytes, ended) => judgeAny(bytes, ended, target.name));
  isClaimed = true;
  route.socket.unpipe(client);
  route.socket.off('end', onEarlyEnd);
  if (verdict === 'http') {
    route.socket.destroy();
    return forwardHttp(client, target);
  }
  if (verdict !== 'ok' && verdict !== undefined) {
    route.socket.destroy();
    return turnAway(session, client, target, { reason: verdict });
  }
  if (verdict === undefined || client.destroyed) {
    client.destroy();
    route.socket.destroy();
    await closed;
  } else {
    client.pipe(route.socket);
    await spliceBack(client, route.socket);
  }
  noteEnd(session, target, { ...route, start });
}

/** Admits and dials, or turns the client away. */
async function reach(
  session: Session,
  client: Socket,
  target: Target,
): Promise<{ socket: Socket; address: string } | undefined> {
  const admitted = await admit(session, target);
  if ('reason' in admitted) {
    await turnAway(session, client, target, admitted);
    return undefined;
  }
  const route = await dial(session, admitted.addresses, target.port);
  if ('reason' in route) {
    await turnAway(session, client, target, route);
    return undefined;
  }
  if (client.destroyed) {
    route.socket.destroy();
    noteEnd(session, target, { ...route, start: session.begin() });
    return undefined;
  }
  return route;
}

/** Records a refusal and resets the connection. */
export async function turnAway(session: Session, client: Socket, target: Target, denied: Denied): Promise<void> {
  const { name: host, port, via } = target;
  const address = denied.addresses?.[0];
  const record = { via, host, port, reason: denied.reason, ...(address === undefined ? {} : { address }) };
  await session.refuse(record, peerOf(client));
  reset(client);
}

export function reset(client: Socket): void {
  if (!client.destroyed) client.resetAndDestroy();
}

export function peerOf(client: Socket): { address: string; port: number } | undefined {
  const { remoteAddress, remotePort } = client;
  return remoteAddress === undefined || remotePort === undefined
    ? undefined
    : { address: remoteAddress, port: remotePort };
}

export function noteEnd(
  session: Session,
  target: Target,
  route: { readonly socket: Socket; readonly address: string; readonly start: Start },
): void {
  const { name: host, port, via } = target;
  const { socket, address, start } = route;
  session.note({
    ...start,
    via,
    host,
    port,
    address,
    bytesSent: socket.bytesWritten,
    bytesReceived: socket.bytesRead,
  });
}

function judgeTls(bytes: Buffer, ended: boolean, name: string): string | undefined {
  const reading = parseClientHello(bytes.subarray(0, CLIENT_HELLO_BYTES_MAX));
  if (reading.state === 'need-more') return ended ? 'not-tls' : undefined;
  if (reading.state === 'refused') return reading.problem;
  const host = readHost(reading.name);
  return host.kind === 'name' && host.name === name ? 'ok' : 'name-mismatch';
}

function judgeAny(bytes: Buffer, ended: boolean, name: string): string | undefined {
  if (bytes.length === 0) return ended ? 'ok' : undefined;
  if (bytes[0] === 0x16 && (bytes.length < 2 || bytes[1] === 3)) {
    const verdict = judgeTls(bytes, ended, name);
    return verdict === 'not-tls' ? 'ok' : verdict;
  }
  const text = bytes.subarray(0, REQUEST_LINE_BYTES_MAX).toString('latin1');
  if (METHOD_START.test(text)) return ended ? 'ok' : undefined;
  if (!METHOD.test(text)) return 'ok';
  const end = text.indexOf('\n');
  if (end < 0 && !ended && text.length < REQUEST_LINE_BYTES_MAX) return undefined;
  // Over the limit it is judged as HTTP: the forwarder refuses what it cannot read.
  return end < 0 ? 'http' : / HTTP\/\d/.test(text.slice(0, end)) ? 'http' : 'ok';
}
