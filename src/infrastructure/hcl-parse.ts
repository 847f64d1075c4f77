import type { Attribute, Block, Body, Expression, HclProblem, ObjectItem } from './hcl-model.ts';
import { HclCursor, HclSyntax } from './hcl-cursor.ts';
import { readHeredoc, readTemplate } from './hcl-template.ts';
import { DEPTH_MAX, type Span } from './tree.ts';

/** Reads a file of HCL 2 (Terraform, OpenTofu). In time linear in the text: no place is read twice. */
export function parseHcl(text: string): { readonly body: Body; readonly problem?: HclProblem } {
  const cursor = new HclCursor(text);
  const attributes: Attribute[] = [];
  const blocks: Block[] = [];
  try {
    if (cursor.peek() === '\uFEFF') cursor.at += 1;
    readBody(cursor, { attributes, blocks }, 0);
  } catch (error) {
    if (!(error instanceof HclSyntax)) throw error;
    // What was read before the mistake stands: whole blocks only.
    return { body: { attributes, blocks }, problem: { offset: error.offset, reason: error.message } };
  }
  return { body: { attributes, blocks } };
}

type OpenBody = { readonly attributes: Attribute[]; readonly blocks: Block[] };

/** Up to a closing brace, or the end of the file at depth 0. */
function readBody(cursor: HclCursor, body: OpenBody, depth: number): void {
  if (depth > DEPTH_MAX) throw new HclSyntax(cursor.at, 'blocks nest too deep');
  for (;;) {
    cursor.skipLines();
    if (cursor.isAtEnd()) {
      if (depth > 0) throw new HclSyntax(cursor.at, 'a block is not closed');
      return;
    }
    if (cursor.peek() === '}') {
      if (depth === 0) throw new HclSyntax(cursor.at, 'a brace closes nothing');
      return;
    }
    readStatement(cursor, body, depth);
  }
}

function readStatement(cursor: HclCursor, body: OpenBody, depth: number): void {
  const start = cursor.at;
  const name = cursor.peek() === '"' ? readLabel(cursor) : cursor.readName();
  if (name === undefined) throw new HclSyntax(start, 'a name was expected');
  const nameEnd = cursor.at;
  cursor.skipBlank();
  if (cursor.peek() === '=' && cursor.peek(1) !== '=') {
    cursor.at += 1;
    cursor.skipBlank();
    const value = readExpression(cursor, { depth, isMultiLine: false });
    body.attributes.push({ name, nameEnd, value, start, end: value.end });
    return;
  }
  const labels: string[] = [];
  let headEnd = nameEnd;
  while (cursor.peek() !== '{') {
    const label = cursor.peek() === '"' ? readLabel(cursor) : cursor.readName();
    if (label === undefined) throw new HclSyntax(cursor.at, `a block ${name} was expected to open`);
    labels.push(label);
    headEnd = cursor.at;
    cursor.skipBlank();
  }
  cursor.at += 1;
  const open = cursor.at;
  const inner: OpenBody = { attributes: [], blocks: [] };
  readBody(cursor, inner, depth + 1);
  const close = cursor.at;
  cursor.at += 1;
  body.blocks.push({
    type: name,
    labels,
    headEnd,
    inner: { start: open, end: close },
    body: inner,
    start,
    end: cursor.at,
  });
}

/** A quoted label; templates are not allowed in one, and nothing depends on its escapes. */
function readLabel(cursor: HclCursor): string {
  const template = readTemplate(cursor, readNested(0));
  return template.kind === 'literal' ? String(template.value) : '';
}

export type ExpressionContext = {
  readonly depth: number;
  /** In brackets of any kind a line break is white space. */
  readonly isMultiLine: boolean;
};

const readNested = (depth: number) => (cursor: HclCursor) => {
  cursor.skipLines();
  const expression = readExpression(cursor, { depth: depth + 1, isMultiLine: true });
  cursor.skipLines();
  return expression;
};

