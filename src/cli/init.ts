export const WORKFLOW_PATH = '.github/workflows/ci.yml';
export const EGRESS_PATH = '.sallyport/egress.yml';

export type Language = 'node' | 'python' | 'go' | 'rust' | 'java';

/** What `init` looks at in the folder of a project. */
export type FoundFiles = {
  readonly names: ReadonlySet<string>;
  readonly packageJson: string | undefined;
  readonly pyproject: string | undefined;
};

/** One part of a project: how it is prepared and tested. */
export type ProjectPart = {
  readonly language: Language;
  /** `npm`, `poetry`, `gradle`, … */
  readonly tool: string;
  readonly steps: readonly { readonly name: string; readonly run: string }[];
  /** Sets of hosts in `.sallyport/egress.yml`. */
  readonly presets: readonly string[];
  /** Single hosts beside them. */
  readonly allow?: readonly string[];
  /** Folder and files that name its content, for `actions/cache`. */
  readonly cache?: { readonly path: string; readonly key: string };
};

/** Finds the languages of a project by its manifests; `wanted` names them instead. */
export function detectProject(files: FoundFiles, wanted?: readonly string[]): readonly ProjectPart[] {
  const has = (name: string) => files.names.has(name);
  const found: readonly (readonly [Language, boolean])[] = [
    ['node', has('package.json')],
    ['python', ['pyproject.toml', 'requirements.txt', 'setup.py', 'setup.cfg', 'Pipfile'].some(has)],
    ['go', has('go.mod') || has('go.work')],
    ['rust', has('Cargo.toml')],
    ['java', ['pom.xml', 'build.gradle', 'build.gradle.kts'].some(has)],
  ];
  const parts = { node: nodePart, python: pythonPart, go: goPart, rust: rustPart, java: javaPart };
  return found
    .filter(([language, isThere]) => (wanted === undefined ? isThere : wanted.includes(language)))
    .map(([language]) => parts[language](files));
}

function nodePart({ names, packageJson }: FoundFiles): ProjectPart {
  const scripts = scriptsOf(packageJson);
  const tool = names.has('pnpm-lock.yaml') ? 'pnpm' : names.has('yarn.lock') ? 'yarn' : 'npm';
  const install = {
    pnpm: 'corepack pnpm install --frozen-lockfile',
    yarn: 'corepack yarn install --immutable',
    npm: names.has('package-lock.json') || names.has('npm-shrinkwrap.json') ? 'npm ci' : 'npm install',
  }[tool];
  const runner = tool === 'npm' ? 'npm run' : `corepack ${tool} run`;
  const steps = ['lint', 'build', 'test']
    .filter((script) => scripts.has(script))
    .map((script) => ({ name: titleOf(script), run: `${runner} ${script}` }));
  const cache =
    tool === 'npm' && names.has('package-lock.json') ? { path: '~/.npm', key: 'package-lock.json' } : undefined;
  return {
    language: 'node',
    tool,
    presets: ['npm'],
    steps: [{ name: 'Install', run: install }, ...steps],
    ...(cache === undefined ? {} : { cache }),
  };
}

function scriptsOf(packageJson: string | undefined): ReadonlySet<string> {
  try {
    const document: unknown = JSON.parse(packageJson ?? '{}');
    if (typeof document !== 'object' || document === null || !('scripts' in document)) return new Set();
    const { scripts } = document;
    if (typeof scripts !== 'object' || scripts === null) return new Set();
    const placeholder = /no test specified/;
    return new Set(
      Object.entries(scripts)
        .filter(([, command]) => !placeholder.test(String(command)))
        .map(([name]) => name),
    );
  } catch {
    // A package.json that is no JSON still makes it a Node project; npm will say what is wrong with it.
    return new Set();
  }
}

function pythonPart({ names, pyproject }: FoundFiles): ProjectPart {
  const usesPoetry = names.has('poetry.lock') || /^\[tool\.poetry\]/m.test(pyproject ?? '');
  const usesUv = names.has('uv.lock');
  const tool = usesUv ? 'uv' : usesPoetry ? 'poetry' : 'pip';
  const venv = 'python3 -m venv .venv\n.venv/bin/pip install --upgrade pip';
  const test = (prefix: string) =>
    /pytest/.test(pyproject ?? '') || names.has('pytest.ini') || names.has('tests')
      ? `${prefix}python -m pytest`
      : `${prefix}python -m unittest discover`;
  const pip = names.has('requirements.txt') ? '-r requirements.txt' : '.';
  const steps = {
    uv: [
      { name: 'Install', run: `${venv} uv\n.venv/bin/uv sync --frozen` },
      { name: 'Test', run: test('.venv/bin/uv run ') },
    ],
    poetry: [
      { name: 'Install', run: `${venv} poetry\n.venv/bin/poetry install --no-interaction` },
      { name: 'Test', run: test('.venv/bin/poetry run ') },
    ],
    pip: [
      { name: 'Install', run: `${venv} pytest\n.venv/bin/pip install ${pip}` },
      { name: 'Test', run: test('.venv/bin/') },
    ],
  }[tool];
  return { language: 'python', tool, presets: ['pypi'], steps };
}

