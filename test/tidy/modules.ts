import { type Comment, type Node, parseSync, visitorKeys } from 'oxc-parser';

/** One way in which a module names another one. */
export type Import = {
  /** As written; `<computed>` when no text says it. */
  readonly specifier: string;
  /** Gone at run time: `import type`, `export type … from`, `import('…')` as a type. */
  readonly typeOnly: boolean;
  readonly line: number;
};

/** What the rules look at in one source file. */
export type Module = {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Lines of `export * from`. */
  readonly starExports: readonly number[];
  /** Lines that reach the environment, or the `process` object in a way that could. */
  readonly environmentReads: readonly number[];
  /** The comment that the file opens with, or ''. */
  readonly opening: string;
};

/** Deeper syntax than this is refused by the walk; sources of people are far below. */
const SYNTAX_DEPTH_MAX = 500;

/** Parses one source file with a real parser. A syntax error is thrown, so that no file can hide behind one. */
export function parseModule(path: string, source: string): Module {
  const parsed = parseSync(path, source, { sourceType: 'module', lang: 'ts' });
  const error = parsed.errors[0];
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);
  const lineAt = lineCounter(source);
  const imports: Import[] = [];
  const starExports: number[] = [];
  const environment = new EnvironmentReads();

  walk(parsed.program, (node, parent, key) => {
    const line = lineAt(node.start);
    const named = importOf(node);
    if (named !== undefined) imports.push({ ...named, line });
    for (const specifier of fileUrlsOf(node)) imports.push({ specifier, typeOnly: false, line });
    if (node.type === 'ExportAllDeclaration') starExports.push(line);
    environment.look(node, parent, key, line);
  });
  return {
    path,
    imports,
    starExports,
    environmentReads: environment.lines(),
    opening: openingOf(source, parsed.comments),
  };
}

function importOf(node: Node): { specifier: string; typeOnly: boolean } | undefined {
  switch (node.type) {
    case 'ImportDeclaration': {
      const eachIsType =
        node.specifiers.length > 0 &&
        node.specifiers.every((one) => one.type === 'ImportSpecifier' && one.importKind === 'type');
      return { specifier: node.source.value, typeOnly: node.importKind === 'type' || eachIsType };
    }
    case 'ExportNamedDeclaration': {
      if (node.source === null) return undefined;
      const eachIsType = node.specifiers.length > 0 && node.specifiers.every((one) => one.exportKind === 'type');
      return { specifier: node.source.value, typeOnly: node.exportKind === 'type' || eachIsType };
    }
    case 'ExportAllDeclaration':
      return { specifier: node.source.value, typeOnly: node.exportKind === 'type' };
    case 'ImportExpression':
      return { specifier: textOf(node.source) ?? '<computed>', typeOnly: false };
    case 'TSImportType':
      return { specifier: node.source.value, typeOnly: true };
    default:
      return undefined;
  }
}

/**
 * `new URL('./worker.ts', import.meta.url)`, also with a choice between the source and what is emitted of it: how workers
 * and other programs are named. Emitted names are left out, the source stands beside them.
 */
function fileUrlsOf(node: Node): readonly string[] {
  if (node.type !== 'NewExpression' || node.callee.type !== 'Identifier' || node.callee.name !== 'URL') return [];
  const [target, base] = node.arguments;
  if (target === undefined || base?.type !== 'MemberExpression' || base.object.type !== 'MetaProperty') return [];
  const choices = target.type === 'ConditionalExpression' ? [target.consequent, target.alternate] : [target];
  return choices
    .map(textOf)
    .filter((text) => text?.endsWith('.ts') === true)
    .filter((text) => text !== undefined);
}

/**
 * Finds reads of the environment. `process.<name>` is judged by its name; any other use of the global `process` (an
 * alias, destructuring, a computed member) could reach it and counts, unless the file has its own variable of that name.
 */
class EnvironmentReads {
  readonly #sure: number[] = [];
  readonly #bare: number[] = [];
  #ownProcess = false;

  look(node: Node, parent: Node | undefined, key: string, line: number): void {
    if (node.type === 'ImportDeclaration' && /^(node:)?process$/.test(node.source.value)) this.#sure.push(line);
    if (node.type !== 'Identifier' || parent === undefined) return;
    if (isPropertyName(parent, key)) return;
    if (node.name === 'globalThis') {
      const name = parent.type === 'MemberExpression' && key === 'object' ? memberName(parent) : undefined;
      if (name === undefined || name === 'process') this.#sure.push(line);
    }
    if (node.name !== 'process') return;
    if (isBinding(parent, key)) {
      this.#ownProcess = true;
    } else if (parent.type === 'MemberExpression' && key === 'object' && memberName(parent) !== undefined) {
      if (memberName(parent) === 'env') this.#sure.push(line);
    } else {
      this.#bare.push(line);
    }
  }

  lines(): readonly number[] {
    return this.#ownProcess ? this.#sure : [...this.#sure, ...this.#bare];
  }
}

function memberName(node: Node): string | undefined {
  if (node.type !== 'MemberExpression') return undefined;
  if (!node.computed) return node.property.type === 'Identifier' ? node.property.name : '#private';
  return textOf(node.property);
}

/** The names in `x.process`, `{ process: 1 }` and the like read nothing. */
function isPropertyName(parent: Node, key: string): boolean {
  if (parent.type === 'MemberExpression') return key === 'property' && !parent.computed;
  if (key === 'label' || key === 'exported' || key === 'imported') return true;
  return key === 'key' && 'computed' in parent && !parent.computed;
}

function isBinding(parent: Node, key: string): boolean {
  switch (parent.type) {
    case 'VariableDeclarator':
    case 'FunctionDeclaration':
      return key === 'id' || key === 'params';
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'TSFunctionType':
    case 'TSMethodSignature':
    case 'CatchClause':
      return key === 'params' || key === 'param';
    case 'ImportSpecifier':
      return key === 'local';
    default:
      return false;
  }
}

/** The value of a literal text, plain or as a template without places. */
function textOf(node: Node): string | undefined {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node.type !== 'TemplateLiteral' || node.quasis.length !== 1) return undefined;
  return node.quasis[0]?.value.cooked ?? undefined;
}

function walk(root: Node, visit: (node: Node, parent: Node | undefined, key: string) => void): void {
  const step = (node: Node, parent: Node | undefined, key: string, depth: number): void => {
    if (depth > SYNTAX_DEPTH_MAX) throw new RangeError(`syntax nested deeper than ${SYNTAX_DEPTH_MAX}`);
    visit(node, parent, key);
    for (const name of visitorKeys[node.type] ?? []) {
      const child: unknown = Reflect.get(node, name);
      for (const each of Array.isArray(child) ? child : [child]) {
        if (isNode(each)) step(each, node, name, depth + 1);
      }
    }
  };
  step(root, undefined, '', 0);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function openingOf(source: string, comments: readonly Comment[]): string {
  const first = comments[0];
  if (first === undefined || source.slice(0, first.start).trim() !== '') return '';
  return first.value;
}

function lineCounter(source: string): (offset: number) => number {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => starts.findLastIndex((start) => start <= offset) + 1;
}
