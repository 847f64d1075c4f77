import type { Match } from '../finding/index.ts';
import type { Component } from './inventory.ts';

/** Most packages that attack are found out within three days; a lockfile that is older than they are can't have them. */
export const PACKAGE_AGE_DAYS_DEFAULT = 3;

const DAY_MS = 24 * 3_600_000;

/** Packages whose version was published just now, as far as the lockfile says it; and how many of them it says nothing of. */
export function findYoung(
  components: readonly Component[],
  { nowMs, daysMin }: { readonly nowMs: number | undefined; readonly daysMin: number },
): { readonly matches: readonly Match[]; readonly unknown: number } {
  if (nowMs === undefined || daysMin === 0) return { matches: [], unknown: 0 };
  const locked = components.filter(
    ({ role, version, origin }) =>
      role === 'lock' && version !== undefined && (origin?.kind ?? 'registry') === 'registry',
  );
  const matches = locked.flatMap((component): readonly Match[] => {
    const { name, version, published, ecosystem } = component;
    const days = published === undefined ? Number.NaN : (nowMs - Date.parse(published)) / DAY_MS;
    if (!(days < daysMin) || published === undefined) return [];
    const age = days < 1 ? 'less than a day' : `${Math.floor(days)} ${days < 2 ? 'day' : 'days'}`;
    return [
      {
        rule: 'young-package',
        place: component.place,
        message: `${name} ${version} has been public for ${age}, since ${published.slice(0, 10)}: nobody may have looked at it yet.`,
        evidence: component.evidence,
        scope: `${ecosystem}:${name}`,
        subject: { purl: component.purl, advisories: [] },
        fix: {
          kind: 'none',
          reason: 'only time tells',
          followUp: `Take a version that is at least ${daysMin} days old, or wait; a version that mends a known flaw is worth a look instead.`,
        },
      },
    ];
  });
  return { matches, unknown: locked.filter(({ published }) => published === undefined).length };
}
