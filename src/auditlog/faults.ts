import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('auditlog', {
  'entry-too-large': { status: 413, help: 'Shorten what is recorded: an entry has at most 65,535 bytes.' },
  'entry-missing': { status: 404, help: 'Name the position of an entry that the log has.' },
  'entry-open': {
    status: 409,
    help: 'Ask again in a moment; when it stays so, see whether the log can be signed (/readyz).',
  },
  'log-inconsistent': {
    status: 500,
    help: 'Keep the database as it is and run the verification: somebody or something changed the log.',
  },
});
