import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('hold', {
  'in-use': { status: 409, help: 'End the other process that uses this folder first; only one may.' },
});
