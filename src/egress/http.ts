import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { reasonOf } from '../base/index.ts';
import { readHost } from './host.ts';
import { noteEnd, peerOf } from './serve.ts';
import { admit, dial, IDLE_MS_MAX, type Session, type Target } from './session.ts';
import { splice } from './stream.ts';

// An import would read every export of the module, and two of them load all of Node's WebSocket client: 40 ms.
const { createServer, request: httpRequest } = process.getBuiltinModule('node:http');

/** Bytes of the headers of one request or response. */
const HEADER_BYTES_MAX = 32_768;
/** Headers that are about one connection only (RFC 9110, 7.6.1), and those that would tell the proxy's business. */
const HOP_BY_HOP = new Set(
  (
    'connection keep-alive te trailer transfer-encoding upgrade expect ' +
    'proxy-connection proxy-authorization proxy-authenticate proxy-authentication-info'
  ).split(' '),
);

/** What the caller does with requests that are not forwarded. */
export type HttpForwarder = {
  /** Takes a connection whose requests must all be for `target`. */
  readonly forward: (client: Socket, target: Target) => void;
  /** Takes a connection of a client that uses us as its proxy. */
  readonly proxy: (client: Socket) => void;
  close(): void;
};

/**
 * Forwards HTTP request by request. Each is read by our own parser, held to its host, and written anew on a
 * connection of its own, so that no request can hide behind another and both ends agree where each one ends.
 */
export function createHttpForwarder(
  session: Session,
  onConnect: (request: IncomingMessage, client: Duplex, head: Buffer) => void,
): HttpForwarder {
  const targets = new WeakMap<Duplex, Target>();
  const server: Server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    insecureHTTPParser: false,
    requireHostHeader: false,
    // Any other request is then one without the header, as RFC 9110 lets a server take it. Older Nodes do not ask.
    shouldUpgradeCallback: isWebSocket,
    keepAliveTimeout: 30_000,
  });
  const settle = (request: IncomingMessage) => judgeRequest(session, request, targets.get(request.socket));
  server.on('request', (request, response) => {
    endOnFailure(session, request, forwardRequest(session, settle(request), { request, response }));
  });
  server.on('upgrade', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    if (!isWebSocket(request)) return void client.destroy();
    endOnFailure(session, request, forwardUpgrade(session, settle(request), { request, client, head }));
  });
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    // Inside a connection that is for one host already, a second tunnel has no meaning.
    const bound = targets.get(client);
    if (bound === undefined) return onConnect(request, client, head);
    const record = { via: bound.via, host: bound.name, port: bound.port, reason: 'name-mismatch' };
    endOnFailure(
      session,
      request,
      session.refuse(record, peerOf(request.socket)).then(() => void client.destroy()),
    );
  });
  server.on('clientError', (_error, client: Duplex) => {
    const target = targets.get(client);
    if (target !== undefined && !client.destroyed) {
      void session.refuse({ via: target.via, host: target.name, port: target.port, reason: 'not-http' });
    }
    client.destroy();
  });
  const take = (client: Socket) => {
    client.setTimeout(IDLE_MS_MAX, () => client.destroy());
    server.emit('connection', client);
    client.resume();
  };
  return {
    forward(client, target) {
      targets.set(client, target);
      take(client);
    },
    proxy: take,
    close: () => server.closeAllConnections(),
  };
}

/**
 * The one protocol that a connection may go on with: it stays with the host that was asked. After `h2c` each request names a
 * host of its own, after `TLS/1.0` a hello does, and none of them would be read here any more.
 */
function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** Both ends of an exchange are hostile. Whatever they make fail ends their own connection, never the runner. */
function endOnFailure(session: Session, request: IncomingMessage, work: Promise<void>): void {
  work.catch((error: unknown) => {
    session.log.debug('HTTP exchange of a job failed', { reason: reasonOf(error) });
    request.socket.destroy();
  });
}

/** The same for what happens later, in an event: an exception there would end the process. */
function orDestroy(ends: readonly { destroy(): unknown }[], act: () => void): void {
  try {
    act();
  } catch {
    // The other end sent what cannot be passed on (a control character in a status line, say).
    for (const one of ends) one.destroy();
  }
}

