import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('cli', {
  usage: { status: 400, help: 'See sallyport --help, or --help of the command.' },
  'secret-on-command-line': {
    status: 400,
    help: 'Other users of the machine can read command lines. Use --secret NAME (asks), NAME=@FILE or NAME=env:VARIABLE.',
  },
  'secret-unreadable': { status: 400, help: 'Name a file that you can read, or a variable that is set.' },
  'secret-not-asked': { status: 400, help: 'Without a terminal give it as --secret NAME=@FILE or NAME=env:VARIABLE.' },
  'file-unreadable': { status: 400, help: 'Name a file that exists and that you can read.' },
  'file-too-large': { status: 413, help: 'Give a smaller file.' },
  'init-unknown-project': {
    status: 400,
    help: 'Run it in the folder of a project, or name a language: --language node, python, go, rust or java. For another one write .github/workflows/ci.yml as for GitHub.',
  },
  'path-missing': { status: 400, help: 'Name a folder or a file that exists and that you can read.' },
  'file-unwritable': { status: 400, help: 'Name a file in a folder that exists and that you can write into.' },
  'rule-unknown': { status: 404, help: 'The rules are listed in docs/rules/index.md.' },
  'credentials-open': {
    status: 400,
    help: 'Revoke the tokens in it, remove the file, and sign in again: `sallyport login URL`.',
  },
  'credentials-broken': { status: 400, help: 'Remove the file, and sign in again: `sallyport login URL`.' },
  'server-invalid': { status: 400, help: 'Name it as https://ci.example.org, or http://localhost:PORT.' },
  'server-unknown': { status: 400, help: 'Name the server: --server URL, or the variable SALLYPORT_SERVER.' },
  'server-unreachable': { status: 503, help: 'Check the address, and whether the server runs.' },
  'answer-strange': { status: 502, help: 'Check the address: this is no Sallyport server, or a proxy answers for it.' },
  'not-signed-in': { status: 401, help: 'Sign in first: `sallyport login URL`.' },
  'repository-unknown': { status: 400, help: 'Name it: -R OWNER/NAME.' },
  'import-failed': { status: 502, help: 'Nothing was kept of it: see the message, and try again.' },
  'team-missing': { status: 404, help: '`sallyport team list` shows the teams.' },
  'run-missing': { status: 404, help: 'Push something, or start one: `sallyport runs dispatch WORKFLOW`.' },
  'job-missing': { status: 404, help: '`sallyport runs view RUN` shows the keys of its jobs.' },
  'git-failed': { status: 500, help: 'Read what git printed.' },
  cancelled: { status: 499, help: 'Start it again when you like.' },
});
