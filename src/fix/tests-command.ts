/** How the tests of a repository are run: for bash, at its top, and what that needs of the network. */
export type TestCommand = {
  readonly name: string;
  readonly script: string;
  readonly presets: readonly ('npm' | 'pypi' | 'crates' | 'go' | 'maven')[];
};

/** What the detection has to know of a tree. */
export type TreeLook = {
  has(path: string): boolean;
  text(path: string): Promise<string | undefined>;
  /** Whether some path matches. */
  some(pattern: RegExp): boolean;
};

/** The script that `npm init` writes: it is no test. */
const NO_TEST = /no test specified/;

/**
 * Finds the tests that a repository has, by what lies at its top: every ecosystem that is there, in one list. Empty when there are
 * none that are known.
 */
export async function detectTests(tree: TreeLook): Promise<readonly TestCommand[]> {
  const found = await Promise.all([
    npmTests(tree),
    pythonTests(tree),
    goTests(tree),
    cargoTests(tree),
    mavenTests(tree),
  ]);
  return found.filter((command) => command !== undefined);
}

async function npmTests(tree: TreeLook): Promise<TestCommand | undefined> {
  const text = await tree.text('package.json');
  if (text === undefined) return undefined;
  const script = testScriptOf(text);
  if (script === undefined || NO_TEST.test(script)) return undefined;
  const hasDependencies = /"(dev)?[dD]ependencies"\s*:\s*\{\s*"/.test(text);
  const install = !hasDependencies
    ? ':'
    : tree.has('package-lock.json')
      ? 'npm ci --no-audit --no-fund --loglevel=error'
      : tree.has('pnpm-lock.yaml')
        ? 'pnpm install --frozen-lockfile'
        : tree.has('yarn.lock')
          ? 'yarn install --frozen-lockfile'
          : 'npm install --no-audit --no-fund --loglevel=error';
  return { name: 'npm test', script: `${install}\nnpm test`, presets: ['npm'] };
}

function testScriptOf(text: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(text);
    if (typeof manifest !== 'object' || manifest === null || !('scripts' in manifest)) return undefined;
    const { scripts } = manifest;
    if (typeof scripts !== 'object' || scripts === null || !('test' in scripts)) return undefined;
    return typeof scripts.test === 'string' ? scripts.test : undefined;
  } catch {
    // A manifest that does not parse has no tests that could run.
    return undefined;
  }
}

async function pythonTests(tree: TreeLook): Promise<TestCommand | undefined> {
  const hasTests = tree.some(/(^|\/)(test_[^/]*|[^/]*_test)\.py$/);
  if (!hasTests) return undefined;
  const settings = `${(await tree.text('pyproject.toml')) ?? ''}${(await tree.text('setup.cfg')) ?? ''}${(await tree.text('tox.ini')) ?? ''}`;
  const usesPytest = /pytest/.test(settings) || tree.has('pytest.ini') || tree.has('conftest.py');
  const lines = [
    'python3 -m venv --system-site-packages "$RUNNER_TEMP/venv"',
    '. "$RUNNER_TEMP/venv/bin/activate"',
    ...['requirements.txt', 'requirements-dev.txt', 'requirements-test.txt']
      .filter((path) => tree.has(path))
      .map((path) => `pip install --quiet --disable-pip-version-check -r ${path}`),
    ...(tree.has('pyproject.toml') || tree.has('setup.py')
      ? ['pip install --quiet --disable-pip-version-check -e . || true']
      : []),
    usesPytest
      ? 'python -m pytest --version >/dev/null 2>&1 || pip install --quiet --disable-pip-version-check pytest\npython -m pytest -q'
      : 'if python -m pytest --version >/dev/null 2>&1; then python -m pytest -q; else python -m unittest discover; fi',
  ];
  return { name: usesPytest ? 'pytest' : 'python tests', script: lines.join('\n'), presets: ['pypi'] };
}

async function goTests(tree: TreeLook): Promise<TestCommand | undefined> {
  if (!tree.has('go.mod') || !tree.some(/_test\.go$/)) return undefined;
  return { name: 'go test', script: 'GOTOOLCHAIN=local go test ./...', presets: ['go'] };
}

async function cargoTests(tree: TreeLook): Promise<TestCommand | undefined> {
  if (!tree.has('Cargo.toml')) return undefined;
  return { name: 'cargo test', script: 'cargo test --quiet', presets: ['crates'] };
}

async function mavenTests(tree: TreeLook): Promise<TestCommand | undefined> {
  if (!tree.has('pom.xml') || !tree.some(/^src\/test\//)) return undefined;
  return { name: 'mvn test', script: `${tree.has('mvnw') ? './mvnw' : 'mvn'} -B -q test`, presets: ['maven'] };
}
