import type { Edit, FileView, Fix } from '../finding/index.ts';
import type { Hit } from './scan-text.ts';
import { wordsOf } from './names.ts';

/** How a language reads an environment variable, where a literal can be replaced by it without more. */
type Reference = {
  readonly text: (name: string) => string;
  /** What must be imported for it, and how the import is recognised and written. */
  readonly needs?: { readonly present: RegExp; readonly add?: string };
};

const SCRIPT: Reference = { text: (name) => `process.env.${name}` };
const PYTHON: Reference = {
  text: (name) => `os.environ["${name}"]`,
  needs: { present: /^[ \t]*import[ \t]+(?:[\w.]+,[ \t]*)*os\b/m, add: 'import os\n' },
};
const REFERENCES: { readonly [extension: string]: Reference } = {
  js: SCRIPT,
  mjs: SCRIPT,
  cjs: SCRIPT,
  py: PYTHON,
  rb: { text: (name) => `ENV.fetch("${name}")` },
  php: { text: (name) => `getenv('${name}')` },
  go: { text: (name) => `os.Getenv("${name}")`, needs: { present: /^[ \t]*(?:import[ \t]+)?"os"$/m } },
  java: { text: (name) => `System.getenv("${name}")` },
  kt: { text: (name) => `System.getenv("${name}")` },
  scala: { text: (name) => `sys.env("${name}")` },
  cs: { text: (name) => `System.Environment.GetEnvironmentVariable("${name}")` },
};

/**
 * The fix of a secret: a reference in place of a literal where the language has one and the literal is nothing but the secret;
 * else none, with the reason. What stands in a repository once is known: every fix ends with issuing it anew.
 */
export function fixOf(hit: Hit, view: FileView, isPlace: boolean): Fix {
  const followUp = `${hit.rule.rotate.trim()} Then see that the old one no longer works; it stays in the history of the repository.`;
  if (!isPlace)
    return {
      kind: 'none',
      reason: 'It stands in an encoded layer or an archive, which is not rewritten.',
      followUp,
    };
  const name = variableOf(hit);
  const { text, path } = view;
  const quote = text[hit.start - 1] ?? '';
  const isLiteral = /["'`]/.test(quote) && text[hit.end] === quote && !hit.secret.includes('\n');
  if (/^\.github\/workflows\/[^/]+\.ya?ml$/.test(path)) return workflowFix(hit, view, { name, followUp, isLiteral });
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  const reference = Object.hasOwn(REFERENCES, extension) ? REFERENCES[extension] : undefined;
  if (reference === undefined) return { kind: 'none', reason: reasonFor(path), followUp };
  if (!isLiteral) return { kind: 'none', reason: 'The secret is only a part of a text.', followUp };
  const line = view.lineText(view.placeAt(hit.start, hit.end).line);
  // Where only a constant may stand: an annotation, a case, a Go constant, a literal of a type, a key, a default in a pattern.
  if (
    /^\s*(?:@|case\b|const\b(?=.*:=|\s+\w+\s+string)|import\b|from\b|#)/.test(line) ||
    (extension === 'go' && isGoConstant(text, hit.start))
  ) {
    return { kind: 'none', reason: 'Only a constant can stand there.', followUp };
  }
  const before = text.slice(Math.max(0, hit.start - 4), hit.start - 1);
  const after = text.slice(hit.end + 1, hit.end + 4);
  if (
    /[brufBRUF@$L]$/.test(before) ||
    quote === '`' ||
    /^\s*:(?!:)/.test(after) ||
    before.endsWith(quote) ||
    after.startsWith(quote)
  ) {
    return { kind: 'none', reason: 'The literal is not a plain text.', followUp };
  }
  const edits: Edit[] = [{ file: path, start: hit.start - 1, end: hit.end + 1, text: reference.text(name) }];
  const { needs } = reference;
  if (needs !== undefined && !needs.present.test(text)) {
    const at = needs.add === undefined ? undefined : importPlace(text);
    if (at === undefined || needs.add === undefined)
      return { kind: 'none', reason: 'The file does not import what reads the environment.', followUp };
    edits.unshift({ file: path, start: at, end: at, text: needs.add });
  }
  return { kind: 'edit', title: `Read it from the environment variable ${name}`, edits, followUp };
}

function workflowFix(
  hit: Hit,
  view: FileView,
  options: { readonly name: string; readonly followUp: string; readonly isLiteral: boolean },
): Fix {
  const { name, followUp, isLiteral } = options;
  const line = view.lineText(view.placeAt(hit.start, hit.end).line);
  const isValue =
    new RegExp(`^\\s*(?:-\\s+)?[\\w-]+:\\s*["']?[^"']*["']?\\s*(?:#.*)?$`).test(line) &&
    !/^\s*(?:-\s+)?run:/.test(line);
  const start = isLiteral ? hit.start - 1 : hit.start;
  const isWhole = /:\s*$/.test(view.text.slice(Math.max(0, start - 3), start));
  if (!isValue || !isWhole) return { kind: 'none', reason: 'The secret is only a part of a value.', followUp };
  return {
    kind: 'edit',
    title: `Take it from the secret ${name}`,
    edits: [{ file: view.path, start, end: isLiteral ? hit.end + 1 : hit.end, text: `\${{ secrets.${name} }}` }],
    followUp: `Store the new value as the secret ${name}. ${followUp}`,
  };
}

function reasonFor(path: string): string {
  return /(?:^|\/)\.env(?:\.|$)|\.tfvars$|\.(?:pem|key|p12|pfx|jks|keystore|kdbx)$/.test(path)
    ? 'The file holds secrets by its nature: take it out of the repository and ignore it.'
    : 'How this file takes values from outside is not known.';
}

/** Within `const ( … )` or after `const`. */
function isGoConstant(text: string, at: number): boolean {
  const lineStart = text.lastIndexOf('\n', at) + 1;
  if (/^\s*const\b/.test(text.slice(lineStart, at))) return true;
  const block = text.lastIndexOf('const (', at);
  return block !== -1 && !/^\)/m.test(text.slice(block, at));
}

/** Before the first import that is not `from __future__`; nothing when the file has none. */
function importPlace(text: string): number | undefined {
  const found = /^(?:import|from)[ \t]+(?!__future__)[\w.]/m.exec(text);
  return found?.index;
}

/** `dbPassword` becomes `DB_PASSWORD`; without a name, what the rule is called. */
function variableOf(hit: Hit): string {
  const words = wordsOf(hit.name ?? '').slice(-4);
  const name = (words.length > 0 ? words : wordsOf(hit.rule.rule.id)).join('_').toUpperCase();
  return /^[A-Z_]/.test(name) ? name : `SECRET_${name}`;
}
