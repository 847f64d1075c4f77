/**
 * Owns: which packages a tree depends on and what is wrong with them: readers of lockfiles and manifests, the inventory,
 * known vulnerabilities, malicious packages, the state of lockfiles, licences, bills of materials.
 * Never: opens a file of the tree, asks a registry, changes a manifest.
 */
export { type Component, type Inventory, type InventoryFile, inventoryOf } from './inventory.ts';
export type { LicencePolicy } from './licences.ts';
export type { DependencyFacts, VexStatement } from './model.ts';
export { renderSbom, type SbomOptions } from './render-sbom.ts';
export {
  ADVISORIES_AGE_DAYS_DEFAULT,
  createDependenciesScanner,
  type DependencyContext,
  LISTING_BYTES_MAX,
  openAdvisories,
  renderVex,
} from './scanner.ts';
export {
  type DependencySettings,
  dependencySettings,
  isDependencyFacts,
  parseDependencySettings,
} from './settings.ts';
export { isVexFile, parseVex } from './vex.ts';
export type { PutAside, VexOptions } from './write-vex.ts';
