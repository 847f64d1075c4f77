import type { Gap, Kind, Scanner } from '../finding/index.ts';
import { SCANNERS, type ScanMachine, type ScannerSettings, type ScannerTable } from './scanner-table.ts';

/** Which scanners, with which settings. Plain data. */
export type ScannersSpec = readonly { readonly kind: Kind; readonly settings: ScannerSettings }[];

export type LoadedScanners = { readonly scanners: ReadonlyMap<Kind, Scanner>; readonly gaps: readonly Gap[] };

/** Scanners that are kept for the next scan: what settings say is all that they know, so that equal settings make equal scanners. */
export type ScannerShelf = Map<string, Promise<Scanner>>;

/** Settings whose scanners are kept, of all repositories together. */
const SHELF_MAX = 64;

/** Makes the scanners. One that is missing is a gap; settings that a scanner refuses are a fault. */
export async function loadScanners(
  spec: ScannersSpec,
  {
    table = SCANNERS,
    machine,
    shelf,
  }: { readonly table?: ScannerTable; readonly machine?: ScanMachine; readonly shelf?: ScannerShelf | undefined } = {},
): Promise<LoadedScanners> {
  const scanners = new Map<Kind, Scanner>();
  const gaps: Gap[] = [];
  await Promise.all(
    spec.map(async ({ kind, settings }) => {
      const door = table[kind];
      if (door === undefined) gaps.push(missing(kind));
      else if (machine === undefined || door.loadMain === undefined) {
        scanners.set(kind, await loadKept(shelf, JSON.stringify([kind, settings]), () => door.load(settings)));
      } else scanners.set(kind, await door.loadMain(settings, machine));
    }),
  );
  // In the order in which they were asked for, not in that of loading.
  const ordered = spec.flatMap(({ kind }) => {
    const scanner = scanners.get(kind);
    return scanner === undefined ? [] : [[kind, scanner] as const];
  });
  return { scanners: new Map(ordered), gaps };
}

function loadKept(shelf: ScannerShelf | undefined, key: string, load: () => Promise<Scanner>): Promise<Scanner> {
  if (shelf === undefined) return load();
  const kept = shelf.get(key) ?? load();
  // The last one that was asked for stands last: the first one goes. One that can't be made is not kept.
  shelf.delete(key);
  shelf.set(key, kept);
  kept.catch(() => shelf.delete(key));
  const [oldest] = shelf.keys();
  if (shelf.size > SHELF_MAX && oldest !== undefined) shelf.delete(oldest);
  return kept;
}

function missing(kind: Kind): Gap {
  return {
    code: 'scanner-missing',
    reason: `this version has no scanner for ${kind}`,
    help: 'Name the kinds that you want with --only.',
  };
}
