import { buffer } from 'node:stream/consumers';
import { excerpt } from '../base/index.ts';
import { type Bucket, contentOf } from './bucket.ts';
import { fault } from './faults.ts';

const CLAIM = 'sallyport.json';

/**
 * Takes a bucket and prefix for one installation: its collector removes what its own tables do not name, so that a second one would lose
 * everything. `owner` is what no other installation is called. Fault `s3/other-owner`.
 */
export async function claimBucket(bucket: Bucket, owner: string): Promise<void> {
  const text = `${JSON.stringify({ version: 1, owner })}\n`;
  if (await bucket.put(CLAIM, contentOf(Buffer.from(text)), { onlyIfAbsent: true })) return;
  const found = await bucket.get(CLAIM);
  const said = found === undefined ? '' : (await buffer(found.body)).toString('utf8');
  if (said !== text) throw fault('other-owner', `the bucket belongs to ${excerpt(said.trim(), 200)}`);
}
