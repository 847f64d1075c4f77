import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('source', {
  'folder-missing': { status: 400, help: 'Name a folder or a file that exists and that you can read.' },
  'revision-unknown': {
    status: 400,
    help: 'Name a commit, branch or tag that this clone has; a shallow clone is completed with git fetch --unshallow.',
  },
  'git-failed': { status: 500, help: 'Run the git command that is named in that folder and mend what it says.' },
  'git-missing': { status: 500, help: 'Install git, at least 2.30: scripts/setup does it.' },
  'output-too-large': { status: 413, help: 'Scan a folder of the repository instead of the whole.' },
  'tree-too-large': { status: 413, help: 'Scan a part of the tree: name its folder.' },
});
