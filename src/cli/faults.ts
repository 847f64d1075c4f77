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
    help: 'Run it in the folder of a project, or name a language: sallyport init --language node.',
  },
  'path-missing': { status: 400, help: 'Name a folder or a file that exists and that you can read.' },
  'file-unwritable': { status: 400, help: 'Name a file in a folder that exists and that you can write into.' },
  'rule-unknown': { status: 404, help: 'The rules are listed in docs/rules/index.md.' },
  cancelled: { status: 499, help: 'Start it again when you like.' },
});
