import type { Fix } from '../finding/index.ts';
import type { Report } from './report.ts';
import { addressOf, type Declared, type TerraformModule } from './terraform-module.ts';
import type { Entry, Span } from './tree.ts';

/** A report and the block that it is about, which says in which file. */
export type TerraformReport = Report & { readonly in: Declared };
export type TerraformCheck = (module: TerraformModule) => Iterable<TerraformReport>;

/** Resources by type, once for each module: a check asks for each of thousands of others. */
const indexes = new WeakMap<TerraformModule, ReadonlyMap<string, readonly Declared[]>>();

/** The resources of these types, in the order in which they stand; of all types when none is named. */
export function resources(module: TerraformModule, ...types: readonly string[]): readonly Declared[] {
  const index = indexes.get(module) ?? Map.groupBy(module.declared.filter(isResource), ({ type }) => type);
  indexes.set(module, index);
  const [only] = types;
  if (types.length === 1 && only !== undefined) return index.get(only) ?? [];
  if (types.length === 0) return module.declared.filter(isResource);
  return module.declared.filter((one) => isResource(one) && types.includes(one.type));
}

function isResource({ category }: Declared): boolean {
  return category === 'resource';
}

export function report(
  declared: Declared,
  span: Span,
  rest: { readonly message: string; readonly fix: Fix; readonly identity?: string; readonly evidence?: string },
): TerraformReport {
  return { in: declared, span, scope: addressOf(declared), ...rest };
}

/** The place inside the policy where it is written here, else the attribute that brings it in. */
export function within(entry: Entry, inner: Entry | undefined): Span {
  if (inner === undefined || inner.value.isDerived === true || inner.start <= entry.start || inner.start >= entry.end)
    return { start: entry.start, end: entry.keyEnd };
  return inner;
}
