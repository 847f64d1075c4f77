import { PART } from './hoist-parts.ts';

export type ShellDialect = 'bash' | 'sh' | 'dash' | 'zsh';

/**
 * What a piece of a script depends on: influenced parts, variables by name, `@` for the positional parameters, and
 * `file:NAME` for a file whose name it writes out.
 */
export class Refs {
  readonly parts = new Set<number>();
  readonly names = new Set<string>();

  merge(other: Refs): void {
    for (const part of other.parts) this.parts.add(part);
    for (const name of other.names) this.names.add(name);
  }
}

/** A word as written. `literal` is its text without quotes when nothing in it is computed. */
export type Word = {
  readonly raw: string;
  readonly literal: string | undefined;
  /** The literal text before the first computed piece. */
  readonly prefix: string;
  readonly refs: Refs;
  /** Index of the part that the word begins with. */
  readonly firstPart: number | undefined;
  /** Variables that are split into several words. */
  readonly unquoted: ReadonlySet<string>;
};

export type Assignment = { readonly name: string; readonly refs: Refs };
export type Command = {
  readonly words: readonly Word[];
  readonly assignments: readonly Assignment[];
  /** Everything that the command mentions. */
  readonly refs: Refs;
  /** Where its standard input comes from. Complete only when the whole script is read. */
  readonly stdin: readonly Refs[];
  /** Files that it writes to. */
  readonly writes: readonly Word[];
  readonly hasRedirects: boolean;
};

/** A place where data would be taken as code. */
export type Sink = { readonly refs: Refs; readonly reason: string; readonly fix?: string };

/** How a part is quoted where it stands. */
export type Quoting = 'bare' | 'double' | 'single' | 'comment';

/** Everything that the reader of a shell script found. */
export class Facts {
  readonly quoting = new Map<number, { readonly at: number; readonly quoting: Quoting }>();
  readonly sinks: Sink[] = [];
  readonly assignments: Assignment[] = [];
  readonly commands: Command[] = [];
  readonly functions = new Set<string>();
  /** Arrays: `declare name="(…)"` evaluates for these. */
  readonly arrays = new Set<string>();
  /** The whole script. */
  readonly all = new Refs();
}

/** The name under which a file is remembered: its last component, without quotes and braces. */
export function fileKey(raw: string): string | undefined {
  const plain = raw.replaceAll(/["'\\{}]/g, '');
  const base = plain.slice(plain.lastIndexOf('/') + 1);
  if (base === '' || base.length > 200 || base.includes(PART) || plain.startsWith('/dev/')) return undefined;
  return `file:${base}`;
}

/** Every name that occurs in a text, as `word:NAME`: what code in another language could take from its environment. */
export function wordsOf(text: string): string[] {
  return (text.match(/[A-Za-z_]\w*/g) ?? []).map((name) => `word:${name}`);
}
