/**
 * Owns: formats of proof: the Merkle tree of a log, its tiles, checkpoints and their signatures, proofs of inclusion and
 * consistency (RFC 6962, RFC 9162, C2SP tlog-tiles, tlog-checkpoint, tlog-cosignature, signed-note), and the
 * tokens that say so themselves (RFC 7519).
 * Never: holds a key for longer than a call, reads or writes a store, decides what is logged.
 */
export { type Advance, checkAdvance, type SeenTree } from './advance.ts';
export {
  type Checkpoint,
  checkpointText,
  cosignNote,
  keyId,
  type Note,
  type NoteSignature,
  type NoteVerifier,
  parseCheckpoint,
  parseNote,
  publicKeyOf,
  rawPublicKey,
  renderNote,
  signNote,
  verifyNote,
} from './checkpoint.ts';
export { checkProof, type EntryProof, parseProof, renderProof } from './proof.ts';
export {
  bundleEntries,
  changedTiles,
  ENTRY_BYTES_MAX,
  growTiles,
  HASH_BYTES,
  hashesOfTiles,
  type ReadTile,
  TILE_WIDTH,
  type TileName,
  tilePath,
} from './tiles.ts';
export {
  consistencyProof,
  EMPTY_ROOT,
  type Hash,
  inclusionProof,
  leafHash,
  nodeHash,
  rangeHash,
  rootHash,
  type SubtreeHash,
  TREE_SIZE_MAX,
  verifyConsistency,
  verifyInclusion,
} from './tree.ts';
export { signToken, subjectOfToken, TOKEN_SECONDS_MAX, type TokenClaims, type TokenUse } from './token.ts';