/** The parser of what stands in `${…}`, for texts that do not come from a file of HCL. */
export function parseTemplateText(text: string, place: Span): Expression {
  const span = { start: place.start, end: place.end };
  const cursor = new HclCursor(text);
  try {
    const parts: (string | Expression)[] = [];
    while (!cursor.isAtEnd()) {
      const open = text.indexOf('${', cursor.at);
      if (open === -1) {
        parts.push(text.slice(cursor.at));
        break;
      }
      if (open > cursor.at) parts.push(text.slice(cursor.at, open));
      cursor.at = open + 2;
      parts.push({ ...readNested(0)(cursor), ...span });
      if (cursor.peek() !== '}') throw new HclSyntax(cursor.at, 'not closed');
      cursor.at += 1;
    }
    return { kind: 'template', parts, ...span };
  } catch (error) {
    if (!(error instanceof HclSyntax)) throw error;
    return { kind: 'computed', mentions: [], ...span };
  }
}

const PRECEDENCE: { readonly [operator: string]: number } = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '>': 4,
  '<=': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
};

export function readExpression(cursor: HclCursor, context: ExpressionContext): Expression {
  if (context.depth > DEPTH_MAX) throw new HclSyntax(cursor.at, 'expressions nest too deep');
  const condition = readOperation(cursor, context, 1);
  skip(cursor, context);
  if (cursor.peek() !== '?') return condition;
  cursor.at += 1;
  const inside = { ...context, depth: context.depth + 1 };
  skip(cursor, context);
  const yes = readExpression(cursor, inside);
  skip(cursor, context);
  cursor.expect(':');
  skip(cursor, context);
  const no = readExpression(cursor, inside);
  return { kind: 'choice', parts: [condition, yes, no], start: condition.start, end: no.end };
}

function skip(cursor: HclCursor, context: ExpressionContext): void {
  if (context.isMultiLine) cursor.skipLines();
  else cursor.skipBlank();
}

function readOperation(cursor: HclCursor, context: ExpressionContext, least: number): Expression {
  let left = readUnary(cursor, context);
  for (;;) {
    // Only a break inside brackets may stand before an operator.
    const before = cursor.at;
    skip(cursor, context);
    const operator = cursor.peekOperator();
    const precedence = operator === undefined ? undefined : PRECEDENCE[operator];
    if (operator === undefined || precedence === undefined || precedence < least) {
      cursor.at = before;
      return left;
    }
    cursor.at += operator.length;
    skip(cursor, context);
    const right = readOperation(cursor, { ...context, depth: context.depth + 1 }, precedence + 1);
    left = { kind: 'operation', operator, operands: [left, right], start: left.start, end: right.end };
  }
}

function readUnary(cursor: HclCursor, context: ExpressionContext): Expression {
  const start = cursor.at;
  if (context.depth > DEPTH_MAX) throw new HclSyntax(start, 'expressions nest too deep');
  const operator = cursor.peek();
  if (operator === '!' || operator === '-') {
    cursor.at += 1;
    skip(cursor, context);
    const operand = readUnary(cursor, { ...context, depth: context.depth + 1 });
    return { kind: 'operation', operator, operands: [operand], start, end: operand.end };
  }
  return readSteps(cursor, readPrimary(cursor, context), context);
}

/** What follows a value: `.name`, `[index]`, `.*`, `[*]`. */
function readSteps(cursor: HclCursor, base: Expression, context: ExpressionContext): Expression {
  const steps: string[] = [];
  let end = base.end;
  for (;;) {
    if (cursor.peek() === '.' && cursor.peek(1) !== '.') {
      cursor.at += 1;
      if (cursor.peek() === '*') {
        cursor.at += 1;
        steps.push('*');
      } else {
        const step = cursor.readName() ?? cursor.readDigits();
        if (step === undefined) throw new HclSyntax(cursor.at, 'a name was expected after the dot');
        steps.push(step);
      }
    } else if (cursor.peek() === '[') {
      cursor.at += 1;
      cursor.skipLines();
      if (cursor.peek() === '*') {
        cursor.at += 1;
        steps.push('*');
      } else {
        const index = readNested(context.depth)(cursor);
        steps.push(index.kind === 'literal' ? String(index.value) : '*');
      }
      cursor.skipLines();
      cursor.expect(']');
    } else break;
    end = cursor.at;
  }
  if (steps.length === 0) return base;
  if (base.kind === 'reference') return { ...base, steps: [...base.steps, ...steps], end };
  return { kind: 'computed', mentions: [base], start: base.start, end };
}

