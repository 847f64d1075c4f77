import { type ChildProcess, spawn } from 'node:child_process';
import { Socket as DatagramSocket } from 'node:dgram';
import { closeSync, existsSync, openSync } from 'node:fs';
import { Server } from 'node:net';
import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';
import { GATEWAY, gatewayScript, HELPER } from './gateway-script.ts';

/** The longest that raising the gateway may take, milliseconds. */
export const RAISE_MS_MAX = 15_000;
/** Distinct TCP ports of one gateway. Each costs a descriptor of the runner. */
export const PORTS_MAX = 256;
/** Bytes of the helper's complaints that are kept for the message of a fault. */
const COMPLAINT_BYTES_MAX = 4096;

/** The namespace next to the pod's, at the far end of its only interface. */
export type Gateway = {
  readonly tcp: ReadonlyMap<number, Server>;
  readonly dns: DatagramSocket;
  readonly loopbackPorts: readonly number[];
  /** A process in the pod's network namespace, and one in the gateway's. Both hold nothing else. */
  readonly podPid: number;
  readonly gatewayPid: number;
  /** Opens more ports. */
  listen(ports: readonly number[]): Promise<void>;
  close(): Promise<void>;
};

export type GatewaySpec = {
  readonly enter: readonly string[];
  readonly nodePath: string;
  /** Ports that are answered on every address but the pod's own loopback. */
  readonly ports: readonly number[];
  /** Ports of 127.0.0.1 inside the pod that lead here. */
  readonly loopbackPorts: readonly number[];
};

/**
 * Raises the gateway of a pod. The pod's network namespace gets one interface whose far end lies in a namespace of our
 * own, where every address is local; a short-lived helper opens listeners there and hands them over. So no port of
 * the pod is taken: a job may listen on whatever it likes. Faults: `egress/gateway-failed`, `egress/gateway-timeout`.
 */
export async function raiseGateway(spec: GatewaySpec): Promise<Gateway> {
  const ports = distinct([...spec.ports, ...spec.loopbackPorts]);
  if (ports.length > PORTS_MAX) throw fault('too-many-ports', `${ports.length} ports, at most ${PORTS_MAX}`);
  const ipv6 = existsSync('/proc/net/if_inet6');
  const script = gatewayScript({ loopbackPorts: distinct(spec.loopbackPorts), ipv6 });
  const want = JSON.stringify({ tcp: ports, udp: true, ipv6 });
  const parameters = [script.gateway, NODE_DESCRIPTOR, HELPER, want, script.gatewayBatch, script.podBatch];
  const holder = launch(spec, ['/bin/sh', '-c', script.pod, 'sh', ...parameters]);
  const tcp = new Map<number, Server>();
  try {
    const opened = await collect(holder, tcp, { wantsPids: true });
    if (opened.dns === undefined || opened.pids === undefined)
      throw fault('gateway-failed', 'the helper said too little');
    const [podPid, gatewayPid] = opened.pids;
    const more = async (extra: readonly number[]) => {
      const missing = distinct(extra).filter((port) => !tcp.has(port));
      if (missing.length === 0) return;
      if (tcp.size + missing.length > PORTS_MAX) {
        throw fault('too-many-ports', `${tcp.size + missing.length} ports, at most ${PORTS_MAX}`);
      }
      const inside = ['nsenter', '-t', String(gatewayPid), '-n', '--', NODE_DESCRIPTOR, '-e', HELPER];
      const helper = launch(spec, [...inside, JSON.stringify({ tcp: missing, udp: false, ipv6 })]);
      try {
        await collect(helper, tcp, { wantsPids: false });
      } finally {
        await end(helper);
      }
    };
    const { dns } = opened;
    const close = async () => {
      for (const server of tcp.values()) server.close();
      try {
        dns.close();
      } catch {
        // A datagram socket that is closed already throws; closing twice is allowed here.
      }
      await end(holder);
    };
    return { tcp, dns, loopbackPorts: spec.loopbackPorts, podPid, gatewayPid, listen: more, close };
  } catch (error) {
    for (const server of tcp.values()) server.close();
    await end(holder);
    throw error;
  }
}

