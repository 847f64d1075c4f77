import { faultsOf } from '../base/index.ts';

/** The failures of this folder. */
export const fault = faultsOf('sandbox', {
  'wall-missing': { status: 503, help: 'Run `sallyport doctor`: it names each wall and the command that mends it.' },
  'tool-missing': {
    status: 503,
    help: 'Install the named program; `scripts/setup` does it for the known distributions.',
  },
  'open-failed': { status: 503, help: 'Run `sallyport doctor` to see which wall cannot be raised on this machine.' },
  'spec-invalid': { status: 400, help: 'This is an error of the caller of the executor; report it.' },
  'mount-refused': {
    status: 400,
    help: 'Mount below the runner’s own folders inside (`INSIDE.commands`, `INSIDE.actions`, …) or outside what the job can write.',
  },
  'file-too-large': { status: 413, help: 'The job wrote more into this file than is allowed; let it write less.' },
  'pod-closed': { status: 409, help: 'The sandbox of this job has ended already; nothing can be started in it.' },
  'uid-pool-empty': { status: 503, help: 'Too many jobs run at once on this machine; wait for one to end.' },
});
