import { startAuthentication, startRegistration } from '@simplewebauthn/browser';

/** What the server asks and what is answered, as it comes: browser and server read it. */
type Options = { readonly [name: string]: unknown };

/** What a person is told when it did not work. */
export class PasskeyError extends Error {}

/** Signs with a passkey of this person. Throws a `PasskeyError` for people to read. */
export async function signWith(options: Options): Promise<Options> {
  requirePasskeys();
  try {
    return { ...(await startAuthentication({ optionsJSON: options as never })) };
  } catch (thrown) {
    throw told(thrown);
  }
}

/** Makes a passkey. Throws a `PasskeyError` for people to read. */
export async function makePasskey(options: Options): Promise<Options> {
  requirePasskeys();
  try {
    return { ...(await startRegistration({ optionsJSON: options as never })) };
  } catch (thrown) {
    throw told(thrown);
  }
}

function requirePasskeys(): void {
  if (globalThis.PublicKeyCredential !== undefined) return;
  throw new PasskeyError(
    globalThis.isSecureContext
      ? 'This browser has no passkeys. Use a current one.'
      : 'Browsers offer passkeys over https or at localhost only. Open the address that the server printed at its start.',
  );
}

function told(thrown: unknown): PasskeyError {
  const name = nameOf(thrown);
  switch (name) {
    case 'NotAllowedError':
      return new PasskeyError('It was cancelled, or took too long. Try again.', { cause: thrown });
    case 'InvalidStateError':
      return new PasskeyError('This device has a passkey of yours already: sign in with it.', { cause: thrown });
    case 'SecurityError':
      return new PasskeyError(
        'The address of this page is another than that of the server. Open the one that it printed.',
        {
          cause: thrown,
        },
      );
    case 'NotSupportedError':
      return new PasskeyError('This device can not make such a passkey. Try another one.', { cause: thrown });
    default:
      return new PasskeyError('The passkey did not work. Try again, or use another one.', { cause: thrown });
  }
}

/** The library wraps some errors of browsers in its own. */
function nameOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '';
  return thrown.cause instanceof Error ? thrown.cause.name : thrown.name;
}

/** What a new passkey is called until its person names it. */
export function deviceName(): string {
  const text = navigator.userAgent;
  const browser =
    [
      ['Edg', 'Edge'],
      ['OPR', 'Opera'],
      ['Firefox', 'Firefox'],
      ['Chrome', 'Chrome'],
      ['Safari', 'Safari'],
    ].find(([word = '']) => text.includes(word))?.[1] ?? 'Browser';
  const system =
    [
      ['Android', 'Android'],
      ['iPhone', 'iPhone'],
      ['iPad', 'iPad'],
      ['Windows', 'Windows'],
      ['Mac OS', 'Mac'],
      ['Linux', 'Linux'],
    ].find(([word = '']) => text.includes(word))?.[1] ?? 'this device';
  return `${browser} on ${system}`;
}
