import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('secrets', {
  'pattern-invalid': { status: 400, help: 'Write the pattern in RE2 syntax: no look-around, no back-references.' },
  'config-invalid': { status: 400, help: 'Correct the file at the given line; its form is that of gitleaks v8.' },
  'filter-invalid': {
    status: 400,
    help: 'Filters know matchesAny, containsAny, entropy, failsTokenEfficiency, get, attributes and finding.',
  },
});
