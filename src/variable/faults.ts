import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('variable', {
  'name-invalid': {
    status: 400,
    help: 'A name has 1 to 100 letters, digits and underscores, does not begin with a digit, and not with GITHUB_.',
  },
  'value-invalid': { status: 400, help: 'A value is a text; give files another way.' },
  'value-too-large': { status: 413, help: 'A value has at most 48 KiB.' },
  'too-many': { status: 409, help: 'Remove variables that are not used: there are at most 500 in one place.' },
  'not-found': { status: 404, help: 'See the list of variables.' },
});
