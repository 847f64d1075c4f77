import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('event', {
  'payload-invalid': {
    status: 400,
    help: 'Give the raw JSON body of a GitHub webhook, one object, with the members that its event documents.',
  },
  'payload-too-large': { status: 413, help: 'Cut the payload down to what the workflow reads.' },
  'name-unknown': {
    status: 400,
    help: 'Name the event with --event-name, as GitHub does in X-GitHub-Event: push, pull_request, workflow_dispatch, …',
  },
  'ref-invalid': { status: 400, help: 'A ref is refs/heads/<branch>, refs/tags/<tag> or refs/pull/<number>/merge.' },
});
