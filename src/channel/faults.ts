import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('channel', {
  closed: { status: 503, help: 'The process at the other end is gone; it is started again by itself. Try once more.' },
  'message-invalid': { status: 400, help: 'Both ends must be of the same release.' },
  refused: { status: 409, help: 'The process at the other end refused; its reason is in the message.' },
  slow: { status: 504, help: 'Look at the log of the process at the other end, and at the load of the machine.' },
});
