import { createHmac } from 'node:crypto';
import { Secret } from '../base/index.ts';

const SECRET_BYTES = 24;
const PREFIX = 'whsec_';

/** `whsec_` and base64, as Standard Webhooks writes a symmetric key. */
export function makeSecret(random: (bytes: number) => Uint8Array): Secret {
  return new Secret(`${PREFIX}${Buffer.from(random(SECRET_BYTES)).toString('base64')}`);
}

/**
 * The headers by which a receiver knows that a message is ours and how old it is (standardwebhooks.com, specification 1.0), and the one
 * that receivers written for GitHub look at. `atSeconds`: since 1970.
 */
export function signatureHeaders(
  secret: Secret,
  message: { readonly id: string; readonly atSeconds: number; readonly body: string },
): { readonly [name: string]: string } {
  const { id, atSeconds, body } = message;
  const text = secret.expose();
  const key = Buffer.from(text.slice(PREFIX.length), 'base64');
  const signed = createHmac('sha256', key).update(`${id}.${atSeconds}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(atSeconds),
    'webhook-signature': `v1,${signed}`,
    // Keyed by the secret as it was shown: what GitHub's receivers put into their settings is a text, too.
    'x-hub-signature-256': `sha256=${createHmac('sha256', text).update(body).digest('hex')}`,
  };
}
