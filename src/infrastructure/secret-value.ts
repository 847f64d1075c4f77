import { UNKNOWN_PART } from './tree.ts';

const SECRET_NAME =
  /(?:^|[_.-]|(?<=[a-z])(?=[A-Z]))(?:pass(?:wd|word|phrase)?|pwd|secrets?|tokens?|credentials?|api[_.-]?key|apikey|access[_.-]?key|private[_.-]?key|secret[_.-]?key|auth[_.-]?key|encryption[_.-]?key|signing[_.-]?key)(?:$|[_.-]|(?=[A-Z\d]))/i;
const GLUED =
  /(?:password|passwd|secretkey|accesskey|apikey|privatekey|authtoken|accesstoken|clientsecret|secret|token)$/i;

/** Names that speak of a secret without holding it. */
const ABOUT =
  /(?:[_.-]?(?:file|path|dir|url|uri|endpoint|host|port|name|user|username|id|ids|arn|ref|length|len|min|max|size|limit|count|ttl|age|expir\w*|expiry|lifetime|timeout|duration|days|hours|minutes|seconds|type|kind|format|header|prefix|suffix|policy|algorithm|alg|method|enabled|disabled|required|rotation|reset|hash|salt|issuer|audience|scope|scopes|version|env|key_?ref|provider|store|manager|mode|location|engine|pattern|regex|field|attribute|label|hint|validation|strength|command|cmd|refresh_?interval|table|index|bucket|queue|topic|source|group|role|param(?:eter)?|prompt|class|service|server|cache|map|list|account|tenant|stage|region|namespace|environment|zone|domain|owner|email|description|comment|note|display|realm))$|^(?:no|allow|enable|disable|use|is|has|require|max|min|skip|random|generate|create|manage)[_.-]|tokenizer|bypass|passthrough|pass_?through|compass|passive|passenger|passport$/i;

/** A longer key is data, not a name. */
const NAME_LENGTH_MAX = 200;

export function isSecretName(name: string): boolean {
  if (name.length > NAME_LENGTH_MAX || !(SECRET_NAME.test(name) || GLUED.test(name))) return false;
  return !ABOUT.test(name);
}

/** Whether a value that stands under the name of a secret may be one: not empty, not a placeholder, not a reference. */
export function isSecretValue(name: string, value: string): boolean {
  const text = value.trim();
  if (text.length < 3 || text.length > 5_000 || text.includes(UNKNOWN_PART)) return false;
  if (
    /^(?:true|false|yes|no|on|off|null|none|nil|undefined|disabled|enabled|optional|required|string|todo|tbd|n\/a|unset|empty|dummy|fake)$/i.test(
      text,
    )
  )
    return false;
  // References: to variables, templates, mounted files, stores of secrets.
  if (/\$[{(A-Za-z_]|\{\{|^%|^<[^>]*>$|^\[.*\]$|^@/.test(text)) return false;
  if (/^(?:\.{0,2}\/|~\/|file:|vault:|secret:|ssm:|arn:|sm:\/\/|op:\/\/|ref\+|projects\/)/.test(text)) return false;
  if (/^(?:x+|\*+|\.+|-+|_+|#+|\?+)$/i.test(text)) return false;
  if (
    /^(?:your|my|insert|enter|put|replace|add|set|fill|provide|specify)[-_ ]|[-_ ]here$|^(?:change|replace)[-_ ]?(?:me|this)$|placeholder|redacted/i.test(
      text,
    )
  )
    return false;
  // The name of the value instead of the value, and paths into a store.
  if (/^[A-Z]+(?:_[A-Z\d]+)+$/.test(text) || /^[a-z%][a-z_.%-]*(?:\/[a-z_.%-]+)+$/.test(text)) return false;
  // Numbers are limits more often than secrets, but for passwords.
  if (/^[\d.]+$/.test(text) && !/pass|pwd/i.test(name)) return false;
  return !/\s/.test(text) || /-----BEGIN/.test(text) || text.split(/\s+/).length < 4;
}

/** Secrets whose own form tells them, in any place. */
const KNOWN_FORMS =
  /\b(?:(?:AKIA|ASIA)[A-Z2-7]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,}|glpat-[\w-]{20}|xox[abpr]-[\w-]{10,}|sk_live_[A-Za-z0-9]{20,}|AIza[\w-]{35}|npm_[A-Za-z0-9]{36})\b|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;

export function hasKnownSecret(text: string): boolean {
  const found = KNOWN_FORMS.exec(text)?.[0];
  return found !== undefined && !/EXAMPLE/.test(found);
}

/** Letters and digits in no order that a person would choose. */
export function isRandom(text: string): boolean {
  return (
    text.length >= RANDOM_LENGTH_MIN &&
    text.length < 5_000 &&
    /^[\w+/=.-]+$/.test(text) &&
    /[A-Za-z]\d|\d[A-Za-z]/.test(text) &&
    new Set(text).size >= RANDOM_LETTERS_MIN
  );
}

const RANDOM_LENGTH_MIN = 20;
/** Different characters. */
const RANDOM_LETTERS_MIN = 12;
