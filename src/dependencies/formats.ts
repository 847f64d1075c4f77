import type { FileView } from '../finding/index.ts';
import type { Listing } from './model.ts';
import { readCargoLock, readCargoToml } from './read-cargo.ts';
import { readConanLock, readMsbuild, readPackagesConfig, readPackagesLock, readProjectAssets } from './read-dotnet.ts';
import { readGoMod } from './read-go.ts';
import { readGradleBuild, readGradleLock, readPom, readVersionCatalog } from './read-java.ts';
import { readBunLock, readNpmrc, readPackageJson, readPackageLock } from './read-npm.ts';
import {
  readComposerJson,
  readComposerLock,
  readGemfileLock,
  readMixLock,
  readPackageResolved,
  readPubspecLock,
  readRenvLock,
} from './read-other.ts';
import { readGemfile, readMixExs, readPubspec } from './read-manifests.ts';
import { readPnpmLock } from './read-pnpm.ts';
import {
  readConda,
  readPdmLock,
  readPipfile,
  readPipfileLock,
  readPoetryLock,
  readPylock,
  readPyproject,
  readUvLock,
} from './read-python.ts';
import { readRequirements } from './read-requirements.ts';
import { readYarnLock } from './read-yarn.ts';

export type Reader = (file: FileView) => Listing;

/** By the exact name of the file. */
const BY_NAME: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['package-lock.json', readPackageLock],
  ['npm-shrinkwrap.json', readPackageLock],
  ['package.json', readPackageJson],
  ['.npmrc', readNpmrc],
  ['yarn.lock', readYarnLock],
  ['pnpm-lock.yaml', readPnpmLock],
  ['bun.lock', readBunLock],
  ['Pipfile', readPipfile],
  ['Pipfile.lock', readPipfileLock],
  ['poetry.lock', readPoetryLock],
  ['uv.lock', readUvLock],
  ['pdm.lock', readPdmLock],
  ['pyproject.toml', readPyproject],
  ['go.mod', readGoMod],
  ['Cargo.lock', readCargoLock],
  ['Cargo.toml', readCargoToml],
  ['pom.xml', readPom],
  ['gradle.lockfile', readGradleLock],
  ['buildscript-gradle.lockfile', readGradleLock],
  ['build.gradle', readGradleBuild],
  ['build.gradle.kts', readGradleBuild],
  ['composer.lock', readComposerLock],
  ['composer.json', readComposerJson],
  ['Gemfile.lock', readGemfileLock],
  ['gems.locked', readGemfileLock],
  ['Gemfile', readGemfile],
  ['gems.rb', readGemfile],
  ['packages.lock.json', readPackagesLock],
  ['packages.config', readPackagesConfig],
  ['project.assets.json', readProjectAssets],
  ['Directory.Packages.props', readMsbuild],
  ['Directory.Build.props', readMsbuild],
  ['pubspec.lock', readPubspecLock],
  ['pubspec.yaml', readPubspec],
  ['mix.lock', readMixLock],
  ['mix.exs', readMixExs],
  ['conan.lock', readConanLock],
  ['Package.resolved', readPackageResolved],
  ['renv.lock', readRenvLock],
]);

const BY_FORM: readonly (readonly [form: RegExp, reader: Reader])[] = [
  [/(?:^|\/)(?:[\w.-]*requirements[\w.-]*|[\w.-]*constraints[\w.-]*)\.(?:txt|in)$/i, readRequirements],
  [/(?:^|\/)requirements\/[\w.-]+\.(?:txt|in)$/i, readRequirements],
  [/(?:^|\/)pylock(?:\.[\w-]+)?\.toml$/, readPylock],
  [/\.versions\.toml$/, readVersionCatalog],
  [/\.(?:cs|fs|vb)proj$/i, readMsbuild],
  [/(?:^|\/)environment(?:[-_.][\w-]+)?\.ya?ml$/, readConda],
  [/(?:^|\/)gradle\/dependency-locks\/[\w.-]+\.lockfile$/, readGradleLock],
];

/** The reader of a file, by its path; nothing when it lists no packages. */
export function readerOf(path: string): Reader | undefined {
  const known = BY_NAME.get(path.slice(path.lastIndexOf('/') + 1));
  return known ?? BY_FORM.find(([form]) => form.test(path))?.[1];
}

/** A lockfile that is known and can't be read, and why. */
export function unreadableByKind(path: string): string | undefined {
  if (!path.endsWith('bun.lockb')) return undefined;
  return 'bun.lockb is a binary form that only bun reads; `bun install --save-text-lockfile` writes bun.lock';
}
