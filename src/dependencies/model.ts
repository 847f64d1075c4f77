import type { Place } from '../finding/index.ts';

/** When a package is used: by what is shipped, only in development, only when it can be installed, only in builds. */
export type PackageScope = 'runtime' | 'development' | 'optional' | 'build';

/** Where a package comes from. */
export type PackageOrigin = {
  readonly kind: 'registry' | 'git' | 'url' | 'path';
  /** As it is written; user names and passwords are cut out. */
  readonly url?: string;
};

/** A package as one file names it. Plain data: it crosses threads and lies in caches. */
export type ListedPackage = {
  /** As OSV spells it; `conda` and the like where OSV has none. */
  readonly ecosystem: string;
  /** As the ecosystem compares names. */
  readonly name: string;
  /** The version that is installed. A manifest has it only when it allows no other. */
  readonly version?: string;
  /** What a manifest asks for. */
  readonly requirement?: string;
  readonly place: Omit<Place, 'file'>;
  /** The text at the place, cut short. */
  readonly evidence: string;
  /** Its id in this file, and those of what it needs. */
  readonly key: string;
  readonly needs: readonly string[];
  /** Whether the project names it itself; nothing where the file does not say. */
  readonly isDirect?: boolean;
  readonly scope: PackageScope;
  readonly origin?: PackageOrigin;
  /** Where the exact version that a manifest asks for is written: offsets of the file's text. */
  readonly pin?: { readonly start: number; readonly end: number };
  /** The checksum, in the file's own form. */
  readonly integrity?: string;
  /** As the file has it: an SPDX expression, or near one. */
  readonly license?: string;
  readonly hasInstallScript?: true;
  /** When this version was published, ISO 8601, where the file says it. */
  readonly published?: string;
  /** It stands in for another: the name under which it is installed. */
  readonly alias?: string;
};

/** What a Maven project says that others need to know: `finish` puts parents and managed versions together. */
export type MavenProject = {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly parent?: {
    readonly group: string;
    readonly artifact: string;
    readonly version: string;
    readonly path: string;
  };
  readonly properties: { readonly [name: string]: string };
  readonly managed: readonly {
    readonly group: string;
    readonly artifact: string;
    readonly version: string;
    readonly isImport: boolean;
  }[];
};

/** What one file lists. */
export type Listing = {
  /** The format's name, as reports show it: `package-lock.json`, `poetry.lock`. */
  readonly format: string;
  /** A lockfile holds what is installed, a manifest what is asked for. */
  readonly role: 'lock' | 'manifest';
  readonly ecosystem: string;
  /** Whether the format gives each package a checksum. */
  readonly hasChecksums: boolean;
  readonly packages: readonly ListedPackage[];
  /** Name of the project that it belongs to. */
  readonly project?: string;
  readonly projectVersion?: string;
  /** Other files of the tree that belong to it. */
  readonly includes?: readonly { readonly path: string; readonly isConstraint: boolean }[];
  /** Versions that other files of the tree take from this one, by name. */
  readonly central?: { readonly [name: string]: string };
  readonly maven?: MavenProject;
  /** Registries that it names besides the usual one, by what they are for: a scope, or ''. */
  readonly registries?: { readonly [scope: string]: string };
  /** Lines that could not be read; the rest could. */
  readonly unread?: readonly { readonly line: number; readonly reason: string }[];
  /** Scripts of packages are not run when they are installed. */
  readonly ignoresScripts?: true;
  /** Scripts that run when the project itself is installed as a package. */
  readonly hooks?: readonly InstallHook[];
  /** Packages that are held at a version against what asks for them. */
  readonly overrides?: readonly string[];
};

/** A script that a package manager runs by itself. */
export type InstallHook = { readonly name: string; readonly command: string; readonly place: Omit<Place, 'file'> };

/** Something in a source file that hides what it does, or carries away what it finds. */
export type Sign = {
  readonly kind: 'encoded' | 'invisible' | 'turned' | 'aside' | 'garbled' | 'collector' | 'environment';
  readonly place: Omit<Place, 'file'>;
  readonly evidence: string;
};

/** What a source file imports: package names for npm and PyPI, import paths for Go. */
export type Imports = {
  readonly ecosystem: string;
  readonly names: readonly string[];
  readonly symbols?: readonly string[];
};

export type VexStatus = 'not_affected' | 'affected' | 'fixed' | 'under_investigation';

/** One judgement of a VEX document. */
export type VexStatement = {
  readonly vulnerability: readonly string[];
  /** purls, with or without versions; none: everything in the tree. */
  readonly products: readonly string[];
  readonly status: VexStatus;
  readonly justification: string;
  readonly line: number;
};

export type DependencyFacts = {
  readonly listing?: Listing;
  readonly imports?: Imports;
  readonly vex?: readonly VexStatement[];
  readonly signs?: readonly Sign[];
  /** Files of the tree that a source file loads, as it writes them. */
  readonly loads?: readonly string[];
};
