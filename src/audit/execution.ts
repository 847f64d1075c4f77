import type { Command } from './script.ts';
import type { AuditedStep } from './model.ts';
import { inputOf } from './model.ts';

/** Programs that run what the files of the folder say, whatever their arguments. "Living off the pipeline". */
const BUILD_TOOLS = new Set([
  'ant',
  'ansible-playbook',
  'bazel',
  'bazelisk',
  'bundle',
  'cabal',
  'checkov',
  'cmake',
  'composer',
  'conan',
  'earthly',
  'eslint',
  'fastlane',
  'gmake',
  'golangci-lint',
  'gomplate',
  'goreleaser',
  'gradle',
  'gradlew',
  'grunt',
  'gulp',
  'hatch',
  'invoke',
  'jekyll',
  'jest',
  'just',
  'lein',
  'lerna',
  'make',
  'mdformat',
  'meson',
  'mill',
  'mix',
  'mkdocs',
  'mocha',
  'msbuild',
  'mvn',
  'mvnw',
  'mypy',
  'ninja',
  'nox',
  'npx',
  'nx',
  'pdm',
  'phpstan',
  'phpunit',
  'pipenv',
  'playwright',
  'poetry',
  'pre-commit',
  'prettier',
  'pylint',
  'pytest',
  'py.test',
  'rake',
  'rails',
  'rspec',
  'rubocop',
  'rush',
  'sbt',
  'scons',
  'setup.py',
  'sonar-scanner',
  'sphinx-build',
  'stack',
  'stylelint',
  'terraform',
  'terragrunt',
  'tflint',
  'tofu',
  'tox',
  'turbo',
  'vagrant',
  'vitest',
  'webpack',
  'xcodebuild',
  'yarn',
  'hardhat',
  'forge',
  'cdk',
  'serverless',
  'sam',
  'pulumi',
  'rebar3',
]);

/** Programs that do so with these first arguments only. */
const SUBCOMMANDS: { readonly [program: string]: RegExp } = {
  npm: /^(?:ci|i|in|ins|inst|install|install-test|it|add|run|run-script|rum|urn|start|stop|restart|test|t|tst|exec|x|pack|publish|version|rebuild|diff|link|update|up)$/,
  pnpm: /^(?!store|config|--version|-v|setup|env)/,
  bun: /^(?!--version|upgrade)/,
  cargo: /^(?:build|b|run|r|test|t|bench|check|clippy|doc|install|publish|package|nextest|fmt|xtask|make|tarpaulin)$/,
  go: /^(?:generate|run|test|install|tool)$/,
  dotnet: /^(?:build|test|run|restore|pack|publish|msbuild|tool)$/,
  docker: /^(?:build|buildx|compose)$/,
  'docker-compose': /^(?:up|build|run)$/,
  podman: /^build$/,
  swift: /^(?:build|test|run|package)$/,
  deno: /^(?:run|task|test)$/,
  uv: /^(?:sync|run|pip|build|lock)$/,
  flutter: /^(?:build|test|run|pub|drive)$/,
  dart: /^(?:run|test|pub|compile)$/,
  nix: /^(?:build|develop|run|flake|shell)$/,
  'nix-build': /./,
  'nix-shell': /./,
  pod: /^install$/,
  gem: /^build$/,
  gcloud: /^builds$/,
  php: /\.php$|^artisan$/,
  node: /^(?!-v$|--version$|-e$|-p$)/,
  ruby: /\.rb$/,
  perl: /\.pl$/,
  java: /^-jar$/,
  tsx: /./,
  'ts-node': /./,
};

const SHELLS = new Set(['bash', 'sh', 'zsh', 'dash', 'fish', 'ksh', 'source', '.', 'pwsh', 'powershell']);

/** What a command runs of the files of its folder, in words; nothing when it runs none of them. */
export function executionOf(command: Command): string | undefined {
  const [program = '', ...args] = command.words;
  const name = program.slice(program.lastIndexOf('/') + 1).replace(/\.(?:exe|cmd|bat)$/i, '');
  if (isLocalPath(program)) return program;
  const first = args.find((arg) => !arg.startsWith('-') || /^(?:-jar|-v)$/.test(arg)) ?? '';
  if (BUILD_TOOLS.has(name))
    return args.length === 1 && /^(?:--version|-v|-V|--help)$/.test(args[0] ?? '') ? undefined : name;
  if (SHELLS.has(name)) return shellExecution(name, args);
  if (/^python[\d.]*$/.test(name)) return pythonExecution(name, args);
  if (/^pip[\d.]*$/.test(name) || name === 'pipx') return pipExecution(name, args);
  const wanted = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (wanted === undefined || !wanted.test(first)) return undefined;
  // A global install reads nothing of the folder but its `.npmrc`.
  if (name === 'npm' && args.some((arg) => arg === '-g' || arg === '--global' || arg === '--ignore-scripts'))
    return undefined;
  return `${name} ${first}`.trim();
}

