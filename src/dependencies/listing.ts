import { normaliseName, parseRequirement } from '../advisory/index.ts';
import { excerpt } from '../base/index.ts';
import type { FileView } from '../finding/index.ts';
import type { ListedPackage, PackageOrigin, PackageScope } from './model.ts';

/** Longest evidence of a package: one line of a lockfile. */
const EVIDENCE_MAX = 160;
/** Packages of one file; the largest lockfiles of monorepos have a tenth. */
export const PACKAGES_MAX = 200_000;

/** What a reader knows of a package. */
export type PackageDraft = {
  readonly name: string;
  readonly version?: string | undefined;
  readonly requirement?: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly key?: string;
  readonly needs?: readonly string[];
  readonly isDirect?: boolean | undefined;
  readonly scope?: PackageScope;
  readonly origin?: PackageOrigin | undefined;
  readonly integrity?: string | undefined;
  readonly license?: string | undefined;
  readonly hasInstallScript?: boolean;
  readonly alias?: string | undefined;
  readonly ecosystem?: string;
  readonly published?: string | undefined;
};

/** Makes a package of a draft: normal name, place, evidence; what is not known is left out. */
export function listed(file: FileView, ecosystem: string, draft: PackageDraft): ListedPackage {
  const own = draft.ecosystem ?? ecosystem;
  const { file: _, ...place } = file.placeAt(draft.start, draft.end);
  const { version, requirement, isDirect, origin, integrity, license, alias, published } = draft;
  return {
    ecosystem: own,
    name: normaliseName(own, draft.name),
    ...(version === undefined || version === '' ? {} : { version }),
    ...(requirement === undefined ? {} : { requirement }),
    place,
    evidence: excerpt(file.lineText(place.line).trim(), EVIDENCE_MAX),
    key: draft.key ?? `${draft.name}@${version ?? ''}`,
    needs: draft.needs ?? [],
    ...(isDirect === undefined ? {} : { isDirect }),
    scope: draft.scope ?? 'runtime',
    ...(origin === undefined ? {} : { origin: withoutUser(origin) }),
    ...pinOf(file, own, draft),
    ...(integrity === undefined || integrity === '' ? {} : { integrity }),
    ...(license === undefined || license === '' ? {} : { license }),
    ...(draft.hasInstallScript === true ? { hasInstallScript: true as const } : {}),
    ...(alias === undefined ? {} : { alias }),
    ...(published === undefined || Number.isNaN(Date.parse(published)) ? {} : { published }),
  };
}

/** Where a manifest writes the one version that it allows. */
function pinOf(file: FileView, ecosystem: string, draft: PackageDraft): Pick<ListedPackage, 'pin'> {
  if (draft.requirement === undefined || draft.requirement === '') return {};
  const version = draft.version ?? parseRequirement(ecosystem, draft.requirement)?.exact;
  if (version === undefined || version === '') return {};
  const at = file.text.slice(draft.start, draft.end).lastIndexOf(version);
  return at < 0 ? {} : { pin: { start: draft.start + at, end: draft.start + at + version.length } };
}

/** What stands before the `@` of an address may be a password. */
function withoutUser(origin: PackageOrigin): PackageOrigin {
  if (origin.url === undefined) return origin;
  return { ...origin, url: origin.url.replace(/^([a-z+.-]+:\/\/)[^/@\s]*@/i, '$1') };
}

/** What an address in a lockfile says of where a package comes from. */
export function originOf(url: string | undefined): PackageOrigin | undefined {
  if (url === undefined || url === '') return undefined;
  if (/^(?:git(?:\+\w+)?:|github:|gitlab:|bitbucket:|ssh:)|\.git(?:[#@?]|$)|^git@/i.test(url))
    return { kind: 'git', url };
  if (/^(?:file:|link:|portal:|workspace:|\.{0,2}\/)/i.test(url)) return { kind: 'path', url };
  return /^[a-z+]+:\/\//i.test(url) ? { kind: 'registry', url } : undefined;
}

/** `@scope/name@range` into name and range; the range may itself hold an `@`. */
export function splitDescriptor(descriptor: string): { readonly name: string; readonly range: string } {
  const at = descriptor.indexOf('@', 1);
  return at < 0 ? { name: descriptor, range: '' } : { name: descriptor.slice(0, at), range: descriptor.slice(at + 1) };
}
