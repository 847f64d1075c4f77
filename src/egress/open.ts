import type { RemoteInfo } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { type Clock, type Log, reasonOf } from '../base/index.ts';
import type { EgressRecord } from '../protocol/index.ts';
import { createAttributor } from './attribute.ts';
import { readUnserved } from './counters.ts';
import { QUERY_BYTES_MAX } from './dns.ts';
import { fault } from './faults.ts';
import { type Gateway, raiseGateway } from './gateway.ts';
import { GATEWAY } from './gateway-script.ts';
import { type AllowList, compileAllowList } from './host.ts';
import { createHttpForwarder } from './http.ts';
import { createResponder, NameBook, type Responder } from './names.ts';
import type { Network, NetworkSpec } from './network.ts';
import { serveConnect, serveSocks } from './proxy.ts';
import { type ForwardHttp, peerOf, reset, serveNamed, turnAway } from './serve.ts';
import {
  type Connect,
  CONNECTIONS_MAX,
  isPublicName,
  RECORDS_MAX,
  type Resolve,
  type Session,
  type Start,
  systemConnect,
  systemResolve,
} from './session.ts';

export const HTTP_PROXY_PORT = 3128;
export const SOCKS_PROXY_PORT = 1080;
/** The name of the gateway's own services inside a pod. */
const SERVED_NAME = 'sallyport.localhost';
/**
 * Ports that are always answered, so that an attempt there is recorded with its host and not only counted: file
 * transfer, remote shells, mail, databases, git, encrypted DNS. Each port costs about a millisecond of opening.
 */
const WATCHED_PORTS = [21, 22, 25, 80, 443, 465, 587, 853, 3306, 5432, 6379, 8080, 8443, 9418];
/** Ports that are answered as well when a list is to be learnt, since any of them may be needed. */
const LEARNING_PORTS = [
  81, 110, 143, 389, 636, 873, 990, 993, 995, 1433, 1521, 2375, 2376, 3000, 4222, 4443, 5000, 5671, 5672, 6443, 8000,
  8081, 8088, 8888, 9000, 9092, 9200, 11371, 27017, 50051,
];
/** Milliseconds that a TCP connection to the name server may idle, and the bytes of one message there. */
const DNS_TCP_IDLE_MS = 10_000;

export type NetworkDeps = {
  readonly clock: Clock;
  readonly log: Log;
  /** A Node that the pod's user can execute. */
  readonly nodePath: string;
  /** Addresses of a name, from the machine's own resolver unless given. */
  readonly resolve?: Resolve;
  /** Opens a connection to a checked address. */
  readonly connect?: Connect;
};

/** A gateway that is raised already, for a pod that waits for its job. Given to `openNetwork` once, or closed. */
export type PreparedNetwork = { readonly gateway: Gateway; close(): Promise<void> };

/** Raises the gateway of a pod before its job is known. `servedPorts` must hold all that the job is served. */
export async function prepareNetwork(
  spec: {
    readonly enter: readonly string[];
    readonly servedPorts: readonly number[];
    /** Ports that the job is likely to need; those that are missing later cost another helper. */
    readonly ports?: readonly number[];
  },
  deps: Pick<NetworkDeps, 'nodePath'>,
): Promise<PreparedNetwork> {
  const gateway = await raiseGateway({
    enter: spec.enter,
    nodePath: deps.nodePath,
    ports: [53, ...WATCHED_PORTS, ...(spec.ports ?? [])],
    loopbackPorts: [HTTP_PROXY_PORT, SOCKS_PROXY_PORT, ...spec.servedPorts],
  });
  return { gateway, close: () => gateway.close() };
}

/**
 * Opens the only way out of a pod. Everything that its processes send arrives at a gateway namespace of ours and is
 * answered, refused or counted there. Faults: `egress/rule-invalid`, `egress/gateway-failed`, `egress/too-many-ports`.
 */
