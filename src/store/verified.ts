import { createHash } from 'node:crypto';
import { pipeline, Readable, Transform } from 'node:stream';
import type { Digest } from '../base/index.ts';
import { fault } from './faults.ts';

/** The same bytes; the stream fails at its end with `store/blob-corrupt` when they are not those of the digest. */
export function verified(content: Readable, digest: Digest): Readable {
  const hash = createHash('sha256');
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const found = `sha256:${hash.digest('hex')}`;
      done(found === digest ? null : fault('blob-corrupt', `the blob ${digest} holds ${found}`));
    },
  });
  // Errors reach the reader through `check`, which the pipeline destroys.
  pipeline(content, check, () => {});
  return check;
}
