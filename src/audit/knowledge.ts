/** What is known of popular actions: which of their inputs are scripts, which of their outputs an outsider chooses. */

/** Action to the inputs that it runs, and by what. */
export const SCRIPT_INPUTS: {
  readonly [action: string]: { readonly [input: string]: 'javascript' | 'shell' | 'other' };
} = {
  'actions/github-script': { script: 'javascript' },
  'addnab/docker-run-action': { run: 'shell', options: 'other' },
  'amadevus/pwsh-script': { script: 'other' },
  'appleboy/ssh-action': { script: 'shell' },
  'azure/cli': { inlinescript: 'shell' },
  'azure/powershell': { inlinescript: 'other' },
  'cardinalby/js-eval-action': { expression: 'javascript' },
  'coactions/setup-xvfb': { run: 'shell' },
  'cross-platform-actions/action': { run: 'shell' },
  'cycjimmy/semantic-release-action': { extra_plugins: 'other' },
  'd3rhase/ssh-command-action': { command: 'shell' },
  'devcontainers/ci': { runcmd: 'shell' },
  'docker/build-push-action': {},
  'fifsky/ssh-action': { command: 'shell' },
  'gabrielbb/xvfb-action': { run: 'shell' },
  'garygrossgarten/github-action-ssh': { command: 'shell' },
  'ironcoredev/kubectl': { args: 'shell' },
  'jannekem/run-python-script-action': { script: 'other' },
  'jimcronqvist/action-ssh': { command: 'shell' },
  'kohlerdominik/docker-run-action': { run: 'shell' },
  'lannonbr/repo-permission-check-action': {},
  'mikefarah/yq': { cmd: 'shell' },
  'nick-fields/retry': { command: 'shell' },
  'nick-invision/retry': { command: 'shell' },
  'reactivecircus/android-emulator-runner': { script: 'shell', 'pre-emulator-launch-script': 'shell' },
  'roots/issue-closer': { 'issue-close-message': 'javascript', 'pr-close-message': 'javascript' },
  'roots/issue-closer-action': { 'issue-close-message': 'javascript', 'pr-close-message': 'javascript' },
  'satackey/action-js-inline': { script: 'javascript' },
  'uraimo/run-on-arch-action': { run: 'shell', install: 'shell', setup: 'shell' },
  'vmactions/freebsd-vm': { run: 'shell', prepare: 'shell' },
  'vmactions/netbsd-vm': { run: 'shell', prepare: 'shell' },
  'vmactions/openbsd-vm': { run: 'shell', prepare: 'shell' },
  'vmactions/solaris-vm': { run: 'shell', prepare: 'shell' },
  'wandalen/wretry.action': { command: 'shell' },
};

type OutputKnowledge = {
  /** Names of outputs that an outsider chooses; a pattern over the lower-case name. */
  readonly outputs: RegExp;
  readonly what: string;
  /** The first major version at which the outputs are escaped unless an input says otherwise. */
  readonly escapedFrom?: number;
  readonly unescapedBy?: readonly [input: string, value: RegExp];
};

const CHANGED_FILES: OutputKnowledge = { outputs: /./, what: 'names of changed files' };

