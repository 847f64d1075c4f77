/** A text that a shell takes as one word. */
export const shellQuoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
