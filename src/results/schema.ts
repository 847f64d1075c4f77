import { z } from 'zod';
import { type Digest, isDigest, TRUST_LEVELS } from '../base/index.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
const level = z.enum(TRUST_LEVELS);
const id = z.int().positive();
const time = z.number().nonnegative();

/** One file of the local index. `version` 1. */
export const artifactRecord = z
  .strictObject({
    version: z.literal(1),
    repository: z.string(),
    attempt: id,
    id,
    runId: id,
    jobId: id,
    name: z.string(),
    bytes: z.number().nonnegative(),
    digest,
    mimeType: z.string(),
    level,
    createdAt: time,
    expiresAt: time,
  })
  .readonly();
export type ArtifactRecord = z.infer<typeof artifactRecord>;

export const cacheRecord = z
  .strictObject({
    version: z.literal(1),
    repository: z.string(),
    id,
    key: z.string(),
    cacheVersion: z.string(),
    ref: z.string(),
    level,
    bytes: z.number().nonnegative(),
    digest,
    createdAt: time,
  })
  .readonly();
export type CacheRecord = z.infer<typeof cacheRecord>;
