/** A form of a secret is masked from this many characters on: shorter ones would eat ordinary words. */
export const FORM_CHARACTERS_MIN = 4;
/** Below this many characters PowerShell's halves of a secret stay unmasked. Source: actions/runner. */
const AMPERSAND_CHARACTERS_MIN = 6;

/** Below this many characters the small letters of a secret stay unmasked. */
const LOWER_CASE_CHARACTERS_MIN = 8;

/**
 * All texts under which a secret may appear in a log: as it is, without the white space and quotes around it, line by
 * line, and in each of these in every encoding. A superset of the encoders of actions/runner (HostContext.cs).
 */
export function formsOf(secret: string): Set<string> {
  const forms = new Set<string>([secret]);
  const whole = [secret, secret.trim(), secret.replaceAll('\r\n', '\n'), secret.replaceAll(/\r?\n/g, '\r\n')];
  const lines = secret.split(/[\r\n]+/).map((line) => line.trim());
  for (const text of new Set([...whole, ...lines])) {
    if (text.length < FORM_CHARACTERS_MIN) continue;
    forms.add(text);
    for (const encode of ENCODERS) {
      for (const form of encode(text)) if (form.length >= FORM_CHARACTERS_MIN) forms.add(form);
    }
  }
  return forms;
}

type Encoder = (text: string) => readonly string[];

const ENCODERS: readonly Encoder[] = [
  base64Forms,
  hexForms,
  jsonForms,
  uriForms,
  xmlForms,
  (text) => [text.replaceAll('"', '\\"'), text.replaceAll('\\', '\\\\')],
  // Expressions double single quotes; shells close, escape and reopen them, or escape each special character.
  (text) => [text.replaceAll("'", "''"), text.replaceAll("'", "'\\''"), text.replaceAll("'", `'"'"'`)],
  (text) => [text.replaceAll(/[^A-Za-z0-9_@%+=:,./-]/g, '\\$&'), text.replaceAll(/([$`"\\])/g, '\\$1')],
  (text) => [text.replaceAll(/([`$"])/g, '`$1')],
  (text) => (text.length > 8 && text.startsWith('"') && text.endsWith('"') ? [text.slice(1, -1)] : []),
  ampersandForms,
  // Names of hosts are recorded in small letters. A short text would be an ordinary word then.
  (text) => (text.length >= LOWER_CASE_CHARACTERS_MIN ? [text.toLowerCase()] : []),
];

/**
 * Base64 in each of the three alignments that text before the secret can give it. Only characters that depend on the
 * secret alone are kept; the plain form, with its padding, is there as well.
 */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text);
  const forms = [bytes.toString('base64')];
  for (const shift of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const start = Math.ceil((shift * 8) / 6);
    const end = Math.floor(((shift + bytes.length) * 8) / 6);
    // Fewer characters are too common in other base64.
    if (end - start >= 6) forms.push(encoded.slice(start, end));
    // GitHub's own form of a shift: the secret without its first bytes.
    if (shift > 0 && bytes.length > shift + 4) forms.push(bytes.subarray(shift).toString('base64'));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

function hexForms(text: string): string[] {
  const hex = Buffer.from(text).toString('hex');
  return [hex, hex.toUpperCase()];
}

function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const ascii = plain.replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const html = plain.replaceAll(/[<>&'+]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  // JSON inside JSON, as in a dumped context.
  const twice = JSON.stringify(plain).slice(1, -1);
  return [plain, ascii, html, twice, plain.replaceAll('/', '\\/')];
}

function uriForms(text: string): string[] {
  // Lone surrogates can't be encoded; they become what every encoder makes of them.
  const component = encodeURIComponent(text.toWellFormed());
  const strict = component.replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = strict.replaceAll('%20', '+');
  const lower = (encoded: string) => encoded.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const whole = encodeURI(text.toWellFormed());
  // What encoders of paths leave as it is: Python's `quote` the slash, Go's `PathEscape` and `URL.Path` these.
  const without = (signs: RegExp) => strict.replaceAll(signs, (code) => decodeURIComponent(code));
  const paths = [without(/%2F/g), without(/%(?:24|26|2B|3A|3D|40)/g), without(/%(?:24|26|2B|2C|2F|3A|3B|3D|40)/g)];
  return [component, strict, form, whole, ...paths, passwordForm(text)].flatMap((one) => [one, lower(one)]);
}

/** The password of a URL as a browser or Node writes it, in the address of a remote for one. */
function passwordForm(text: string): string {
  const url = new URL('http://host');
  url.password = text;
  return url.password;
}

const XML: { readonly [sign: string]: string } = {
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '&': '&amp;',
};

function xmlForms(text: string): string[] {
  const named = text.replaceAll(/[<>"'&]/g, (sign) => XML[sign] ?? sign);
  return [
    named,
    named.replaceAll('&apos;', '&#39;'),
    named.replaceAll('&apos;', '&#x27;'),
    text.replaceAll(/[<>&]/g, (sign) => XML[sign] ?? sign),
  ];
}

/** PowerShell prints a secret that it took for a command in two pieces, cut at an ampersand. */
function ampersandForms(text: string): string[] {
  const coloured = text.indexOf('&+');
  const cut = coloured === -1 ? text.lastIndexOf('&') + 1 : coloured + 2;
  if (cut === 0) return [];
  // The character after `&+` is printed apart, in colour.
  const pieces = [text.slice(0, cut), text.slice(coloured === -1 ? cut : cut + 1)];
  return pieces.filter((piece) => piece.length >= AMPERSAND_CHARACTERS_MIN);
}
