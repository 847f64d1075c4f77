import { lookup } from 'node:dns/promises';
import { connect as netConnect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock, Log } from '../base/index.ts';
import { reasonOf } from '../base/index.ts';
import type { EgressRecord } from '../protocol/index.ts';
import { canonicalAddress, classifyAddress } from './address.ts';
import type { AllowList } from './host.ts';
import type { NameBook } from './names.ts';

/** Records of one job. What comes after the last one is refused, so that nothing is allowed that nobody sees. */
export const RECORDS_MAX = 50_000;
/** Connections of one job at the same time. */
export const CONNECTIONS_MAX = 512;
/** Milliseconds. */
export const RESOLVE_MS_MAX = 10_000;
export const CONNECT_MS_MAX = 15_000;
export const FIRST_BYTES_MS_MAX = 30_000;
export const IDLE_MS_MAX = 30 * 60_000;
/** Checked addresses of one name that are tried. */
const ADDRESSES_TRIED_MAX = 3;

export type Via = EgressRecord['via'];
export type Resolve = (host: string) => Promise<readonly string[]>;
export type Connect = (address: string, port: number) => Socket;

/** Where a client of the pod wants to go. */
export type Target = { readonly name: string; readonly port: number; readonly via: Via };
export type Denied = { readonly reason: string; readonly addresses?: readonly string[] };

export type Start = Pick<EgressRecord, 'time' | 'step'>;

/** What the handlers of one pod's network share. */
export type Session = {
  readonly allow: AllowList;
  readonly learn: boolean;
  readonly names: NameBook;
  readonly clock: Clock;
  readonly log: Log;
  readonly resolve: Resolve;
  readonly connect: Connect;
  /** The time and the step of an attempt: those of its start, though an allowed one is noted at its end. */
  begin(): Start;
  /** Notes an allowed attempt, at its end. */
  note(record: Omit<EgressRecord, 'verdict'>): void;
  /** Notes a refused attempt; `client` helps to find the process. Resolves when it is noted. */
  refuse(record: Omit<EgressRecord, 'time' | 'verdict'>, client?: { address: string; port: number }): Promise<void>;
  /** No more records are taken: everything is refused. */
  isFull(): boolean;
  /** Takes a place among the connections, or says that there is none. It is given back when the socket closes. */
  enter(socket: Socket): boolean;
};

export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true, order: 'verbatim' })).map((entry) => entry.address);
export const systemConnect: Connect = (address, port) =>
  netConnect({ host: address, port, allowHalfOpen: true, noDelay: true });

/** Whether a job may go there, and the addresses to dial. The addresses are looked up once and dialled as checked. */
export async function admit(session: Session, target: Target): Promise<{ addresses: readonly string[] } | Denied> {
  if (session.isFull()) return { reason: 'too-many-records' };
  const isListed = session.allow.has(target.name, target.port);
  if (!isListed && !(session.learn && isPublicName(target.name))) {
    return { reason: session.allow.hasHost(target.name) ? 'port-not-listed' : 'not-listed' };
  }
  let found: readonly string[];
  try {
    found = await within(RESOLVE_MS_MAX, session.resolve(target.name));
  } catch (error) {
    session.log.debug('Name of a job cannot be resolved', { host: target.name, reason: reasonOf(error) });
    return { reason: 'unresolvable' };
  }
  const own = ownAddresses();
  const mayBePrivate = session.allow.mayBePrivate(target.name);
  const addresses = found.filter((address) => {
    const kind = classifyAddress(address);
    if (kind === 'never') return false;
    const isInternal = kind !== 'public' || own.has(canonicalAddress(address));
    return !isInternal || mayBePrivate;
  });
  return addresses.length > 0 ? { addresses } : { reason: 'private-address', addresses: found };
}

/** A name with a dot that is not of a local domain. */
export function isPublicName(name: string): boolean {
  return name.includes('.') && !/(?:^|\.)(?:localhost|local|internal|arpa|onion|invalid|test)$/.test(name);
}

/** Dials checked addresses, one after the other. The address of the peer is what was checked: no second lookup. */
export async function dial(
  session: Session,
  addresses: readonly string[],
  port: number,
): Promise<{ socket: Socket; address: string } | Denied> {
  for (const address of addresses.slice(0, ADDRESSES_TRIED_MAX)) {
    const socket = session.connect(address, port);
    try {
      await connected(socket);
      socket.setTimeout(IDLE_MS_MAX, () => socket.destroy());
      return { socket, address };
    } catch (error) {
      socket.destroy();
      session.log.debug('Host of a job cannot be reached', { address, port, reason: reasonOf(error) });
    }
  }
  return { reason: 'unreachable', addresses };
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => done(new DialError('timed out')), CONNECT_MS_MAX);
    const onConnect = () => done();
    const onError = (error: Error) => done(error);
    const onClose = () => done(new DialError('closed'));
    const done = (error?: Error) => {
      clearTimeout(timer);
      socket.off('connect', onConnect);
      socket.off('close', onClose);
      // The error listener stays: a later error must not end the runner; `close` follows it.
      if (error) reject(error);
      else resolve();
    };
    socket.on('error', onError);
    socket.once('connect', onConnect);
    socket.once('close', onClose);
    if (socket.readyState === 'open') done();
  });
}

/** Addresses of this machine: a service that listens on one trusts what comes from the machine itself. */
function ownAddresses(): ReadonlySet<string> {
  const own = new Set<string>();
  for (const entries of Object.values(networkInterfaces())) {
    for (const entry of entries ?? []) own.add(canonicalAddress(entry.address));
  }
  return own;
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DialError('timed out')), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Why a lookup or a dial did not work out. Never leaves this folder: it becomes a reason in a record. */
class DialError extends Error {
  override readonly name = 'DialError';
}
