import type { Confidence } from '../finding/index.ts';
import { entropyOf, wordinessOf } from './entropy.ts';
import { type Credential, wordsOf } from './names.ts';

/** The longest value that is judged, in characters. Longer ones are data, not credentials. */
export const VALUE_LENGTH_MAX = 1024;

/** Words of which stand-ins are made. A value of nothing else is one. */
const STAND_INS = new Set(
  (
    'change changeme me it this that later please example examples sample samples dummy placeholder your yours my mine own xxx xxxx xx x todo tbd fixme insert ' +
    'replace replaceme with enter type here fake mock mocked stub test tests testing tester foo bar baz qux foobar abc abcd abcdef password passwords ' +
    'passwd passphrase pass pwd pw secret secrets secrete token tokens key keys api apikey app apps user username users name default defaults none null nil ' +
    'undefined empty blank redacted hidden masked removed value values string text some any the a an is are not no real actual demo invalid ' +
    'valid bogus temp temporary tmp put set by from in env environment variable var to be at runtime generated provided client access private public auth ' +
    'bearer basic encrypted encryption hash hashed db database prod production dev development staging local localhost login logon root admin administrator ' +
    'postgres mysql mongo redis rabbitmq guest service account config configuration input output field true false yes on off required optional ' +
    'unknown and or of for new old current wrong correct bad good right incorrect something anything whatever super very strong secure safe long random ' +
    'hello world unused ignored skip disabled enabled n/a na foo1 oauth oauth2 jwt session cookie id code credential credentials master signing ' +
    'shared consumer refresh webhook github gitlab google aws azure slack stripe openai docker npm pypi kubernetes vault cli sdk ci cd'
  ).split(' '),
);

/** Anywhere in a value, these say that it is made up. */
const MADE_UP =
  /change[-_]?(?:me|this|it)|example|placeholder|your[-_]|yourpass|yourtoken|yoursecret|x{4,}|\*{3,}|\.{3,}|dummy|sample|redacted|replace[-_]?(?:me|this|with)|insert[-_]?(?:your|here)|todo|fixme|not[-_]?(?:a[-_]?)?(?:real|secret|used|needed)|foo[-_]?bar|deadbeef|lorem|my[-_](?:secret|token|password|api|key)|mytoken|mysecret|mypassword|(?:^|[-_])(?:fake|mock|test|testing|dummy)(?:[-_]|$)|test(?:ing)?(?:key|token|secret|password|pass|pwd)|(?:key|token|secret|password)[-_]?(?:here|goes)|unit[-_]?test|12345678|abcdefgh|qwertyui|00000000|11111111|deadcafe/i;

