import { PackageURL } from 'packageurl-js';

const TYPES: ReadonlyMap<string, string> = new Map([
  ['npm', 'npm'],
  ['PyPI', 'pypi'],
  ['Go', 'golang'],
  ['crates.io', 'cargo'],
  ['Maven', 'maven'],
  ['RubyGems', 'gem'],
  ['Packagist', 'composer'],
  ['NuGet', 'nuget'],
  ['Pub', 'pub'],
  ['Hex', 'hex'],
  ['ConanCenter', 'conan'],
  ['SwiftURL', 'swift'],
  ['CRAN', 'cran'],
  ['conda', 'conda'],
]);

/** The package URL of a package; a name that the specification does not allow becomes a generic one. */
export function purlOf(ecosystem: string, name: string, version: string | undefined): string {
  const type = TYPES.get(ecosystem) ?? 'generic';
  const separator = ecosystem === 'Maven' ? ':' : '/';
  const at = type === 'generic' ? -1 : name.lastIndexOf(separator);
  const namespace = at < 0 ? undefined : name.slice(0, at);
  const written = ecosystem === 'Go' && version !== undefined && name !== 'stdlib' ? `v${version}` : version;
  try {
    return new PackageURL(type, namespace, name.slice(at + 1), written, undefined, undefined).toString();
  } catch {
    // Text of an attacker's lockfile: still told from others, and harmless.
    return `pkg:generic/${encodeURIComponent(name)}${version === undefined ? '' : `@${encodeURIComponent(version)}`}`;
  }
}

/** A package URL without version, qualifiers and subpath: what VEX statements are compared by. */
export function purlBase(purl: string): { readonly base: string; readonly version: string | undefined } {
  const [plain = ''] = purl.split(/[?#]/);
  const at = plain.lastIndexOf('@');
  if (at <= plain.indexOf('/')) return { base: plain.toLowerCase(), version: undefined };
  return { base: plain.slice(0, at).toLowerCase(), version: decodeSafely(plain.slice(at + 1)) };
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that encodes nothing.
    return text;
  }
}
