import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('backup', {
  'archive-broken': { status: 400, help: 'The file is cut short or changed: take another copy of the backup.' },
  'key-wrong': {
    status: 400,
    help: 'Give the identity (AGE-SECRET-KEY-1…) of a recipient that the backup was made for.',
  },
  'recipient-invalid': { status: 400, help: 'Give a recipient as age-keygen prints it: age1….' },
  'not-empty': { status: 409, help: 'Restore into a folder and a database that hold nothing yet.' },
  git: { status: 500, help: 'Look at the repository that is named: git fsck tells more.' },
});
