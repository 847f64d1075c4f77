import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('bin', {
  'server-broken': {
    status: 500,
    help: 'Look at the log above; start it again: nothing that was acknowledged is lost.',
  },
  'runner-unjoined': { status: 400, help: 'Ask an owner of the server for a token: sallyport runner invite.' },
  'runner-joined': {
    status: 409,
    help: 'Remove the runner at its server and this folder, or name another folder with --folder.',
  },
  'image-unknown': { status: 404, help: 'Look at the name of the image; one behind a sign-in is pinned by hand.' },
  'input-too-large': { status: 413, help: 'Give less at standard input.' },
  'program-missing': { status: 503, help: 'Run scripts/setup, or install the program that is named.' },
  'platform-unsupported': {
    status: 503,
    help: 'Jobs are isolated with Linux namespaces and seccomp: run them on a Linux machine; plan and lock work here.',
  },
  'workflow-missing': {
    status: 404,
    help: 'Workflows are files as GitHub Actions has them, in .github/workflows; sallyport init writes a first one.',
  },
  'workflow-invalid': { status: 400, help: 'sallyport plan prints everything that is wrong with it.' },
  'mirror-incomplete': {
    status: 502,
    help: 'The others are synced; try again, or remove what is gone from the mirror.',
  },
  'name-invalid': { status: 400, help: 'Name repositories as owner/repo.' },
  'folder-missing': {
    status: 400,
    help: 'Name a folder that exists; `sallyport mirror add DIR owner/repo` fills one.',
  },
  'folder-unwritable': { status: 400, help: 'Name a folder that you can write into, or that can be made.' },
  'tool-unknown': { status: 400, help: 'Name one or more of these, with commas between them: --with gitleaks,zizmor.' },
  'rules-missing': { status: 400, help: 'Name a folder of rules as docs/rules/README.md describes them.' },
  'tool-failed': { status: 502, help: 'Run the tool by itself and see what it says.' },
  cancelled: { status: 499, help: 'Start it again when you like.' },
  'file-changed': { status: 409, help: 'Run the command again while nothing else writes there.' },
  'file-unwritable': {
    status: 400,
    help: 'Make the file writable; the files before it were written, the others were not.',
  },
  'advisories-empty': { status: 400, help: 'Name OSV records, archives of them, scores or a bundle.' },
  'fetch-failed': { status: 502, help: 'Try again, or name another address.' },
  'file-unreadable': { status: 400, help: 'Name a file that exists, that you can read, and that is not too large.' },
});
