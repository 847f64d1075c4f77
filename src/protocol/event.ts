import type { Taint } from '../base/index.ts';
import type { Conclusion } from './lease.ts';

/** One attempt to reach something from a sandbox. */
export type EgressRecord = {
  readonly time: number;
  /** `dns`: a name was asked for. `tcp`: a connection reached a served port. `udp`: counted, never served. */
  readonly via: 'dns' | 'transparent' | 'connect' | 'http' | 'socks5' | 'udp' | 'gateway';
  readonly host: string;
  readonly port: number;
  readonly verdict: 'allowed' | 'denied';
  /** Stable word: `not-listed`, `address-literal`, `private-address`, `name-mismatch`, `no-name`, `unreachable`, … */
  readonly reason?: string;
  /** The address that was dialled. */
  readonly address?: string;
  readonly step?: string;
  /** Command of the process, where it can be known. */
  readonly process?: string;
  readonly bytesSent?: number;
  readonly bytesReceived?: number;
};

export type AnnotationLevel = 'notice' | 'warning' | 'error';
export type Annotation = {
  readonly level: AnnotationLevel;
  readonly message: string;
  readonly title?: string;
  readonly file?: string;
  readonly line?: number;
  readonly endLine?: number;
  readonly column?: number;
  readonly endColumn?: number;
};

/**
 * What a runner reports while a job attempt runs, in order. `step` is the step's id in its job; steps of a composite
 * action are `outer/inner`; `pre` and `post` phases are `id:pre` and `id:post`; the set-up of the job is `:setup`, its
 * end `:end`. All text is masked already.
 */
export type JobEvent =
  | { readonly kind: 'job-started'; readonly time: number; readonly runner: string }
  | { readonly kind: 'step-started'; readonly time: number; readonly step: string; readonly name: string }
  | {
      readonly kind: 'log';
      readonly time: number;
      readonly step: string;
      /** One line without its end. Escape sequences are as the program wrote them. */
      readonly text: string;
      /** Set for lines that the runner itself writes or that a workflow command turned into something. */
      readonly style?: 'group' | 'endgroup' | 'command' | 'notice' | 'warning' | 'error' | 'debug';
    }
  | { readonly kind: 'annotation'; readonly time: number; readonly step: string; readonly annotation: Annotation }
  | { readonly kind: 'summary'; readonly time: number; readonly step: string; readonly markdown: string }
  | { readonly kind: 'egress'; readonly time: number; readonly record: EgressRecord }
  | { readonly kind: 'taint'; readonly time: number; readonly taint: Taint }
  | {
      readonly kind: 'step-finished';
      readonly time: number;
      readonly step: string;
      /** Before `continue-on-error`. */
      readonly outcome: Conclusion;
      /** After it. */
      readonly conclusion: Conclusion;
      readonly durationMs: number;
      readonly exitCode?: number;
    }
  | {
      readonly kind: 'job-finished';
      readonly time: number;
      readonly conclusion: Conclusion;
      readonly durationMs: number;
    };
