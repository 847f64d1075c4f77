import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('s3', {
  refused: {
    status: 503,
    help: 'Look at s3_endpoint, s3_bucket, s3_region and the key file, and at what the key may do: docs/operate/server.md lists the rights.',
  },
  unreachable: {
    status: 503,
    help: 'Look at the network between the server and the bucket; what was asked is asked again.',
  },
  'other-owner': {
    status: 409,
    help: 'One bucket and prefix belongs to one installation: name another s3_prefix, or move the claim away if the other one is gone for good.',
  },
});
