import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('database', {
  'postgres-version': {
    status: 503,
    help: 'Start the release that made it and export there, then import into an empty folder.',
  },
  'postgres-broken': {
    status: 503,
    help: 'Look at the disk and the message; `DATABASE_URL` takes another PostgreSQL.',
  },
  'postgres-folder': {
    status: 503,
    help: 'Let others pass (chmod o+x) through the folder that the message names, or put the data elsewhere with --data.',
  },
  unreachable: { status: 503, help: 'Check DATABASE_URL and that PostgreSQL runs there.' },
  old: {
    status: 503,
    help: 'Use PostgreSQL 15 or later, or leave DATABASE_URL out for the one that comes along.',
  },
  newer: { status: 503, help: 'Start the release that used this database last, or a newer one.' },
  'migration-failed': { status: 500, help: 'Nothing was changed by that migration; report it with the message.' },
});
