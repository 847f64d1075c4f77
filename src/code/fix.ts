import type { Fix } from '../finding/index.ts';
import type { CodeRule } from './compile.ts';
import type { CallExpr, Expr, Span } from './ir.ts';
import type { Machine } from './machine.ts';

export type FixPlace = {
  readonly span: Span;
  readonly what: string;
  readonly call?: CallExpr;
  readonly expr: Expr | undefined;
  readonly place?: Expr;
};

/** The fix of a finding, or why there is none. */
export function fixFor(_machine: Machine, rule: CodeRule, _place: FixPlace): Fix {
  return {
    kind: 'none',
    reason: rule.match.unfixed ?? 'What is right here depends on what the value is for.',
    followUp: rule.remedy.trim().split('\n\n')[0] ?? '',
  };
}
