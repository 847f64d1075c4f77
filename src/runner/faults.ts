import { type Fault, faultsOf } from '../base/index.ts';

export const fault = faultsOf('runner', {
  'action-missing': {
    status: 404,
    help: 'Check the path after `uses:`; a local action needs a checkout step before it.',
  },
  'action-unlocked': { status: 403, help: 'Run `sallyport lock` and commit the lock file.' },
  'action-invalid': { status: 422, help: 'Correct the action.yml at the position that is shown.' },
  'action-depth': { status: 422, help: 'Composite actions may be nested ten deep.' },
  'container-unsupported': {
    status: 501,
    help: 'Run the step on the host toolchain, without `container:`, `services:` or a Docker action.',
  },
  'local-action-changed': {
    status: 403,
    help: 'At this trust level `uses: ./…` runs only what the checked-out commit contains. Commit the action.',
  },
  'script-unsafe': { status: 403, help: 'Hand the value over in `env:` and use the quoted variable in the script.' },
  'shell-invalid': {
    status: 422,
    help: 'Use bash, sh, pwsh, python, or a command with {0} where the script file goes.',
  },
  'env-file': { status: 422, help: 'Write NAME=value lines, or NAME<<DELIMITER, the lines, and DELIMITER.' },
  'inside-program': { status: 500, help: 'Run again with --debug; the message of the program is above.' },
  'output-too-large': { status: 413, help: 'Outputs of a job may hold 1 MiB together: hand files over as artifacts.' },
  'masks-exceeded': { status: 413, help: 'Mask fewer and shorter texts; a large file does not belong into a secret.' },
  'matcher-invalid': { status: 422, help: 'Mend the problem matcher file; patterns are RE2 regular expressions.' },
  deadline: { status: 408, help: 'Raise `timeout-minutes`, or make the work shorter.' },
  'working-directory': { status: 422, help: 'Make the folder in an earlier step, or correct `working-directory`.' },
});

/** A fault as a line of a log: what, what to do next, and its code. */
export function told({ message, help, code }: Fault): string {
  return `${message}${/[.!?]$/.test(message) ? '' : '.'} ${help} [${code}]`;
}
