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
  const known = parsedModules.get(`${path}\0${source}`);
  if (known !== undefined) return known;
  const module = parse(path, source);
  parsedModules.set(`${path}\0${source}`, module);
  return module;
}

/** The rules and each closure look at the same files. */
const parsedModules = new Map<string, Module>();

function parse(path: string, source: string): Module {
  const parsed = parseSync(path, source, { sourceType: 'module', lang: path.endsWith('.tsx') ? 'tsx' : 'ts' });
  const error = parsed.errors[0];
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);
  const lineAt = lineCounter(source);
  const imports: Import[] = [];
  const starExports: number[] = [];
  const environmentReads: number[] = [];

  walk(parsed.program, (node, ancestors, key) => {
    const named = importOf(node);
    if (named !== undefined) imports.push({ ...named, line: lineAt(node.start) });
    for (const specifier of fileUrlsOf(node)) imports.push({ specifier, typeOnly: false, line: lineAt(node.start) });
    if (node.type === 'ExportAllDeclaration') starExports.push(lineAt(node.start));
    if (readsEnvironment(node, ancestors, key)) environmentReads.push(lineAt(node.start));
  });
  return {
    path,
    imports,
    starExports,
    environmentReads,
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
    case 'CallExpression': {
      // The other way to one of Node's own modules.
      const { callee } = node;
      const isLookup =
        callee.type === 'MemberExpression' &&
        callee.property.type === 'Identifier' &&
        callee.property.name === 'getBuiltinModule';
      if (!isLookup) return undefined;
      const [name] = node.arguments;
      return { specifier: (name === undefined ? undefined : textOf(name)) ?? '<computed>', typeOnly: false };
    }
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
 * alias, destructuring, a computed member) could reach it and counts. A variable of the file's own that has that name is
 * another thing: the scopes around the use are looked at.
 */
function readsEnvironment(node: Node, ancestors: readonly Node[], key: string): boolean {
  if (node.type === 'ImportDeclaration') return /^(node:)?process$/.test(node.source.value);
  const parent = ancestors.at(-1);
  if (node.type !== 'Identifier' || parent === undefined || isPropertyName(parent, key)) return false;
  const name = parent.type === 'MemberExpression' && key === 'object' ? memberName(parent) : undefined;
  if (node.name === 'globalThis') return name === undefined || name === 'process';
  if (node.name !== 'process' || ancestors.some(declaresProcess)) return false;
  return name === undefined || name === 'env';
}

/** Whether a scope has its own `process`: a parameter of a function, or a declaration right in a block. */
function declaresProcess(scope: Node): boolean {
  switch (scope.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'TSFunctionType':
    case 'TSMethodSignature':
    case 'TSDeclareFunction':
    case 'TSEmptyBodyFunctionExpression':
      return scope.params.some(bindsProcess);
    case 'CatchClause':
      return scope.param !== null && bindsProcess(scope.param);
    case 'Program':
    case 'BlockStatement':
      return scope.body.some(bindsProcess);
    case 'ForOfStatement':
    case 'ForInStatement':
      return bindsProcess(scope.left);
    case 'VariableDeclarator':
      return bindsProcess(scope.id);
    default:
      return false;
  }
}

function bindsProcess(node: Node): boolean {
  switch (node.type) {
    case 'Identifier':
      return node.name === 'process';
    case 'VariableDeclaration':
      return node.declarations.some(({ id }) => bindsProcess(id));
    case 'FunctionDeclaration':
      return node.id?.name === 'process';
    case 'ObjectPattern':
      return node.properties.some((one) => bindsProcess(one.type === 'RestElement' ? one.argument : one.value));
    case 'ArrayPattern':
      return node.elements.some((element) => element !== null && bindsProcess(element));
    case 'AssignmentPattern':
      return bindsProcess(node.left);
    case 'RestElement':
      return bindsProcess(node.argument);
    default:
      return false;
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

/** The value of a literal text, plain or as a template without places. */
function textOf(node: Node): string | undefined {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node.type !== 'TemplateLiteral' || node.quasis.length !== 1) return undefined;
  return node.quasis[0]?.value.cooked ?? undefined;
}

function walk(root: Node, visit: (node: Node, ancestors: readonly Node[], key: string) => void): void {
  const ancestors: Node[] = [];
  const step = (node: Node, key: string): void => {
    if (ancestors.length > SYNTAX_DEPTH_MAX) throw new RangeError(`syntax nested deeper than ${SYNTAX_DEPTH_MAX}`);
    visit(node, ancestors, key);
    ancestors.push(node);
    for (const name of visitorKeys[node.type] ?? []) {
      const child: unknown = Reflect.get(node, name);
      for (const each of Array.isArray(child) ? child : [child]) {
        if (isNode(each)) step(each, name);
      }
    }
    ancestors.pop();
  };
  step(root, '');
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