export async function openNetwork(
  spec: NetworkSpec & { readonly prepared?: PreparedNetwork },
  deps: NetworkDeps,
): Promise<Network> {
  const allow = compileAllowList(spec.policy);
  const servedPorts = spec.served.map((service) => service.port);
  const ports = [...allow.ports, ...(spec.learn === true ? LEARNING_PORTS : [])];
  const prepared = spec.prepared ?? (await prepareNetwork({ enter: spec.enter, servedPorts, ports }, deps));
  const { gateway } = prepared;
  try {
    const unprepared = servedPorts.find((port) => !gateway.loopbackPorts.includes(port));
    if (unprepared !== undefined) throw fault('port-not-prepared', `port ${unprepared} of 127.0.0.1`);
    await gateway.listen(ports);
  } catch (error) {
    await gateway.close();
    throw error;
  }
  const sockets = new Set<Socket>();
  const session = createSession(spec, deps, { allow, gateway, sockets });
  const stop = attach(spec, session, gateway);
  return {
    resolvConf: `nameserver ${GATEWAY.address}\noptions timeout:2 attempts:2\n`,
    hosts: `127.0.0.1 ${SERVED_NAME}\n`,
    proxyUrl: `http://127.0.0.1:${HTTP_PROXY_PORT}`,
    countUnserved: () =>
      readUnserved({ gateway: gateway.gatewayPid, pod: gateway.podPid }, (path) => readFile(path, 'utf8')),
    async close() {
      stop();
      for (const socket of sockets) socket.destroy();
      await gateway.close();
    },
  };
}

function createSession(
  spec: NetworkSpec,
  deps: NetworkDeps,
  parts: { readonly allow: AllowList; readonly gateway: Gateway; readonly sockets: Set<Socket> },
): Session {
  let records = 0;
  const emit = (record: EgressRecord) => {
    if (records >= RECORDS_MAX) return;
    records += 1;
    try {
      spec.onRecord(record);
    } catch (error) {
      // What cannot be recorded must not happen: from here on everything is refused.
      records = RECORDS_MAX;
      deps.log.error('Egress of a job cannot be recorded', { reason: reasonOf(error) });
    }
  };
  const attribute = createAttributor(parts.gateway.podPid, deps.log);
  const begin = (): Start => {
    const step = spec.currentStep();
    return { time: deps.clock.now(), ...(step === undefined ? {} : { step }) };
  };
  return {
    allow: parts.allow,
    learn: spec.learn === true,
    names: new NameBook(),
    clock: deps.clock,
    log: deps.log,
    resolve: deps.resolve ?? systemResolve,
    connect: deps.connect ?? systemConnect,
    begin,
    note: (record) => emit({ ...record, verdict: 'allowed' }),
    async refuse(record, client) {
      const start = begin();
      const process = await attribute(`${record.host}:${record.port}:${record.reason}`, record.via, client);
      emit({ ...start, ...record, verdict: 'denied', ...(process === undefined ? {} : { process }) });
    },
    isFull: () => records >= RECORDS_MAX,
    enter(socket) {
      if (parts.sockets.size >= CONNECTIONS_MAX) return false;
      parts.sockets.add(socket);
      socket.once('close', () => parts.sockets.delete(socket));
      return true;
    },
  };
}

/** Puts a handler on every listener. Returns what takes them off again. */
function attach(spec: NetworkSpec, session: Session, gateway: Gateway): () => void {
  const responder = createResponder({
    names: session.names,
    isAllowed: (name) => session.allow.hasHost(name) || (session.learn && isPublicName(name)),
    local: new Set(['localhost', SERVED_NAME]),
    now: () => session.clock.monotonic(),
  });
  const forwarder = createHttpForwarder(session, (request, _client, head) => {
    guard(session, request.socket, serveConnect(session, request, head, forwarder.forward));
  });
  const answer = (bytes: Uint8Array, client: { address: string; port: number } | undefined) =>
    answerDns(session, responder, bytes, client);
  gateway.dns.on('message', (bytes: Buffer, from: RemoteInfo) => {
    const send = (reply: Buffer | undefined) => {
      if (reply !== undefined) gateway.dns.send(reply, from.port, from.address, () => {});
    };
    answer(bytes, from)
      .then(send)
      // The network may have been closed while the answer was awaited.
      .catch((error: unknown) => session.log.debug('DNS answer was not sent', { reason: reasonOf(error) }));
  });
  gateway.dns.on('error', (error) => session.log.warn('DNS socket of a pod failed', { reason: reasonOf(error) }));
  for (const [port, server] of gateway.tcp) {
    const served = spec.served.find((service) => service.port === port);
    const onClient = (client: Socket) => {
      client.on('error', () => client.destroy());
      const isLoopback = plainAddress(client) === '127.0.0.1';
      const via = served && isLoopback ? 'gateway' : port === 53 ? 'dns' : 'transparent';
      if (!session.enter(client) || session.isFull()) {
        const target = { name: plainAddress(client), port, via } as const;
        guard(session, client, turnAway(session, client, target, { reason: 'too-many-connections' }));
      } else if (served && isLoopback) serveGateway(session, client, served);
      else if (port === HTTP_PROXY_PORT && isLoopback) forwarder.proxy(client);
      else if (port === SOCKS_PROXY_PORT && isLoopback) {
        guard(session, client, serveSocks(session, client, forwarder.forward));
      } else if (port === 53) serveDnsStream(session, client, answer);
      else guard(session, client, serveTransparent(session, client, port, forwarder.forward));
    };
    listenOn(server, onClient, { pause: !(served || port === HTTP_PROXY_PORT || port === 53) });
  }
  return () => forwarder.close();
}

