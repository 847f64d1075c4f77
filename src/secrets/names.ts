/** What a name says that its value is. */
export type Credential = 'password' | 'secret' | 'token' | 'key' | 'auth';

/** Words that say it alone, written together. */
const HEADS: { readonly [word: string]: Credential } = {
  password: 'password',
  passwords: 'password',
  passwd: 'password',
  passwort: 'password',
  passphrase: 'password',
  passcode: 'password',
  pass: 'password',
  pwd: 'password',
  pw: 'password',
  userpass: 'password',
  dbpass: 'password',
  dbpassword: 'password',
  dbpasswd: 'password',
  dbpwd: 'password',
  sshpass: 'password',
  rootpw: 'password',
  adminpassword: 'password',
  userpassword: 'password',
  secret: 'secret',
  secrets: 'secret',
  clientsecret: 'secret',
  appsecret: 'secret',
  sharedsecret: 'secret',
  consumersecret: 'secret',
  apisecret: 'secret',
  credential: 'secret',
  credentials: 'secret',
  creds: 'secret',
  cred: 'secret',
  token: 'token',
  tokens: 'token',
  apitoken: 'token',
  authtoken: 'token',
  accesstoken: 'token',
  usertoken: 'token',
  bottoken: 'token',
  pat: 'token',
  jwt: 'token',
  apikey: 'key',
  apikeys: 'key',
  appkey: 'key',
  secretkey: 'key',
  accesskey: 'key',
  privatekey: 'key',
  authkey: 'key',
  masterkey: 'key',
  signingkey: 'key',
  encryptionkey: 'key',
  accountkey: 'key',
  licensekey: 'key',
  auth: 'auth',
  authorization: 'auth',
  authentication: 'auth',
  bearer: 'auth',
};

/** What makes a `key` one that opens something. */
const KEY_QUALIFIERS = new Set(
  (
    'api app access secret private auth authentication authorization encryption encrypt decryption crypto cipher aes hmac signing sign ' +
    'signature master account storage client service server subscription license licence webhook shared session cookie ssh deploy ' +
    'integration consumer customer rest admin root user write ingest instrumentation routing sas primary secondary connection ' +
    'jwt token pgp gpg ssl tls host partner merchant function functions django flask rails base wallet stream registration'
  ).split(' '),
);

/** Words at the end that say nothing of what the value is: `password_prod`, `apiKeyValue`. */
const TAILS = new Set(
  (
    'value val str string base text plain plaintext raw default prod production dev development test testing stage staging qa uat live local ' +
    'sandbox new old current prev previous backup main base64 b64 encoded env var hex bytes enc data literal const key1 key2 admin root user ' +
    'db database api app service primary secondary override initial temp tmp hardcoded hard coded v1 v2 v3'
  ).split(' '),
);

/** Before the head, these make the whole no secret: `public_key`, `next page token`. */
const HARMLESS = new Set(
  (
    'public pub publishable foreign primarykey sort partition cache page continuation continue cursor next sync csrf xsrf ' +
    'no without is has use using with need needs require requires required show hide toggle reset forgot forgotten confirm confirmation ' +
    'verify change update min max valid invalid missing wrong incorrect empty enable disable allow can should must num count ' +
    'syntax parse lex lexer comment punctuation keyword operator identifier cancellation cancel cancelled abort eof design css style color theme ' +
    'validate check compare match hash hashed regex pattern placeholder label hint message error by get set on off optional get ' +
    'mask masked hidden redacted separator delimiter delim lookahead current start end first last open close brace paren word semi ' +
    'boarding bypass stop trailing leading unexpected expected resume replay idempotency issuer verification field input param i18n'
  ).split(' '),
);

/**
 * What a name stands for, by its words: `DB_PASSWORD`, `stripe.secretKey`, `aws-secret-access-key`. The last word that means
 * something decides, so that `password_field`, `tokenizer`, `keyboard` and `monkey` are nothing.
 */
export function credentialOf(name: string): Credential | undefined {
  const words = wordsOf(name);
  let at = words.length - 1;
  while (at > 0 && (TAILS.has(words[at] ?? '') || /^\d+$/.test(words[at] ?? ''))) at -= 1;
  const word = (words[at] ?? '').replace(/\d+$/, '');
  const before = words.slice(0, at);
  // `env` or `user` in front is fine; a word that makes it harmless is so only right before the head, or first of all.
  if (HARMLESS.has(before.at(-1) ?? '') || (before.length > 0 && HARMLESS.has(before[0] ?? '') && !isUpper(name))) {
    return undefined;
  }
  const head = Object.hasOwn(HEADS, word) ? HEADS[word] : undefined;
  if (head !== undefined) return head;
  if (word === 'key' || word === 'keys') {
    const qualifier = before.at(-1) ?? '';
    return KEY_QUALIFIERS.has(qualifier) || KEY_QUALIFIERS.has(qualifier.replace(/\d+$/, '')) ? 'key' : undefined;
  }
  // Written together without a border: `mysqlpassword`, `slacktoken`.
  const joined = /^[a-z]{2,16}(password|passwd|passphrase|apikey|secretkey|accesskey|authtoken|secret|token)$/.exec(
    word,
  )?.[1];
  if (joined === undefined || HARMLESS.has(word.slice(0, -joined.length))) return undefined;
  return HEADS[joined];
}

function isUpper(name: string): boolean {
  return name === name.toUpperCase();
}

/** `dbPassword`, `DB_PASSWORD`, `db.pass-word2` into lower-case words. */
export function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}
