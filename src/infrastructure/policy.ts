import {
  type Entry,
  entryOf,
  isNull,
  itemsOf,
  type MapTree,
  partialTextOf,
  type Span,
  type Tree,
  valueAt,
} from './tree.ts';
import { jsonOf } from './hcl-evaluate.ts';

/** One statement of a policy of AWS, read leniently. */
export type Statement = {
  readonly tree: MapTree;
  readonly isAllow: boolean;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly hasResources: boolean;
  readonly hasNegation: boolean;
  readonly principals: readonly string[];
  readonly hasPrincipals: boolean;
  readonly hasCondition: boolean;
  readonly actionEntry: Entry | undefined;
  readonly principalEntry: Entry | undefined;
};

/** A policy given as a tree, as `jsonencode` of one, or as a text of JSON. Nothing when it is not known. */
export function policyOf(tree: Tree | undefined): Tree | undefined {
  if (tree?.kind === 'map') return tree;
  const text = partialTextOf(tree);
  return tree === undefined || text === undefined ? undefined : jsonOf(text, tree);
}

export function statementsOf(policy: Tree | undefined): readonly Statement[] {
  return itemsOf(valueAt(policy, 'Statement')).flatMap((tree) => (tree.kind === 'map' ? [statementOf(tree)] : []));
}

function statementOf(tree: MapTree): Statement {
  const principalEntry = entryOf(tree, 'Principal');
  const condition = entryOf(tree, 'Condition')?.value;
  return {
    tree,
    isAllow: partialTextOf(valueAt(tree, 'Effect')) === 'Allow',
    actions: textsOf(valueAt(tree, 'Action')),
    resources: textsOf(valueAt(tree, 'Resource')),
    hasResources: entryOf(tree, 'Resource') !== undefined,
    hasNegation: ['NotAction', 'NotResource', 'NotPrincipal'].some((key) => entryOf(tree, key) !== undefined),
    principals: principalsOf(principalEntry?.value),
    hasPrincipals: principalEntry !== undefined || entryOf(tree, 'NotPrincipal') !== undefined,
    hasCondition:
      condition !== undefined && !isNull(condition) && !(condition.kind === 'map' && condition.entries.length === 0),
    actionEntry: entryOf(tree, 'Action'),
    principalEntry,
  };
}

/** `"*"`, or of a map what stands below `AWS`: a service or a federation is no one from outside. */
function principalsOf(tree: Tree | undefined): readonly string[] {
  if (tree?.kind !== 'map') return textsOf(tree);
  return tree.entries.flatMap(({ key, value }) => (key === 'AWS' || key === '*' ? textsOf(value) : []));
}

function textsOf(tree: Tree | undefined): readonly string[] {
  return itemsOf(tree).flatMap((item) => partialTextOf(item) ?? []);
}

/** The policy that a data source `aws_iam_policy_document` gives, in the form of JSON. */
export function policyOfDocument(document: MapTree): MapTree {
  const statements = itemsOf(valueAt(document, 'statement')).flatMap((tree) =>
    tree.kind === 'map' ? [statementTree(tree)] : [],
  );
  const place = { start: document.start, end: document.end };
  const isOpen = ['source_policy_documents', 'override_policy_documents', 'source_json', 'override_json'].some(
    (key) => entryOf(document, key) !== undefined,
  );
  return {
    kind: 'map',
    form: 'hcl-object',
    entries: [entry('Statement', { kind: 'list', items: statements, ...place }, place)],
    isDocument: true,
    ...place,
    ...(isOpen ? { isOpen } : {}),
  };
}

const KEYS: { readonly [key: string]: string } = {
  effect: 'Effect',
  actions: 'Action',
  not_actions: 'NotAction',
  resources: 'Resource',
  not_resources: 'NotResource',
  condition: 'Condition',
};

function statementTree(tree: MapTree): MapTree {
  const entries = tree.entries.flatMap((one) => {
    const key = KEYS[one.key];
    return key === undefined ? [] : [{ ...one, key }];
  });
  if (!entries.some(({ key }) => key === 'Effect')) {
    entries.push(entry('Effect', { kind: 'scalar', value: 'Allow', start: tree.start, end: tree.end }, tree));
  }
  for (const [name, key] of [
    ['principals', 'Principal'],
    ['not_principals', 'NotPrincipal'],
  ] as const) {
    const found = entryOf(tree, name);
    if (found !== undefined) entries.push({ ...found, key, value: principalTree(found.value) });
  }
  return { ...tree, entries };
}

function principalTree(tree: Tree): Tree {
  const entries = itemsOf(tree).flatMap((one) => {
    const type = partialTextOf(valueAt(one, 'type'));
    const identifiers = entryOf(one, 'identifiers');
    return type === undefined || identifiers === undefined ? [] : [{ ...identifiers, key: type }];
  });
  return { kind: 'map', form: 'hcl-object', entries, start: tree.start, end: tree.end };
}

function entry(key: string, value: Tree, span: Span): Entry {
  return { key, value, start: span.start, keyEnd: span.end, end: span.end };
}
