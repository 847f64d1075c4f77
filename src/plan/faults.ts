import { faultsOf } from '../base/index.ts';

/** What is wrong with a workflow once the event and the called workflows are known: codes of diagnostics. */
export const PLAN_ERRORS = {
  'call-missing': { status: 404, help: 'Name a workflow file of this commit, or add its repository to the mirror.' },
  'call-invalid': { status: 400, help: 'Mend the called workflow: its own errors are listed with it.' },
  'call-circle': { status: 400, help: 'Remove one of the calls that close the circle.' },
  'container-unsupported': {
    status: 501,
    help: 'Run the steps without an image: remove container: or services:, or replace the Docker action.',
  },
  'evaluation-failed': { status: 400, help: 'Mend the expression, or the value that it was given.' },
  'input-invalid': { status: 400, help: 'Give the input with --input NAME=VALUE, as the workflow declares it.' },
  'value-invalid': { status: 400, help: 'Make the expression give a value of the kind that this key takes.' },
  'matrix-empty': { status: 400, help: 'Give the matrix at least one combination.' },
  'jobs-exceeded': { status: 400, help: 'Split the workflow.' },
  'script-injection': {
    status: 400,
    help: 'Hand the value over as data: put it into env: and read the variable in the script.',
  },
} as const;

// Only declared: they are diagnostics with a place, nothing throws them.
faultsOf('plan', PLAN_ERRORS);
