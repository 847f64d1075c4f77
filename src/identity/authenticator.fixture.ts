import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** What the client of an authenticator gets to see. */
type Options = {
  readonly challenge: string;
  readonly rp?: { readonly id?: string };
  readonly rpId?: string;
  readonly user?: { readonly id: string };
};

export type Tricks = {
  /** The page that the browser was on. */
  readonly origin?: string;
  /** The name that the authenticator was asked with. */
  readonly rpId?: string;
  readonly isVerified?: boolean;
  /** Says this instead of counting on. */
  readonly counter?: number;
  readonly challenge?: string;
};

export type NewPasskeyAnswer = {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly transports: string[];
  };
  readonly clientExtensionResults: Record<string, never>;
};

export type PasskeyAnswer = {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle?: string;
  };
  readonly clientExtensionResults: Record<string, never>;
};

type Passkey = { readonly id: Buffer; readonly key: KeyObject; readonly handle: string; counter: number };

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest();
const PRESENT = 0x01;
const VERIFIED = 0x04;
const ATTESTED = 0x40;

/** As much of CBOR (RFC 8949) as an attestation needs. */
function cbor(value: number | string | Buffer | ReadonlyMap<number | string, unknown>): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (!(value instanceof Map)) throw new TypeError('no such value');
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [cbor(key), cbor(item)])]);
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  if (size < 256) return Buffer.from([(major << 5) | 24, size]);
  return Buffer.from([(major << 5) | 25, size >> 8, size & 0xff]);
}

/** An authenticator in this process, with a browser around it (WebAuthn level 2): its signatures are real, and it can be told to lie. */
export class Authenticator {
  readonly #origin: string;
  readonly #passkeys: Passkey[] = [];

  constructor(origin: string) {
    this.#origin = origin;
  }

  create(options: unknown, tricks: Tricks = {}): NewPasskeyAnswer {
    const asked = options as Options;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = publicKey.export({ format: 'jwk' });
    const passkey: Passkey = { id: randomBytes(32), key: privateKey, handle: asked.user?.id ?? '', counter: 0 };
    this.#passkeys.push(passkey);
    const cose = cbor(
      new Map<number, number | Buffer>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(jwk.x ?? '', 'base64url')],
        [-3, Buffer.from(jwk.y ?? '', 'base64url')],
      ]),
    );
    const data = Buffer.concat([
      this.#data(tricks.rpId ?? asked.rp?.id ?? '', { ...tricks, flags: ATTESTED, counter: tricks.counter ?? 0 }),
      Buffer.alloc(16),
      Buffer.from([0, passkey.id.length]),
      passkey.id,
      cose,
    ]);
    const attestation = cbor(
      new Map<string, unknown>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', data],
      ]),
    );
    return {
      ...named(passkey),
      response: {
        clientDataJSON: this.#clientData('webauthn.create', asked, tricks).toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      },
      clientExtensionResults: {},
    };
  }

  /** Signs with the newest passkey, or that of this number. */
  get(options: unknown, tricks: Tricks & { readonly at?: number } = {}): PasskeyAnswer {
    const asked = options as Options;
    const passkey = this.#passkeys.at(tricks.at ?? -1);
    if (passkey === undefined) throw new TypeError('there is no passkey');
    passkey.counter += 1;
    const counter = tricks.counter ?? passkey.counter;
    const data = this.#data(tricks.rpId ?? asked.rpId ?? '', { ...tricks, flags: 0, counter });
    const client = this.#clientData('webauthn.get', asked, tricks);
    const signature = sign('sha256', Buffer.concat([data, sha256(client)]), passkey.key);
    return {
      ...named(passkey),
      response: {
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle: passkey.handle,
      },
      clientExtensionResults: {},
    };
  }

  #data(rpId: string, of: Tricks & { readonly flags: number; readonly counter: number }): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(of.counter);
    const flags = PRESENT | (of.isVerified === false ? 0 : VERIFIED) | of.flags;
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter]);
  }

  #clientData(type: string, options: Options, tricks: Tricks): Buffer {
    const challenge = tricks.challenge ?? options.challenge;
    return Buffer.from(JSON.stringify({ type, challenge, origin: tricks.origin ?? this.#origin, crossOrigin: false }));
  }
}

function named({ id }: Passkey) {
  const text = id.toString('base64url');
  return { id: text, rawId: text, type: 'public-key' } as const;
}
