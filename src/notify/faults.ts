import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('notify', {
  'not-found': { status: 404, help: 'List what is there; it may belong to another repository.' },
  'too-many': { status: 409, help: 'Remove some that are not used any more.' },
  'url-invalid': { status: 400, help: 'Give an https address without a user, with a port that web servers have.' },
  'address-refused': {
    status: 422,
    help: 'Only public addresses are dialled. For a host inside, the operator lists its name in unsafe_webhook_hosts.',
  },
  unreachable: { status: 502, help: 'See whether the receiver answers, and that its name resolves.' },
  'not-replayable': { status: 409, help: 'It still waits: it is sent by itself.' },
  'address-invalid': { status: 400, help: 'Give one address, as ada@example.org.' },
  'code-invalid': { status: 400, help: 'Ask for a new code: it is valid for an hour, and for five tries.' },
  'too-soon': { status: 429, help: 'Wait a minute before another code is sent.' },
  'secret-unreadable': {
    status: 409,
    help: 'The key of the sealed values was exchanged: make a new secret, or set the address again.',
  },
});
