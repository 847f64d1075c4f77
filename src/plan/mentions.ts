import { expressionReferences } from '../workflow/index.ts';

/** Every expression below a value of the workflow model: templates and conditions, wherever they stand. */
export function expressionsOf(value: unknown): readonly string[] {
  const found: string[] = [];
  const left: unknown[] = [value];
  for (let next = left.pop(); next !== undefined || left.length > 0; next = left.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    if ('expression' in next && typeof next.expression === 'string') found.push(next.expression);
    left.push(...Object.values(next));
  }
  return found;
}

/** The secrets that a value reads by name (upper case), and whether it reads others by a computed name. */
export function secretsOf(...values: readonly unknown[]): {
  readonly names: readonly string[];
  readonly computed: boolean;
} {
  const names = new Set<string>();
  let computed = false;
  for (const { context, path } of values.flatMap(expressionsOf).flatMap(expressionReferences)) {
    if (context === '*') computed = true;
    if (context !== 'secrets') continue;
    const [name] = path;
    if (name === undefined || name === '*') computed = true;
    else if (name !== 'github_token') names.add(name.toUpperCase());
  }
  return { names: [...names].sort(), computed };
}
