import { type FileView, viewOf } from '../finding/index.ts';
import { bodyTree, evaluate, follow, type Scope } from './hcl-evaluate.ts';
import type { Block, Expression, HclProblem } from './hcl-model.ts';
import { parseHcl, parseTemplateText } from './hcl-parse.ts';
import { policyOfDocument } from './policy.ts';
import { DEPTH_MAX, entryOf, isNull, itemsOf, type MapTree, textOf, type Tree, valueAt } from './tree.ts';
import { readYaml } from './yaml-tree.ts';

/** Something that a module declares: a resource, a data source, a call of a module, a variable. */
export type Declared = {
  readonly category: 'resource' | 'data' | 'module' | 'provider' | 'variable' | 'terraform' | 'output';
  /** `aws_s3_bucket`; for all but resources and data the category. */
  readonly type: string;
  readonly name: string;
  readonly file: FileView;
  readonly tree: MapTree;
};

export type TerraformModule = {
  readonly folder: string;
  readonly declared: readonly Declared[];
  /** By `type.name`, for data `data.type.name`. */
  readonly byAddress: ReadonlyMap<string, Declared>;
  readonly problems: readonly (HclProblem & { readonly file: FileView })[];
};

type Source = { readonly expression: Expression };

/** How many names are followed through others before a value counts as not known. */
const REFERENCES_DEEP_MAX = 20;

/** Nodes that the values of all names of a module may have, each time that they are used. */
const NODES_MAX = 500_000;

/**
 * Puts the files of one folder together: Terraform reads them as one module. Variables have their defaults, or what the
 * folder's own `terraform.tfvars` and `*.auto.tfvars` say; what only a caller or the command line gives is not known.
 */
export function readModule(folder: string, files: ReadonlyMap<string, string>): TerraformModule {
  const variables = new Map<string, Source>();
  const locals = new Map<string, Source>();
  const pending: Pending[] = [];
  const problems: (HclProblem & { readonly file: FileView })[] = [];
  const paths = [...files.keys()].sort();
  for (const path of paths) {
    const text = files.get(path) ?? '';
    const file = viewOf(path, text);
    if (isVariablesFile(path)) continue;
    if (path.endsWith('.json')) {
      collectJson(file, pending);
      continue;
    }
    const { body, problem } = parseHcl(text);
    for (const block of body.blocks) collect(block, file, { variables, locals, pending });
    if (problem !== undefined) problems.push({ ...problem, file });
  }
  for (const path of paths.filter(isVariablesFile)) {
    for (const { name, value } of parseHcl(files.get(path) ?? '').body.attributes)
      variables.set(name, { expression: value });
  }
  const documents = pending.filter(({ category, type }) => category === 'data' && type === 'aws_iam_policy_document');
  const settle = (some: readonly Pending[], known: ReadonlyMap<string, Declared>): readonly Declared[] => {
    const scope = new ModuleScope(variables, locals, known);
    return some.map((one) => lazy(one, scope));
  };
  const addressed = (some: readonly Declared[]) => new Map(some.map((one) => [addressOf(one), one]));
  // Policy documents first: what uses them needs to know them.
  const declared = settle(pending, addressed(settle(documents, new Map())));
  return { folder, declared: declared.filter(isMade), byAddress: addressed(declared), problems };
}

/**
 * The modules of a folder: one, as Terraform sees it; but where files declare the same thing twice they are no module, only a
 * collection of examples, and each stands for itself.
 */
export function readModules(folder: string, files: ReadonlyMap<string, string>): readonly TerraformModule[] {
  const whole = readModule(folder, files);
  if (!hasRepeated(whole)) return [whole];
  return [...files].map(([path, text]) => readModule(folder, new Map([[path, text]])));
}

function hasRepeated({ declared }: TerraformModule): boolean {
  const seen = new Set<string>();
  for (const one of declared) {
    if (
      one.category === 'provider' ||
      one.category === 'terraform' ||
      /(?:^|[/_])override\.tf(?:\.json)?$/.test(one.file.path)
    )
      continue;
    const address = addressOf(one);
    if (seen.has(address)) return true;
    seen.add(address);
  }
  return false;
}

export function isVariablesFile(path: string): boolean {
  return /(^|\/)(terraform\.tfvars|[^/]+\.auto\.tfvars)$/.test(path);
}

/** Most blocks are of no interest to any rule: their values are looked for when the first rule asks. */
function lazy({ tree, ...rest }: Pending, scope: Scope): Declared {
  let known: MapTree | undefined;
  return {
    ...rest,
    get tree() {
      return (known ??= tree(scope));
    },
  };
}

/** `count = 0` makes nothing. */
function isMade(declared: Declared): boolean {
  if (declared.category !== 'resource' && declared.category !== 'module') return true;
  const count = valueAt(declared.tree, 'count');
  return !(count?.kind === 'scalar' && (count.value === 0 || count.value === '0'));
}

export function addressOf(declared: Pick<Declared, 'category' | 'type' | 'name'>): string {
  if (declared.category === 'resource') return `${declared.type}.${declared.name}`;
  if (declared.category === 'data') return `data.${declared.type}.${declared.name}`;
  return `${declared.category}.${declared.name}`;
}

type Pending = Omit<Declared, 'tree'> & { readonly tree: (scope: Scope) => MapTree };
type Collected = {
  readonly variables: Map<string, Source>;
  readonly locals: Map<string, Source>;
  readonly pending: Pending[];
};

