/**
 * Owns: requests from a process to its child over the child's own pipes: framing, limits, which answer belongs to which request.
 * Never: opens a socket, knows what a request means, starts the same request twice.
 */
export { type ChannelHandler, serveChannel } from './serve.ts';
export { type Channel, openChannel } from './open.ts';
