import { z } from 'zod';
import { TRUST_LEVELS } from '../base/index.ts';
import { WALLS } from './capability.ts';

/** Of the protocol between runners and server. Another one is refused by name. */
export const RUNNER_PROTOCOL_VERSION = 1;
/** The longest that a request for work, or for news of a job, waits at the server. */
export const RUNNER_WAIT_MS_MAX = 30_000;
/** Where it all lies. */
export const RUNNER_PATH = '/runner/v1';
/** Header with the fencing token of a lease, where the body is something else. */
export const LEASE_HEADER = 'x-sallyport-lease';
/** Header with the level that the job has dropped to at its runner: it counts when it is lower than what the server knows. */
export const LEVEL_HEADER = 'x-sallyport-level';

const version = z.literal(RUNNER_PROTOCOL_VERSION);
const label = z.string().regex(/^[\w.:-]{1,64}$/);
const token = z.string().min(1).max(200);
const level = z.enum(TRUST_LEVELS);
export const levelHeader = level;
const walls = z.array(z.enum(WALLS)).max(WALLS.length);

const capability = z.strictObject({
  version: z.literal(1),
  platform: z.strictObject({
    os: z.string().max(100),
    arch: z.string().max(50),
    kernel: z.string().max(200),
    root: z.boolean(),
  }),
  walls: z
    .array(
      z.strictObject({
        name: z.enum(WALLS),
        state: z.enum(['hard', 'soft', 'missing']),
        reason: z.string().max(2000),
        remedy: z.string().max(2000).exactOptional(),
      }),
    )
    .max(50),
  tools: z.record(z.string().max(100), z.string().max(500).nullable()),
});

export const registerRequest = z.strictObject({
  version,
  registrationToken: token,
  name: z.string().regex(/^[A-Za-z0-9][\w.-]{0,62}$/),
  labels: z.array(label).max(50),
  /** Raw Ed25519, base64. */
  publicKey: z.base64().length(44),
  capability,
  ephemeral: z.boolean(),
});
export const registerResponse = z.strictObject({ runnerId: z.int().positive() });

/** The signature is over `sessionText`. */
export const sessionRequest = z.strictObject({
  version,
  runnerId: z.int().positive(),
  /** Milliseconds since 1970. */
  time: z.int().positive(),
  nonce: z.string().regex(/^[\w-]{22}$/),
  signature: z.base64().length(88),
});
export const sessionResponse = z.strictObject({ token: z.string().max(4096), expiresInMs: z.int().positive() });

/** What a runner signs to open a session: bound to the server's address, a time and a number that is used once. */
export function sessionText(
  origin: string,
  { runnerId, time, nonce }: { readonly runnerId: number; readonly time: number; readonly nonce: string },
): string {
  return `sallyport/runner-session/v1\n${origin}\n${runnerId}\n${time}\n${nonce}\n`;
}

export const pollRequest = z.strictObject({ version, waitMs: z.int().min(0).max(RUNNER_WAIT_MS_MAX), walls });
export const pollResponse = z.strictObject({
  jobId: z.int().positive(),
  /** A `JobLease` of this release; its form is the planner's. */
  lease: z.looseObject({ version: z.literal(1), id: z.string() }),
  leaseToken: token,
  leaseMs: z.int().positive(),
  jobToken: token,
  /** Bytes that the log has already, from a try whose runner was lost. */
  logBytes: z.int().nonnegative(),
});

/** Answered at once when the job's cancellation is another one than `known`, else after `waitMs`. */
export const renewRequest = z.strictObject({
  leaseToken: token,
  level,
  known: z.enum(['none', 'cancel', 'force']),
  waitMs: z.int().min(0).max(RUNNER_WAIT_MS_MAX),
});
export const renewResponse = z.strictObject({
  cancel: z.enum(['none', 'cancel', 'force']),
  cancelReason: z.string().max(2000).exactOptional(),
  leaseMs: z.int().positive(),
});

export const logResponse = z.strictObject({ size: z.int().nonnegative() });

/**
 * Text of a job as a database can keep it: a NUL and half of a surrogate pair, which jobs may well print into an output, come as U+FFFD. So
 * a job that writes one ends as every other.
 */
const told = (max: number) =>
  z
    .string()
    .max(max)
    .transform((text) => text.toWellFormed().replaceAll('\0', '\ufffd'));
const OUTPUT_CHARACTERS_MAX = 4 * 1024 * 1024;

const taint = z.strictObject({
  level,
  cause: told(200),
  step: told(500).exactOptional(),
  source: told(4000),
});
export const finishRequest = z.strictObject({
  leaseToken: token,
  logBytes: z.int().nonnegative(),
  outcome: z.strictObject({
    conclusion: z.enum(['success', 'failure', 'cancelled', 'skipped']),
    outputs: z.record(told(1000), told(OUTPUT_CHARACTERS_MAX)),
    influencedOutputs: z.array(told(1000)).max(10_000),
    level,
    taints: z.array(taint).max(1000),
    environmentUrl: told(4000).exactOptional(),
    subjects: z
      .array(z.strictObject({ name: told(1000), digest: told(200), kind: z.enum(['oci', 'file']) }))
      .max(1000)
      .exactOptional(),
    reason: told(4000).exactOptional(),
  }),
});

/** A refusal: a fault of the server. */
export const runnerProblem = z.looseObject({ code: z.string(), message: z.string(), help: z.string().exactOptional() });

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
export const artifactMessage = z.strictObject({
  id: z.int().positive(),
  runId: z.int().positive(),
  jobId: z.int().positive(),
  name: z.string(),
  bytes: z.int().nonnegative(),
  digest,
  mimeType: z.string(),
  level,
  createdAt: z.number(),
  expiresAt: z.number(),
});
export const artifactsMessage = z.strictObject({ artifacts: z.array(artifactMessage).max(10_000) });
export const putArtifactQuery = z.strictObject({
  name: z.string().max(1000),
  mimeType: z.string().max(200),
  digest: digest.exactOptional(),
  expiresAt: z.number().exactOptional(),
});
export const removedMessage = z.strictObject({ id: z.int().positive().exactOptional() });
export const findCacheRequest = z.strictObject({
  keys: z.array(z.string().max(1000)).max(20),
  version: z.string().max(1000),
});
export const putCacheQuery = z.strictObject({ key: z.string().max(1000), version: z.string().max(1000) });
export const cacheMessage = z.strictObject({
  id: z.int().positive(),
  key: z.string(),
  version: z.string(),
  ref: z.string(),
  level,
  bytes: z.int().nonnegative(),
  digest,
  createdAt: z.number(),
});
export const cacheAnswer = z.strictObject({ entry: cacheMessage.exactOptional() });
