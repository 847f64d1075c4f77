/**
 * Owns: records of known vulnerabilities: the order of versions in each ecosystem, which versions a record affects, the
 * signed bundle that holds the records of this installation, and how it is filled.
 * Never: opens a socket of its own, looks at a project, decides whether a finding matters.
 */
export { BundleBuilder } from './builder.ts';
export {
  type AdvisoryIndex,
  type BundleInfo,
  isBundle,
  type OpenBundle,
  openBundle,
} from './bundle.ts';
export { addFile, ArchiveReader, dataKindOf, RECORD_BYTES_MAX } from './collect.ts';
export { normaliseName } from './names.ts';
export { ecosystemNamed, orderOf, type VersionOrder } from './order.ts';
export { fixedVersions, isAffected } from './ranges.ts';
export type { Advisory, Affected, AffectedImport } from './record.ts';
export { isPrerelease, mayReach, parseRequirement, type Requirement, satisfies } from './requirement.ts';
export type { PackageAdvisory } from './section.ts';
export { severityOfScore } from './severity.ts';
export { parsePublicKey, type PublicKey, signerOf } from './signing.ts';
export { type AdvisoryFolder, advisoryFolder, loadBundle, openSigner, saveBundle } from './state.ts';
export { type Fetcher, syncAdvisories, SYNCED_ECOSYSTEMS } from './sync.ts';
