import type { Socket } from 'node:net';
import { FIRST_BYTES_MS_MAX } from './session.ts';

/** Pieces that the first bytes may come in. Each is judged anew, so a client must not send them one by one for ever. */
const PIECES_MAX = 256;

/** Joins two sockets until both are closed. Half-closed connections stay open in the other direction. */
export function splice(client: Socket, upstream: Socket): Promise<void> {
  client.pipe(upstream);
  return spliceBack(client, upstream);
}

/** Only the way from upstream to the client; the client's bytes are still being looked at. */
export function spliceBack(client: Socket, upstream: Socket): Promise<void> {
  upstream.pipe(client);
  return new Promise((resolve) => {
    let open = 2;
    const closed = (other: Socket) => () => {
      open -= 1;
      if (open === 0) resolve();
      // What one side already sent is still delivered; then the other side goes too.
      else if (other.writableEnded) other.destroy();
      else other.end(() => other.destroy());
    };
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      if (socket.closed) closed(other)();
      else socket.once('close', closed(other));
    }
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
}

/**
 * Reads the first bytes of a socket without taking them: `judge` is asked again with more bytes until it answers.
 * Nothing, when the client ends, errs or is too slow first. The bytes are put back before this resolves.
 */
export function peek<T>(
  socket: Socket,
  judge: (bytes: Buffer, ended: boolean) => T | undefined,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    let pieces = 0;
    const finish = (verdict: T | undefined) => {
      clearTimeout(timer);
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
      socket.off('close', onClose);
      if (bytes.length > 0 && !socket.destroyed) socket.unshift(bytes);
      resolve(verdict);
    };
    const onReadable = () => {
      for (;;) {
        const chunk: unknown = socket.read();
        if (!Buffer.isBuffer(chunk)) return;
        bytes = Buffer.concat([bytes, chunk]);
        const verdict = judge(bytes, false);
        pieces += 1;
        if (verdict !== undefined || pieces >= PIECES_MAX) return finish(verdict);
      }
    };
    const onEnd = () => finish(judge(bytes, true));
    const onClose = () => finish(undefined);
    const timer = setTimeout(() => finish(undefined), FIRST_BYTES_MS_MAX);
    socket.on('readable', onReadable);
    socket.once('end', onEnd);
    socket.once('close', onClose);
  });
}