/** Action to its outputs that hold an outsider's text. */
export const OUTSIDE_OUTPUTS: { readonly [action: string]: OutputKnowledge } = {
  '8bitjonny/gh-get-current-pr': { outputs: /^(?:pr|pr_title|pr_body)$/, what: 'texts of the change' },
  'alessbell/pull-request-comment-branch': { outputs: /^head_ref$/, what: 'the name of the branch' },
  'amannn/action-semantic-pull-request': { outputs: /^error_message$/, what: 'the title of the change' },
  'ana06/get-changed-files': CHANGED_FILES,
  'dorny/paths-filter': {
    outputs: /_files$/,
    what: 'names of changed files',
    escapedFrom: 1,
    unescapedBy: ['list-files', /^(?:csv|json)$/],
  },
  'jitterbit/get-changed-files': CHANGED_FILES,
  'jwalton/gh-find-current-pr': { outputs: /^(?:title|body)$/, what: 'texts of the change' },
  'khan/pull-request-comment-trigger': { outputs: /^comment_body$/, what: 'the comment' },
  'lots0logs/gh-action-get-changed-files': CHANGED_FILES,
  'masesgroup/retrieve-changed-files': CHANGED_FILES,
  'onmax/issue-form-parser': { outputs: /./, what: 'the text of the issue' },
  'peter-evans/find-comment': { outputs: /^comment-body$/, what: 'a comment' },
  'peter-murray/issue-body-parser-action': { outputs: /./, what: 'the text of the issue' },
  'peter-murray/issue-forms-body-parser': { outputs: /./, what: 'the text of the issue' },
  'potiuk/get-workflow-origin': { outputs: /branch|label/, what: 'the name of the branch' },
  'shanegenschaw/pull-request-comment-trigger': { outputs: /^comment_body$/, what: 'the comment' },
  'stefanbuck/github-issue-parser': { outputs: /./, what: 'the text of the issue' },
  'tj-actions/branch-names': {
    outputs: /^(?:current_branch|head_ref_branch|ref_branch|tag)$/,
    what: 'the name of the branch',
  },
  'tj-actions/changed-files': {
    outputs: /files|changed_and_modified|all_/,
    what: 'names of changed files',
    escapedFrom: 41,
    unescapedBy: ['safe_output', /^false$/],
  },
  'tj-actions/verify-changed-files': {
    outputs: /files/,
    what: 'names of changed files',
    escapedFrom: 17,
    unescapedBy: ['safe_output', /^false$/],
  },
  'trilom/file-changes-action': CHANGED_FILES,
  'tzkhan/pr-update-action': { outputs: /branchmatch/i, what: 'the name of the branch' },
  'xt0rted/pull-request-comment-branch': { outputs: /^head_ref$/, what: 'the name of the branch' },
  'zentered/issue-forms-body-parser': { outputs: /./, what: 'the text of the issue' },
};

/** Actions whose output is one of their inputs, changed: action to the input. */
export const PASSING_INPUTS: { readonly [action: string]: string } = {
  'actions-ecosystem/action-regex-match': 'text',
  'ashley-taylor/regex-property-action': 'value',
  'bhowell2/github-substring-action': 'value',
  'frabert/replace-string-action': 'string',
  'haya14busa/action-cond': 'if_true',
  'mad9000/actions-find-and-replace-string': 'source',
};

/** Actions whose output is the content of a file. */
export const READING_ACTIONS: ReadonlySet<string> = new Set([
  'andstor/file-reader-action',
  'jaywcjlove/github-action-read-file',
  'juliangruber/read-file-action',
  'komorebitech/read-files-action',
  'notiz-dev/github-action-json-property',
  'teklakct/read-file-content',
]);

/** Actions whose outputs lead to the head of a change: a checkout of one of these is untrusted. */
export const HEAD_OUTPUTS: ReadonlySet<string> = new Set([
  'alessbell/pull-request-comment-branch',
  'eficode/resolve-pr-refs',
  'gotson/pull-request-comment-branch',
  'potiuk/get-workflow-origin',
  'xt0rted/pull-request-comment-branch',
  '8bitjonny/gh-get-current-pr',
  'pozetroninc/github-action-get-pr-head',
]);

/** Actions that fetch artifacts of another run. */
export const ARTIFACT_ACTIONS: ReadonlySet<string> = new Set([
  'alehechka/download-artifact',
  'aochmann/actions-download-artifact',
  'benday-inc/download-latest-artifact',
  'blablacar/action-download-last-artifact',
  'dawidd6/action-download-artifact',
  'ishworkh/container-image-artifact-download',
  'ishworkh/docker-image-artifact-download',
  'levonet/action-download-last-artifact',
  'marcofaggian/action-download-multiple-artifacts',
  'marocchino/on_artifact',
  'redhat-plumbers-in-action/download-artifact',
]);

