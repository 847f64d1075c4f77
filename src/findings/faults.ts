import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('findings', {
  'not-found': { status: 404, help: 'List the findings of the repository.' },
  'ref-missing': { status: 422, help: 'Name a branch that the repository has.' },
  'too-many': { status: 429, help: 'Scans of this repository wait already: see when they are done.' },
  'expiry-invalid': { status: 400, help: 'Give a day from tomorrow to a year from now, as YYYY-MM-DD.' },
  'reason-invalid': {
    status: 400,
    help: 'Say in one sentence why it may stand; it is read by whoever reviews the change.',
  },
  'already-suppressed': {
    status: 409,
    help: 'It is suppressed already: change its entry in .sallyport/suppressions.yml.',
  },
  'scan-failed': { status: 502, help: 'See the log of the server; the scan is tried again.' },
});
