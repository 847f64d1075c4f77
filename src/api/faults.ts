import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('api', {
  'not-signed-in': { status: 401, help: 'Sign in, or give a token that is valid.' },
  'not-allowed': { status: 403, help: 'Ask an owner for a role that may, or use a token whose scopes name it.' },
  'approval-needed': {
    status: 403,
    help: 'Approve it with a passkey: POST /api/v1/user/approvals, then send it again with the header Sallyport-Approval.',
  },
  'cross-site': {
    status: 403,
    help: 'With the cookie of a session only pages of this server ask. Programs give a token: Authorization: Bearer.',
  },
  'not-found': { status: 404, help: 'It is not there, or not yours to see.' },
  'method-not-allowed': { status: 405, help: 'The header Allow names what can be done there.' },
  'request-invalid': { status: 400, help: 'The description of every request is at /api/v1/openapi.json.' },
  'body-type': { status: 415, help: 'Send JSON, with content-type: application/json.' },
  'body-too-large': { status: 413, help: 'Send less at once.' },
  'file-large': { status: 413, help: 'Clone the repository: git has no such limit.' },
  'body-slow': { status: 408, help: 'Send the request without long breaks.' },
  'rate-limited': { status: 429, help: 'Wait as long as the header Retry-After says.' },
  'too-many-streams': { status: 429, help: 'Close streams that are not read any more.' },
  'key-invalid': { status: 400, help: 'An Idempotency-Key has 8 to 100 letters, digits, dashes and underscores.' },
  'key-reused': { status: 422, help: 'Use a new Idempotency-Key for another request.' },
  'key-running': {
    status: 409,
    help: 'The first request with this key is not answered yet, or its server was ended: see what it did.',
  },
  'key-secret': { status: 409, help: 'That request succeeded; its answer held a secret and is told once only.' },
  'no-mail': { status: 409, help: 'The operator sets smtp_host and mail_from first.' },
  'token-too-wide': { status: 403, help: 'Make a token with the scope run.read and for this repository only.' },
  unexpected: { status: 500, help: 'This is an error of the server: give its operator the number of the request.' },
  'not-ready': { status: 503, help: 'Try again in a moment.' },
});
