/**
 * Owns: the processes that hold keys: the keeper with those of this installation, and the witness of its log. What they signed last.
 * Never: gives a key away, signs bytes that it has not understood, speaks to the network, runs in the server's process.
 */
export { type KeeperOptions, openKeeper } from './keeper.ts';
export { openWitness, readKept, type WitnessOptions } from './witness.ts';
