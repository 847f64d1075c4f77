import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('repo', {
  'name-invalid': {
    status: 400,
    help: 'Owner and name have 1 to 100 letters, digits, dots, dashes and underscores, and begin with a letter, a digit or an underscore.',
  },
  'name-taken': { status: 409, help: 'Choose another name: this owner has a repository that is called so.' },
  'not-found': {
    status: 404,
    help: 'Correct owner and name, or ask the owner of the repository for leave to read it.',
  },
  'not-allowed': { status: 403, help: 'Ask an owner of the repository.' },
  'not-active': { status: 409, help: 'Only an active repository can be changed: bring it back first.' },
  changed: { status: 409, help: 'Somebody changed the repository meanwhile: try again.' },
  maintenance: {
    status: 500,
    help: 'Read the message of git: a full disk and a damaged object are the common causes. `git fsck` tells more.',
  },
  stopped: {
    status: 503,
    help: 'Refs and audit log of this repository disagree. Find out what moved the refs, mend them, and resume the repository.',
  },
  'folder-unsafe': {
    status: 500,
    help: 'Somebody changed the folder of the repository on the disk: restore it from a backup.',
  },
  'git-old': { status: 500, help: 'Install git 2.36 or later on the machine of the server.' },
  'import-refused': {
    status: 400,
    help: 'Name an https address, a folder of a git repository, a bundle, or a zip or tar of a repository.',
  },
  'import-failed': { status: 502, help: 'Read the message of git; nothing was kept. Try again when it is mended.' },
  'over-quota': { status: 413, help: 'Raise the quota of repositories, or import less.' },
  'path-invalid': {
    status: 400,
    help: 'Name a path inside of the repository, without leading slash and without dots as parts.',
  },
  'revision-unknown': { status: 404, help: 'Name a branch, a tag or a commit that the repository has.' },
  'file-missing': { status: 404, help: 'Name a file that the commit has.' },
  busy: { status: 503, help: 'Try again in a moment.' },
  'archive-failed': { status: 500, help: 'Read the message of git; the archive is not whole.' },
  'too-large': { status: 413, help: 'Ask for less at once: the answer is larger than what is given out.' },
});
