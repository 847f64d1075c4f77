/**
 * Owns: objects in a bucket that speaks the S3 protocol, and content-addressed blobs made of them.
 * Never: knows what a blob means or who may read it; keeps a key; opens a connection by itself.
 */
export { openS3BlobStore, type S3BlobStoreOptions } from './blob-store.ts';
export {
  openBucket,
  type Bucket,
  type BucketOptions,
  type BucketObject,
  type Wire,
  type WireAnswer,
} from './bucket.ts';
export { claimBucket } from './claim.ts';
