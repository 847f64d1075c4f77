import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('keeper', {
  'cosign-refused': { status: 403, help: 'Send the checkpoint as the log signed it.' },
  'other-log': {
    status: 409,
    help: 'A witness watches one log for ever. If this is a new installation on purpose, give the witness a new folder.',
  },
  'keys-broken': {
    status: 500,
    help: 'Put the folder of the keys back from its backup. New keys would be another installation: nobody could verify what is there.',
  },
  'token-refused': { status: 400, help: 'Ask for a token of a known kind that ends within its longest time.' },
});
