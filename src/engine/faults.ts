import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('engine', {
  'folder-missing': { status: 400, help: 'Give an existing folder with -C.' },
  'git-failed': { status: 500, help: 'Run the git command that is named in that folder and mend what it says.' },
  'git-missing': { status: 500, help: 'Install git, at least 2.30: scripts/setup does it.' },
  'git-refused': {
    status: 403,
    help: 'git does not trust this folder because it belongs to somebody else: run as its owner, or trust it with git config --global --add safe.directory.',
  },
  'repository-foreign': {
    status: 403,
    help: 'A folder that was packed with its .git can name a repository that is not its own. Clone it and run there. If it is yours: git worktree repair mends a work tree that was moved; git repack -a -d, then removing .git/objects/info/alternates, ends borrowing; git config core.worktree in the repository names its work tree.',
  },
  'snapshot-too-large': {
    status: 413,
    help: 'Ignore what is not source (.gitignore), or run in the repository itself and not above it.',
  },
  'file-unreadable': { status: 403, help: 'Make the file readable, or ignore it (.gitignore).' },
  'workflow-missing': { status: 404, help: 'List the workflows with: sallyport run -l' },
  'job-missing': { status: 404, help: 'List the jobs with: sallyport run -l' },
  'inputs-unused': {
    status: 400,
    help: 'Inputs belong to a manual start: add --event-name workflow_dispatch, or leave --input away.',
  },
  'matrix-missing': { status: 404, help: 'Give --matrix a key and a value of a matrix: sallyport run -l lists them.' },
  'egress-invalid': { status: 400, help: 'Mend .sallyport/egress.yml at the place that is named.' },
  'not-permitted': { status: 403, help: 'The denial says what to change.' },
  'nothing-to-repeat': { status: 404, help: 'Run the workflow once without --failed.' },
});
