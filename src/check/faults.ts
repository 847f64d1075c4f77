import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('check', {
  'not-found': { status: 404, help: 'Name one of this repository.' },
  'too-many': { status: 422, help: 'There are at most 1000 statuses and check runs for one commit.' },
  'not-yours': { status: 403, help: 'A check run is changed by whoever made it.' },
  'analysis-invalid': { status: 400, help: 'Send SARIF 2.1.0, gzipped and in base64, of at most 10 MiB.' },
});
