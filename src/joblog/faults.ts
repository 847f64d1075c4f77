import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('joblog', {
  offset: { status: 409, help: 'Go on at the size that the answer names; what lies before it is kept.' },
  'too-large': { status: 413, help: 'Log less: what is beyond the limit of a job is refused, and the job says so.' },
  sealed: { status: 409, help: 'The job has ended; its log takes nothing more.' },
  unusable: { status: 503, help: 'Look at the disk: whether it is full, and whose the folder is.' },
});
