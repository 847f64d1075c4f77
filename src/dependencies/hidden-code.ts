import { excerpt } from '../base/index.ts';
import type { FileView } from '../finding/index.ts';
import type { Sign } from './model.ts';

/** Signs of one file that are told: the first of each kind says enough. */
const EVIDENCE_MAX = 120;
/** Names of the most used obfuscator in one file: a person writes none. */
const GARBLED_NAMES_MIN = 60;

/** Code that is decoded and run at once. */
const ENCODED: readonly RegExp[] = [
  /\b(?:eval|Function|execSync|exec|runInThisContext|runInNewContext)\s*\(\s*(?:Buffer\.from\s*\([^()]{1,400},\s*["'](?:base64|hex)["']\s*\)|atob\s*\(|unescape\s*\()/,
  /\bexec\s*\(\s*(?:compile\s*\(\s*)?(?:__import__\s*\(\s*["'](?:base64|zlib|marshal|codecs|binascii)["']|(?:base64\.)?b(?:64|32|16|85)decode\s*\(|zlib\.decompress\s*\(|marshal\.loads\s*\(|codecs\.decode\s*\(|bytes\.fromhex\s*\(|binascii\.unhexlify\s*\(|bytes\s*\(\s*\[)/,
  /\bexec\s*\(\s*(?:[\w.]+\s*\(\s*){0,3}(?:base64\.)?b64decode\s*\(/,
];
/** Sixteen and more signs in a row that no font draws: a flag or a family of an emoji needs a few. */
const INVISIBLE = /(?:[\uFE00-\uFE0F]|\uDB40[\uDC00-\uDDEF]|[\u200B-\u200D\u2060]){16,}/;
/** Signs that turn the direction of the text: an editor shows another order than the compiler reads. */
const TURNED = /[\u202A-\u202E\u2066-\u2069]/;
/** A second statement so far to the right that no window shows it. */
const ASIDE = /[;{}),:\]] {160,}(?=[A-Za-z_$(])[^\n]/;
const GARBLED = /\b_0x[0-9a-f]{4,8}\b/g;

/** Services that take what anyone sends and show it to whoever asks. */
const COLLECTOR =
  /\b(?:webhook\.site|[\w-]+\.oast(?:ify\.com|\.(?:fun|pro|live|site|online|me))|[\w-]+\.burpcollaborator\.net|interact\.sh|[\w-]+\.m\.pipedream\.net|requestbin\.(?:com|net)|[\w-]+\.requestrepo\.com|[\w-]+\.dnslog\.cn|[\w-]+\.ceye\.io|[\w-]+\.ngrok(?:-free)?\.(?:io|app|dev)|[\w-]+\.free\.beeceptor\.com|discord(?:app)?\.com\/api\/webhooks\/\d|api\.telegram\.org\/bot)/i;
/** Everything that the environment holds, as a text. */
const ENVIRONMENT =
  /JSON\.stringify\s*\(\s*process\.env\s*[,)]|Object\.entries\s*\(\s*process\.env\s*\)|\bstr\s*\(\s*os\.environ\s*\)|json\.dumps\s*\(\s*(?:dict\s*\(\s*)?os\.environ|dict\s*\(\s*os\.environ\s*\)/;
const SENDS =
  /\bhttps?\.(?:request|get)\s*\(|\bfetch\s*\(|\baxios\b|\bdns\.(?:lookup|resolve)|requests\.(?:post|get|put)\s*\(|urlopen\s*\(|http\.client|socket\.socket|\bXMLHttpRequest\b/;

function firstOf(forms: readonly RegExp[], text: string): RegExpExecArray | undefined {
  let first: RegExpExecArray | undefined;
  for (const form of forms) {
    const found = form.exec(text);
    if (found !== null && (first === undefined || found.index < first.index)) first = found;
  }
  return first;
}

/** What in a source file is written so that nobody reads it, or carries things away. Most files have nothing of it. */
export function signsOf(file: FileView): readonly Sign[] {
  const { text } = file;
  const signs: Sign[] = [];
  const note = (kind: Sign['kind'], found: { readonly index: number; readonly 0: string } | null | undefined) => {
    if (found === null || found === undefined) return;
    const { file: _, ...place } = file.placeAt(found.index, found.index + Math.min(found[0].length, EVIDENCE_MAX));
    signs.push({ kind, place, evidence: excerpt(found[0].trim(), EVIDENCE_MAX) });
  };
  note('turned', TURNED.exec(text));
  // Go has neither hooks nor a way to run a text.
  if (file.path.endsWith('.go')) return signs;
  if (
    /base64|atob|unescape|b\d\ddecode|decompress|marshal|fromhex|unhexlify|codecs|["']hex["']|bytes\s*\(\s*\[/.test(
      text,
    )
  )
    note('encoded', firstOf(ENCODED, text));
  note('invisible', INVISIBLE.exec(text));
  note('aside', ASIDE.exec(text));
  if (text.includes('_0x')) {
    const names = [...text.matchAll(GARBLED)];
    if (names.length >= GARBLED_NAMES_MIN) note('garbled', names[0]);
  }
  note('collector', COLLECTOR.exec(text));
  if (SENDS.test(text)) note('environment', ENVIRONMENT.exec(text));
  return signs;
}
