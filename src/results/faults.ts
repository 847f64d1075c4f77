import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('results', {
  'artifact-exists': {
    status: 409,
    help: 'Give the artifact another name, or set `overwrite: true` on the upload.',
  },
  'artifact-name': {
    status: 400,
    help: 'Use a name of 1 to 256 characters without " : < > | * ? \\ / and control characters, and not . or ..',
  },
  'artifact-missing': { status: 404, help: 'Look at the names of the artifacts that this run has.' },
  'artifact-digest': { status: 400, help: 'The bytes changed on their way: upload the artifact again.' },
  'artifact-protected': {
    status: 403,
    help: 'A job can delete or replace only artifacts that were made at its own trust level or below.',
  },
  'mime-type': { status: 400, help: 'Write a media type such as application/zip.' },
  quota: { status: 412, help: 'Upload less, or raise the quota of this trust level in the settings.' },
  'cache-key': { status: 400, help: 'Use a key of 1 to 512 characters without a comma, and at most 10 keys.' },
  'cache-missing': {
    status: 404,
    help: 'Look the cache up again: the entry was evicted or is not visible to this job.',
  },
  'index-broken': { status: 500, help: 'Run `sallyport clean` to drop the local artifacts and caches.' },
  'token-refused': { status: 401, help: 'Use the token of the running job; it ends with the job.' },
  'scope-refused': { status: 403, help: 'A job reaches only the artifacts of its own run.' },
  'url-refused': { status: 403, help: 'Ask for a new signed address; it serves one method, for a short time.' },
  'request-invalid': { status: 400, help: 'Send what the clients of actions/toolkit send.' },
  'not-supported': { status: 501, help: 'This call is not offered; see docs/reference/differences.md.' },
  'upload-missing': { status: 404, help: 'Start the upload again: it was finished, dropped or never begun.' },
  'too-large': { status: 413, help: 'Send less: split the artifact or leave files out.' },
  'too-many': { status: 412, help: 'Finish uploads before starting more, or put more files into one artifact.' },
  'too-slow': { status: 408, help: 'The sender paused for too long: send it again.' },
  'zip-unsafe': { status: 400, help: 'Do not use this artifact: its archive tries to reach outside its folder.' },
  'zip-invalid': { status: 400, help: 'Upload the artifact again: its archive can not be read.' },
  'target-exists': { status: 409, help: 'Name a folder that does not hold the artifact yet.' },
});
