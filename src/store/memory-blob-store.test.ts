import { describe } from 'vitest';
import { blobStoreContract } from './blob-store.contract.ts';
import { memoryBlobStore } from './memory-blob-store.ts';

describe('blobs in memory', () => {
  blobStoreContract(async (options) => memoryBlobStore(options));
});
