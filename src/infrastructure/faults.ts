import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('infrastructure', {
  'check-unknown': {
    status: 400,
    help: 'Name one of the checks that docs/rules/README.md lists, or write conditions.',
  },
});
