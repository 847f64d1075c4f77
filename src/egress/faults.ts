import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('egress', {
  'rule-invalid': {
    status: 400,
    help: 'Write host:port or *.host:port, as in "registry.npmjs.org:443". Addresses and ranges cannot be listed.',
  },
  'gateway-failed': {
    status: 500,
    help: 'Run `sallyport doctor`. The network wall needs `ip` (iproute2), `nsenter`, `unshare` and the veth driver.',
  },
  'gateway-timeout': { status: 500, help: 'The machine is overloaded or a namespace tool hangs. Try again.' },
  'port-not-prepared': {
    status: 500,
    help: 'Prepare the network of a waiting pod with all ports that its job will be served.',
  },
  'file-invalid': { status: 400, help: 'Mend .sallyport/egress.yml at that place, or remove it.' },
  'too-many-ports': { status: 400, help: 'List fewer distinct ports in the allow list.' },
});
