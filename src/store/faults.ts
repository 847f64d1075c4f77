import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('store', {
  'blob-missing': {
    status: 404,
    help: 'The content was removed, as by retention or `sallyport clean`: make it again.',
  },
  'blob-corrupt': { status: 500, help: 'Check the disk, then run `sallyport clean` to drop the stored content.' },
  'too-large': { status: 413, help: 'Make the content smaller, or split it.' },
  'quota-exceeded': { status: 507, help: 'Free the store with `sallyport clean`, or raise its quota in the settings.' },
  'disk-full': { status: 507, help: 'Free space on the disk that holds the store, then run again.' },
  'postgres-version': {
    status: 503,
    help: 'Start the release that made it and export there, then import into an empty folder.',
  },
  'postgres-broken': {
    status: 503,
    help: 'Look at the disk and the message; `DATABASE_URL` takes another PostgreSQL.',
  },
  'database-unreachable': { status: 503, help: 'Check DATABASE_URL and that PostgreSQL runs there.' },
  'database-old': {
    status: 503,
    help: 'Use PostgreSQL 15 or later, or leave DATABASE_URL out for the one that comes along.',
  },
  'database-newer': { status: 503, help: 'Start the release that used this database last, or a newer one.' },
  'migration-failed': { status: 500, help: 'Nothing was changed by that migration; report it with the message.' },
  interrupted: { status: 400, help: 'The sender went away before the content was whole: send it again.' },
});
