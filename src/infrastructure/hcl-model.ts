import type { Scalar, Span } from './tree.ts';

/** Expressions of HCL 2, as far as values can be told from the text. */
export type Expression = Span &
  (
    | { readonly kind: 'literal'; readonly value: Scalar }
    | { readonly kind: 'template'; readonly parts: readonly (string | Expression)[] }
    | { readonly kind: 'list'; readonly items: readonly Expression[] }
    | { readonly kind: 'object'; readonly items: readonly ObjectItem[]; readonly inner: Span }
    /** `a.b[0].c`: a name and what follows it. A step that is not a plain name or number is `*`. */
    | { readonly kind: 'reference'; readonly root: string; readonly steps: readonly string[] }
    | { readonly kind: 'call'; readonly name: string; readonly parameters: readonly Expression[] }
    | { readonly kind: 'choice'; readonly parts: readonly [Expression, Expression, Expression] }
    | { readonly kind: 'operation'; readonly operator: string; readonly operands: readonly Expression[] }
    /** `for`, splat over something computed: nothing is known of it but what it mentions. */
    | { readonly kind: 'computed'; readonly mentions: readonly Expression[] }
  );

export type ObjectItem = Span & { readonly key: Expression; readonly value: Expression };

export type Attribute = Span & { readonly name: string; readonly nameEnd: number; readonly value: Expression };

export type Block = Span & {
  readonly type: string;
  readonly labels: readonly string[];
  /** End of type and labels. */
  readonly headEnd: number;
  /** Between the braces. */
  readonly inner: Span;
  readonly body: Body;
};

export type Body = { readonly attributes: readonly Attribute[]; readonly blocks: readonly Block[] };

/** What a file that does not parse says: the offset and one sentence. */
export type HclProblem = { readonly offset: number; readonly reason: string };
