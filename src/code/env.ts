import { isSameValue, joinValues, type Value } from './value.ts';

/** Deeper chains are copied into one map: a look-up walks the chain. */
const LAYERS_MAX = 24;
/** Layers that hold no more than these together become one: most ways change one or two variables. */
const LAYER_SIZE_MIN = 16;

type Layer = { readonly own: Map<number, Value>; readonly below: Layer | undefined; readonly depth: number };

/**
 * What is known of each variable, by slot. A copy shares all that is known so far and costs nothing; joining two copies
 * looks only at what either has changed since. Files with thousands of variables would be quadratic otherwise.
 */
export class Env {
  #own: Map<number, Value>;
  #below: Layer | undefined;

  constructor(below?: Layer) {
    this.#own = new Map();
    this.#below = below;
  }

  get(slot: number): Value | undefined {
    const own = this.#own.get(slot);
    if (own !== undefined) return own;
    for (let layer = this.#below; layer !== undefined; layer = layer.below) {
      const value = layer.own.get(slot);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  set(slot: number, value: Value): void {
    this.#own.set(slot, value);
  }

  copy(): Env {
    return new Env(this.#freeze());
  }

  /** What may be known where this way and another meet. */
  join(other: Env): Env {
    if (other === this) return this;
    const a = this.#freeze();
    const b = other.#freeze();
    if (a === b) return this;
    const common = commonLayer(a, b);
    const joined = new Env(common);
    for (const slot of changedSlots(a, b, common)) {
      const left = lookUp(a, slot);
      const right = lookUp(b, slot);
      if (left === undefined || right === undefined) {
        const only = left ?? right;
        if (only !== undefined) joined.#own.set(slot, only);
      } else joined.#own.set(slot, left === right ? left : joinValues(left, right));
    }
    return joined;
  }

  isSame(other: Env): boolean {
    const a = this.#freeze();
    const b = other.#freeze();
    for (const slot of changedSlots(a, b, commonLayer(a, b))) {
      const left = lookUp(a, slot);
      const right = lookUp(b, slot);
      if (left !== right && !isSameValue(left, right)) return false;
    }
    return true;
  }

  /** Makes what is known so far a layer that nobody writes to any more. */
  #freeze(): Layer | undefined {
    if (this.#own.size === 0) return this.#below;
    let own = this.#own;
    let below = this.#below;
    while (below !== undefined && own.size + below.own.size <= LAYER_SIZE_MIN) {
      const both = new Map(below.own);
      for (const [slot, value] of own) both.set(slot, value);
      own = both;
      below = below.below;
    }
    const depth = (below?.depth ?? 0) + 1;
    const layer: Layer = depth > LAYERS_MAX ? flatten(own, below) : { own, below, depth };
    this.#own = new Map();
    this.#below = layer;
    return layer;
  }
}

function flatten(own: ReadonlyMap<number, Value>, below: Layer | undefined): Layer {
  const layers: ReadonlyMap<number, Value>[] = [own];
  for (let layer = below; layer !== undefined; layer = layer.below) layers.push(layer.own);
  const all = new Map<number, Value>();
  for (const layer of layers.reverse()) for (const [slot, value] of layer) all.set(slot, value);
  return { own: all, below: undefined, depth: 1 };
}

function lookUp(from: Layer | undefined, slot: number): Value | undefined {
  for (let layer = from; layer !== undefined; layer = layer.below) {
    const value = layer.own.get(slot);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The layer that both are built on: depths fall by one from layer to layer. */
function commonLayer(a: Layer | undefined, b: Layer | undefined): Layer | undefined {
  let [one, other] = [a, b];
  while (one !== other) {
    const [depth, otherDepth] = [one?.depth ?? 0, other?.depth ?? 0];
    if (depth >= otherDepth) one = one?.below;
    if (depth <= otherDepth) other = other?.below;
  }
  return one;
}

function changedSlots(a: Layer | undefined, b: Layer | undefined, common: Layer | undefined): ReadonlySet<number> {
  const slots = new Set<number>();
  for (const top of [a, b]) {
    for (let layer = top; layer !== undefined && layer !== common; layer = layer.below) {
      for (const slot of layer.own.keys()) slots.add(slot);
    }
  }
  return slots;
}
