import { faultsOf } from '../base/index.ts';

/** What is wrong with a file of the person: the name after `workflow/`, and the remedy when there is no better one. */
export const FILE_ERRORS = {
  'file-too-large': { status: 400, help: 'Split the file: move jobs into reusable workflows or scripts into files.' },
  'file-empty': {
    status: 400,
    help: 'Write what it is for: a workflow has `on:` and `jobs:` (sallyport init writes one), an action `name:` and `runs:`.',
  },
  'file-unreadable': {
    status: 400,
    help: 'Make the file smaller and simpler: it took too long or too much memory to read.',
  },
  'yaml-invalid': { status: 400, help: 'Mend the YAML at this place; check indentation, quotes and brackets.' },
  'merge-key-unsupported': {
    status: 400,
    help: 'Write the members out, or give the whole value by its alias, as in `env: *base`. GitHub refuses merge keys too.',
  },
  'yaml-nodes-exceeded': {
    status: 400,
    help: 'Make the file smaller: at most 50,000 nodes, and each use of an alias counts as all that it names.',
  },
  'result-too-large': { status: 400, help: 'Use aliases of long values less often.' },
  'yaml-depth-exceeded': { status: 400, help: 'Nest less deeply: at most 50 levels of lists and mappings.' },
  'key-unknown': { status: 400, help: 'Remove the key, or spell it as the documentation of workflow syntax does.' },
  'key-missing': { status: 400, help: 'Add the key.' },
  'key-duplicate': { status: 400, help: 'Remove one of the two; keys are compared without regard to case.' },
  'key-not-allowed': { status: 400, help: 'Remove the key: it does not belong here.' },
  'value-unexpected': { status: 400, help: 'Write one of the values that this key takes.' },
  'mapping-unexpected': { status: 400, help: 'Write a plain value or a list here.' },
  'sequence-unexpected': { status: 400, help: 'Write a plain value or a mapping here.' },
  'kind-unclear': { status: 400, help: 'Add one of the named keys.' },
  'expression-not-allowed': {
    status: 400,
    help: 'Write a fixed value here; expressions are not evaluated at this place.',
  },
  'expression-unclosed': { status: 400, help: 'Close the expression with }}.' },
  'expression-empty': { status: 400, help: 'Write an expression between ${{ and }}.' },
  'expression-invalid': { status: 400, help: 'Mend the expression; text stands in single quotes.' },
  'expression-limit': { status: 400, help: 'Make the expression shorter, or compute the value in a step.' },
  'context-unavailable': { status: 400, help: 'Use only contexts that exist at this place.' },
  'function-unknown': { status: 400, help: 'Use only functions that exist at this place.' },
  'function-arguments': { status: 400, help: 'Give the function the number of arguments that it takes.' },
  'directive-not-allowed': { status: 400, help: 'Write ${{ insert }} alone as a key.' },
  'id-invalid': {
    status: 400,
    help: "Start with a letter or _, then letters, digits, - and _, less than 100 characters; not starting with '__'.",
  },
  'id-duplicate': { status: 400, help: 'Give each a different id.' },
  'jobs-missing': { status: 400, help: 'Add at least one job under `jobs:`.' },
  'needs-unknown': { status: 400, help: 'Name a job of this file under `needs:`.' },
  'needs-cycle': { status: 400, help: 'Remove one of the `needs:` that close the circle.' },
  'needs-no-start': { status: 400, help: 'Let at least one job have no `needs:`.' },
  'name-too-long': { status: 400, help: 'Write a shorter name.' },
  'group-invalid': {
    status: 400,
    help: "Write a group name, or one with the prefix 'organization/' or 'enterprise/'.",
  },
  'matrix-invalid': { status: 400, help: 'Give each vector of the matrix at least one value.' },
  'matrix-too-large': { status: 400, help: 'Reduce the matrix to at most 256 jobs.' },
  'uses-invalid': { status: 400, help: 'Write owner/repo@ref, owner/repo/path@ref, ./path, $/path or docker://image.' },
  'image-missing': { status: 400, help: 'Name an image.' },
  'version-invalid': { status: 400, help: "Write a major version and '.*', as 2.*" },
  'schedule-invalid': { status: 400, help: 'Write five fields: minute, hour, day of month, month, day of week.' },
  'pattern-invalid': { status: 400, help: 'Mend the pattern; a special character is escaped with \\.' },
  'filters-conflict': { status: 400, help: 'Use one of the two; a pattern that starts with ! excludes.' },
  'step-unknown': { status: 400, help: 'Name the id of an earlier background step of this job.' },
  'call-trigger-missing': { status: 400, help: 'Add `workflow_call` to the `on:` of the called workflow.' },
  'call-input-missing': { status: 400, help: 'Give the input under `with:`.' },
  'call-input-undefined': {
    status: 400,
    help: 'Remove it, or declare it under `on.workflow_call.inputs` of the called workflow.',
  },
  'call-input-type': { status: 400, help: 'Give a value of the type that the called workflow declares.' },
  'call-secret-missing': { status: 400, help: 'Give the secret under `secrets:`, or write `secrets: inherit`.' },
  'call-secret-undefined': {
    status: 400,
    help: 'Remove it, or declare it under `on.workflow_call.secrets` of the called workflow.',
  },
  'call-permissions': {
    status: 400,
    help: 'Grant the permission to the calling job, or ask for less in the called workflow.',
  },
  'call-depth': { status: 400, help: 'Nest reusable workflows less deeply.' },
  'call-jobs': { status: 400, help: 'Split the workflow: all called workflows together have too many jobs.' },
} as const;

/** Failures of the language outside the reading of a file. */
export const fault = faultsOf('workflow', {
  ...FILE_ERRORS,
  'evaluation-failed': { status: 400, help: 'Mend the expression, or the value that it was given.' },
  'evaluation-too-large': { status: 400, help: 'Compute the value in a step and pass it by a file.' },
  'hash-files-unavailable': { status: 400, help: 'Use hashFiles only in steps, where the workspace exists.' },
  'value-not-scalar': {
    status: 400,
    help: 'Make the expression give a text, a number or a boolean; toJSON makes text of anything.',
  },
  'env-file-too-large': { status: 400, help: 'Write less: pass large data between steps in files of the workspace.' },
  'env-file-invalid': {
    status: 400,
    help: 'Write NAME=value, or NAME<<DELIMITER with a delimiter that nobody can guess, in UTF-8.',
  },
  'env-file-reserved': {
    status: 400,
    help: 'Choose another name; NODE_OPTIONS, GITHUB_* and RUNNER_* belong to the runner.',
  },
  'env-file-loader': {
    status: 400,
    help: 'Set the variable under env: in the workflow; after outside text was seen, or before steps with secrets, scripts may not.',
  },
  'reader-busy': { status: 503, help: 'Read fewer files at once.' },
  'reader-closed': { status: 500, help: 'Create a new reader.' },
});
