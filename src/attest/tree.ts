import { createHash } from 'node:crypto';
import { assert } from '../base/index.ts';

/** SHA-256, 32 bytes. */
export type Hash = Buffer<ArrayBuffer>;

/** A tree with more leaves than this is not made here: sizes stay exact as numbers. */
export const TREE_SIZE_MAX = 2 ** 48;

/** Hash of a leaf. RFC 6962, section 2.1: the byte 0 sets leaves apart from nodes. */
export function leafHash(data: Uint8Array): Hash {
  return createHash('sha256')
    .update(Buffer.from([0]))
    .update(data)
    .digest();
}

/** Hash of a node over its two children. RFC 6962, section 2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  return createHash('sha256')
    .update(Buffer.from([1]))
    .update(left)
    .update(right)
    .digest();
}

/** Root of the empty tree. */
export const EMPTY_ROOT: Hash = createHash('sha256').digest();

/**
 * The hash of a complete subtree: 2^level leaves from `index * 2^level`. What a proof or a root is computed from; a store of tiles
 * answers it.
 */
export type SubtreeHash = (level: number, index: number) => Promise<Hash>;

/** Complete subtrees that make up the leaves from `start` to `end`, from the left; `start` is 0 or a subtree's own start. */
function subtrees(start: number, end: number): readonly { readonly level: number; readonly index: number }[] {
  const parts: { level: number; index: number }[] = [];
  let at = start;
  while (at < end) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= end) level += 1;
    parts.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return parts;
}

/** Merkle tree hash of the leaves from `start` to `end`. RFC 6962, section 2.1. */
export async function rangeHash(start: number, end: number, hashOf: SubtreeHash): Promise<Hash> {
  assert(end <= TREE_SIZE_MAX && start <= end, 'a range of leaves ends before it starts');
  if (start === end) return EMPTY_ROOT;
  const parts = await Promise.all(subtrees(start, end).map(({ level, index }) => hashOf(level, index)));
  // The parts get smaller to the right: each is joined to what lies right of it.
  return parts.reduceRight((right, left) => nodeHash(left, right));
}

export function rootHash(size: number, hashOf: SubtreeHash): Promise<Hash> {
  return rangeHash(0, size, hashOf);
}

/** The largest power of two that is smaller than `n`. RFC 6962 calls it k. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Audit path of a leaf in the tree of `size` leaves. RFC 6962, section 2.1.1. */
export async function inclusionProof(index: number, size: number, hashOf: SubtreeHash): Promise<readonly Hash[]> {
  assert(index >= 0 && index < size, 'the leaf is not in the tree');
  const proof: Promise<Hash>[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      proof.unshift(rangeHash(middle, end, hashOf));
      end = middle;
    } else {
      proof.unshift(rangeHash(start, middle, hashOf));
      start = middle;
    }
  }
  return Promise.all(proof);
}

/** Proof that the tree of `first` leaves is the beginning of that of `second`. RFC 6962, section 2.1.2. */
export async function consistencyProof(first: number, second: number, hashOf: SubtreeHash): Promise<readonly Hash[]> {
  assert(first >= 0 && first <= second, 'a tree is consistent with a later one only');
  if (first === 0 || first === second) return [];
  const proof: Promise<Hash>[] = [];
  let start = 0;
  let end = second;
  let isWhole = true;
  while (end - start > 0) {
    if (first === end) {
      if (!isWhole) proof.unshift(rangeHash(start, end, hashOf));
      break;
    }
    const middle = start + split(end - start);
    if (first <= middle) {
      proof.unshift(rangeHash(middle, end, hashOf));
      end = middle;
    } else {
      proof.unshift(rangeHash(start, middle, hashOf));
      start = middle;
      isWhole = false;
    }
  }
  return Promise.all(proof);
}

/** Whether a leaf is at `index` of the tree with this root. RFC 9162, section 2.1.3.2. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  tree: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (!isIndex(index, tree.size)) return false;
  let node = index;
  let last = tree.size - 1;
  let hash = Buffer.from(leaf);
  for (const part of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(part, hash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, part);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && hash.equals(tree.root);
}

/** Whether the second tree only adds to the first. RFC 9162, section 2.1.4.2. */
export function verifyConsistency(
  first: { readonly size: number; readonly root: Uint8Array },
  second: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  const from = Buffer.from(first.root);
  const to = Buffer.from(second.root);
  if (!Number.isSafeInteger(first.size) || !Number.isSafeInteger(second.size) || first.size > second.size) return false;
  if (first.size === second.size) return proof.length === 0 && from.equals(to);
  if (first.size <= 0) return first.size === 0 && proof.length === 0 && from.equals(EMPTY_ROOT);
  const isPower = Number.isInteger(Math.log2(first.size));
  const path = isPower ? [from, ...proof] : [...proof];
  const [start] = path;
  if (start === undefined) return false;
  let node = first.size - 1;
  let last = second.size - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  let old = Buffer.from(start);
  let fresh = Buffer.from(start);
  for (const part of path.slice(1)) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      old = nodeHash(part, old);
      fresh = nodeHash(part, fresh);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      fresh = nodeHash(fresh, part);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && old.equals(from) && fresh.equals(to);
}

function isIndex(index: number, size: number): boolean {
  return (
    Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size && size <= TREE_SIZE_MAX
  );
}
