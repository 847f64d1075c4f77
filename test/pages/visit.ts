import type { Page } from 'playwright-core';
import type { Product, WorkTree } from '../product/product.ts';

/** What the seeds of all areas made, for the visits. */
export type World = {
  readonly product: Product;
  /** Of the owner `ada`, in whose name all is looked at. */
  readonly token: string;
  /** `acme/app`, checked out. */
  readonly tree: WorkTree;
  /** Ids and names that a seed leaves for visits: `run.failed`, for example. */
  readonly facts: Map<string, string>;
  /** A request that must succeed: its answer. */
  ask(method: string, path: string, body?: unknown): Promise<{ readonly [name: string]: unknown }>;
};

/** One state of one page. */
export type Visit = {
  /** The `path` of the route in `web/src/<area>/routes.ts` that it is a visit of. */
  readonly route: string;
  readonly state: string;
  readonly path: (world: World) => string;
  /** What has to be there before it is looked at, and what is done first: a dialog that is opened, for example. */
  readonly ready?: (page: Page, world: World) => Promise<unknown>;
  /** Complaints that belong to this state: an answer 404 that it is about. */
  readonly allowed?: readonly RegExp[];
  /** The token of somebody else than the owner. */
  readonly token?: (world: World) => string;
  /** Nobody is signed in. */
  readonly isAnonymous?: boolean;
};

/** What a file in `test/pages/visits` exports. */
export type Visits = {
  readonly visits: readonly Visit[];
  readonly seed?: (world: World) => Promise<void>;
};

export const NOT_FOUND = /status of 404/;

export function fact(world: World, name: string): string {
  const value = world.facts.get(name);
  if (value === undefined) throw new Error(`no seed made the fact ${name}`);
  return value;
}
