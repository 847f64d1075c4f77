import { z } from 'zod';
import { canonicalJson, type Digest, digestOf } from '../base/index.ts';
import { fault } from './faults.ts';
import { baseEcosystem, normaliseName } from './names.ts';
import type { AdvisoryRecord } from './record.ts';
import { findMalicious, type PackageAdvisory, type Section, unpackSection } from './section.ts';
import { type BundleSigner, isSigned, keyFingerprint, type PublicKey } from './signing.ts';

/**
 * A bundle is one file:
 *
 *   magic (8) · length of the head (4, big endian) · head · signature (64) · public key (32) · sections
 *
 * The head is canonical JSON that names each section with its place and digest; the signature is over magic, length and
 * head. So a look-up checks and unpacks only the ecosystem that it asks for.
 */
const MAGIC = Buffer.from('SPADV\x01\r\n', 'latin1');
const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;
const HEAD_BYTES_MAX = 4 * 1024 * 1024;

const sectionHead = z.strictObject({
  ecosystem: z.string(),
  kind: z.enum(['advisories', 'malicious']),
  entries: z.int(),
  packages: z.int(),
  offset: z.int(),
  bytes: z.int(),
  digest: z.string(),
  /** When the newest record in it was changed: where the next sync goes on. */
  modified: z.string(),
});
export type SectionHead = z.infer<typeof sectionHead>;

const headSchema = z.strictObject({
  format: z.literal(1),
  /** When the data were collected, ISO 8601. */
  created: z.string(),
  sources: z.array(z.string()),
  epss: z.string(),
  exploited: z.string(),
  sections: z.array(sectionHead),
});
export type BundleHead = z.infer<typeof headSchema>;

export type BundleInfo = {
  readonly created: string;
  readonly digest: Digest;
  readonly publicKey: PublicKey;
  readonly keyFingerprint: string;
  readonly sources: readonly string[];
  /** Dates of the scores and of the list of exploited flaws; '' when there are none. */
  readonly epss: string;
  readonly exploited: string;
  readonly ecosystems: readonly {
    readonly ecosystem: string;
    readonly advisories: number;
    readonly malicious: number;
  }[];
};

/** The advisories as scanners see them. Look-ups unpack an ecosystem when it is first asked for. */
export type AdvisoryIndex = {
  readonly info: BundleInfo;
  /** Whether there are data of this ecosystem at all: nothing found means something only then. */
  covers(ecosystem: string): boolean;
  /** All that is published of a package, whatever its version. */
  lookup(ecosystem: string, name: string): readonly PackageAdvisory[];
  /** The id of the record that says this package is malicious. */
  malicious(ecosystem: string, name: string, version: string | undefined): string | undefined;
};

export type PackedSection = Omit<SectionHead, 'offset' | 'bytes' | 'digest'> & { readonly content: Buffer };

/** Puts sections together and signs them. The same sections and date give the same bytes. */
export function packBundle(
  sections: readonly PackedSection[],
  about: Pick<BundleHead, 'created' | 'sources' | 'epss' | 'exploited'>,
  signer: BundleSigner,
): Buffer {
  const sorted = [...sections].sort((a, b) => (`${a.kind} ${a.ecosystem}` < `${b.kind} ${b.ecosystem}` ? -1 : 1));
  let offset = 0;
  const heads = sorted.map(({ content, ...rest }): SectionHead => {
    const head = { ...rest, offset, bytes: content.length, digest: digestOf(content) };
    offset += content.length;
    return head;
  });
  const head = Buffer.from(canonicalJson({ format: 1, ...about, sections: heads } satisfies BundleHead));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  const signed = Buffer.concat([MAGIC, length, head]);
  return Buffer.concat([
    signed,
    signer.sign(signed),
    Buffer.from(signer.publicKey, 'base64'),
    ...sorted.map(({ content }) => content),
  ]);
}

export function isBundle(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) === 0;
}

export type OpenBundle = AdvisoryIndex & {
  readonly head: BundleHead;
  /** The packed bytes of a section, with its digest checked. */
  content(section: SectionHead): Buffer;
  records(ecosystem: string): readonly AdvisoryRecord[];
};

