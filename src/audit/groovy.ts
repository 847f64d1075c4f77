/** One string of a Groovy file with what stands around it. */
export type GroovyString = {
  /** From its first quote to after the last. */
  readonly start: number;
  readonly end: number;
  /** Characters of one of its quotes: 1 or 3. */
  readonly quote: number;
  readonly text: string;
  /** `${…}` and `$name` of a string in double quotes. */
  readonly interpolations: readonly { readonly text: string; readonly start: number; readonly end: number }[];
  /** The method that it is an argument of, and what stands before the dot: `docker.image`. */
  readonly call: string;
  readonly receiver: string;
  /** The name of a named argument, as `script` in `sh(script: '…')`. */
  readonly argument: string;
  /** The variable that it is assigned to: `X = '…'`. */
  readonly assigned: string;
  /** Names of the blocks around it, outermost first. */
  readonly blocks: readonly string[];
  /** The text of the nearest `stage('…')`. */
  readonly stage: string;
};

/** Strings of one file that are read. */
const STRINGS_MAX = 20_000;
/** Characters of one statement that are kept, and those before a string or a brace that say what it belongs to. */
const STATEMENT_MAX = 2_000;
const TAIL = 200;
/** Nesting of blocks that is kept. */
const BLOCKS_MAX = 100;

type Block = { readonly name: string; readonly stage: string };

/** Reads strings, comments and braces of a Groovy file, in one pass. What is no Groovy gives few or odd strings. */
export function readGroovy(text: string): { readonly strings: readonly GroovyString[] } {
  const strings: GroovyString[] = [];
  const blocks: Block[] = [];
  /** The code of the current statement, strings taken out. */
  let statement = '';
  let lastStage = '';
  let calls: string[] = [];
  for (let at = 0; at < text.length && strings.length < STRINGS_MAX; at += 1) {
    const character = text[at] ?? '';
    const next = text[at + 1] ?? '';
    if (character === '/' && next === '/') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end - 1;
    } else if (character === '/' && next === '*') {
      const end = text.indexOf('*/', at + 2);
      at = end < 0 ? text.length : end + 1;
    } else if (character === "'" || character === '"') {
      const string = stringAt(text, at);
      const found = describe(string, statement.slice(-TAIL), { blocks, calls });
      strings.push(found);
      if (found.call === 'stage') lastStage = found.text;
      if (statement.length < STATEMENT_MAX) statement += "''";
      at = string.end - 1;
    } else if (character === '{') {
      const name = /([A-Za-z_]\w*)\s*(?:\([^()]*\))?\s*$/.exec(statement.slice(-TAIL))?.[1] ?? '';
      if (blocks.length < BLOCKS_MAX)
        blocks.push({ name, stage: name === 'stage' ? lastStage : (blocks.at(-1)?.stage ?? '') });
      statement = '';
      calls = [];
    } else if (character === '}') {
      blocks.pop();
      statement = '';
      calls = [];
    } else if (character === '(') {
      calls.push(/([\w.]{1,80})\s{0,20}$/.exec(statement.slice(-TAIL))?.[1] ?? '');
      if (statement.length < STATEMENT_MAX) statement += character;
    } else if (character === ')') {
      calls.pop();
      if (statement.length < STATEMENT_MAX) statement += character;
    } else if ((character === '\n' && calls.length === 0 && !/[,:=]\s*$/.test(statement)) || character === ';') {
      statement = '';
    } else if (statement.length < STATEMENT_MAX) statement += character;
  }
  return { strings };
}

type Raw = Pick<GroovyString, 'start' | 'end' | 'quote' | 'text' | 'interpolations'>;

function stringAt(text: string, start: number): Raw {
  const mark = text[start] ?? '';
  const isTriple = text.startsWith(mark.repeat(3), start);
  const quote = isTriple ? 3 : 1;
  const interpolations: { text: string; start: number; end: number }[] = [];
  let at = start + quote;
  for (; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '\\') at += 1;
    else if (isTriple ? text.startsWith(mark.repeat(3), at) : character === mark || character === '\n') break;
    else if (mark === '"' && character === '$') {
      const found = interpolationAt(text, at);
      if (found === undefined) continue;
      interpolations.push(found);
      at = found.end - 1;
    }
  }
  const end = Math.min(text.length, at + quote);
  return { start, end, quote, text: text.slice(start + quote, at), interpolations };
}

function interpolationAt(text: string, at: number): { text: string; start: number; end: number } | undefined {
  if (text[at + 1] === '{') {
    const end = text.indexOf('}', at);
    if (end < 0 || end - at > 500) return undefined;
    return { text: text.slice(at + 2, end).trim(), start: at, end: end + 1 };
  }
  const name = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*/.exec(text.slice(at + 1, at + 200))?.[0];
  return name === undefined ? undefined : { text: name, start: at, end: at + 1 + name.length };
}

function describe(
  string: Raw,
  statement: string,
  around: { readonly blocks: readonly Block[]; readonly calls: readonly string[] },
): GroovyString {
  const argument = /([A-Za-z_]\w*)\s*:\s*$/.exec(statement)?.[1] ?? '';
  const assigned = /([A-Za-z_]\w*)\s*=\s*(?:credentials\s*\(\s*)?$/.exec(statement)?.[1] ?? '';
  const open = around.calls.at(-1);
  const bare =
    /(?:^|[\s;={(])@?([A-Za-z_][\w.]*)\s*(?:\w+\s*:\s*''\s*,\s*)*(?:\w+\s*:\s*)?$/.exec(statement)?.[1] ?? '';
  const full =
    open !== undefined && open !== ''
      ? open
      : argument === ''
        ? bare
        : (/(?:^|\s)([A-Za-z_][\w.]*)\s+\w+\s*:/.exec(statement)?.[1] ?? bare);
  const call = assigned !== '' && full === assigned ? '' : full;
  const dot = call.lastIndexOf('.');
  return {
    ...string,
    call: call.slice(dot + 1),
    receiver: dot < 0 ? '' : call.slice(0, dot),
    argument,
    assigned,
    blocks: around.blocks.map(({ name }) => name),
    stage: around.blocks.at(-1)?.stage ?? '',
  };
}

/** The text of the block that opens behind an offset, cut short: for words that must stand in it. */
export function blockNames(text: string, from: number): string {
  const open = text.indexOf('{', from);
  if (open < 0) return '';
  let depth = 0;
  for (let at = open; at < text.length && at - open < 20_000; at += 1) {
    if (text[at] === '{') depth += 1;
    else if (text[at] === '}') {
      depth -= 1;
      if (depth === 0) return text.slice(open, at);
    }
  }
  return text.slice(open, open + 20_000);
}
