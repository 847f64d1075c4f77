import { assert } from '../base/index.ts';

/** Where a record is: digits and lower-case letters only. */
export type Place = { readonly partition: string; readonly name: string };

export type Indexed<Value> = Place & {
  readonly value: Value;
  /** Milliseconds since 1970: when it was added or last touched. */
  readonly usedAt: number;
};

/**
 * Small immutable records under names that are unique in their partition. Any number of processes may use one at
 * once: `add` is atomic and exclusive. A name may be used again after `remove`.
 */
export type RecordIndex<Value> = {
  /** False when the name is taken. */
  add(partition: string, name: string, value: Value): Promise<boolean>;
  all(partition?: string): Promise<readonly Indexed<Value>[]>;
  touch(place: Place): Promise<void>;
  remove(place: Place): Promise<boolean>;
};

/** Gives positive integers, each once, also across processes. */
export type IdSource = { next(): Promise<number> };

export function memoryIndex<Value>(now: () => number): RecordIndex<Value> {
  const records = new Map<string, Indexed<Value>>();
  const keyOf = (partition: string, name: string) => `${partition}/${name}`;
  return {
    async add(partition, name, value) {
      const key = keyOf(partition, name);
      if (records.has(key)) return false;
      records.set(key, { partition, name, value, usedAt: now() });
      return true;
    },
    all: async (partition) =>
      [...records.values()].filter((record) => partition === undefined || record.partition === partition),
    async touch({ partition, name }) {
      const known = records.get(keyOf(partition, name));
      if (known !== undefined) records.set(keyOf(partition, name), { ...known, usedAt: now() });
    },
    remove: async ({ partition, name }) => records.delete(keyOf(partition, name)),
  };
}

export function memoryIds(): IdSource {
  let last = 0;
  return {
    async next() {
      last += 1;
      assert(Number.isSafeInteger(last), 'ids ran out');
      return last;
    },
  };
}
