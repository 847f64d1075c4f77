import { readFile, stat } from 'node:fs/promises';
import { isFault } from '../base/index.ts';
import { fault } from './faults.ts';

/** Bytes of a webhook payload: what GitHub sends at most. */
const PAYLOAD_BYTES_MAX = 25 * 1024 * 1024;

/** The text of the file of `--event`. */
export async function readPayload(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > PAYLOAD_BYTES_MAX) {
      throw fault('file-unreadable', `${path} has ${size} bytes, at most ${PAYLOAD_BYTES_MAX}`);
    }
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (isFault(thrown)) throw thrown;
    throw fault('file-unreadable', `${path} can't be read`, { cause: thrown });
  }
}
