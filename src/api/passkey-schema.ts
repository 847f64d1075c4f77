import { z } from '@hono/zod-openapi';

/** Bytes in base64url, as browsers write them in JSON (WebAuthn, `toJSON`). */
const bytes = (charactersMax: number) =>
  z
    .string()
    .max(charactersMax)
    .regex(/^[A-Za-z0-9_-]*$/, 'base64url');

const shared = {
  id: bytes(1400).min(1),
  rawId: bytes(1400).min(1),
  type: z.literal('public-key'),
};

/** What `navigator.credentials.get` answers. Browsers add to it: what is not named here is passed over. */
export const passkeyAnswer = z
  .object({
    ...shared,
    response: z.object({
      clientDataJSON: bytes(8000),
      authenticatorData: bytes(4000),
      signature: bytes(4000),
      userHandle: bytes(100)
        .nullish()
        .transform((text) => (text === null || text === undefined || text === '' ? undefined : text)),
    }),
  })
  .transform(({ response: { userHandle, ...response }, ...rest }) => ({
    ...rest,
    response: { ...response, ...(userHandle === undefined ? {} : { userHandle }) },
    clientExtensionResults: {},
  }))
  .openapi('PasskeyAnswer', { type: 'object' });

/** What `navigator.credentials.create` answers. */
export const newPasskeyAnswer = z
  .object({
    ...shared,
    response: z.object({
      clientDataJSON: bytes(8000),
      attestationObject: bytes(32_000),
      transports: z.array(z.string().max(20)).max(10).optional(),
    }),
  })
  .transform(({ response: { transports, ...response }, ...rest }) => ({
    ...rest,
    response: { ...response, ...(transports === undefined ? {} : { transports }) },
    clientExtensionResults: {},
  }))
  .openapi('NewPasskeyAnswer', { type: 'object' });

/** What a browser is asked: for `PublicKeyCredential.parse…OptionsFromJSON`. */
export const passkeyOptions = z.record(z.string(), z.unknown()).openapi('PasskeyOptions');
