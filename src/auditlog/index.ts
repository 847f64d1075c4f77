/**
 * Owns: the audit log: entries that commit with what they tell of, their place in a Merkle tree, checkpoints, and the proof that
 * nothing was changed.
 * Never: holds a key, deletes or changes an entry, decides what may happen.
 */
export { type Actor, type AppendDeps, AUDITLOG_CHANNEL, append, commitmentOf, type Entry } from './append.ts';
export {
  type CheckpointSigner,
  newestCheckpoint,
  sequence,
  type SignRequest,
  sizeOf,
  tileReader,
  unsequenced,
} from './sequence.ts';
export { type Sequencer, startSequencer } from './sequencer.ts';
export { entryById, type EntryFilter, listEntries, type ListedEntry } from './list.ts';
export { appendRefusal, forgetRefusals } from './refusal.ts';
export { proveEntry } from './prove.ts';
export { type AuditlogTables, auditlogMigrations } from './tables.ts';
export { type ClockStep, type Deviation, type Verification, verifyLog } from './verify.ts';
