import type { Inventory } from './inventory.ts';

export type SbomOptions = {
  readonly format: 'cyclonedx' | 'spdx';
  /** Name of what was scanned. */
  readonly name: string;
  /** The digest or commit of what was scanned: serial numbers come from it, so that the same tree gives the same file. */
  readonly digest: string;
  /** ISO 8601: of the commit, or of now. */
  readonly timestamp: string;
  readonly toolVersion: string;
};

/**
 * The inventory as a bill of materials: CycloneDX 1.6 or SPDX 2.3, JSON. The same inventory and options give the same text. Its
 * writers are loaded when one is asked for: a scan that wants none does not wait for them.
 */
export async function renderSbom(inventory: Inventory, options: SbomOptions): Promise<string> {
  const { writeSbom } = await import('./sbom.ts');
  return writeSbom(inventory, options);
}
