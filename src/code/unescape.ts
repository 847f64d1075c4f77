const PLAIN: { readonly [letter: string]: string } = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
  '\n': '',
};

/** The text that a literal with the usual escapes stands for. What is not an escape stays as it is. */
export function unescapeText(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(
    /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\s\S]))/g,
    (all, ...groups) => {
      const [long, short, byte, letter]: (string | undefined)[] = groups;
      const hex = long ?? short ?? byte;
      if (hex !== undefined) {
        const code = Number.parseInt(hex, 16);
        return code <= 0x10_ff_ff ? String.fromCodePoint(code) : all;
      }
      return letter === undefined ? all : (PLAIN[letter] ?? letter);
    },
  );
}
