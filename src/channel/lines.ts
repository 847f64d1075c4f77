import type { Readable } from 'node:stream';
import { fault } from './faults.ts';

/** One message. A proof of a log of 2^48 entries has 48 hashes: far less. */
export const MESSAGE_BYTES_MAX = 1024 * 1024;

/** JSON values, a line each, as they arrive. Throws `channel/message-invalid`: after that nothing of the stream can be trusted. */
export async function* readMessages(input: Readable): AsyncGenerator {
  let rest = Buffer.alloc(0);
  for await (const chunk of input) {
    rest = Buffer.concat([rest, Buffer.from(chunk)]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      yield parse(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    if (rest.length > MESSAGE_BYTES_MAX)
      throw fault('message-invalid', `a message has more than ${MESSAGE_BYTES_MAX} bytes`);
  }
}

function parse(line: Buffer): unknown {
  if (line.length > MESSAGE_BYTES_MAX) throw fault('message-invalid', `a message has ${line.length} bytes`);
  try {
    return JSON.parse(line.toString('utf8'));
  } catch (thrown) {
    throw fault('message-invalid', 'a message is no JSON', { cause: thrown });
  }
}

export function renderMessage(value: unknown): string {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > MESSAGE_BYTES_MAX)
    throw fault('message-invalid', `a message has ${text.length} characters`);
  return `${text}\n`;
}
