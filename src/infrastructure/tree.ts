/**
 * The one shape into which YAML, JSON and HCL are read before rules look at them: maps, lists, scalars and what nobody can know
 * before it runs. Every node keeps its place in the file, so that findings and edits are exact.
 */
export type Scalar = string | number | boolean | null;

/** Offsets in UTF-16 code units; the end is exclusive. */
export type Span = { readonly start: number; readonly end: number };

export type Entry = Span & {
  readonly key: string;
  /** End of the key alone, or of the head of a block. */
  readonly keyEnd: number;
  readonly value: Tree;
};

export type MapTree = Span & {
  readonly kind: 'map';
  readonly entries: readonly Entry[];
  /** How it is written: decides how an entry is added. */
  readonly form: 'yaml-block' | 'yaml-flow' | 'json' | 'hcl-block' | 'hcl-object';
  /** Between the braces, where there are some. */
  readonly inner?: Span;
  /** End of the head of a block: its line is the place of what is missing in it. */
  readonly headEnd?: number;
  /** Something outside what is read adds entries: that an entry is absent is then not known. */
  readonly isOpen?: boolean;
  /** What a data source `aws_iam_policy_document` gives: it is judged where that stands. */
  readonly isDocument?: boolean;
  /** Comes from another place through a reference: an edit here would not change it. */
  readonly isDerived?: boolean;
};

export type ListTree = Span & {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly isDerived?: boolean;
};

export type ScalarTree = Span & {
  readonly kind: 'scalar';
  readonly value: Scalar;
  readonly isDerived?: boolean;
  /** The text as it stands ends in a line break, as of a block scalar. */
  readonly isBlock?: boolean;
};

/** A value that is not known before it runs. Never judged as bad. */
export type UnknownTree = Span & {
  readonly kind: 'unknown';
  /** The text with each unknown part replaced by `UNKNOWN_PART`. */
  readonly partial?: string;
  /** What it refers to: `aws_s3_bucket.logs.id`. */
  readonly refs?: readonly string[];
  readonly isDerived?: boolean;
};

export type Tree = MapTree | ListTree | ScalarTree | UnknownTree;

/** Stands in a text for a part that is not known. A character for private use: no file means anything by it. */
export const UNKNOWN_PART = '\uE000';

/** How deep files may nest; what is deeper is refused by the readers. */
export const DEPTH_MAX = 100;

export function entryOf(tree: Tree | undefined, key: string): Entry | undefined {
  return tree?.kind === 'map' ? tree.entries.find((entry) => entry.key === key) : undefined;
}

/** The value at a path of keys; lists of exactly one item are looked through. */
export function valueAt(tree: Tree | undefined, ...keys: readonly string[]): Tree | undefined {
  let at = tree;
  for (const key of keys) {
    if (at?.kind === 'list' && at.items.length === 1) at = at.items[0];
    at = entryOf(at, key)?.value;
  }
  return at;
}

/** The items of a list; a single other value counts as a list of one, as HCL blocks and many formats have it. */
export function itemsOf(tree: Tree | undefined): readonly Tree[] {
  if (tree === undefined || isNull(tree)) return [];
  return tree.kind === 'list' ? tree.items : [tree];
}

export function isNull(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null;
}

/** The text of a known scalar; nothing for everything else. */
export function textOf(tree: Tree | undefined): string | undefined {
  return tree?.kind === 'scalar' && tree.value !== null ? String(tree.value) : undefined;
}

/** Also of a text with unknown parts, which then stand as `UNKNOWN_PART`. */
export function partialTextOf(tree: Tree | undefined): string | undefined {
  return tree?.kind === 'unknown' ? tree.partial : textOf(tree);
}

/** Every text in a tree, with its node. */
export function* scalarsOf(tree: Tree): Generator<ScalarTree> {
  if (tree.kind === 'scalar') yield tree;
  else if (tree.kind === 'list') for (const item of tree.items) yield* scalarsOf(item);
  else if (tree.kind === 'map') for (const entry of tree.entries) yield* scalarsOf(entry.value);
}

/** `true` and `"true"` are the same to Terraform and Compose. */
export function isScalar(tree: Tree | undefined, wanted: Scalar): boolean {
  if (tree?.kind !== 'scalar') return false;
  if (tree.value === wanted) return true;
  if (tree.value === null || wanted === null) return false;
  return String(tree.value).toLowerCase() === String(wanted).toLowerCase();
}

/** Gives a tree the place at which it is used, as a value that comes through a reference. */
export function derive(tree: Tree, span: Span): Tree {
  const place = { start: span.start, end: span.end, isDerived: true };
  switch (tree.kind) {
    case 'map':
      return {
        ...tree,
        ...place,
        entries: tree.entries.map((entry) => ({
          key: entry.key,
          start: span.start,
          keyEnd: span.end,
          end: span.end,
          value: derive(entry.value, span),
        })),
      };
    case 'list':
      return { ...tree, ...place, items: tree.items.map((item) => derive(item, span)) };
    default:
      return { ...tree, ...place };
  }
}