/**
 * Where the helper finds its Node. It is handed over open, since the user of a pod may be one that cannot look into the
 * folder where the runner's Node lies.
 */
const NODE_DESCRIPTOR = '/proc/self/fd/5';

function launch(spec: Pick<GatewaySpec, 'enter' | 'nodePath'>, command: readonly string[]): ChildProcess {
  const [program, ...rest] = [...spec.enter, ...command];
  if (program === undefined) throw fault('gateway-failed', 'the pod says no command that enters it');
  const node = openSync(spec.nodePath, 'r');
  try {
    // Descriptor 4 is the lifeline: when this process ends for whatever reason, the holder reads the end and goes.
    return spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe', node],
      env: { PATH: GATEWAY.path },
      serialization: 'json',
    });
  } finally {
    closeSync(node);
  }
}

type Opened = { dns?: DatagramSocket; pids?: readonly [pod: number, gateway: number] };

/** Takes the handles from a helper until it says that it is done. */
function collect(child: ChildProcess, tcp: Map<number, Server>, want: { wantsPids: boolean }): Promise<Opened> {
  const opened: Opened = {};
  let complaints = '';
  let output = '';
  let done = false;
  return new Promise((resolve, reject) => {
    const finish = (error?: Error) => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      if (error) reject(error);
      else resolve(opened);
    };
    const settle = () => {
      if (done && (!want.wantsPids || opened.pids !== undefined)) finish();
    };
    const onMessage = (message: unknown, handle: unknown) => {
      if (typeof message !== 'object' || message === null) return;
      if ('tcp' in message && typeof message.tcp === 'number' && handle instanceof Server) tcp.set(message.tcp, handle);
      if ('udp' in message && handle instanceof DatagramSocket) opened.dns = handle;
      if ('failed' in message) finish(fault('gateway-failed', `the helper: ${excerpt(String(message.failed))}`));
      if ('done' in message) {
        done = true;
        // The channel must not keep a process of the operator's machine tied to a job.
        child.disconnect();
        settle();
      }
    };
    const onExit = (code: number | null, signal: string | null) => {
      if (done && !want.wantsPids) return;
      const how = complaints.trim() === '' ? `ended with ${code ?? signal}` : excerpt(complaints.trim());
      finish(fault('gateway-failed', `the gateway of the pod could not be raised: ${how}`));
    };
    const timer = setTimeout(
      () => finish(fault('gateway-timeout', `the gateway was not up after ${RAISE_MS_MAX} ms`)),
      RAISE_MS_MAX,
    );
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.on('error', (cause) => finish(fault('gateway-failed', 'the pod cannot be entered', { cause })));
    child.stderr?.on('data', (bytes: Buffer) => {
      if (complaints.length < COMPLAINT_BYTES_MAX) complaints += bytes.toString('utf8');
    });
    child.stdout?.on('data', (bytes: Buffer) => {
      if (output.length < COMPLAINT_BYTES_MAX) output += bytes.toString('latin1');
      const found = /^up (\d+) (\d+)\n/m.exec(output);
      if (found && opened.pids === undefined) {
        opened.pids = [Number(found[1]), Number(found[2])];
        settle();
      }
    });
  });
}

/** Lets go of a helper; what does not end by itself is killed. */
function end(child: ChildProcess): Promise<void> {
  if (child.connected) child.disconnect();
  const lifeline = child.stdio[4];
  if (lifeline && 'end' in lifeline) {
    lifeline.on('error', () => {
      // The other end may be gone already; that is what is wanted.
    });
    lifeline.destroy();
  }
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 1000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function distinct(ports: readonly number[]): number[] {
  return [...new Set(ports)].sort((a, b) => a - b);
}
