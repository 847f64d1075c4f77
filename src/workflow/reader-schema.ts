import { readFileSync } from 'node:fs';
import { assert, type Data, isDataObject } from '../base/index.ts';

/** What a scalar must be like. */
export type ScalarDefinition =
  | { readonly kind: 'null' | 'boolean' | 'number' }
  | { readonly kind: 'string'; readonly constant?: string; readonly nonEmpty: boolean };
export type MappingDefinition = {
  readonly kind: 'mapping';
  readonly properties: ReadonlyMap<string, { readonly type: string; readonly required: boolean }>;
  readonly looseKey?: string;
  readonly looseValue?: string;
};

/** One definition of the schema with its alternatives laid out flat. */
export type Definition = {
  readonly name: string;
  /** Contexts and functions, as `github` or `hashFiles(1,255)`, that expressions here may use besides the parent's. */
  readonly context: readonly string[];
  readonly scalars: readonly ScalarDefinition[];
  readonly sequence?: { readonly item: string };
  readonly mappings: readonly MappingDefinition[];
};

/** A schema of GitHub's object templates. */
export type Schema = { readonly definition: (name: string) => Definition };

/**
 * Reads a schema of the package `@actions/workflow-parser`, which is GitHub's own description of the syntax with the
 * contexts that are available at each place.
 */
export function loadSchema(name: 'workflow-v1.0' | 'action-v1.0'): Schema {
  // The package's own code can't be loaded: it imports this JSON without saying that it is JSON.
  // In the package the schemas lie beside the bundle.
  const entry = import.meta.url.endsWith('.ts') ? import.meta.resolve('@actions/workflow-parser') : import.meta.url;
  const text = readFileSync(new URL(`./${name}.min.json`, entry), 'utf8');
  // JSON.parse gives any JSON value, which is what `Data` says.
  const file: Data = JSON.parse(text);
  assert(isDataObject(file), 'a schema is an object');
  const raw = new Map(Object.entries(objectOf(file['definitions'])));
  for (const [key, value] of Object.entries(BUILT_IN)) if (!raw.has(key)) raw.set(key, value);
  for (const [key, value] of Object.entries(CORRECTIONS)) if (raw.has(key)) raw.set(key, value);
  const done = new Map<string, Definition>();
  return {
    definition(name) {
      const known = done.get(name);
      if (known !== undefined) return known;
      const made = define(name, raw);
      done.set(name, made);
      return made;
    },
  };
}

const BUILT_IN: { readonly [name: string]: Data } = {
  null: { null: {} },
  boolean: { boolean: {} },
  number: { number: {} },
  string: { string: {} },
  sequence: { sequence: { 'item-type': 'any' } },
  mapping: { mapping: { 'loose-key-type': 'string', 'loose-value-type': 'any' } },
  'workflow-dispatch-inputs-or-null': { 'one-of': ['null', 'workflow-dispatch-inputs'] },
  'workflow-dispatch-input-or-null': { 'one-of': ['null', 'workflow-dispatch-input'] },
  any: { 'one-of': ['null', 'boolean', 'number', 'string', 'sequence', 'mapping'] },
};

/** Where the published schema differs from what GitHub accepts. */
const CORRECTIONS: { readonly [name: string]: Data } = {
  // The published constant is another event's name, so that `on: repository_dispatch` would be refused.
  'repository-dispatch-string': { string: { constant: 'repository_dispatch' } },
  // GitHub takes an empty `inputs:` and an input that is only named: a text that nothing is said about.
  'workflow-dispatch-mapping': { mapping: { properties: { inputs: 'workflow-dispatch-inputs-or-null' } } },
  'workflow-dispatch-inputs': {
    mapping: {
      'loose-key-type': 'workflow-dispatch-input-name',
      'loose-value-type': 'workflow-dispatch-input-or-null',
    },
  },
};

function define(name: string, raw: ReadonlyMap<string, Data>): Definition {
  const source = objectOf(raw.get(name));
  const scalars: ScalarDefinition[] = [];
  const mappings: MappingDefinition[] = [];
  let sequence: { item: string } | undefined;
  const visit = (type: string, depth: number) => {
    assert(depth < 20, `the schema definition ${type} contains itself`);
    const definition = objectOf(raw.get(type));
    const scalar = scalarOf(definition);
    if (scalar.length > 0) scalars.push(...scalar);
    else if (definition['sequence'] !== undefined) {
      sequence ??= { item: textOf(objectOf(definition['sequence'])['item-type']) };
    } else if (definition['mapping'] !== undefined) mappings.push(mappingOf(objectOf(definition['mapping'])));
    else for (const alternative of listOf(definition['one-of'])) visit(textOf(alternative), depth + 1);
  };
  visit(name, 0);
  const context = source['context'] === undefined ? [] : listOf(source['context']).map((item) => textOf(item));
  return { name, context, scalars, mappings, ...(sequence === undefined ? {} : { sequence }) };
}

function scalarOf(definition: { readonly [key: string]: Data }): readonly ScalarDefinition[] {
  for (const kind of ['null', 'boolean', 'number'] as const) if (definition[kind] !== undefined) return [{ kind }];
  if (definition['allowed-values'] !== undefined) {
    return listOf(definition['allowed-values']).map((value) => ({
      kind: 'string',
      constant: textOf(value),
      nonEmpty: false,
    }));
  }
  if (definition['string'] === undefined) return [];
  const options = objectOf(definition['string']);
  const constant = options['constant'];
  return [
    {
      kind: 'string',
      nonEmpty: options['require-non-empty'] === true,
      ...(typeof constant === 'string' ? { constant } : {}),
    },
  ];
}

function mappingOf(source: { readonly [key: string]: Data }): MappingDefinition {
  const properties = new Map<string, { type: string; required: boolean }>();
  for (const [name, property] of Object.entries(objectOf(source['properties'] ?? {}))) {
    if (typeof property === 'string') properties.set(name, { type: property, required: false });
    else {
      const options = objectOf(property);
      properties.set(name, { type: textOf(options['type']), required: options['required'] === true });
    }
  }
  const [looseKey, looseValue] = [source['loose-key-type'], source['loose-value-type']];
  return {
    kind: 'mapping',
    properties,
    ...(typeof looseKey === 'string' ? { looseKey } : {}),
    ...(typeof looseValue === 'string' ? { looseValue } : {}),
  };
}

function objectOf(value: Data | undefined): { readonly [key: string]: Data } {
  assert(isDataObject(value), 'the schema has an object here');
  return value;
}

function listOf(value: Data | undefined): readonly Data[] {
  assert(Array.isArray(value), 'the schema has a list here');
  return value;
}

function textOf(value: Data | undefined): string {
  assert(typeof value === 'string', 'the schema has a text here');
  return value;
}
