import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('remote', {
  unreachable: {
    status: 503,
    help: 'Look at the network between runner and server, and at the address and certificate of the server.',
  },
  refused: { status: 409, help: 'The server says why; a runner that was removed joins again with a new token.' },
  'answer-invalid': { status: 502, help: 'Use a runner of the same release as the server.' },
  insecure: { status: 400, help: 'Use https://; plain HTTP is for a server on this machine only.' },
  'membership-broken': { status: 400, help: 'Join again: sallyport runner join --url URL --token TOKEN.' },
  'not-offered': { status: 501, help: 'Ask for it at the server.' },
});
