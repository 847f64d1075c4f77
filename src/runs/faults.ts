import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('runs', {
  'not-found': { status: 404, help: 'List the runs of the repository.' },
  'repository-missing': { status: 404, help: 'Name a repository that is there and active.' },
  'ref-missing': { status: 422, help: 'Name a branch or tag of the repository.' },
  'workflow-missing': { status: 404, help: 'Name a workflow by its file, as ci.yml, that the ref has.' },
  'workflow-invalid': { status: 422, help: 'Mend the workflow at the place that is named.' },
  'not-dispatchable': { status: 422, help: 'Add workflow_dispatch to on: of the workflow at that ref.' },
  'inputs-invalid': { status: 422, help: 'Give the inputs that on.workflow_dispatch.inputs defines.' },
  'type-invalid': { status: 422, help: 'An event type has 1 to 100 characters, and its payload at most 10 members.' },
  'not-permitted': { status: 403, help: 'The denial says what to change.' },
  'not-finished': { status: 409, help: 'Cancel the run, or wait for its end.' },
  finished: { status: 409, help: 'It is over: there is nothing to cancel.' },
  'nothing-to-repeat': { status: 422, help: 'Re-run all jobs instead.' },
  'job-missing': { status: 404, help: 'Name a job of the run by its key.' },
  'cursor-invalid': { status: 400, help: 'Give the cursor that the page before came with.' },
  stopped: { status: 503, help: 'Try again once the server is up.' },
});
