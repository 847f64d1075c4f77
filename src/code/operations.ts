import type { Expr, MemberExpr, Span, Stmt, Target } from './ir.ts';
import type { Machine } from './machine.ts';
import type { Value } from './value.ts';

/**
 * What the parts of the interpreter ask of each other. Evaluating a call runs a function, which evaluates: the machine carries
 * these so that the files need not import in a circle.
 */
export type Operations = {
  evaluate(machine: Machine, expr: Expr): Value;
  evaluateMember(machine: Machine, expr: MemberExpr, object: Value): Value;
  assignTo(machine: Machine, target: Target, value: Value, span: Span): void;
  assignPlace(machine: Machine, place: Expr, value: Value, span: Span): void;
  executeAll(machine: Machine, body: readonly Stmt[]): void;
};

/** Works out what is known of the value of an expression, with all that happens on the way. */
export function evaluate(machine: Machine, expr: Expr): Value {
  return machine.operations.evaluate(machine, expr);
}