const CATEGORIES = ['resource', 'data', 'module', 'provider', 'variable', 'terraform', 'output'] as const;

function collect(block: Block, file: FileView, into: Collected): void {
  if (block.type === 'locals') {
    for (const { name, value } of block.body.attributes) into.locals.set(name, { expression: value });
    return;
  }
  const category = CATEGORIES.find((name) => name === block.type);
  if (category === undefined) return;
  const [first = '', second = ''] = block.labels;
  const isTyped = category === 'resource' || category === 'data';
  if (category === 'variable') {
    const value = block.body.attributes.find(({ name }) => name === 'default')?.value;
    if (value !== undefined && !into.variables.has(first)) into.variables.set(first, { expression: value });
  }
  into.pending.push({
    category,
    type: isTyped ? first : category,
    name: isTyped ? second : first,
    file,
    tree: (scope) => bodyTree(block.body, scope, block),
  });
}

/** The JSON form: categories, types and names are nested keys. */
function collectJson(file: FileView, pending: Pending[]): void {
  const root = readYaml(file.text, () => true).documents[0]?.root;
  if (root?.kind !== 'map') return;
  for (const { key, value } of root.entries) {
    const category = CATEGORIES.find((name) => name === key);
    if (category === undefined || value.kind !== 'map') continue;
    const isTyped = category === 'resource' || category === 'data';
    for (const typed of isTyped ? value.entries : [{ key: category, value }]) {
      if (typed.value.kind !== 'map') continue;
      for (const named of typed.value.entries) {
        for (const body of itemsOf(named.value)) {
          if (body.kind !== 'map') continue;
          const place = { ...body, start: named.start, headEnd: named.keyEnd };
          pending.push({
            category,
            type: typed.key,
            name: named.key,
            file,
            tree: (scope) => evaluateMap(place, scope),
          });
        }
      }
    }
  }
}

function evaluateMap(tree: MapTree, scope: Scope): MapTree {
  return { ...tree, entries: tree.entries.map((entry) => ({ ...entry, value: evaluateTree(entry.value, scope) })) };
}

/** Texts of the JSON form are templates. */
function evaluateTree(tree: Tree, scope: Scope): Tree {
  if (tree.kind === 'map') return evaluateMap(tree, scope);
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => evaluateTree(item, scope)) };
  if (tree.kind !== 'scalar' || typeof tree.value !== 'string' || !tree.value.includes('${')) return tree;
  return evaluate(parseTemplateText(tree.value, tree), scope);
}

/** Names of a module: `var`, `local`, policy documents. Each variable and local is evaluated once. */
class ModuleScope implements Scope {
  readonly #variables: ReadonlyMap<string, Source>;
  readonly #locals: ReadonlyMap<string, Source>;
  readonly #known = new Map<string, Tree>();
  readonly #open = new Set<string>();
  /** A value that doubles through each of thirty names would fill the memory. */
  #nodesLeft = NODES_MAX;
  readonly #documents: ReadonlyMap<string, Declared>;

  constructor(
    variables: ReadonlyMap<string, Source>,
    locals: ReadonlyMap<string, Source>,
    documents: ReadonlyMap<string, Declared>,
  ) {
    this.#variables = variables;
    this.#locals = locals;
    this.#documents = documents;
  }

  resolve(root: string, steps: readonly string[], depth: number): Tree | undefined {
    const [name, ...rest] = steps;
    if (name === undefined || depth > DEPTH_MAX) return undefined;
    if (root === 'var') return this.#named(`var.${name}`, this.#variables.get(name), { rest, depth });
    if (root === 'local') return this.#named(`local.${name}`, this.#locals.get(name), { rest, depth });
    if (root === 'data' && name === 'aws_iam_policy_document' && rest.at(-1) === 'json') {
      const document = this.#documents.get(`data.aws_iam_policy_document.${rest[0]}`);
      return document === undefined ? undefined : policyOfDocument(document.tree);
    }
    return undefined;
  }

  #named(
    key: string,
    source: Source | undefined,
    { rest, depth }: { readonly rest: readonly string[]; readonly depth: number },
  ): Tree | undefined {
    if (source === undefined || this.#open.has(key) || this.#open.size > REFERENCES_DEEP_MAX) return undefined;
    let value = this.#known.get(key);
    if (value === undefined) {
      this.#open.add(key);
      value = evaluate(source.expression, this, depth + 1);
      this.#open.delete(key);
      this.#known.set(key, value);
    }
    const found = follow(value, rest);
    // A default of null stands for "not given": a caller decides.
    if (found === undefined || found.kind === 'unknown' || isNull(found)) return undefined;
    this.#nodesLeft -= sizeOf(found, this.#nodesLeft);
    return this.#nodesLeft > 0 ? found : undefined;
  }
}

/** Counts nodes, up to a limit. */
function sizeOf(tree: Tree, limit: number): number {
  let size = 1;
  const inner = tree.kind === 'list' ? tree.items : tree.kind === 'map' ? tree.entries.map(({ value }) => value) : [];
  for (const one of inner) {
    size += sizeOf(one, limit - size);
    if (size > limit) break;
  }
  return size;
}

/** The name that a resource has in the cloud, where it is written out. */
export function givenNameOf(declared: Declared, key: string): string | undefined {
  return textOf(entryOf(declared.tree, key)?.value);
}
