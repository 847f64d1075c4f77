import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret, systemClock } from '../base/index.ts';
import type { LogArchive } from '../joblog/index.ts';
import { type Bucket, claimBucket, openBucket, openS3BlobStore } from '../s3/index.ts';
import { LOCAL_QUOTAS, type ResultsQuotas } from '../results/index.ts';
import { type BlobStore, openBlobStore } from '../store/index.ts';
import { s3Wire } from './s3-wire.ts';
import type { ServerPlaces } from './server-places.ts';
import { fault, type ServerSettings } from './server-settings.ts';

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;
const DAY_MS = 24 * 3_600_000;
/** Artifacts and caches together. */
const BLOB_BYTES_MAX = 200 * GIB;
const KEY_BYTES_MAX = 4096;

export type ServerBlobs = {
  /** Of artifacts and caches. */
  readonly blobs: BlobStore;
  /** Where sealed logs go, when that is elsewhere. */
  readonly logs: LogArchive | undefined;
  close(): void;
};

/** Opens the place of artifacts, caches and old logs: the folder of the data, or the bucket that the settings name. */
export async function openServerBlobs(
  settings: ServerSettings,
  places: ServerPlaces,
  owner: string,
): Promise<ServerBlobs> {
  const { s3_endpoint: endpoint, s3_bucket: bucket, s3_key_file: keyFile } = settings;
  const clock = systemClock;
  if (endpoint === undefined || bucket === undefined || keyFile === undefined) {
    const blobs = await openBlobStore({ dir: places.blobs, bytesMax: BLOB_BYTES_MAX, clock });
    return { blobs, logs: undefined, close: () => {} };
  }
  const key = await readKey(keyFile);
  const wires = s3Wire();
  const opened = openBucket({
    endpoint,
    bucket,
    region: settings.s3_region,
    prefix: settings.s3_prefix,
    key,
    wire: wires.wire,
    clock,
  });
  await claimBucket(opened, owner);
  const spool = join(places.blobs, 'spool');
  const blobs = await openS3BlobStore({ bucket: opened, spool, bytesMax: BLOB_BYTES_MAX, clock });
  return { blobs, logs: logsIn(opened), close: () => wires.close() };
}

/** What artifacts and caches of one repository may take, by level: what a local run may, or less. */
export function quotasOf(settings: ServerSettings): ResultsQuotas {
  const artifactMs = settings.artifact_retention_days * DAY_MS;
  const within = (most: ResultsQuotas['cacheBytesMax'], mib: number): ResultsQuotas['cacheBytesMax'] => ({
    untrusted: Math.min(most.untrusted, mib * MIB),
    branch: Math.min(most.branch, mib * MIB),
    reviewed: Math.min(most.reviewed, mib * MIB),
    release: Math.min(most.release, mib * MIB),
  });
  return {
    ...LOCAL_QUOTAS,
    artifactMs,
    artifactMsMax: artifactMs,
    cacheBytesMax: within(LOCAL_QUOTAS.cacheBytesMax, settings.repository_cache_mib_max),
    artifactBytesMax: within(LOCAL_QUOTAS.artifactBytesMax, settings.repository_artifact_mib_max),
  };
}

function logsIn(bucket: Bucket): LogArchive {
  const keyOf = (name: string) => `logs/${name}.ndjson`;
  return {
    async put(name, { path, bytes, sha256 }) {
      await bucket.put(keyOf(name), { bytes, sha256, open: () => createReadStream(path) });
    },
    get: async (name) => (await bucket.get(keyOf(name)))?.body,
    remove: (name) => bucket.remove(keyOf(name)),
  };
}

/** Two lines: the id of the key, and its secret. Nobody else may read them. */
async function readKey(path: string): Promise<{ readonly id: string; readonly secret: Secret }> {
  const info = await stat(path).catch((thrown: unknown) => {
    throw fault('invalid', `s3_key_file: ${path} can't be read`, { cause: thrown });
  });
  if ((info.mode & 0o077) !== 0) throw fault('invalid', `s3_key_file: ${path} can be read by others: chmod 600 it`);
  const text = info.size > KEY_BYTES_MAX ? '' : await readFile(path, 'utf8');
  const [id = '', secret = ''] = text.split('\n').map((line) => line.trim());
  if (!/^[\x21-\x7e]{1,200}$/.test(id) || !/^[\x21-\x7e]{8,500}$/.test(secret)) {
    throw fault(
      'invalid',
      `s3_key_file: ${path} has not the id of a key in its first line and the secret in its second`,
    );
  }
  return { id, secret: new Secret(secret) };
}