function goPart(): ProjectPart {
  return {
    language: 'go',
    tool: 'go',
    presets: ['go'],
    steps: [
      { name: 'Vet', run: 'go vet ./...' },
      { name: 'Build', run: 'go build ./...' },
      { name: 'Test', run: 'go test ./...' },
    ],
    cache: { path: '~/go/pkg/mod', key: 'go.sum' },
  };
}

function rustPart({ names }: FoundFiles): ProjectPart {
  const locked = names.has('Cargo.lock') ? ' --locked' : '';
  return {
    language: 'rust',
    tool: 'cargo',
    presets: ['crates'],
    steps: [
      { name: 'Build', run: `cargo build${locked} --all-targets` },
      { name: 'Test', run: `cargo test${locked}` },
    ],
    ...(locked === '' ? {} : { cache: { path: '~/.cargo/registry', key: 'Cargo.lock' } }),
  };
}

function javaPart({ names }: FoundFiles): ProjectPart {
  if (names.has('pom.xml')) {
    const maven = names.has('mvnw') ? './mvnw' : 'mvn';
    return {
      language: 'java',
      tool: 'maven',
      presets: ['maven'],
      steps: [{ name: 'Verify', run: `${maven} --batch-mode --no-transfer-progress verify` }],
      cache: { path: '~/.m2/repository', key: 'pom.xml' },
    };
  }
  const gradle = names.has('gradlew') ? './gradlew' : 'gradle';
  return {
    language: 'java',
    tool: 'gradle',
    presets: ['maven'],
    allow: ['plugins.gradle.org:443', 'services.gradle.org:443'],
    steps: [{ name: 'Build', run: `${gradle} --no-daemon build` }],
  };
}

function titleOf(script: string): string {
  return `${script.slice(0, 1).toUpperCase()}${script.slice(1)}`;
}

/** The workflow: one job for each part, least permissions, a deadline, one run at a time for each branch. */
export function renderWorkflow(parts: readonly ProjectPart[]): string {
  const lines = [
    'name: CI',
    '',
    'on:',
    '  push:',
    '  pull_request:',
    '',
    '# What the job token may do. Add a scope to the one job that needs it.',
    'permissions:',
    '  contents: read',
    '',
    'concurrency:',
    '  group: ${{ github.workflow }}-${{ github.ref }}',
    '  cancel-in-progress: true',
    '',
    'jobs:',
  ];
  for (const part of parts) lines.push(...renderJob(part), '');
  return lines.join('\n');
}

function renderJob({ language, steps, cache }: ProjectPart): readonly string[] {
  const lines = [
    `  ${language}:`,
    '    runs-on: ubuntu-latest',
    '    timeout-minutes: 15',
    '    steps:',
    '      - uses: actions/checkout@v4',
    '        with:',
    '          persist-credentials: false',
  ];
  if (cache !== undefined) {
    lines.push(
      '      - uses: actions/cache@v4',
      '        with:',
      `          path: ${cache.path}`,
      `          key: ${language}-\${{ runner.os }}-\${{ hashFiles('${cache.key}') }}`,
    );
  }
  for (const { name, run } of steps) {
    lines.push(`      - name: ${name}`);
    if (run.includes('\n')) lines.push('        run: |', ...run.split('\n').map((line) => `          ${line}`));
    else lines.push(`        run: ${run}`);
  }
  return lines;
}

/** The list of hosts: the sets of the package registries in use, nothing else. */
export function renderEgress(parts: readonly ProjectPart[]): string {
  const presets = [...new Set(parts.flatMap((part) => part.presets))];
  const allow = [...new Set(parts.flatMap((part) => part.allow ?? []))];
  return [
    '# What jobs may reach. Everything else is refused, and a refusal names the line that would allow it.',
    '# `sallyport run --learn` proposes the exact list.',
    `presets: [${presets.join(', ')}]`,
    ...(allow.length === 0
      ? ['# allow:', '#   - "api.example.com:443"', '#   - "*.example.org:443"']
      : ['allow:', ...allow.map((host) => `  - "${host}"`)]),
    '',
  ].join('\n');
}
