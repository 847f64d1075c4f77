import { z } from 'zod';
import { type Digest, isDigest } from '../base/index.ts';
import { isFullSha, parsePinKey } from './reference.ts';

/** `owner/repo@ref`, owner and repository in lower case. */
const pin = z.string().refine((text) => {
  const parts = parsePinKey(text);
  return parts !== undefined && text === `${parts.owner.toLowerCase()}/${parts.repo.toLowerCase()}@${parts.ref}`;
}, 'expected owner/repo@ref in lower case, without a path');

const commit = z
  .string()
  .refine((text) => text.startsWith('sha1-') && isFullSha(text.slice('sha1-'.length)), 'expected sha1- and 40 digits');
const id = z.int().positive();

const dependency = {
  ref: z.string().min(1),
  commit,
  /** GitHub's own tools demand the ids; a mirror cannot tell them. */
  owner_id: id.optional(),
  repo_id: id.optional(),
  uses: z.array(pin).readonly().optional(),
};

const body = { workflows: z.record(z.string().min(1), z.array(pin).readonly()).default({}) };

/**
 * `.github/workflows/actions.lock`.
 * Source: github/actions-lockfile, schema/lockfile-v0.0.2.json and lockfile-v0.0.3.json.
 */
export const lockSchema = z.discriminatedUnion('version', [
  z.strictObject({
    version: z.literal('v0.0.2'),
    ...body,
    dependencies: z.record(pin, z.strictObject(dependency).readonly()).default({}),
  }),
  z.strictObject({
    version: z.literal('v0.0.3'),
    ...body,
    // Left out means github.com; a tenant of GHE.com is not a source of actions here.
    dependencies: z
      .record(pin, z.strictObject({ ...dependency, hostname: z.literal('github.com').optional() }).readonly())
      .default({}),
  }),
]);

/** `.github/workflows/actions.digests.json`: `owner/repo@commit` to the content digest. */
export const digestsSchema = z.strictObject({
  version: z.literal(1),
  digests: z.record(
    z.string().refine((text) => /^[^/@:A-Z]+\/[^/@:A-Z]+@[0-9a-f]{40}$/.test(text), 'expected owner/repo@commit'),
    z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'expected sha256: and 64 digits'),
  ),
});
