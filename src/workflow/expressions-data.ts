import { data } from '@actions/expressions';
import type { Data, DataObject } from '../base/index.ts';

type Value = data.ExpressionData;

/**
 * Values made of contexts, kept as long as the context itself: the same object always gives the same value, so that
 * `github.event == github.event` holds, and a payload of a megabyte is never converted whole.
 */
const made = new WeakMap<object, Value>();
/** The way back: a value that came from a context is given out as it was. */
const origins = new WeakMap<object, Data>();

/**
 * A mapping that converts a member when it is asked for. The library's own class has to be extended, since it tells its
 * values apart by class and kind; it also takes `constructor` for a key that is there.
 */
class LazyDictionary extends data.Dictionary {
  readonly #source: DataObject;
  #index: Map<string, string> | undefined;

  constructor(source: DataObject) {
    super();
    this.#source = source;
  }

  override get(key: string): Value | undefined {
    const name = Object.hasOwn(this.#source, key) ? key : this.#names().get(key.toLowerCase());
    const value = name === undefined ? undefined : this.#source[name];
    return value === undefined ? undefined : valueOf(value);
  }

  override values(): Value[] {
    return Object.values(this.#source).map((value) => valueOf(value));
  }

  override pairs(): { key: string; value: Value }[] {
    return Object.entries(this.#source).map(([key, value]) => ({ key, value: valueOf(value) }));
  }

  #names(): ReadonlyMap<string, string> {
    if (this.#index === undefined) {
      this.#index = new Map();
      for (const name of Object.keys(this.#source)) {
        if (!this.#index.has(name.toLowerCase())) this.#index.set(name.toLowerCase(), name);
      }
    }
    return this.#index;
  }
}

/** A list that converts its items when they are asked for. */
class LazyArray extends data.Array {
  readonly #source: readonly Data[];
  #values: Value[] | undefined;

  constructor(source: readonly Data[]) {
    super();
    this.#source = source;
  }

  override get(index: number): Value {
    return valueOf(this.#source[index] ?? null);
  }

  override values(): Value[] {
    this.#values ??= this.#source.map((item) => valueOf(item));
    return this.#values;
  }
}

/** Plain data as a value of the expression library. */
export function valueOf(plain: Data): Value {
  if (plain === null) return new data.Null();
  if (typeof plain === 'boolean') return new data.BooleanData(plain);
  if (typeof plain === 'number') return new data.NumberData(plain);
  if (typeof plain === 'string') return new data.StringData(plain);
  const known = made.get(plain);
  if (known !== undefined) return known;
  const value = isList(plain) ? new LazyArray(plain) : new LazyDictionary(plain);
  made.set(plain, value);
  origins.set(value, plain);
  return value;
}

function isList(value: readonly Data[] | DataObject): value is readonly Data[] {
  return Array.isArray(value);
}

/** A value of the expression library as plain data. */
export function plainOf(value: Value): Data {
  const origin = origins.get(value);
  if (origin !== undefined) return origin;
  if (value instanceof data.BooleanData || value instanceof data.NumberData || value instanceof data.StringData) {
    return value.value;
  }
  if (value instanceof data.Array) return value.values().map((item) => plainOf(item));
  if (value instanceof data.Dictionary) {
    return Object.fromEntries(value.pairs().map(({ key, value: item }) => [key, plainOf(item)] as const));
  }
  return null;
}

/** The text that GitHub makes of a value: '' of null, `Object` and `Array` of what has no text. */
export function coerceText(plain: Data): string {
  return valueOf(plain).coerceString();
}

/** Whether a value counts as true. */
export function isTruthy(plain: Data): boolean {
  if (plain === null) return false;
  if (typeof plain === 'number') return plain !== 0 && !Number.isNaN(plain);
  return plain !== false && plain !== '';
}

/** `==` of expressions for plain values: numbers are compared when the types differ, texts without regard to case. */
export function looselyEqual(a: Data, b: Data): boolean {
  if (typeof a === 'object' && a !== null) return a === b;
  if (typeof b === 'object' && b !== null) return false;
  if (typeof a === 'string' && typeof b === 'string') return a.toUpperCase() === b.toUpperCase();
  if (typeof a === typeof b) return a === b;
  return valueOf(a).number() === valueOf(b).number();
}
