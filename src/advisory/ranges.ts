import { normaliseComposer } from './order-composer.ts';
import { orderOf } from './order.ts';
import { withoutLocal } from './order-pypi.ts';
import type { Affected, RangeEvents } from './record.ts';

/**
 * Whether a version is affected, as OSV defines it: it is listed, or the last event of a range that is not after it
 * introduces the flaw. A version that the ecosystem can't order is affected only when it is listed.
 */
export function isAffected(ecosystem: string, version: string, affected: Affected): boolean {
  if (affected.versions.length > 0 && isListed(ecosystem, version, affected.versions)) return true;
  return affected.ranges.some((events) => isInRange(ecosystem, version, events));
}

function isListed(ecosystem: string, version: string, versions: readonly string[]): boolean {
  if (versions.includes(version)) return true;
  const bare = bareVersion(ecosystem, version);
  if (versions.some((listed) => bareVersion(ecosystem, listed) === bare)) return true;
  if (ecosystem !== 'PyPI') return false;
  // `1.0` lists `1.0.0` and `1.0+cpu` too.
  const order = orderOf(ecosystem);
  return versions.some((listed) => order?.(withoutLocal(version), listed) === 0);
}

function bareVersion(ecosystem: string, version: string): string {
  if (ecosystem === 'Packagist') return normaliseComposer(version);
  return version.replace(/^v(?=\d)/, '');
}

function isInRange(ecosystem: string, version: string, events: RangeEvents): boolean {
  const order = orderOf(ecosystem);
  if (order === undefined) return false;
  // A local version of PyPI is the public one with something added: 2.0+cpu has what 2.0 has.
  const own = ecosystem === 'PyPI' ? withoutLocal(version) : version;
  let isVulnerable = false;
  for (const event of events) {
    const at = event.slice(1);
    const sign = event.charAt(0);
    if (sign === '+' && at === '0') {
      isVulnerable = order(own, own) === 0;
      continue;
    }
    const compared = order(own, at);
    if (compared === undefined) return false;
    if (sign === '+' && compared >= 0) isVulnerable = true;
    else if ((sign === '-' || sign === '<') && compared >= 0) isVulnerable = false;
    else if (sign === '=' && compared > 0) isVulnerable = false;
  }
  return isVulnerable;
}

/** Sorts the events of a range by their versions; those of one version with what introduces last. */
export function sortEvents(ecosystem: string, events: readonly string[]): RangeEvents {
  const order = orderOf(ecosystem);
  if (order === undefined || events.length < 2) return events;
  const rank = (event: string) => (event.startsWith('+') ? 1 : 0);
  return [...events].sort((a, b) => {
    const [x, y] = [a.slice(1), b.slice(1)];
    if (x === '0' && a.startsWith('+')) return y === '0' && b.startsWith('+') ? 0 : -1;
    if (y === '0' && b.startsWith('+')) return 1;
    return (order(x, y) ?? 0) || rank(a) - rank(b);
  });
}

/** The versions that a record names as fixed. */
export function fixedVersions(affected: Affected): readonly string[] {
  return affected.ranges.flatMap((events) =>
    events.filter((event) => event.startsWith('-')).map((event) => event.slice(1)),
  );
}
