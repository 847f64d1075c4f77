import parse from 'spdx-expression-parse';

/** Which licences a project may depend on: ids of SPDX. Without `allow`, all that are not denied. */
export type LicencePolicy = {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
};

/** A longer expression is no licence. */
const EXPRESSION_LENGTH_MAX = 500;

type Expression = ReturnType<typeof parse>;

/** Why a policy forbids a licence; nothing when it does not. An expression that can't be read is forbidden where only some are allowed. */
export function deniedBy(policy: LicencePolicy, licence: string): string | undefined {
  const expression = parseExpression(licence);
  if (expression === undefined) {
    return policy.allow === undefined ? undefined : `${licence.slice(0, 100)} is no SPDX expression`;
  }
  const denied = refusalOf(policy, expression);
  return denied === undefined
    ? undefined
    : `${denied} is ${policy.deny?.includes(denied) === true ? 'denied' : 'not allowed'}`;
}

/** One side of an `OR` is enough, both of an `AND` are needed. */
function refusalOf(policy: LicencePolicy, expression: Expression): string | undefined {
  if ('conjunction' in expression) {
    const left = refusalOf(policy, expression.left);
    const right = refusalOf(policy, expression.right);
    if (expression.conjunction === 'or') return left === undefined || right === undefined ? undefined : left;
    return left ?? right;
  }
  const { license } = expression;
  const names = [license, `${license}-only`, `${license}-or-later`, license.replace(/-(?:only|or-later)$/, '')];
  const has = (list: readonly string[]) => names.some((name) => list.includes(name));
  if (policy.deny !== undefined && has(policy.deny))
    return policy.deny.includes(license) ? license : (names.find((name) => policy.deny?.includes(name)) ?? license);
  return policy.allow !== undefined && !has(policy.allow) ? license : undefined;
}

function parseExpression(text: string): Expression | undefined {
  if (text.length > EXPRESSION_LENGTH_MAX || /\({20}/.test(text)) return undefined;
  try {
    return parse(text);
  } catch {
    // Not every package says its licence in SPDX's words.
    return undefined;
  }
}

/** Whether a text is an SPDX expression: an inventory keeps others as names. */
export function isSpdxExpression(text: string): boolean {
  return parseExpression(text) !== undefined;
}
