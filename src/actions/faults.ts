import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('actions', {
  'reference-invalid': {
    status: 400,
    help: 'Write owner/repo@ref, where ref is a tag, a branch or a commit of 40 hexadecimal digits.',
  },
  'sha-abbreviated': {
    status: 400,
    help: 'Write the commit in full: 40 hexadecimal digits. A short one can be made to collide.',
  },
  'ref-ambiguous': {
    status: 409,
    help: 'Name the one that you mean: @refs/tags/NAME, @refs/heads/NAME, or the full commit.',
  },
  'ref-not-found': {
    status: 404,
    help: 'Correct the tag or branch, or refresh the mirror with `sallyport mirror sync DIR`.',
  },
  'source-missing': {
    status: 404,
    help: 'Add the repository to the mirror with `sallyport mirror add DIR OWNER/REPO`, or name a mirror by --actions-mirror.',
  },
  'commit-missing': {
    status: 404,
    help: 'Correct the commit, or refresh the mirror with `sallyport mirror sync DIR`.',
  },
  'impostor-commit': {
    status: 403,
    help: 'Use a commit of the repository itself: one that a branch or tag reaches. This one may come from a fork.',
  },
  'digest-mismatch': {
    status: 403,
    help: 'The content is not what was locked. Find out why before you run `sallyport lock` again.',
  },
  'tree-unsafe': {
    status: 403,
    help: 'The repository holds a path or link that could reach outside its folder. Do not use this action.',
  },
  'submodule-refused': {
    status: 400,
    help: 'Use a version of the action that holds its files itself: submodules are not fetched.',
  },
  'too-large': { status: 413, help: 'Use a smaller action, or raise the limit of the action store.' },
  'link-refused': { status: 403, help: 'Replace the symbolic link by a file: the runner does not follow links.' },
  'git-failed': { status: 502, help: 'Read the message of git. `sallyport doctor` tells whether git works here.' },
  'lock-invalid': {
    status: 400,
    help: 'Restore actions.lock from the history, or remove it and write it anew with `sallyport lock`.',
  },
  'lock-version': {
    status: 400,
    help: 'Versions v0.0.2 and v0.0.3 of actions.lock are understood. Remove it and write it anew with `sallyport lock`.',
  },
  'lock-incomplete': { status: 403, help: 'Run `sallyport lock`, review the change of actions.lock and commit it.' },
  'uses-invalid': { status: 400, help: 'Write ./path, $/path, owner/repo@ref, owner/repo/path@ref or docker://image.' },
  'manifest-missing': { status: 404, help: 'Correct the path: it must hold action.yml or action.yaml.' },
  'manifest-invalid': { status: 400, help: 'Correct the file, or use a version of the action that is valid.' },
  'name-lookalike': {
    status: 403,
    help: 'Correct the name. If it is meant, write its entry into actions.lock with `gh actions-lock` first.',
  },
  'nesting-too-deep': { status: 400, help: 'Flatten the actions: composite actions nest at most 10 deep.' },
  'mirror-invalid': { status: 400, help: 'Name a folder that holds bare repositories as OWNER/REPO.git.' },
});