type Judged =
  | { readonly target: Target; readonly path: string; readonly hostHeader: string }
  | {
      readonly refused: {
        readonly host: string;
        readonly port: number;
        readonly reason: string;
        readonly via: Target['via'];
      };
    };

/** Where a request goes. `bound`: the only target that requests of this connection may have. */
function judgeRequest(session: Session, request: IncomingMessage, bound: Target | undefined): Judged {
  const url = request.url ?? '';
  const via = bound?.via ?? 'http';
  const refuse = (reason: string, host = bound?.name ?? '', port = bound?.port ?? 80) => ({
    refused: { host, port, reason, via },
  });
  const hosts = request.rawHeaders.filter(
    (_, index) => index % 2 === 0 && request.rawHeaders[index]?.toLowerCase() === 'host',
  );
  if (hosts.length > 1) return refuse('several-names');
  const absolute = /^http:\/\/([^/?#]*)(.*)$/i.exec(url);
  if (absolute === null && bound === undefined) return refuse('no-name');
  if (absolute === null && !url.startsWith('/') && url !== '*') return refuse('malformed-request');
  const authority = absolute?.[1] ?? request.headers.host;
  if (authority === undefined) return refuse('no-name');
  const place = readAuthority(authority, bound?.port ?? 80);
  if (place === undefined) return refuse('malformed-request');
  const name = place.host.kind === 'address' ? session.names.nameOf(place.host.address) : place.host.name;
  if (name === undefined) return refuse('address-literal', authority.slice(0, 255), place.port);
  if (bound !== undefined && (name !== bound.name || place.port !== bound.port)) {
    return refuse('name-mismatch');
  }
  // A request in absolute form has two hosts. RFC 9112 lets the URL win; a server may not, so they must agree.
  const header = request.headers.host;
  if (absolute !== null && header !== undefined && header.toLowerCase() !== authority.toLowerCase()) {
    return refuse('name-mismatch', name, place.port);
  }
  const rest = absolute === null ? url : (absolute[2] ?? '');
  const path = rest.startsWith('/') || rest === '*' ? rest : `/${rest}`;
  return { target: { name, port: place.port, via }, path: path.replace(/#.*$/, ''), hostHeader: authority };
}

/** Reads `host` or `host:port`. User information, and whatever else has two readings, is refused. */
export function readAuthority(
  text: string,
  portDefault: number,
):
  | { readonly host: { kind: 'name'; name: string } | { kind: 'address'; address: string }; readonly port: number }
  | undefined {
  const parts = /^(\[[0-9a-fA-F:.]+\]|[^:[\]@/\\?#\s]+)(?::(\d{1,5}))?$/.exec(text);
  if (!parts) return undefined;
  const host = readHost(parts[1] ?? '');
  const port = parts[2] === undefined ? portDefault : Number(parts[2]);
  if (host.kind === 'invalid' || port < 1 || port > 65_535) return undefined;
  return { host, port };
}

async function forwardRequest(
  session: Session,
  judged: Judged,
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const { request, response } = exchange;
  response.on('error', () => request.destroy());
  const route = await open(session, judged, request);
  if ('status' in route) {
    answerRefusal(response, route);
    return;
  }
  const start = session.begin();
  const { socket } = route;
  const outgoing = httpRequest({ ...shape(request, judgedOf(judged)), createConnection: () => socket });
  outgoing.on('response', (incoming) =>
    orDestroy([response, socket], () => {
      const headers = endToEnd(incoming.rawHeaders, incoming.headers);
      response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, headers);
      incoming.pipe(response);
      incoming.on('error', () => response.destroy());
    }),
  );
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else answerRefusal(response, { status: 502, reason: 'unreachable' });
  });
  socket.once('close', () => {
    noteEnd(session, judgedOf(judged).target, { ...route, start });
    // A server may also go without a word, or switch protocols without being asked.
    answerRefusal(response, { status: 502, reason: 'unreachable' });
  });
  response.once('close', () => {
    if (!response.writableFinished) socket.destroy();
  });
  request.pipe(outgoing);
}

async function forwardUpgrade(
  session: Session,
  judged: Judged,
  exchange: { readonly request: IncomingMessage; readonly client: Duplex; readonly head: Buffer },
): Promise<void> {
  const { request, head } = exchange;
  const client = request.socket;
  client.on('error', () => client.destroy());
  const route = await open(session, judged, request);
  if ('status' in route) {
    client.end(
      `HTTP/1.1 ${route.status} Refused\r\nx-sallyport-egress: ${route.reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
    return;
  }
  const start = session.begin();
  const { socket } = route;
  socket.once('close', () => noteEnd(session, judgedOf(judged).target, { ...route, start }));
  const shaped = shape(request, judgedOf(judged));
  const upgrade = request.headers.upgrade ?? '';
  const headers = [...shaped.headers, 'connection', 'Upgrade', 'upgrade', upgrade];
  const outgoing = httpRequest({ ...shaped, headers, createConnection: () => socket });
  outgoing.on('upgrade', (incoming, _socket, early) => {
    const lines = [`HTTP/1.1 101 ${incoming.statusMessage ?? ''}`];
    for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
      lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
    }
    client.write(`${lines.join('\r\n')}\r\n\r\n`);
    if (early.length > 0) client.write(early);
    if (head.length > 0) socket.write(head);
    void splice(client, socket);
  });
  // A server that does not upgrade answers plainly; the client gets no second chance on this connection.
  outgoing.on('response', (incoming) => {
    client.end(`HTTP/1.1 ${incoming.statusCode ?? 502} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    socket.destroy();
  });
  outgoing.on('error', () => client.destroy());
  outgoing.end();
}

function judgedOf(judged: Judged) {
  if ('refused' in judged) return { target: { name: '', port: 0, via: 'http' } as const, path: '/', hostHeader: '' };
  return judged;
}

type Refusal = { readonly status: number; readonly reason: string };

async function open(
  session: Session,
  judged: Judged,
  request: IncomingMessage,
): Promise<{ socket: Socket; address: string } | Refusal> {
  const peer = peerOf(request.socket);
  if ('refused' in judged) {
    await session.refuse(judged.refused, peer);
    return { status: 403, reason: judged.refused.reason };
  }
  const { name: host, port, via } = judged.target;
  const admitted = await admit(session, judged.target);
  const route = 'reason' in admitted ? admitted : await dial(session, admitted.addresses, port);
  if (!('reason' in route)) return route;
  const address = route.addresses?.[0];
  await session.refuse({ via, host, port, reason: route.reason, ...(address === undefined ? {} : { address }) }, peer);
  return {
    status: route.reason === 'unreachable' || route.reason === 'unresolvable' ? 502 : 403,
    reason: route.reason,
  };
}

function shape(request: IncomingMessage, to: { readonly path: string; readonly hostHeader: string }) {
  const headers = ['host', to.hostHeader, ...endToEnd(request.rawHeaders, request.headers, ['host'])];
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  if (hasBody && request.headers['content-length'] === undefined) headers.push('transfer-encoding', 'chunked');
  return {
    method: request.method ?? 'GET',
    path: to.path,
    headers,
    setHost: false,
    maxHeaderSize: HEADER_BYTES_MAX,
  } as const;
}

/** The headers that are passed on, as a flat list; also without those that `connection` names. */
function endToEnd(raw: readonly string[], headers: IncomingHttpHeaders, without: readonly string[] = []): string[] {
  const named = (headers.connection ?? '').split(',').map((entry) => entry.trim().toLowerCase());
  const dropped = new Set([...named, ...without]);
  const kept: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = raw.slice(at, at + 2);
    const key = name.toLowerCase();
    if (!HOP_BY_HOP.has(key) && !dropped.has(key)) kept.push(name, value);
  }
  return kept;
}

function answerRefusal(response: ServerResponse, refusal: Refusal): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(refusal.status, {
    'x-sallyport-egress': refusal.reason,
    connection: 'close',
    'content-type': 'text/plain',
  });
  response.end(`Refused by the egress policy of this job: ${refusal.reason}\n`);
}
