import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('runner-door', {
  'not-signed-in': { status: 401, help: 'Open a session with the key of the runner; join again when it was removed.' },
  'not-found': { status: 404, help: 'Use a runner of the same release as the server.' },
  'message-invalid': { status: 400, help: 'Use a runner of the same release as the server.' },
  'body-too-large': { status: 413, help: 'Send less at once.' },
  'body-slow': { status: 408, help: 'Send the request without long breaks.' },
});
