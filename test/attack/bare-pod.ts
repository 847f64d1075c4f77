import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EgressPolicy, EgressRecord } from '../../src/protocol/index.ts';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { type Network, type NetworkDeps, type NetworkSpec, openNetwork } from '../../src/egress/index.ts';

export type Ran = { readonly code: number | null; readonly output: string };

export type RunOptions = { readonly env?: { readonly [name: string]: string }; readonly timeoutMs?: number };

/** A network namespace with the product's network and nothing else of a sandbox, to test the network by itself. */
export type BarePod = {
  readonly enter: readonly string[];
  readonly network: Network;
  readonly records: EgressRecord[];
  /** Runs a program inside as a job would: without capabilities, with the pod's name server and hosts file. */
  readonly run: (command: readonly string[], options?: RunOptions) => Promise<Ran>;
  close(): Promise<void>;
};

export type BarePodSpec = Partial<EgressPolicy> &
  Pick<NetworkDeps, 'resolve' | 'connect'> &
  Partial<Pick<NetworkSpec, 'learn' | 'served'>>;

/** The first of the host's user ids that root gives to a pod, far from those of people. */
const POD_UID_BASE = 1_879_048_192;

/** A user and network namespace as the executor makes it: root maps a range of its own, a person only themselves. */
export async function holdNamespace(): Promise<{ holder: ChildProcess; enter: string[] }> {
  const isRoot = process.getuid?.() === 0;
  const map = isRoot ? [] : ['--map-root-user'];
  const holder = spawn('unshare', ['--user', ...map, '--net', '--kill-child', 'cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject);
    holder.once('exit', () => reject(new Error('no user namespace on this machine')));
    holder.stdout?.once('data', () => resolve());
    holder.stdin?.write('x');
  });
  if (isRoot)
    for (const file of ['uid_map', 'gid_map']) writeFileSync(`/proc/${holder.pid}/${file}`, `0 ${POD_UID_BASE} 65536`);
  const credentials = isRoot ? [] : ['--preserve-credentials'];
  return { holder, enter: ['nsenter', '-t', String(holder.pid), '-U', '-n', ...credentials] };
}

export async function openBarePod(spec: BarePodSpec): Promise<BarePod> {
  const { holder, enter } = await holdNamespace();
  const records: EgressRecord[] = [];
  const { resolve, connect } = spec;
  const network = await openNetwork(
    {
      enter,
      policy: { allow: spec.allow ?? [], allowPrivate: spec.allowPrivate ?? [] },
      served: spec.served ?? [],
      onRecord: (record) => records.push(record),
      currentStep: () => 'step-1',
      ...(spec.learn === undefined ? {} : { learn: spec.learn }),
    },
    {
      clock: systemClock,
      log: silentLog,
      nodePath: process.execPath,
      ...(resolve === undefined ? {} : { resolve }),
      ...(connect === undefined ? {} : { connect }),
    },
  ).catch((error: unknown) => {
    holder.stdin?.end();
    throw error;
  });
  const folder = mkdtempSync(path.join(tmpdir(), 'bare-pod-'));
  chmodSync(folder, 0o755);
  writeFileSync(path.join(folder, 'resolv.conf'), network.resolvConf);
  writeFileSync(path.join(folder, 'hosts'), `127.0.0.1 localhost\n::1 localhost\n${network.hosts}`);
  writeFileSync(path.join(folder, 'nsswitch.conf'), 'hosts: files dns\n');
  const files = ['resolv.conf', 'hosts', 'nsswitch.conf'];
  const mounts = files.map((name) => `mount --bind "$1/${name}" "$(readlink -f /etc/${name})"`).join(' && ');
  return {
    enter,
    network,
    records,
    run(command, options = {}) {
      const [program = '', ...args] = enter;
      const mounted = ['unshare', '-m', '--propagation', 'private', '/bin/sh', '-c', `${mounts} && shift && exec "$@"`];
      const bare = ['setpriv', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all'];
      const inside = [...mounted, 'sh', folder, ...bare, ...command];
      return runHost([program, ...args, ...inside], options);
    },
    async close() {
      await network.close();
      holder.stdin?.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a program on the host, for control arms. */
export function runHost(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [program = '', ...args] = command;
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...options.env };
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { env, timeout: options.timeoutMs ?? 20_000, killSignal: 'SIGKILL', encoding: 'utf8' },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, output: `${stdout}${stderr}` }),
    );
  });
}
