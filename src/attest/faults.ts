import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('attest', {
  'advance-refused': {
    status: 409,
    help: 'Stop and keep the database as it is: the log was cut, rewritten or restored from an older copy. sallyport audit verify names the position.',
  },
  'note-invalid': { status: 400, help: 'Use the checkpoint as the log serves it, with its signature lines.' },
  'proof-invalid': {
    status: 400,
    help: 'Fetch the proof again; when it stays wrong, the log was changed: keep the evidence.',
  },
});