/**
 * Opens a bundle that one of these keys has signed. Throws `advisory/bundle-untrusted` when another key has, and
 * `advisory/bundle-invalid` when a byte is not what was signed; of a section, when it is first used.
 */
export function openBundle(file: Uint8Array, trusted: readonly PublicKey[]): OpenBundle {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const headEnd =
    MAGIC.length + 4 + (isBundle(bytes) && bytes.length > MAGIC.length + 4 ? bytes.readUInt32BE(MAGIC.length) : 0);
  const body = headEnd + SIGNATURE_BYTES + KEY_BYTES;
  if (!isBundle(bytes) || headEnd > HEAD_BYTES_MAX || body > bytes.length) {
    throw fault('bundle-invalid', 'the file is no bundle of advisories, or it is cut off');
  }
  const signature = bytes.subarray(headEnd, headEnd + SIGNATURE_BYTES);
  const publicKey = bytes.subarray(headEnd + SIGNATURE_BYTES, body).toString('base64');
  if (!trusted.includes(publicKey)) {
    throw fault('bundle-untrusted', `the bundle is signed by the key ${publicKey}, which is not trusted here`);
  }
  const signed = bytes.subarray(0, headEnd);
  if (!isSigned(signed, signature, publicKey)) throw fault('bundle-invalid', 'the signature does not fit the bundle');
  const head = readHead(signed.subarray(MAGIC.length + 4));
  const sections = new Map(head.sections.map((section) => [`${section.kind} ${section.ecosystem}`, section]));
  const contents = new Map<SectionHead, Buffer>();
  const content = (section: SectionHead): Buffer => {
    const known = contents.get(section);
    if (known !== undefined) return known;
    const found = bytes.subarray(body + section.offset, body + section.offset + section.bytes);
    if (digestOf(found) !== section.digest) {
      throw fault('bundle-invalid', `the section ${section.ecosystem} is not what was signed`);
    }
    contents.set(section, found);
    return found;
  };
  const unpacked = new Map<string, Section | undefined>();
  const sectionOf = (ecosystem: string): Section | undefined => {
    if (!unpacked.has(ecosystem)) {
      const section = sections.get(`advisories ${ecosystem}`);
      unpacked.set(ecosystem, section === undefined ? undefined : unpackSection(content(section)));
    }
    return unpacked.get(ecosystem);
  };
  return {
    head,
    content,
    info: infoOf(head, signed, publicKey),
    covers: (ecosystem) => sections.has(`advisories ${ecosystem}`) || sections.has(`malicious ${ecosystem}`),
    lookup: (ecosystem, name) => sectionOf(ecosystem)?.lookup(normaliseName(ecosystem, name)) ?? [],
    malicious(ecosystem, name, version) {
      const section = sections.get(`malicious ${baseEcosystem(ecosystem)}`);
      if (section === undefined) return undefined;
      const normal = normaliseName(ecosystem, name);
      const packed = content(section);
      const whole = findMalicious(packed, normal, undefined);
      return whole ?? (version === undefined ? undefined : findMalicious(packed, normal, version));
    },
    records: (ecosystem) => sectionOf(ecosystem)?.records(ecosystem) ?? [],
  };
}

function readHead(bytes: Uint8Array): BundleHead {
  try {
    return headSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (thrown) {
    throw fault('bundle-invalid', 'the head of the bundle has another form', { cause: thrown });
  }
}

function infoOf(head: BundleHead, signed: Uint8Array, publicKey: PublicKey): BundleInfo {
  const ecosystems = [...new Set(head.sections.map(({ ecosystem }) => ecosystem))].sort();
  const count = (ecosystem: string, kind: SectionHead['kind']) =>
    head.sections.find((section) => section.ecosystem === ecosystem && section.kind === kind)?.entries ?? 0;
  return {
    created: head.created,
    digest: digestOf(signed),
    publicKey,
    keyFingerprint: keyFingerprint(publicKey),
    sources: head.sources,
    epss: head.epss,
    exploited: head.exploited,
    ecosystems: ecosystems.map((ecosystem) => ({
      ecosystem,
      advisories: count(ecosystem, 'advisories'),
      malicious: count(ecosystem, 'malicious'),
    })),
  };
}
