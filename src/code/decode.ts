import { type FileView, viewOf } from '../finding/index.ts';

/** How much of a file is looked at for the line that names its interpreter, in bytes. */
const SHEBANG_BYTES_MAX = 200;

/** The ending of names that a script without one would have, by its first line: `#!/usr/bin/env python3`. */
export function endingOfScript(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== 0x23 || bytes[1] !== 0x21) return undefined;
  const line =
    Buffer.from(bytes.subarray(0, SHEBANG_BYTES_MAX))
      .toString('latin1')
      .split(/[\r\n]/, 1)[0] ?? '';
  const program = /^#!\s*(?:\S*\/)?(?:env\s+(?:-\S+\s+|\w+=\S*\s+)*)?(?:\S*\/)?([a-z-]+)/.exec(line)?.[1];
  if (program === undefined) return undefined;
  if (/^(?:python|pypy)$/.test(program)) return '.py';
  if (/^(?:node|nodejs|bun|zx)$/.test(program)) return '.js';
  return /^(?:ts-node|tsx|deno)$/.test(program) ? '.ts' : undefined;
}

/** Whether a path names no kind of file: `bin/deploy`. */
export function hasNoEnding(path: string): boolean {
  return !path.slice(path.lastIndexOf('/') + 1).includes('.');
}

/** UTF-16, as its mark says. */
export function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** The file with the text that an interpreter would read: of UTF-16, too. The bytes stay what they are. */
export function decoded(file: FileView): FileView {
  if (!isUtf16(file.bytes)) return file;
  const label = file.bytes[0] === 0xff ? 'utf-16le' : 'utf-16be';
  const view = viewOf(file.path, new TextDecoder(label, { ignoreBOM: true }).decode(file.bytes));
  return { ...view, bytes: file.bytes };
}

/**
 * Letters that Python takes for others: fullwidth ones, and those of the mathematical alphabets. A name that is written in
 * them is not found by its bytes.
 */
export function hasOtherLetters(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(0xef); at !== -1; at = bytes.indexOf(0xef, at + 1)) {
    const [second = 0, third = 0] = bytes.subarray(at + 1, at + 3);
    if ((second === 0xbc && third >= 0xa1 && third <= 0xba) || (second === 0xbd && third >= 0x81 && third <= 0x9a))
      return true;
  }
  for (let at = bytes.indexOf(0xf0); at !== -1; at = bytes.indexOf(0xf0, at + 1)) {
    const [second = 0, third = 0] = bytes.subarray(at + 1, at + 3);
    if (second === 0x9d && third >= 0x90 && third <= 0x9f) return true;
  }
  return false;
}
