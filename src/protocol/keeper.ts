import { z } from 'zod';

const bytes = z.base64();

/** Everything that the keeper can be asked. There is no "give me a key" and no "sign these bytes". */
export const keeperRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('identify') }),
  z.strictObject({ kind: z.literal('sign-checkpoint'), text: z.string().max(4096), proof: z.array(bytes).max(128) }),
  z.strictObject({
    kind: z.literal('sign-token'),
    use: z.enum(['runner-session']),
    subject: z.string().regex(/^[\w:.-]{1,100}$/),
    /** Seconds since 1970. */
    issuedAt: z.int().positive(),
    expiresAt: z.int().positive(),
  }),
]);
export type KeeperRequest = z.infer<typeof keeperRequest>;

export const keeperIdentity = z.strictObject({
  origin: z.string(),
  /** Raw Ed25519 public keys, base64. */
  logKey: bytes,
  tokenKey: bytes,
});
export type KeeperIdentity = z.infer<typeof keeperIdentity>;

export const signedNote = z.strictObject({ note: z.string() });
export const signedToken = z.strictObject({ token: z.string() });

/** Everything that a witness can be asked. */
export const witnessRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('identify') }),
  z.strictObject({ kind: z.literal('cosign'), note: z.string().max(8192), proof: z.array(z.base64()).max(128) }),
  /** The checkpoints that it kept, newest last. */
  z.strictObject({ kind: z.literal('recall') }),
]);
export type WitnessRequest = z.infer<typeof witnessRequest>;

export const witnessIdentity = z.strictObject({ name: z.string(), key: z.base64() });
export type WitnessIdentity = z.infer<typeof witnessIdentity>;
