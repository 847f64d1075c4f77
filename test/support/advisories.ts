import { generateKeyPairSync } from 'node:crypto';
import { type AdvisoryIndex, BundleBuilder, openBundle, signerOf } from '../../src/advisory/index.ts';

/** A record in OSV's form, as short as tests need it. */
export function osv(
  id: string,
  ecosystem: string,
  name: string,
  more: {
    readonly events?: readonly { readonly [kind: string]: string }[];
    readonly versions?: readonly string[];
    readonly aliases?: readonly string[];
    readonly vector?: string;
    readonly affected?: object;
    readonly record?: object;
  } = {},
): object {
  return {
    id,
    modified: '2026-01-01T00:00:00Z',
    summary: `A flaw in ${name}`,
    aliases: more.aliases ?? [],
    ...(more.vector === undefined ? {} : { severity: [{ type: 'CVSS_V3', score: more.vector }] }),
    affected: [
      {
        package: { ecosystem, name },
        ...(more.events === undefined ? {} : { ranges: [{ type: 'ECOSYSTEM', events: more.events }] }),
        ...(more.versions === undefined ? {} : { versions: more.versions }),
        ...more.affected,
      },
    ],
    ...more.record,
  };
}

/** An index over records, signed by a key that is made for it. */
export function indexOf(
  records: readonly object[],
  created = '2026-01-01T00:00:00Z',
  fill?: (builder: BundleBuilder) => void,
): AdvisoryIndex {
  const builder = new BundleBuilder();
  for (const record of records) builder.add(record);
  fill?.(builder);
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const signer = signerOf(pem);
  return openBundle(builder.build(created, signer), [signer.publicKey]);
}
