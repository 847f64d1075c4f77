import type { DataObject } from '../base/index.ts';
import type { PlannedInstance } from '../plan/index.ts';
import type { ConcurrencyClaim, NewInstance } from '../run/index.ts';

/** What the state machine needs to know of an instance. An empty concurrency group is none. */
export function newInstance(definition: string, planned: PlannedInstance): NewInstance {
  const claim: ConcurrencyClaim | undefined = planned.concurrency?.group === '' ? undefined : planned.concurrency;
  return {
    key: `${definition}${planned.suffix}`,
    continueOnError: planned.continueOnError,
    ...(claim === undefined ? {} : { concurrency: claim }),
  };
}

/** Whether a combination has all values of `--matrix`; keys that it does not have say nothing. */
export function matchesMatrix(matrix: DataObject, wanted: { readonly [key: string]: string }): boolean {
  return Object.entries(wanted).every(([key, value]) => {
    const own = Object.keys(matrix).find((name) => name.toLowerCase() === key.toLowerCase());
    if (own === undefined) return true;
    const has = matrix[own];
    return (typeof has === 'object' ? JSON.stringify(has) : String(has)) === value;
  });
}
