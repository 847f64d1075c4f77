/**
 * Owns: what every folder stands on: faults, secrets that do not print, trust levels, digests and canonical JSON,
 * plain data, the clock, timers and the operator's log.
 * Never: does input or output of its own, reads the environment, knows a domain.
 */
export { checksumOf, randomDigits } from './checksum.ts';
export { type Clock, systemClock } from './clock.ts';
export { type Data, type DataObject, isDataObject } from './data.ts';
export { canonicalJson, type Digest, digestOf, digestOfValue, isDigest, parseDigest } from './digest.ts';
export {
  AssertionFailure,
  assert,
  declaredFaults,
  excerpt,
  Fault,
  type FaultEntry,
  type FaultOptions,
  faultsOf,
  isFault,
  reasonOf,
  type SourceSpot,
  unreachable,
} from './fault.ts';
export { jsonLog, type Log, type LogFields, silentLog } from './log.ts';
export { Secret } from './secret.ts';
export { startTimer } from './timer.ts';
export { isAtLeast, lowestLevel, type Taint, TRUST_LEVELS, type TrustLevel } from './trust.ts';
