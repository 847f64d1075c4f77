import type { Syntax } from './file-sort.ts';

/** A value that is given to a name. Offsets are in the text after the name. */
export type Assigned = {
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** Whether it stands as a literal: in quotes, or in a file in which values need none. */
  readonly isQuoted: boolean;
};

/** What stands around a name. */
export type NameContext = {
  readonly syntax: Syntax;
  /** The character before the name, and the one before that. */
  readonly before: string;
  readonly name: string;
  /** Whether the name is that of a method that sets it. */
  readonly isSetter?: boolean;
  /** From the start of the line to the name. */
  readonly line: string;
};

/** How far after a name its value is looked for, in bytes. */
export const REST_BYTES_MAX = 1_400;

const QUOTES = '"\'`';
/** What may stand between a separator and a literal: constructors, conversions, marks of raw or byte strings. */
const WRAPPER =
  /^(?:new\s+)?(?:String|SecretStr|Secret|ByteString|SecureString|bytes|str|strdup|Buffer\.from|Some|\[\]byte|std::string|String\.valueOf|aws\.String|to\.Ptr|pulumi\.String|pulumi\.secret|cdk\.SecretValue\.plainText|SecretValue\.plainText|SecretValue\.unsafePlainText|Password|PasswordAuthentication|encodeURIComponent|btoa|b64encode|base64\.b64encode|hashlib\.\w+|os\.getenv|os\.environ\.get|os\.environ\.setdefault|env|getenv|config|process\.env\.\w+)\s*\(\s*/;
const PREFIX = /^(?:[bBuUrR]{1,2}|@|L|N|q|%[qQw])(?=["'`])/;
/** A look-up with a literal to fall back on: the literal is what runs when nobody sets the variable. */
const FALLBACK =
  /^[^\n"'`;{}]{0,120}(?:(?:getenv|environ\.get|environ\.setdefault|env|get|fetch|getProperty|Getenv|getOrDefault|config|getEnv|GetEnv|envOr|lookup)\(\s*(["'])[\w.:-]+\1\s*,\s*|(?:\|\||\?\?|\?:|\bor|\bunwrap_or(?:_else)?\()\s*)(?=["'`])/;

/** The value of an authorisation header, in a header file, a command line or a map of headers. */
const HEADER =
  /^\\?["'`]?\]?\s{0,3}(?:[:=,]|=>)\s{0,3}\\?["'`]?(?:Bearer|Basic|Token|ApiKey|GenieKey|SSWS|Bot|Splunk)\s{1,3}([A-Za-z0-9+/=._~:-]{8,1000})/i;

/** Reads what follows the name of a credential and gives the literal that is assigned to it, in any of the usual syntaxes. */
export function assignedTo(rest: string, context: NameContext): Assigned | undefined {
  const { syntax, before } = context;
  if (before === '{' && context.line.endsWith('${')) return fallbackOfExpansion(rest);
  const header = /^authorization$/i.test(context.name) ? HEADER.exec(rest.slice(0, 400)) : null;
  if (header !== null) {
    const [whole, value = ''] = header;
    return { value, start: whole.length - value.length, end: whole.length, isQuoted: true };
  }
  let at = 0;
  // `\"password\"`, `"password"`, `'password'`, `config["password"]`, `password[]`.
  const closing = /^(?:\\?["'`])?\)?(?:\])?(?:\[\d*\])?/.exec(rest)?.[0] ?? '';
  at += closing.length;
  const isQuotedName = /["'`]/.test(closing) && /["'`]/.test(before);
  if (closing.includes(')') && !isQuotedName) return undefined;
  const gap = /^[ \t]*/.exec(rest.slice(at))?.[0].length ?? 0;
  at += gap;
  const after = rest.slice(at, at + 200);

  if (rest[at] === '>' && (before === '<' || before === ':')) return elementText(rest, at + 1);
  if (before === '<' && /^\s[^<>]*>/.test(rest)) return elementText(rest, rest.indexOf('>') + 1);
  if (isQuotedName) {
    const attribute = /^\s{0,40}(?:\/?>?\s{0,20})(?:value|Value|VALUE|content|default|contents)\s*[=:]\s*(?=["'])/.exec(
      rest.slice(at - gap),
    );
    if (attribute !== null) return quoted(rest, at - gap + attribute[0].length);
    const block = /^\{[^{}]{0,400}?\bdefault\s*=\s*(?=")/.exec(after + rest.slice(at + 200, at + 600));
    if (block !== null) return quoted(rest, at + block[0].length);
    if (rest[at] === ',') return quoted(rest, skip(rest, at + 1, false));
  }
  const below = /^["']?\s*,?\s*\r?\n?[ \t]*["']?(?:value|Value|VALUE)["']?\s*[:=]\s*/.exec(rest);
  if (below !== null && /(?:\b(?:name|key|Name|Key)["']?\s*[:=]\s*["']?)$/.test(context.line))
    return plainOrQuoted(rest, below[0].length, context);
  if (rest[at] === '(' && context.isSetter === true) return quoted(rest, skip(rest, at + 1, true));
  const comparison = /^\.(?:equals|equalsIgnoreCase|Equals|contentEquals|compareTo|eql\?|eq)\(\s*(?=["'])/.exec(
    after,
  )?.[0];
  if (comparison !== undefined) return quoted(rest, at + comparison.length);
  if (rest[at] === '.') return undefined;
  const separator = separatorAt(rest, at, syntax);
  if (separator === undefined) return gap > 0 || closing !== '' ? spoken(rest, at, context) : undefined;
  return valueAfter(rest, separator, context);
}

/** The offset after `=`, `:`, `:=`, `=>`, `==` and the like, type annotations skipped; nothing when there is none. */
function separatorAt(rest: string, at: number, syntax: Syntax): number | undefined {
  const text = rest.slice(at, at + 120);
  const plain = /^(?:=>|={1,3}|:=|::=|\?=|\|\|=|\?\?=|\+=|<-|->|!?:)/.exec(text)?.[0];
  if (syntax === 'code') {
    // `password: string = "…"`, `password string = "…"`, `password: Optional[str] = None`.
    const annotated =
      /^[?!]?(?::\s*)?(?:&(?:'\w+\s+)?|\*)?(?:[A-Za-z_][\w.]*(?:[<[][\w\s,.|]*[>\]])?[?!]?(?:\s*\|\s*\w+)*)\s*=(?![=>~])/.exec(
        text,
      )?.[0];
    if (annotated !== undefined && (plain === undefined || plain === ':')) return at + annotated.length;
  }
  if (plain === undefined || /^=[~]/.test(text)) return undefined;
  return at + plain.length;
}

function skip(rest: string, at: number, isAcrossLines: boolean): number {
  const space = (isAcrossLines ? /^[ \t]*(?:\\?\r?\n[ \t]*)?/ : /^[ \t]*/).exec(rest.slice(at, at + 200))?.[0] ?? '';
  return at + space.length;
}

function valueAfter(rest: string, separator: number, context: NameContext): Assigned | undefined {
  const { syntax } = context;
  let at = skip(rest, separator, syntax === 'code');
  // `= (\n  "…"` and constructors around the literal.
  if (rest[at] === '(' || rest[at] === '[') at = skip(rest, at + 1, true);
  const wrapper = WRAPPER.exec(rest.slice(at, at + 80))?.[0];
  if (wrapper !== undefined && QUOTES.includes(rest[at + wrapper.length] ?? ' ')) {
    const first = quoted(rest, at + wrapper.length);
    const isLookUp = /env|config/.test(wrapper);
    if (!isLookUp) return first;
    const fallback = first === undefined ? null : /^["'`]\s*,\s*/.exec(rest.slice(first.end, first.end + 20));
    return fallback === null || first === undefined ? undefined : quoted(rest, first.end + fallback[0].length);
  }
  const prefix = PREFIX.exec(rest.slice(at, at + 4))?.[0] ?? '';
  const escaped = rest[at] === '\\' && QUOTES.includes(rest[at + 1] ?? ' ');
  if (escaped || QUOTES.includes(rest[at + prefix.length] ?? ' ')) return quoted(rest, at + prefix.length);
  if (syntax === 'code') {
    const fallback = FALLBACK.exec(rest.slice(at, at + 240))?.[0];
    if (fallback !== undefined) return quoted(rest, at + fallback.length);
    // A connection string, a URL, a command line within a literal: `;Password=…;`, `?token=…&`, `--password=…`.
    const isInside = rest[separator - 1] === '=' && at === separator && /[;?&"'`, -]$/.test(context.line);
    if (!isInside || !isInsideLiteral(context.line)) return undefined;
    const inner = /^[^\s"'`;&<>\\,)]+(?=["'`;&\s\\])/.exec(rest.slice(at, at + 300))?.[0];
    return inner === undefined ? undefined : { value: inner, start: at, end: at + inner.length, isQuoted: true };
  }
  return plainOrQuoted(rest, at, context);
}

/** Whether the text before, in its line, has opened a quote and not closed it. */
function isInsideLiteral(line: string): boolean {
  const quotes = line.slice(-400).match(/(?<!\\)["'`]/g) ?? [];
  const [first] = quotes;
  return first !== undefined && quotes.filter((quote) => quote === first).length % 2 === 1;
}

/** A literal in quotes from `at`; its end must stand on the same line. Nothing when it is only a part of an expression. */
function quoted(rest: string, at: number): Assigned | undefined {
  const isEscaped = rest[at] === '\\';
  const open = isEscaped ? rest.slice(at, at + 2) : (PREFIX.exec(rest.slice(at, at + 4))?.[0] ?? '');
  let start = at + open.length;
  let close = isEscaped ? open : (rest[start] ?? '');
  if (!isEscaped) {
    if (!QUOTES.includes(close) || close === '') return undefined;
    // A literal of three quotes on one line.
    if (rest.startsWith(close.repeat(3), start)) close = close.repeat(3);
    start += close.length;
  }
  for (let end = start; end < rest.length; end += 1) {
    const letter = rest[end];
    if (letter === '\n') return undefined;
    if (rest.startsWith(close, end)) {
      const tail = rest.slice(end + close.length, end + close.length + 12);
      const isPart = /^\s*(?:\+|\.\s*(?:format|concat|replace|repeat)\b|%\s*[\w({]|\.\.\s)/.test(tail);
      return isPart ? undefined : { value: rest.slice(start, end), start, end, isQuoted: true };
    }
    if (letter === '\\' && !isEscaped) end += 1;
  }
  return undefined;
}

function elementText(rest: string, at: number): Assigned | undefined {
  const text = /^\s*(?:<!\[CDATA\[)?([^<>\n]{1,400}?)\s*(?:\]\]>)?<\//.exec(rest.slice(at, at + 500));
  const value = text?.[1]?.trim();
  if (text === null || value === undefined || value === '') return undefined;
  const start = at + text[0].indexOf(value);
  return { value, start, end: start + value.length, isQuoted: true };
}

/** `${PASSWORD:-fallback}`: what runs when nobody sets the variable. */
function fallbackOfExpansion(rest: string): Assigned | undefined {
  const found = /^(:[-=]?|-)([^}\n"'$]+)\}/.exec(rest);
  if (found === null) return undefined;
  const start = (found[1] ?? '').length;
  const value = found[2] ?? '';
  return { value, start, end: start + value.length, isQuoted: true };
}

/** A value in a file that is not code: in quotes, or bare to its end, which depends on the syntax. */
function plainOrQuoted(rest: string, at: number, context: NameContext): Assigned | undefined {
  const from = skip(rest, at, false);
  const first = rest[from] ?? '';
  if (first !== '' && QUOTES.includes(first)) return quoted(rest, from);
  const isParameter = /[?&;]$/.test(context.line) || (/["'`]/.test(context.before) && isInsideLiteral(context.line));
  const bare = bareValue(rest.slice(from, from + 1_100), isParameter ? 'markup' : context.syntax);
  if (bare === undefined) return undefined;
  const isYamlNode = context.syntax === 'yaml' && /^[{[&*!|>%@]/.test(bare);
  if (isYamlNode || (context.syntax === 'markup' && !isParameter)) return undefined;
  return { value: bare, start: from, end: from + bare.length, isQuoted: context.syntax !== 'prose' };
}

/** A value without quotes, from the start of a text to where the syntax ends it. */
function bareValue(text: string, syntax: Syntax): string | undefined {
  switch (syntax) {
    case 'markup':
      return /^[^\s"'`;&<>\\,)]+/.exec(text)?.[0];
    case 'shell':
      return /^[^\s"'`;|<>\\]+/.exec(text)?.[0];
    case 'prose':
      return /^[^\s"'`,;|<>)]+/.exec(text)?.[0];
    default: {
      // To the end of the line or to a remark; the first letter belongs to it in any case.
      const line = /^[^\r\n]+/.exec(text)?.[0];
      const remark = line === undefined ? -1 : line.slice(1).search(/[ \t][#;]/);
      const value = remark === -1 ? line : line?.slice(0, remark + 1);
      return value === undefined ? undefined : `${value.slice(0, 1)}${value.slice(1).trimEnd()}`;
    }
  }
}

/** Forms without a separator: `--password VALUE`, `ENV PASSWORD VALUE`, `PASSWORD 'VALUE'` in SQL, `define('X', 'VALUE')`. */
function spoken(rest: string, at: number, context: NameContext): Assigned | undefined {
  const isFlag = /(?:^|[\s"'`[(,])--?[\w-]*$/.test(context.line) && context.before === '-';
  if (isFlag || (context.syntax !== 'code' && isFlag)) {
    const array = /^["'`]?\s*,\s*(?=["'`])/.exec(rest)?.[0];
    if (array !== undefined) return quoted(rest, array.length);
    if (QUOTES.includes(rest[at] ?? ' ')) return quoted(rest, at);
    const bare = /^[^\s"'`;|&<>\\$-][^\s"'`;|&<>\\]*/.exec(rest.slice(at, at + 300))?.[0];
    return bare === undefined || context.syntax === 'prose'
      ? undefined
      : { value: bare, start: at, end: at + bare.length, isQuoted: false };
  }
  if (/^\s*(?:ENV|ARG|setenv|SET|set)\s+[\w.]*$/.test(context.line)) {
    const bare = /^["']?[^\s"']+/.exec(rest.slice(at, at + 300))?.[0];
    if (bare !== undefined)
      return {
        value: bare.replace(/^["']/, ''),
        start: at + (/^["']/.test(bare) ? 1 : 0),
        end: at + bare.length,
        isQuoted: true,
      };
  }
  // `#define PASSWORD "…"`, `:password "…"`, `storePassword '…'` alone in its line.
  const isBare = /^\s*(?:#\s*define\s+)?$/.test(context.line) || context.before === ':';
  if (isBare && context.syntax === 'code' && QUOTES.includes(rest[at] ?? ' ')) return quoted(rest, at);
  const isSql = /\b(?:user|role|login|alter|create|identified|with|encrypted)\b/i.test(context.line);
  return isSql && rest[at] === "'" ? quoted(rest, at) : undefined;
}
