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
  interrupted: { status: 400, help: 'The sender went away before the content was whole: send it again.' },
});