function isLocalPath(word: string): boolean {
  return (
    /^\.{1,2}\/[\w.@-]/.test(word) ||
    /^[\w.-]+(?:\/[\w.-]+)+\.(?:sh|py|js|rb|pl|ps1|bash)$/.test(word) ||
    /^(?:\$GITHUB_WORKSPACE|\$\{GITHUB_WORKSPACE\})\/./.test(word) ||
    word.startsWith('.\\') ||
    /\.(?:venv|env)\/bin\/|node_modules\/\.bin\//.test(word)
  );
}

function shellExecution(name: string, args: readonly string[]): string | undefined {
  const target = args.find((arg) => !arg.startsWith('-') && !arg.startsWith('<') && !arg.startsWith('>'));
  if (target === undefined || args.includes('-c') || /^(?:\/(?:tmp|usr|opt|etc|home|root)\b|\$|~)/.test(target))
    return undefined;
  return `${name} ${target}`;
}

function pythonExecution(name: string, args: readonly string[]): string | undefined {
  if (args[0] === '-m') {
    if (args[1] === 'pip') return pipExecution(`${name} -m pip`, args.slice(2));
    return args[1] === 'venv' || args[1] === undefined ? undefined : `${name} -m ${args[1]}`;
  }
  const target = args.find((arg) => !arg.startsWith('-'));
  return target !== undefined && target.endsWith('.py') && !target.startsWith('/') ? `${name} ${target}` : undefined;
}

function pipExecution(name: string, args: readonly string[]): string | undefined {
  if (args[0] !== 'install') return undefined;
  const isLocal = args.some(
    (arg, index) => /^(?:-r|--requirement|-e|--editable)/.test(arg) || (index > 0 && /^\.{1,2}(?:$|[/[])/.test(arg)),
  );
  return isLocal ? `${name} install` : undefined;
}

/** Actions that run what the files of the workspace say. */
const EXECUTING_ACTIONS: ReadonlySet<string> = new Set([
  'actions-hub/stylelint',
  'actions-rs/cargo',
  'actions/jekyll-build-pages',
  'azure/powershell',
  'bahmutov/npm-install',
  'borales/actions-yarn',
  'bridgecrewio/checkov-action',
  'catchen/eslint-suggestion-action',
  'cypress-io/github-action',
  'devcontainers/ci',
  'github/codeql-action/autobuild',
  'github/super-linter',
  'golangci/golangci-lint-action',
  'goreleaser/goreleaser-action',
  'gradle/gradle-build-action',
  'hynek/build-and-inspect-python-package',
  'icrawl/action-eslint',
  'js-devtools/npm-publish',
  'magefile/mage-action',
  'mhausenblas/mkdocs-deploy-gh-pages',
  'microsoft/playwright-github-action',
  'oxsecurity/megalinter',
  'phpdocker-io/github-actions-delphi',
  'php-actions/composer',
  'php-actions/phpstan',
  'php-actions/phpunit',
  'pre-commit/action',
  'pypa/cibuildwheel',
  'qcastel/github-actions-maven',
  'qcastel/github-actions-maven-release',
  'ramsey/composer-install',
  'reviewdog/action-eslint',
  'reviewdog/action-rubocop',
  'reviewdog/action-tflint',
  'samuelmeuli/action-electron-builder',
  'samuelmeuli/action-maven-publish',
  'sonarsource/sonarcloud-github-action',
  'sonarsource/sonarqube-scan-action',
  'stefanoeb/eslint-action',
  'super-linter/super-linter',
  'tauri-apps/tauri-action',
  'tj-actions/eslint-changed-files',
  'wagoid/commitlint-github-action',
  'wearerequired/lint-action',
]);

/** What an action runs of the workspace, in words. */
export function executionOfAction(step: AuditedStep): string | undefined {
  if (step.action?.kind === 'local') return step.uses?.text;
  const name = step.actionName;
  if (name === '') return undefined;
  if (EXECUTING_ACTIONS.has(name) || [...EXECUTING_ACTIONS].some((known) => name.startsWith(`${known}/`))) return name;
  if (name === 'ruby/setup-ruby') return inputOf(step, 'bundler-cache') === 'true' ? name : undefined;
  if (name === 'docker/build-push-action') {
    const context = inputOf(step, 'context');
    return context !== undefined && !/^(?:https?:|\{\{|\$\{\{\s*github\.server)/.test(context) ? name : undefined;
  }
  if (name === 'docker/bake-action') return name;
  if (name.startsWith('gradle/actions/setup-gradle'))
    return inputOf(step, 'arguments') === undefined ? undefined : name;
  if (name === 'actions/setup-node' || name === 'pnpm/action-setup') {
    const isInstalling = inputOf(step, 'run_install');
    return isInstalling !== undefined && isInstalling !== 'false' && isInstalling !== 'null' ? name : undefined;
  }
  return undefined;
}
