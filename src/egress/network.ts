import type { Socket } from 'node:net';
import type { EgressPolicy, EgressRecord } from '../protocol/index.ts';

/** Where the runner's own service listens inside every pod. High, so that no program of a job wants it. */
export const GATEWAY_PORT = 41_780;

/** A service of the runner that the sandbox reaches by name, as the gateway on `sallyport.localhost`. */
export type ServedPort = {
  /** Resolved by the sandbox's own hosts file to 127.0.0.1. */
  readonly port: number;
  onConnection(socket: Socket): void;
};

export type NetworkSpec = {
  /** `Pod.enter`. */
  readonly enter: readonly string[];
  readonly policy: EgressPolicy;
  readonly served: readonly ServedPort[];
  /** Every query and connection, allowed or not. Called in order. */
  readonly onRecord: (record: EgressRecord) => void;
  /** The step that runs now, for records. */
  readonly currentStep: () => string | undefined;
  /** Allows everything that has a public name, and records it, so that a list can be proposed (`--learn`). */
  readonly learn?: boolean;
};

/** The only way out of a pod. */
export type Network = {
  /** Content of /etc/resolv.conf and lines for /etc/hosts inside. */
  readonly resolvConf: string;
  readonly hosts: string;
  /** Proxy variables for tools that want them; transparent mode needs none. */
  readonly proxyUrl: string;
  /** Packets that never reached a listener, from the namespace's own counters. */
  countUnserved(): Promise<{ readonly packets: number; readonly detail: { readonly [counter: string]: number } }>;
  close(): Promise<void>;
};