/** Actions that stop the job when the actor may not write. */
export const PERMISSION_ACTIONS: ReadonlySet<string> = new Set([
  'actions-cool/check-user-permission',
  'lannonbr/repo-permission-check-action',
  'prince-chrismc/check-actor-permissions-action',
  'shopify/snapit',
  'sushichop/action-repository-permission',
  'tcassou/permission-check-action',
  'themoddinginquisition/actions-team-membership',
  'tspascoal/get-user-teams-membership',
  'morfien101/actions-authorized-user',
  'skjnldsv/check-actor-permission',
  'kentaro-m/auto-assign-action-permission',
  '74th/workflow-permission-action',
  'octokit/request-action-permission',
  'peter-evans/check-actor-permission',
]);

/** The permissions that well-known actions need of the job's token. What is not here needs no more than to read. */
export const PERMISSIONS_NEEDED: { readonly [action: string]: readonly (readonly [string, 'read' | 'write'])[] } = {
  'actions/attest': [
    ['id-token', 'write'],
    ['attestations', 'write'],
  ],
  'actions/attest-build-provenance': [
    ['id-token', 'write'],
    ['attestations', 'write'],
  ],
  'actions/attest-sbom': [
    ['id-token', 'write'],
    ['attestations', 'write'],
  ],
  'actions/checkout': [['contents', 'read']],
  'actions/configure-pages': [['pages', 'read']],
  'actions/delete-package-versions': [['packages', 'write']],
  'actions/dependency-review-action': [['contents', 'read']],
  'actions/deploy-pages': [
    ['pages', 'write'],
    ['id-token', 'write'],
  ],
  'actions/first-interaction': [
    ['issues', 'write'],
    ['pull-requests', 'write'],
  ],
  'actions/labeler': [
    ['contents', 'read'],
    ['pull-requests', 'write'],
  ],
  'actions/stale': [
    ['issues', 'write'],
    ['pull-requests', 'write'],
  ],
  'actions/cache': [],
  'actions/download-artifact': [],
  'actions/setup-dotnet': [],
  'actions/setup-go': [],
  'actions/setup-java': [],
  'actions/setup-node': [],
  'actions/setup-python': [],
  'actions/upload-artifact': [],
  'actions/upload-pages-artifact': [],
  'astral-sh/setup-uv': [],
  'aws-actions/configure-aws-credentials': [['id-token', 'write']],
  'codecov/codecov-action': [],
  'docker/build-push-action': [],
  'docker/login-action': [],
  'docker/metadata-action': [],
  'docker/setup-buildx-action': [],
  'docker/setup-qemu-action': [],
  'dtolnay/rust-toolchain': [],
  'github/codeql-action/analyze': [
    ['security-events', 'write'],
    ['actions', 'read'],
    ['contents', 'read'],
  ],
  'github/codeql-action/autobuild': [],
  'github/codeql-action/init': [['security-events', 'write']],
  'github/codeql-action/upload-sarif': [['security-events', 'write']],
  'golangci/golangci-lint-action': [],
  'google-github-actions/auth': [['id-token', 'write']],
  'gradle/actions/setup-gradle': [],
  'hashicorp/setup-terraform': [],
  'ossf/scorecard-action': [
    ['security-events', 'write'],
    ['id-token', 'write'],
  ],
  'peaceiris/actions-gh-pages': [['contents', 'write']],
  'pnpm/action-setup': [],
  'pypa/gh-action-pypi-publish': [['id-token', 'write']],
  'ruby/setup-ruby': [],
  'shivammathur/setup-php': [],
  'softprops/action-gh-release': [['contents', 'write']],
  'swatinem/rust-cache': [],
  'taiki-e/install-action': [],
};
