import type { Golden } from './golden-form.ts';

/** What our model fills in where the golden documents leave a value out, by the name of the mapping. */
const FILLED_IN: { readonly [name: string]: { readonly [key: string]: Golden } } = {
  strategy: { 'fail-fast': true },
  concurrency: { 'cancel-in-progress': false, queue: 'single' },
  'embedded-concurrency': { 'cancel-in-progress': false, queue: 'single' },
  environment: { deployment: true },
};
/** Left out by the goldens wherever they stand: the default, and scopes that are newer than the goldens. */
const LEFT_OUT: { readonly [key: string]: readonly Golden[] } = {
  required: [false],
  'artifact-metadata': ['read', 'write'],
  attestations: ['read', 'write'],
  models: ['read'],
};
/** The key that the short form of these mappings stands for. */
const SHORT_FORMS: { readonly [name: string]: string } = {
  concurrency: 'group',
  'embedded-concurrency': 'group',
  environment: 'name',
};

/**
 * The paths at which two documents differ. Order of keys does not count, positions count where both have them, and what
 * our model fills in counts as left out.
 */
export function differences(wanted: Golden | undefined, actual: Golden | undefined, path = ''): readonly string[] {
  const [left, right] = [reduced(wanted, path), reduced(actual, path)];
  // A secret that is only named, and an environment without a name, are the same as empty ones.
  if (left === null && isObject(right) && JSON.stringify(right['byKey'] ?? null) === '{"required":false}') return [];
  if (right === undefined && JSON.stringify(left) === '{"byKey":{"name":""}}') return [];
  if (left === undefined && right === undefined) return [];
  if (Array.isArray(left) && Array.isArray(right)) {
    const length = Math.max(left.length, right.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      differences(left[index], right[index], `${path}[${index}]`),
    );
  }
  if (isObject(left) && isObject(right)) {
    const literal = [left, right].some((value) => 'lit' in value || 'line' in value);
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    return keys.flatMap((key) => {
      // A position that only one side knows, and the type and file of a token, say nothing.
      if (literal && (key === 'type' || key === 'file')) return [];
      if ((key === 'line' || key === 'col') && (left[key] === undefined || right[key] === undefined)) return [];
      if (left[key] === undefined && LEFT_OUT[key]?.includes(right[key] ?? null)) return [];
      return differences(left[key], right[key], `${path}.${key}`);
    });
  }
  const [a, b] = [bare(left), bare(right)];
  return JSON.stringify(a) === JSON.stringify(b)
    ? []
    : [`${path}: ${JSON.stringify(b)?.slice(0, 200)} instead of ${JSON.stringify(a)?.slice(0, 200)}`];
}

function isObject(value: Golden | undefined): value is { readonly [key: string]: Golden } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A token with a source as its bare value. */
function bare(value: Golden | undefined): Golden | undefined {
  if (!isObject(value) || !('line' in value || 'lit' in value)) return value;
  for (const key of ['lit', 'bool', 'num']) if (value[key] !== undefined) return value[key];
  return value['type'] === 7 ? null : value;
}

/** A mapping token as an object by key, with what our model fills in left out. */
function reduced(value: Golden | undefined, path: string): Golden | undefined {
  const name = path.slice(path.lastIndexOf('.') + 1);
  const short = SHORT_FORMS[name];
  const isMapping = isObject(value) && value['type'] === 2;
  if (short !== undefined && value !== undefined && !isMapping && !isByKey(value)) return { byKey: { [short]: value } };
  if (isObject(value) && value['type'] === 1) return value['seq'] ?? null;
  if (!isMapping) return isObject(value) && isByKey(value) ? value : literalOf(value);
  const entries = Array.isArray(value['map'])
    ? (value['map'] as readonly { readonly Key: Golden; readonly Value: Golden }[])
    : [];
  const filled = FILLED_IN[name] ?? {};
  const byKey: { [key: string]: Golden } = {};
  for (const { Key, Value } of entries) {
    const key = keyText(Key);
    if (JSON.stringify(bare(Value)) !== JSON.stringify(filled[key])) byKey[key] = Value;
  }
  return { byKey };
}

function isByKey(value: Golden): boolean {
  return isObject(value) && 'byKey' in value;
}

function literalOf(value: Golden | undefined): Golden | undefined {
  return isObject(value) && value['type'] === undefined && 'lit' in value && !('line' in value) ? value['lit'] : value;
}

function keyText(key: Golden): string {
  const value = bare(key);
  if (!isObject(value)) return typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return value['directive'] === 'insert' ? '${{ insert }}' : `\${{ ${JSON.stringify(value['expr'])} }}`;
}
