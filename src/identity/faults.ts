import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('identity', {
  'not-signed-in': { status: 401, help: 'Sign in with `sallyport login URL`, or give a token that is valid.' },
  'session-ended': { status: 401, help: 'Sign in again. A session lasts 7 days, and 12 hours without use.' },
  'session-elsewhere': {
    status: 401,
    help: 'Sign in again: a session stays in the network where it began, so that a copied cookie is worth nothing elsewhere.',
  },
  'passkey-origin': {
    status: 409,
    help: 'Passkeys need a host name: reach the server by http://localhost:PORT on this machine, or set `url` to https:// with a name.',
  },
  'passkey-invalid': {
    status: 401,
    help: 'Try again with a passkey of this server, and let it verify that it is you.',
  },
  'passkey-late': { status: 401, help: 'Ask for it again: what a passkey signs is valid for five minutes, once.' },
  'passkey-copied': {
    status: 401,
    help: 'A counter of the passkey went back, as that of a copy would. Sign in with another one, remove this one, and make a new one.',
  },
  'passkey-known': { status: 409, help: 'This passkey is registered already: sign in with it.' },
  'passkey-last': { status: 409, help: 'Add another passkey first: nobody could sign in without one.' },
  'passkey-needed': { status: 403, help: 'Add a passkey at /-/sessions: this act is approved with one.' },
  'recovery-invalid': {
    status: 401,
    help: 'A recovery code works once. Try another, or ask an owner for a new sign-in code.',
  },
  'approval-other': { status: 403, help: 'An approval is for one request, as it was shown: ask for a new one.' },
  'not-allowed': { status: 403, help: 'Ask an owner for a role that may, or use a token whose scopes name it.' },
  'external-unknown': {
    status: 403,
    help: 'Ask an owner to invite you; then link your account at /-/sessions. An owner sets who may join by the provider.',
  },
  'external-linked': { status: 409, help: 'One account is one person: sign in with it, or use another account.' },
  'external-late': { status: 401, help: 'Sign in again, in one browser and within ten minutes.' },
  'provider-failed': {
    status: 502,
    help: 'Try again. When it stays, the operator looks at the settings of `oidc` and at the provider.',
  },
  'request-open': { status: 409, help: 'Wait until it is confirmed, or cancel it: sallyport request list.' },
  'request-over': { status: 409, help: 'It was confirmed, cancelled, or nobody answered for 7 days: ask again.' },
  'request-own': { status: 403, help: 'Ask another owner to confirm it.' },
  'session-needed': { status: 403, help: 'Do it in a browser, signed in with a passkey.' },
  'not-found': { status: 404, help: 'It is not there, or not yours to see.' },
  'code-invalid': {
    status: 401,
    help: 'A code works once and for a short time. Ask an owner for a new one; the last owner asks whoever runs the server.',
  },
  'name-needed': { status: 400, help: 'Say who you are: `sallyport login URL --setup CODE --name NAME`.' },
  'name-invalid': {
    status: 400,
    help: 'A name has 1 to 39 letters, digits and dashes, and begins and ends with a letter or a digit.',
  },
  'name-taken': { status: 409, help: 'Choose another name: names are never given again.' },
  'last-owner': { status: 409, help: 'Make somebody else an owner first.' },
  'too-many-attempts': { status: 429, help: 'Wait, then try again with a valid token or code.' },
  'expiry-invalid': { status: 400, help: 'A token lives 1 to 90 days, and no more than 90 days after you signed in.' },
  'scope-invalid': { status: 400, help: 'Name verbs as docs/reference/identity.md lists them, or `all`.' },
  'scope-exceeded': { status: 403, help: 'A token makes tokens that may what it may itself, and no more.' },
  'too-many': { status: 409, help: 'Remove what is not used any more.' },
  'team-cycle': { status: 409, help: 'A team can not lie in one that lies in it, and not deeper than 8.' },
});