/** Written in a language of templates or as a reference to where the value really is. */
const REFERENCE =
  /\$\{|\$\(|\{\{|\}\}|<%|%>|#\{|%\(|%[sdvq]\b|%[sdv]$|\{\d*\}|\{[A-Za-z_][\w.]*\}|^\$[A-Za-z_]\w*$|^\$env:|^%\w+%$|^@\w|^!\w|^&\w+$|^\*\w+$|<[A-Za-z][^<>]*>|^<|>$|^ENC[[(]|^vault:|^(?:aws|gcp|az|op|ssm|secretsmanager|akv|kv|ref\+\w+|bws|doppler|keyring|pass|file|env):|^arn:|^projects\/|^Ag[A-Z][A-Za-z0-9+/]{90}|^\$ANSIBLE_VAULT|^age1|^AGE-ENCRYPTED|^pbkdf2|^\{(?:SSHA|SHA|MD5|bcrypt|noop|pbkdf2|scrypt|argon2|cipher)|^\$2[abxy]?\$|^\$argon2|^\$[156y]\$|^\$apr1\$|^sha(?:1|256|384|512)[-:$]|^md5[-:$]|^scrypt:|^ssh-(?:rsa|ed25519|dss)|^ecdsa-sha2|^-----BEGIN (?:PUBLIC|CERT|RSA PUBLIC)|^data:|^base64:$|^resolve:|^__\w+__$|^~?\/|^\.{1,2}\/|^[A-Za-z]:\\|^\w+:\/\/|^process\.env|^os\.(?:environ|getenv)|^ENV\[|^System\.getenv|^secrets?\.|^env\.|^var\.|^local\.|^config\.|^this\.|^self\.|^data\.|^module\./;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const EMAIL = /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/;
const HOST =
  /^(?:[\w-]+\.)+(?:com|org|net|io|dev|local|internal|localhost|cloud|app|co|de|uk|test|example|svc|py|js|ts|json|ya?ml|pem|key|txt|crt|cfg|conf|html?|php|go|java|rb|md|xml|properties|toml|sh|jks|p12|pfx|env)$/i;
const EXPRESSION = /[()[\]{};]|=>|->|&&|\|\||\s[+*/]\s|::/;
const REGEX_LIKE = /\\[dwsbDWS]|\[\^|\(\?|\]\+|\]\*|\.\*|\]\{|^\^.*\$$|\$\//;

export type ValueContext = {
  readonly credential: Credential;
  /** The name that it is assigned to. */
  readonly name: string;
  /** Whether it stands as a literal: in quotes, or in a file in which values need none. */
  readonly isQuoted: boolean;
  /** Whether the file is made of prose, where a value without quotes is a word of it. */
  readonly isProse: boolean;
};

/** How sure it is that a value that was assigned to the name of a credential is one; nothing when it is not. */
export function judgeValue(value: string, context: ValueContext): Confidence | undefined {
  const { credential } = context;
  const lengthMin = credential === 'password' ? 4 : 8;
  if (value.length < lengthMin || value.length > VALUE_LENGTH_MAX) return undefined;
  if (!/^[\x20-\x7e]+$/.test(value)) return undefined;
  if (REFERENCE.test(value) || EMAIL.test(value) || HOST.test(value) || REGEX_LIKE.test(value)) return undefined;
  if (!context.isQuoted && EXPRESSION.test(value)) return undefined;
  if (isStandIn(value, context)) return undefined;
  if (UUID.test(value)) return credential === 'password' ? undefined : 'low';
  return credential === 'password' ? judgePassword(value, context) : judgeRandom(value, credential);
}

/** Whether a value is plainly made up: `changeme`, `<token>`, `xxxx`, `12345678`, or the words of its own name. */
export function isStandIn(value: string, context: Pick<ValueContext, 'credential' | 'name'>): boolean {
  if (MADE_UP.test(value) || distinctOf(value) <= Math.min(3, value.length - 2) || longestRun(value) >= 6) return true;
  const words = wordsOf(value).map((word) => word.replace(/^\d+|\d+$/g, ''));
  const plain = words.filter((word) => word !== '');
  const isWords = plain.length > 0 && plain.every((word) => STAND_INS.has(word));
  // `password123` and `admin1` are weak passwords rather than stand-ins.
  if (
    isWords &&
    (!/\d/.test(value) ||
      credentialIsNot(context, 'password') ||
      /test|foo|bar|abc|my|your|user|demo|x{2}/i.test(value))
  )
    return true;
  const squashed = plain.join('');
  const name = wordsOf(context.name).join('');
  return squashed.length > 3 && !/\d/.test(value) && (name.includes(squashed) || squashed.includes(name));
}

function credentialIsNot(context: Pick<ValueContext, 'credential'>, credential: Credential): boolean {
  return context.credential !== credential;
}

function judgePassword(value: string, context: ValueContext): Confidence | undefined {
  const hasDigit = /\d/.test(value);
  const hasSymbol = /[^\w\s]/.test(value);
  if (/\s/.test(value)) {
    // A sentence, a label. What people choose as a passphrase cannot be told from it, unless it is of random words and digits.
    return hasDigit && hasSymbol && value.split(/\s+/).length <= 3 && wordinessOf(value) < 0.5 ? 'low' : undefined;
  }
  if (/^[\d.,-]+$/.test(value)) return value.length >= 6 && /^\d+$/.test(value) && context.isQuoted ? 'low' : undefined;
  if (context.isProse && !context.isQuoted && !(hasDigit && (hasSymbol || /[a-z][A-Z]|[A-Z].*[a-z]/.test(value))))
    return undefined;
  const isName = /^[A-Za-z_$][\w$]*(?:[.\-/:][A-Za-z_$][\w$]*)*$/.test(value);
  const words = wordsOf(value);
  if (!hasDigit) {
    if (isName && words.length > 1) return undefined;
    if (/^[A-Za-z]+[:.?!…*,]*$/.test(value)) {
      return value.length >= 8 && /^[A-Za-z]+$/.test(value) && wordinessOf(value) < 0.6 ? 'medium' : undefined;
    }
    if (/^[a-z]+(?:[.\-/:|,_ ][a-z]+)*$/i.test(value)) return undefined;
    return hasSymbol && value.length >= 6 && /[A-Za-z]/.test(value) && !EXPRESSION.test(value) ? 'medium' : undefined;
  }
  // Names with a digit in them: `sha256`, `utf8`, `oauth2_password`, `pbkdf2-sha512`, `field1`.
  if (/^(?:sha|md|base|utf|aes|oauth|rsa|ec|http|h|v|ipv|argon|pbkdf|bcrypt|scrypt|crc|ripemd)[-_]?\d/i.test(value))
    return undefined;
  if (isName && words.length > 2 && wordinessOf(value) > 0.7 && !/\d{2,}/.test(value)) return undefined;
  if (EXPRESSION.test(value) && !/^[^\s]{6,}$/.test(value)) return undefined;
  if (wordsOf(value).every((word) => STAND_INS.has(word.replace(/\d+$/, '')) || /^\d+$/.test(word))) return 'low';
  return value.length >= 6 ? 'medium' : 'low';
}

function judgeRandom(value: string, credential: Credential): Confidence | undefined {
  if (/\s/.test(value) || /^\d+$/.test(value) || /[<>"'`\\]/.test(value)) return undefined;
  if (/^[\d.:/-]+$/.test(value)) return undefined;
  const hasDigit = /\d/.test(value);
  const wordiness = wordinessOf(value);
  const entropy = entropyOf(value);
  const isHex = /^(?:0x)?[0-9a-f]+$/i.test(value);
  if (isHex)
    return value.length >= 20 && entropy > 2.8 && hasDigit ? (value.length >= 32 ? 'medium' : 'low') : undefined;
  const body = value.replace(/=+$/, '');
  const parts = body.split(/[-_./:|+,@]/).filter((part) => part !== '');
  const areWords = parts.every(
    (part) => /^[A-Za-z]*\d{0,3}$/.test(part) && (part.length < 4 || wordinessOf(part) > 0.6),
  );
  if (areWords && parts.length > 1) return undefined;
  if (!hasDigit) {
    const isMixed = /[a-z]/.test(value) && /[A-Z]/.test(value);
    if (value.length >= (isMixed ? 20 : 24) && wordiness < (isMixed ? 0.52 : 0.48) && entropy > 3.4) return 'medium';
    return credential === 'secret' && /[^\w\s.:/-]/.test(value) && value.length >= 10 && wordiness < 0.8
      ? 'low'
      : undefined;
  }
  if (value.length >= 24 && entropy > 3.8 && wordiness < 0.58) return 'high';
  if (value.length >= 16 && entropy > 3.2 && wordiness < 0.66) return 'medium';
  if (value.length >= 32 && entropy > 3.6 && wordiness < 0.72) return 'medium';
  const hasSymbol = /[^\w]/.test(value);
  const isStrong = (hasSymbol || /[a-z]/.test(value)) && /[A-Za-z]/.test(value) && wordiness < 0.75;
  if (!isStrong || value.length < 8) return undefined;
  if (credential === 'token' || credential === 'auth') return value.length >= 12 && wordiness < 0.6 ? 'low' : undefined;
  return hasSymbol || /[a-z].*[A-Z]|[A-Z].*[a-z]/.test(value) ? 'medium' : value.length >= 10 ? 'low' : undefined;
}

function distinctOf(value: string): number {
  return new Set(value).size;
}

/** The longest stretch in which each character is the one after, or the one before, its neighbour: `abcdef`, `987654`. */
function longestRun(value: string): number {
  let longest = 1;
  let up = 1;
  let down = 1;
  for (let at = 1; at < value.length; at += 1) {
    const step = value.charCodeAt(at) - value.charCodeAt(at - 1);
    up = step === 1 ? up + 1 : 1;
    down = step === -1 ? down + 1 : 1;
    longest = Math.max(longest, up, down);
  }
  return longest;
}
