/**
 * Owns: bytes at rest: content-addressed blobs in files.
 * Never: knows what a blob means or who may read it.
 */
export { type BlobStore, COLLECT_GRACE_MS, type StoredBlob } from './blob-store.ts';
export { fault as storeFault } from './faults.ts';
export { memoryBlobStore } from './memory-blob-store.ts';
export { asStoreFault, type BlobStoreOptions, bytesOfContent, openBlobStore } from './open-blob-store.ts';
export { verified } from './verified.ts';
