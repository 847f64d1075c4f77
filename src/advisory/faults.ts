import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('advisory', {
  'bundle-invalid': {
    status: 400,
    help: 'Make the bundle anew with `sallyport advisories sync` or `sallyport advisories import`.',
  },
  'bundle-untrusted': {
    status: 403,
    help: 'Import it with `sallyport advisories import FILE --trust-key KEY`, with the public key of who made it.',
  },
  'key-invalid': { status: 400, help: 'A public key is a PEM file of an Ed25519 key, or its 32 bytes in base64.' },
  'record-invalid': { status: 400, help: 'Records are OSV JSON, one object a file, or a list of them.' },
  'import-empty': {
    status: 400,
    help: 'Name a file or a folder with OSV records, EPSS scores, a list of exploited ones or a bundle.',
  },
  'input-too-large': { status: 413, help: 'Import the data in smaller pieces, or from a source that you trust.' },
  'sync-failed': {
    status: 502,
    help: 'The bundle that was there is unchanged. Try again, or name another address with --from.',
  },
});
