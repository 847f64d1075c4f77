import type { Fix } from '../finding/index.ts';
import type { Report } from './report.ts';
import { addressOf, type Declared, type TerraformModule } from './terraform-module.ts';
import type { Entry, Span } from './tree.ts';

/** A report and the block that it is about, which says in which file. */
export type TerraformReport = Report & { readonly in: Declared };
export type TerraformCheck = (module: TerraformModule) => Iterable<TerraformReport>;

/** The resources of these types; of all types when none is named. */
export function* resources(module: TerraformModule, ...types: readonly string[]): Iterable<Declared> {
  for (const one of module.declared)
    if (one.category === 'resource' && (types.length === 0 || types.includes(one.type))) yield one;
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
