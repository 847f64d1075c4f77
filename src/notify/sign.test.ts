import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Secret } from '../base/index.ts';
import { makeSecret, signatureHeaders } from './sign.ts';

type IsOurs = (secret: string, headers: object, body: string, nowSeconds?: number) => boolean;

/** The receiver of the reference page, as it is printed there. */
async function receiverOfThePage(): Promise<IsOurs> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/webhooks.md'), 'utf8');
  const [, code = ''] = /```js\n([\s\S]+?)```/.exec(page) ?? [];
  const module: { isOurs: IsOurs } = await import(
    /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`
  );
  return module.isOurs;
}

test('the receiver of the reference page takes what is ours, and nothing that was changed, is old, or has another key', async () => {
  const isOurs = await receiverOfThePage();
  const secret = makeSecret((bytes) => Buffer.alloc(bytes, 3));
  const message = { id: 'msg_1', atSeconds: 1_800_000_000, body: '{"type":"ping"}' };
  const headers = signatureHeaders(secret, message);
  const at = message.atSeconds + 10;
  const text = secret.expose();

  expect(isOurs(text, headers, message.body, at)).toBe(true);
  expect(isOurs(text, headers, `${message.body} `, at)).toBe(false);
  expect(isOurs(text, { ...headers, 'webhook-id': 'msg_2' }, message.body, at)).toBe(false);
  expect(isOurs(text, { ...headers, 'webhook-timestamp': '1800000001' }, message.body, at)).toBe(false);
  expect(isOurs(text, headers, message.body, at + 301)).toBe(false);
  expect(isOurs(makeSecret((bytes) => Buffer.alloc(bytes, 4)).expose(), headers, message.body, at)).toBe(false);
  expect(isOurs(text, {}, message.body, at)).toBe(false);
});

test('a signature is what the specification of Standard Webhooks has as its example', () => {
  // The values of the specification's own test: standardwebhooks.com.
  // sallyport:ignore stripe-webhook-secret -- the example of a published specification (notify, until 2027-06-30)
  const headers = signatureHeaders(new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    atSeconds: 1_614_265_330,
    body: '{"test": 2432232314}',
  });

  expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});