function readPrimary(cursor: HclCursor, context: ExpressionContext): Expression {
  const start = cursor.at;
  const first = cursor.peek();
  if (first === '"') return readTemplate(cursor, readNested(context.depth));
  if (first === '<' && cursor.peek(1) === '<') return readHeredoc(cursor, readNested(context.depth));
  if (first === '[') return readList(cursor, context);
  if (first === '{') return readObject(cursor, context);
  if (first === '(') {
    cursor.at += 1;
    const inner = readNested(context.depth)(cursor);
    cursor.skipLines();
    cursor.expect(')');
    return { ...inner, start, end: cursor.at };
  }
  const number = cursor.readNumber();
  if (number !== undefined) return { kind: 'literal', value: number, start, end: cursor.at };
  const name = cursor.readName();
  if (name === undefined) throw new HclSyntax(start, 'a value was expected');
  if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true', start, end: cursor.at };
  if (name === 'null') return { kind: 'literal', value: null, start, end: cursor.at };
  const nameEnd = cursor.at;
  // Functions of providers: `provider::aws::arn_parse(…)`.
  while (cursor.peek() === ':' && cursor.peek(1) === ':') {
    cursor.at += 2;
    cursor.readName();
  }
  if (cursor.peek() === '(') return readCall(cursor, name, context, start);
  return { kind: 'reference', root: name, steps: [], start, end: Math.max(nameEnd, cursor.at) };
}

function readCall(cursor: HclCursor, name: string, context: ExpressionContext, start: number): Expression {
  cursor.at += 1;
  const parameters: Expression[] = [];
  for (;;) {
    cursor.skipLines();
    if (cursor.peek() === ')') break;
    parameters.push(readNested(context.depth)(cursor));
    if (cursor.text.startsWith('...', cursor.at)) cursor.at += 3;
    cursor.skipLines();
    if (cursor.peek() !== ',') break;
    cursor.at += 1;
  }
  cursor.expect(')');
  return { kind: 'call', name, parameters, start, end: cursor.at };
}

function readList(cursor: HclCursor, context: ExpressionContext): Expression {
  const start = cursor.at;
  cursor.at += 1;
  cursor.skipLines();
  if (cursor.isWord('for')) return readFor(cursor, ']', context, start);
  const items: Expression[] = [];
  for (;;) {
    cursor.skipLines();
    if (cursor.peek() === ']') break;
    items.push(readNested(context.depth)(cursor));
    cursor.skipLines();
    if (cursor.peek() !== ',') break;
    cursor.at += 1;
  }
  cursor.expect(']');
  return { kind: 'list', items, start, end: cursor.at };
}

function readObject(cursor: HclCursor, context: ExpressionContext): Expression {
  const start = cursor.at;
  cursor.at += 1;
  const open = cursor.at;
  cursor.skipLines();
  if (cursor.isWord('for')) return readFor(cursor, '}', context, start);
  const items: ObjectItem[] = [];
  for (;;) {
    cursor.skipLines();
    while (cursor.peek() === ',') {
      cursor.at += 1;
      cursor.skipLines();
    }
    if (cursor.peek() === '}') break;
    const key = readExpression(cursor, { depth: context.depth + 1, isMultiLine: false });
    cursor.skipLines();
    if (cursor.peek() !== '=' && cursor.peek() !== ':')
      throw new HclSyntax(cursor.at, 'a key of an object lacks its value');
    cursor.at += 1;
    cursor.skipLines();
    const value = readExpression(cursor, { depth: context.depth + 1, isMultiLine: false });
    items.push({ key, value, start: key.start, end: value.end });
  }
  const close = cursor.at;
  cursor.expect('}');
  return { kind: 'object', items, inner: { start: open, end: close }, start, end: cursor.at };
}

/** `for` computes: its parts are read for what they mention and for where it ends. */
function readFor(cursor: HclCursor, close: ']' | '}', context: ExpressionContext, start: number): Expression {
  const mentions: Expression[] = [];
  cursor.at += 'for'.length;
  for (;;) {
    cursor.skipLines();
    if (cursor.peek() === close) break;
    if (cursor.isAtEnd()) throw new HclSyntax(start, 'a for is not closed');
    if (cursor.text.startsWith('=>', cursor.at)) cursor.at += 2;
    else if (cursor.text.startsWith('...', cursor.at)) cursor.at += 3;
    else if (cursor.peek() === ',' || cursor.peek() === ':') cursor.at += 1;
    else mentions.push(readNested(context.depth)(cursor));
  }
  cursor.expect(close);
  return { kind: 'computed', mentions, start, end: cursor.at };
}
