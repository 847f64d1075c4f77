import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Secret } from '../base/index.ts';
import { fault } from './faults.ts';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1.';

/**
 * Keeps what has to be used again out of the tables: a copy of the database alone gives no secret of a receiver away. `place` is bound to
 * the value, so that it can't be moved to another row.
 */
export type Sealer = {
  seal(place: string, plain: Secret): string;
  /** Fault: `notify/secret-unreadable`. */
  open(place: string, sealed: string): Secret;
};

/** AES-256-GCM under a key that lies beside the database, never in it. */
export function sealerOf(key: Uint8Array, random: (bytes: number) => Uint8Array): Sealer {
  if (key.length !== KEY_BYTES) throw new TypeError(`the key has ${KEY_BYTES} bytes`);
  return {
    seal(place, plain) {
      const iv = random(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
      const body = Buffer.concat([cipher.update(plain.expose(), 'utf8'), cipher.final()]);
      return `${VERSION}${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64')}`;
    },
    open(place, sealed) {
      const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        const body = bytes.subarray(IV_BYTES + TAG_BYTES);
        return new Secret(Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8'));
      } catch (thrown) {
        throw fault('secret-unreadable', `what is kept of ${place} can't be opened`, { cause: thrown });
      }
    },
  };
}
