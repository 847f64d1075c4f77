import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('run', {
  'state-unusable': {
    status: 500,
    help: 'Make the state folder writable, or name another one with XDG_STATE_HOME.',
  },
});
