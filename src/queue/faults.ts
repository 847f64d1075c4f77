import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('queue', {
  'lease-lost': {
    status: 409,
    help: 'End the job: its lease is over, was given to another runner, or was never this one. Nothing of it is accepted any more.',
  },
  'outcome-differs': { status: 409, help: 'The job has ended already, with another outcome. The first one stands.' },
  'runner-unknown': { status: 404, help: 'List the runners; join again when it was removed.' },
  'runner-token': {
    status: 401,
    help: 'Ask for a new registration token: one works once, within the hour.',
  },
  'runner-name': { status: 409, help: 'Give the runner another name, or remove the one that has it.' },
  full: { status: 429, help: 'Wait until jobs of this repository have ended, or raise repository_jobs_max.' },
});
