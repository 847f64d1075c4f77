/** Stands for one influenced part in the text of a script. Scripts that contain it themselves are refused. */
export const PART = '\ue000';
/** Nesting of substitutions, quotes and blocks in one script. */
export const NESTING_MAX = 60;

/** Replace the characters from `from` to before `to` by `text`. */
export type Edit = { readonly from: number; readonly to: number; readonly text: string };
export type PartRefusal = { readonly part: number; readonly reason: string; readonly fix?: string };

/** What a language says of a script with `PART`s in it: how each becomes data, or why it can't. */
export type Analysis = {
  readonly edits: readonly Edit[];
  readonly refusals: readonly PartRefusal[];
  /** Parts that begin an argument of a program: a value that begins with `-` would be taken as an option. */
  readonly optionLike: ReadonlySet<number>;
};

/** Thrown by analysers and caught in `hoist.ts` only: every influenced part of the script is refused. */
export class NotUnderstood extends Error {
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}

/** Where the parts stand in a script: the number of each by its offset. */
export function indexParts(text: string): ReadonlyMap<number, number> {
  const indexes = new Map<number, number>();
  for (let at = text.indexOf(PART); at !== -1; at = text.indexOf(PART, at + 1)) indexes.set(at, indexes.size);
  return indexes;
}

export function isNameStart(character: string): boolean {
  return /^[A-Za-z_]$/.test(character);
}

export function isNameCharacter(character: string): boolean {
  return /^[A-Za-z0-9_]$/.test(character);
}
