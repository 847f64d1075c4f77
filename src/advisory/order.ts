import { compareComposer } from './order-composer.ts';
import { compareGem } from './order-gem.ts';
import { compareMaven } from './order-maven.ts';
import { comparePypi } from './order-pypi.ts';
import { compareCran, compareNuget, comparePub, compareSemver } from './order-semver.ts';
import { compareAlpine, compareDebian, compareRpm } from './order-system.ts';

/** Negative, zero or positive; nothing when one of the two is no version there. */
export type VersionOrder = (a: string, b: string) => number | undefined;

/** By ecosystem as OSV spells it, without what follows a colon (`Debian:12`). */
const ORDERS: ReadonlyMap<string, VersionOrder> = new Map<string, VersionOrder>([
  ['npm', compareSemver],
  ['PyPI', comparePypi],
  ['Maven', compareMaven],
  ['Go', compareSemver],
  ['crates.io', compareSemver],
  ['RubyGems', compareGem],
  ['Packagist', compareComposer],
  ['NuGet', compareNuget],
  ['Pub', comparePub],
  ['Hex', compareSemver],
  ['SwiftURL', compareSemver],
  ['GitHub Actions', compareSemver],
  ['ConanCenter', compareSemver],
  ['Bitnami', compareSemver],
  ['Julia', compareSemver],
  ['CRAN', compareCran],
  ['Hackage', compareCran],
  ['GHC', compareCran],
  ['Debian', compareDebian],
  ['Ubuntu', compareDebian],
  ['Echo', compareDebian],
  ['Alpine', compareAlpine],
  ['Wolfi', compareAlpine],
  ['Chainguard', compareAlpine],
  ['MinimOS', compareAlpine],
  ['Alpaquita', compareAlpine],
  ['BellSoft Hardened Containers', compareAlpine],
  ['Red Hat', compareRpm],
  ['Rocky Linux', compareRpm],
  ['AlmaLinux', compareRpm],
  ['SUSE', compareRpm],
  ['openSUSE', compareRpm],
  ['openEuler', compareRpm],
  ['Mageia', compareRpm],
  ['Photon OS', compareRpm],
  ['RPM', compareRpm],
]);

/** How the versions of an ecosystem are ordered; nothing for one whose order is not known. */
export function orderOf(ecosystem: string): VersionOrder | undefined {
  const colon = ecosystem.indexOf(':');
  return ORDERS.get(colon < 0 ? ecosystem : ecosystem.slice(0, colon));
}

/** Orders of files and tools that name an ecosystem in another way than OSV. Lower case. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['node', 'npm'],
  ['semver', 'npm'],
  ['yarn', 'npm'],
  ['pnpm', 'npm'],
  ['python', 'PyPI'],
  ['pep440', 'PyPI'],
  ['pip', 'PyPI'],
  ['java', 'Maven'],
  ['gradle', 'Maven'],
  ['golang', 'Go'],
  ['gomod', 'Go'],
  ['crates', 'crates.io'],
  ['crate', 'crates.io'],
  ['cargo', 'crates.io'],
  ['rust', 'crates.io'],
  ['gem', 'RubyGems'],
  ['gems', 'RubyGems'],
  ['ruby', 'RubyGems'],
  ['rubygem', 'RubyGems'],
  ['bundler', 'RubyGems'],
  ['composer', 'Packagist'],
  ['php', 'Packagist'],
  ['dotnet', 'NuGet'],
  ['dart', 'Pub'],
  ['pubdev', 'Pub'],
  ['elixir', 'Hex'],
  ['hexpm', 'Hex'],
  ['erlang', 'Hex'],
  ['mix', 'Hex'],
  ['swift', 'SwiftURL'],
  ['conan', 'ConanCenter'],
  ['actions', 'GitHub Actions'],
  ['deb', 'Debian'],
  ['dpkg', 'Debian'],
  ['apt', 'Debian'],
  ['apk', 'Alpine'],
  ['r', 'CRAN'],
  ['rhel', 'RPM'],
  ['redhat', 'RPM'],
  ['fedora', 'RPM'],
  ['centos', 'RPM'],
  ['yum', 'RPM'],
  ['dnf', 'RPM'],
  ['rocky', 'RPM'],
  ['alma', 'RPM'],
  ...[...ORDERS.keys()].map((name): [string, string] => [name.toLowerCase(), name]),
]);

/** The ecosystem that a word means, without regard to case: `cargo`, `Packagist`, `deb`. */
export function ecosystemNamed(word: string): string | undefined {
  return NAMES.get(word.toLowerCase());
}
