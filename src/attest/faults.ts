import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('attest', {
  'note-invalid': { status: 400, help: 'Use the checkpoint as the log serves it, with its signature lines.' },
  'proof-invalid': {
    status: 400,
    help: 'Fetch the proof again; when it stays wrong, the log was changed: keep the evidence.',
  },
});
