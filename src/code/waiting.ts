import type { PutOffFacts } from './facts.ts';
import { type Digested, digested, mentionTest } from './mentions.ts';

type Mentions = (name: Digested) => boolean;

/** Files that were put off, and which of them are needed after all. */
export class Waiting {
  readonly #files: readonly { readonly file: string; readonly of: string; readonly mentions: Mentions }[];
  readonly #byFile: ReadonlyMap<string, Mentions>;
  readonly #asked = new Set<string>();
  readonly #demands = new Set<string>();

  constructor(putOff: ReadonlyMap<string, PutOffFacts>) {
    this.#files = [...putOff].map(([file, { of, mentions }]) => ({ file, of, mentions: mentionTest(mentions) }));
    this.#byFile = new Map(this.#files.map(({ file, mentions }) => [file, mentions]));
  }

  /** Asks for every file of a language that may mention all of these names. */
  demand(language: string, names: readonly string[]): void {
    const all = names.map(digested);
    this.#ask(`${language} ${names.join(' ')}`, language, (_, mentions) => all.every(mentions));
  }

  /** Asks for the files that may call a function: `file` is where it stands, `name` its name or `Type.method`. */
  demandCallers(language: string, file: string, name: string, bases: readonly string[]): void {
    const at = name.lastIndexOf('.');
    const own = digested(name.slice(at + 1));
    // A class is named by who has one of its instances, but where the instance is what a call gives.
    const owners = [
      name.slice(0, Math.max(0, at)).split('.').at(-1) ?? '',
      ...bases,
      `)${name.slice(at + 1)}`,
      'var',
    ].map(digested);
    const folder = folderOf(file);
    const words =
      folder
        .slice(folder.lastIndexOf('/') + 1)
        .match(/[\w$]+/g)
        ?.map(digested) ?? [];
    this.#ask(`${file} ${name}`, language, (path, mentions) => {
      if (!mentions(own)) return false;
      if (language === 'java') return at === -1 || owners.some(mentions);
      // What is no method is asked of its package, which is a folder.
      return at !== -1 || folderOf(path) === folder || words.every(mentions);
    });
  }

  #ask(key: string, language: string, isMeant: (file: string, mentions: Mentions) => boolean): void {
    if (this.#files.length === 0 || this.#asked.has(key)) return;
    this.#asked.add(key);
    for (const { file, of, mentions } of this.#files)
      if (of === language && isMeant(file, mentions)) this.#demands.add(file);
  }

  /** Asks for this file, if it may mention the name. */
  demandFile(file: string, name: string): void {
    if (this.#byFile.get(file)?.(digested(name)) === true) this.#demands.add(file);
  }

  demands(): readonly string[] {
    return [...this.#demands];
  }
}

function folderOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf('/')));
}
