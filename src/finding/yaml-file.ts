import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { SourceSpot } from '../base/index.ts';

/** How often aliases of one file may be followed. */
const ALIASES_MAX = 100;

export type YamlFile = {
  /** Parses a part of the file, or all of it with `[]`. The first thing that is wrong is thrown with its position. */
  parse<T>(schema: z.ZodType<T>, value: unknown, path: readonly PropertyKey[]): T;
  readonly value: unknown;
  /** Where a part of the file begins. */
  spotOf(path: readonly PropertyKey[]): SourceSpot & { readonly file: string };
};

export type YamlOptions = {
  readonly file: string;
  readonly bytesMax: number;
  /** The file itself, in a message about all of it. */
  readonly noun: string;
  /** Makes the fault that is thrown. */
  readonly invalid: (message: string, at: SourceSpot) => Error;
};

/** Reads a YAML file that a person wrote: one document, keys once, every error with its place. */
export function readYaml(text: string, { file, bytesMax, noun, invalid }: YamlOptions): YamlFile {
  if (text.length > bytesMax) throw invalid(`${file} is larger than ${bytesMax} bytes`, { file, line: 1, column: 1 });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true });
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const [error] = document.errors;
  if (error !== undefined) throw invalid(error.message.split('\n')[0] ?? '', placeAt(error.pos[0]));
  const spotOf = (path: readonly PropertyKey[]) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true);
      const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
      if (Array.isArray(range) && typeof range[0] === 'number') return placeAt(range[0]);
    }
    return { file, line: 1, column: 1 };
  };
  return {
    value: document.toJS({ maxAliasCount: ALIASES_MAX }),
    spotOf,
    parse(schema, value, prefix) {
      const result = schema.safeParse(value);
      if (result.success) return result.data;
      const [issue] = result.error.issues;
      const path = [...prefix, ...(issue?.path ?? [])];
      throw invalid(`${path.map(String).join('.') || noun}: ${issue?.message ?? 'invalid'}`, spotOf(path));
    },
  };
}
