import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('identity', {
  'not-signed-in': { status: 401, help: 'Sign in with `sallyport login URL`, or give a token that is valid.' },
  'not-allowed': { status: 403, help: 'Ask an owner for a role that may, or use a token whose scopes name it.' },
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
