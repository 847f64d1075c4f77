import type { Flow, Machine, PendingCall } from './machine.ts';

/** What other files have to know of one: plain data. */
export type CodeFacts = {
  readonly flows: readonly Flow[];
  readonly pending: readonly PendingCall[];
};

export function factsOf(_machine: Machine): CodeFacts | undefined {
  return undefined;
}
