import type { Template } from './model.ts';

/** A template as one expression, as GitHub compiles it: `a ${{ b }}` becomes `format('a {0}', b)`. */
export function templateExpression(template: Template): string {
  const [first] = template.parts;
  if (template.parts.length === 1 && first !== undefined && 'expression' in first) return first.expression;
  const args: string[] = [];
  const text = template.parts.map((part) => {
    if ('literal' in part) return part.literal.replaceAll("'", "''").replaceAll('{', '{{').replaceAll('}', '}}');
    args.push(part.expression);
    return `{${args.length - 1}}`;
  });
  return `format('${text.join('')}'${args.map((arg) => `, ${arg}`).join('')})`;
}
