import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import type { Wire } from '../s3/index.ts';

/** A bucket that says nothing for so long is not there. Milliseconds. */
const IDLE_MS_MAX = 30_000;
const SOCKETS_MAX = 32;

/** Requests to a bucket, over connections that are kept. */
export function s3Wire(): { readonly wire: Wire; close(): void } {
  const options = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const agents = { http: new http.Agent(options), https: new https.Agent(options) };
  const wire: Wire = ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      const isPlain = url.protocol === 'http:';
      const agent = isPlain ? agents.http : agents.https;
      const request = (isPlain ? http : https).request(url, { method, headers, agent, timeout: IDLE_MS_MAX });
      request.on('timeout', () => request.destroy(new Error(`no answer within ${IDLE_MS_MAX} ms`)));
      request.on('error', (error) => {
        destroy(body);
        reject(error);
      });
      request.on('response', (response) => {
        // Whoever answers before all was sent has refused it.
        response.once('close', () => destroy(body));
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
      });
      if (body === undefined || Buffer.isBuffer(body)) return void request.end(body);
      body.on('error', (error) => request.destroy(error));
      body.pipe(request);
    });
  return {
    wire,
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function destroy(body: Readable | Buffer | undefined): void {
  if (body !== undefined && !Buffer.isBuffer(body)) body.destroy();
}