function listenOn(server: Server, onClient: (client: Socket) => void, options: { readonly pause: boolean }): void {
  server.on('connection', onClient);
  server.on('error', () => {
    // Accepting failed (out of descriptors): the client sees its connection refused, the next one is tried again.
  });
  // The handle came from another process, so the options of `createServer` are set where it keeps them.
  Object.assign(server, { allowHalfOpen: true, noDelay: true, pauseOnConnect: options.pause });
}

async function serveTransparent(
  session: Session,
  client: Socket,
  port: number,
  forwardHttp: ForwardHttp,
): Promise<void> {
  const address = plainAddress(client);
  const name = session.names.nameOf(address);
  if (name === undefined) {
    return turnAway(session, client, { name: address, port, via: 'transparent' }, { reason: 'address-literal' });
  }
  const isListed = session.allow.has(name, port) || session.learn;
  const target = { name, port, via: 'transparent' } as const;
  if (!isListed) return turnAway(session, client, target, { reason: 'port-not-listed' });
  return serveNamed(session, client, target, forwardHttp);
}

function serveGateway(session: Session, client: Socket, served: NetworkSpec['served'][number]): void {
  const start = session.begin();
  client.once('close', () => {
    session.note({
      ...start,
      via: 'gateway',
      host: SERVED_NAME,
      port: served.port,
      bytesSent: client.bytesRead,
      bytesReceived: client.bytesWritten,
    });
  });
  served.onConnection(client);
}

async function answerDns(
  session: Session,
  responder: Responder,
  bytes: Uint8Array,
  client: { address: string; port: number } | undefined,
): Promise<Buffer | undefined> {
  if (session.isFull()) return undefined;
  const { reply, seen } = responder.answer(bytes);
  if (seen?.verdict === 'allowed') session.note({ ...session.begin(), via: 'dns', host: seen.name, port: 53 });
  if (seen?.verdict === 'denied') {
    await session.refuse({ via: 'dns', host: seen.name, port: 53, reason: seen.reason }, client);
  }
  return reply;
}

/** DNS over TCP: messages with two bytes of length before each (RFC 7766). */
function serveDnsStream(
  session: Session,
  client: Socket,
  answer: (bytes: Uint8Array, client: { address: string; port: number } | undefined) => Promise<Buffer | undefined>,
): void {
  let pending = Buffer.alloc(0);
  client.setTimeout(DNS_TCP_IDLE_MS, () => client.destroy());
  client.on('end', () => client.end());
  const work = async () => {
    for await (const chunk of client) {
      if (!Buffer.isBuffer(chunk)) return;
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2) {
        const length = pending.readUInt16BE(0);
        if (length > QUERY_BYTES_MAX) return reset(client);
        if (pending.length < 2 + length) break;
        const reply = await answer(pending.subarray(2, 2 + length), peerOf(client));
        pending = pending.subarray(2 + length);
        if (reply === undefined) return reset(client);
        const prefix = Buffer.alloc(2);
        prefix.writeUInt16BE(reply.length);
        client.write(Buffer.concat([prefix, reply]));
      }
    }
  };
  guard(session, client, work());
}

/** A handler that fails ends its own connection and nothing else. */
function guard(session: Session, client: Socket, work: Promise<void>): void {
  work.catch((error: unknown) => {
    session.log.debug('Connection of a job failed', { reason: reasonOf(error) });
    client.destroy();
  });
}

/** The address that a client dialled, IPv4 in its plain form. */
function plainAddress(client: Socket): string {
  return (client.localAddress ?? '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}
