import { describe, expect, test } from 'vitest';
import { viewOf } from '../finding/index.ts';
import { createDependenciesScanner, inventoryOf } from './index.ts';
import type { DependencyFacts } from './model.ts';

const scanner = createDependenciesScanner();

function read(files: { readonly [path: string]: string }) {
  const facts = new Map<string, DependencyFacts>();
  const gaps = Object.entries(files).flatMap(([path, text]) => {
    const outcome = scanner.scanFile(viewOf(path, text));
    if (outcome.facts !== undefined) facts.set(path, outcome.facts);
    return outcome.gaps ?? [];
  });
  return { ...inventoryOf(facts), gaps };
}

/** `purl line scope direct path` for each package: what a reader has to get right. */
function linesOf(files: { readonly [path: string]: string }): readonly string[] {
  return read(files).components.map(
    ({ purl, requirement, version, place, scope, isDirect, path }) =>
      `${purl.replace('pkg:', '')}${version === undefined ? ` (${requirement})` : ''} :${place.line} ${scope} ${isDirect ? 'direct' : path.join('>')}`,
  );
}

const json = (value: unknown) => JSON.stringify(value, null, 1);

const FILES: readonly (readonly [file: string, text: string, expected: readonly string[]])[] = [
  [
    'package-lock.json',
    json({
      lockfileVersion: 3,
      packages: {
        '': { dependencies: { a: '^1.0.0' }, devDependencies: { '@s/d': '1' } },
        'node_modules/a': { version: '1.2.0', dependencies: { b: '1' } },
        'node_modules/a/node_modules/b': { version: '1.0.1' },
        'node_modules/b': { version: '2.0.0', dev: true },
        'node_modules/@s/d': { version: '1.0.0', dev: true, dependencies: { b: '2' } },
        'node_modules/local': { link: true, resolved: 'packages/local' },
        'node_modules/alias': { name: 'real', version: '3.0.0' },
      },
    }),
    [
      'npm/a@1.2.0 :12 runtime direct',
      'npm/b@1.0.1 :18 runtime a>b',
      'npm/b@2.0.0 :21 development @s/d>b',
      'npm/%40s/d@1.0.0 :25 development direct',
      'npm/real@3.0.0 :36 runtime real',
    ],
  ],
  [
    'npm-shrinkwrap.json',
    json({
      lockfileVersion: 1,
      dependencies: {
        a: { version: '1.0.0', requires: { b: '1' }, dependencies: { b: { version: '1.1.0' } } },
        g: { version: 'github:x/g#0123', from: 'g' },
        l: { version: 'npm:other@4.0.0', dev: true },
      },
    }),
    [
      'npm/a@1.0.0 :4 runtime a',
      'npm/b@1.1.0 :10 runtime a>b',
      'npm/g (undefined) :15 runtime g',
      'npm/other@4.0.0 :19 development other',
    ],
  ],
  [
    'yarn.lock',
    '# yarn lockfile v1\n\n"@s/a@^1.0.0", "@s/a@^1.1.0":\n  version "1.2.0"\n  resolved "https://registry.yarnpkg.com/@s/a/-/a-1.2.0.tgz#0123456789012345678901234567890123456789"\n  dependencies:\n    b "^2.0.0"\n\nb@^2.0.0:\n  version "2.1.0"\n',
    ['npm/%40s/a@1.2.0 :3 runtime @s/a', 'npm/b@2.1.0 :9 runtime @s/a>b'],
  ],
  [
    'yarn.lock',
    '__metadata:\n  version: 8\n\n"a@npm:^1.0.0":\n  version: 1.2.0\n  resolution: "a@npm:1.2.0"\n  dependencies:\n    b: "npm:^2.0.0"\n  checksum: 10c0/aa\n\n"b@npm:^2.0.0":\n  version: 2.1.0\n  resolution: "b@npm:2.1.0"\n\n"root@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "root@workspace:."\n  dependencies:\n    a: "npm:^1.0.0"\n',
    ['npm/a@1.2.0 :4 runtime direct', 'npm/b@2.1.0 :11 runtime a>b'],
  ],
  [
    'pnpm-lock.yaml',
    "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1.0.0\n        version: 1.2.0(b@2.1.0)\n    devDependencies:\n      c: {specifier: 1, version: 3.0.0}\npackages:\n  a@1.2.0:\n    resolution: {integrity: sha512-aa}\n  b@2.1.0:\n    resolution: {integrity: sha512-bb}\n  c@3.0.0:\n    resolution: {integrity: sha512-cc}\nsnapshots:\n  a@1.2.0(b@2.1.0):\n    dependencies:\n      b: 2.1.0\n  b@2.1.0: {}\n  c@3.0.0: {}\n",
    ['npm/a@1.2.0 :11 runtime direct', 'npm/b@2.1.0 :13 runtime a>b', 'npm/c@3.0.0 :15 development direct'],
  ],
  [
    'pnpm-lock.yaml',
    'lockfileVersion: 5.4\ndependencies:\n  "@s/a": 1.2.0_b@2.1.0\npackages:\n  /@s/a/1.2.0_b@2.1.0:\n    dependencies:\n      b: 2.1.0\n    dev: false\n  /b/2.1.0:\n    dev: true\n',
    ['npm/%40s/a@1.2.0 :5 runtime direct', 'npm/b@2.1.0 :9 development @s/a>b'],
  ],
  [
    'pnpm-lock.yaml',
    "lockfileVersion: '6.0'\ndependencies:\n  a:\n    specifier: ^1\n    version: 1.2.0\npackages:\n\n  /a@1.2.0(x@1.0.0):\n    resolution: {integrity: sha512-aa}\n  /a@1.2.0:\n    resolution: {integrity: sha512-aa}\n",
    ['npm/a@1.2.0 :8 runtime a', 'npm/a@1.2.0 :10 runtime direct'],
  ],
  [
    'bun.lock',
    '{\n  "lockfileVersion": 1,\n  "workspaces": { "": { "dependencies": { "a": "^1" }, }, },\n  "packages": {\n    "a": ["a@1.2.0", "", { "dependencies": { "b": "2" } }, "sha512-aa"],\n    "b": ["b@2.0.0", "", {}, "sha512-bb"],\n  }\n}\n',
    ['npm/a@1.2.0 :5 runtime direct', 'npm/b@2.0.0 :6 runtime a>b'],
  ],
  [
    'requirements.txt',
    '# comment\nDjango[argon2]==3.2.1 ; python_version < "3.12"  # why\nrequests>=2.0,<3\n-e git+https://git.example.com/x.git@main#egg=My_Pkg\nflask == 2.0.0 \\\n   --hash=sha256:aa\n',
    [
      'pypi/django@3.2.1 :2 runtime django',
      'pypi/requests (>=2.0,<3) :3 runtime requests',
      'pypi/my-pkg () :4 runtime my-pkg',
      'pypi/flask@2.0.0 :5 runtime flask',
    ],
  ],
  [
    'poetry.lock',
    '[[package]]\nname = "Flask"\nversion = "2.0.0"\n\n[package.dependencies]\nWerkzeug = ">=2"\n\n[[package]]\nname = "werkzeug"\nversion = "2.0.1"\ngroups = ["dev"]\n',
    ['pypi/flask@2.0.0 :2 runtime flask', 'pypi/werkzeug@2.0.1 :9 development flask>werkzeug'],
  ],
  [
    'uv.lock',
    'version = 1\n\n[[package]]\nname = "app"\nversion = "0.1.0"\nsource = { virtual = "." }\ndependencies = [{ name = "a" }]\n\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "https://pypi.org/simple" }\ndependencies = [{ name = "b" }]\n\n[[package]]\nname = "b"\nversion = "2.0"\nsource = { git = "https://git.example.com/b" }\n',
    ['pypi/a@1.0 :10 runtime direct', 'pypi/b@2.0 :16 runtime a>b'],
  ],
  [
    'pdm.lock',
    '[[package]]\nname = "a"\nversion = "1.0"\ndependencies = ["B>=1"]\n\n[[package]]\nname = "b"\nversion = "2.0"\n',
    ['pypi/a@1.0 :2 runtime a', 'pypi/b@2.0 :7 runtime a>b'],
  ],
  [
    'pylock.toml',
    'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1.0"\nwheels = [{ hashes = { sha256 = "aa" } }]\n',
    ['pypi/a@1.0 :3 runtime a'],
  ],
  [
    'Pipfile.lock',
    json({ default: { a: { version: '==1.0' } }, develop: { b: { version: '==2.0' } } }),
    ['pypi/a@1.0 :3 runtime a', 'pypi/b@2.0 :8 development b'],
  ],
  [
    'Pipfile',
    '[packages]\na = "==1.0"\nb = "*"\n[dev-packages]\nc = {version = ">=1"}\n',
    ['pypi/a@1.0 :2 runtime direct', 'pypi/b () :3 runtime direct', 'pypi/c (>=1) :5 development direct'],
  ],
  [
    'pyproject.toml',
    '[project]\nname = "app"\ndependencies = ["a==1.0", "b>=2"]\n[project.optional-dependencies]\nx = ["c~=1.4"]\n[tool.poetry.group.dev.dependencies]\nd = "^1.2"\n',
    [
      'pypi/a@1.0 :3 runtime direct',
      'pypi/b (>=2) :3 runtime direct',
      'pypi/c (~=1.4) :5 optional direct',
      'pypi/d (>=1.2,<2) :7 development direct',
    ],
  ],
  [
    'environment.yml',
    'name: x\ndependencies:\n  - python=3.11\n  - numpy=1.26.4\n  - pip:\n    - flask==2.0.0\n',
    ['conda/numpy@1.26.4 :4 runtime direct', 'pypi/flask@2.0.0 :6 runtime direct'],
  ],
  [
    'go.mod',
    'module example.com/app\n\ngo 1.21.3\n\nrequire (\n\tgithub.com/a/b v1.2.3\n\tgithub.com/c/d/v2 v2.0.0 // indirect\n\tgithub.com/e/f v1.0.0\n)\n\nreplace github.com/e/f => ../f\n',
    [
      'golang/stdlib@1.21.3 :3 runtime direct',
      'golang/github.com/a/b@v1.2.3 :6 runtime direct',
      'golang/github.com/c/d/v2@v2.0.0 :7 runtime github.com/c/d/v2',
    ],
  ],
  [
    'Cargo.lock',
    'version = 3\n\n[[package]]\nname = "app"\nversion = "0.1.0"\ndependencies = [\n "a",\n]\n\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "aa"\ndependencies = [\n "b 2.0.0",\n]\n\n[[package]]\nname = "b"\nversion = "2.0.0"\nsource = "git+https://git.example.com/b#aa"\n',
    ['cargo/a@1.0.0 :11 runtime direct', 'cargo/b@2.0.0 :20 runtime a>b'],
  ],
  [
    'Cargo.toml',
    '[package]\nname = "x"\n[dependencies]\na = "1.2"\nb = { version = "=2.0.0", optional = true }\nc = { path = "../c" }\n[dev-dependencies]\nd = "*"\n',
    ['cargo/a (1.2) :4 runtime direct', 'cargo/b@2.0.0 :5 optional direct', 'cargo/d (*) :8 development direct'],
  ],
  [
    'pom.xml',
    '<project>\n <groupId>g</groupId><artifactId>a</artifactId><version>1</version>\n <properties><v>2.14.1</v></properties>\n <dependencies>\n  <dependency><groupId>org.x</groupId><artifactId>y</artifactId>\n   <version>${v}</version></dependency>\n  <dependency><groupId>org.x</groupId><artifactId>t</artifactId><version>[1,2)</version><scope>test</scope></dependency>\n </dependencies>\n</project>\n',
    ['maven/org.x/y@2.14.1 :6 runtime direct', 'maven/org.x/t ([1,2)) :7 development direct'],
  ],
  [
    'gradle.lockfile',
    '# comment\norg.x:y:1.0=compileClasspath,runtimeClasspath\norg.x:t:2.0=testRuntimeClasspath\nempty=\n',
    ['maven/org.x/y@1.0 :2 runtime org.x:y', 'maven/org.x/t@2.0 :3 development org.x:t'],
  ],
  [
    'build.gradle.kts',
    'dependencies {\n  // implementation("no.x:y:1")\n  implementation("org.x:y:1.0")\n  testImplementation("org.x:t:2.+")\n}\n',
    ['maven/org.x/y@1.0 :3 runtime direct', 'maven/org.x/t (2.+) :4 development direct'],
  ],
  [
    'gradle/libs.versions.toml',
    '[versions]\nx = "1.0"\n[libraries]\na = { module = "org.x:a", version.ref = "x" }\nb = "org.x:b:2.0"\n',
    ['maven/org.x/a@1.0 :4 runtime direct', 'maven/org.x/b@2.0 :5 runtime direct'],
  ],
  [
    'composer.lock',
    json({
      packages: [{ name: 'V/A', version: 'v1.2.0', require: { 'v/b': '*' } }],
      'packages-dev': [{ name: 'v/b', version: '2.0' }],
    }),
    ['composer/v/a@1.2.0 :4 runtime v/a', 'composer/v/b@2.0 :13 development v/a>v/b'],
  ],
  ['composer.json', json({ require: { php: '>=8', 'v/a': '1.2.0' } }), ['composer/v/a@1.2.0 :4 runtime direct']],
  [
    'Gemfile.lock',
    'GEM\n  remote: https://rubygems.org/\n  specs:\n    rails (6.0.0)\n      rack (~> 2)\n    rack (2.0.1)\n    nokogiri (1.10.0-x86_64-linux)\n\nDEPENDENCIES\n  rails (~> 6)\n  nokogiri!\n',
    [
      'gem/rails@6.0.0 :4 runtime direct',
      'gem/rack@2.0.1 :6 runtime rails>rack',
      'gem/nokogiri@1.10.0 :7 runtime direct',
    ],
  ],
  [
    'Gemfile',
    [
      'source "https://rubygems.org"',
      'gem "rails", "6.0.0"',
      "gem 'puma', '~> 5.0', '>= 5.0.3' # server",
      '# gem "old", "1.0"',
      'gem "own", path: "../own"',
      'if ENV["X"]',
      '  gem "sass", "3.0.0", require: false',
      'end',
      'group :development, :test do',
      '  gem "rspec", "3.1.0"',
      'end',
      'gem "byebug", "11.0.0", group: :development',
      'gem "late", git: "https://example.org/late.git"',
    ].join('\n'),
    [
      'gem/rails@6.0.0 :2 runtime direct',
      'gem/puma (~> 5.0, >= 5.0.3) :3 runtime direct',
      'gem/own () :5 runtime direct',
      'gem/sass@3.0.0 :7 runtime direct',
      'gem/rspec@3.1.0 :10 development direct',
      'gem/byebug@11.0.0 :12 development direct',
      'gem/late () :13 runtime direct',
    ],
  ],
  [
    'pubspec.yaml',
    'name: app\ndependencies:\n  flutter:\n    sdk: flutter\n  http: 0.13.0\n  own:\n    path: ../own\n  dio: ^5.0.0\ndev_dependencies:\n  lints: any\n',
    [
      'pub/http@0.13.0 :5 runtime direct',
      'pub/own () :6 runtime direct',
      'pub/dio (^5.0.0) :8 runtime direct',
      'pub/lints (any) :10 development direct',
    ],
  ],
  [
    'mix.exs',
    'defmodule A.MixProject do\n  defp deps do\n    [\n      {:phoenix, "1.7.0"},\n      # {:old, "1.0"},\n      {:plug, "~> 1.14"},\n      {:credo, "== 1.6.0", only: [:dev, :test]},\n      {:own, path: "../own"}\n    ]\n  end\n\n  defp other, do: {:no, "1.0"}\nend\n',
    [
      'hex/phoenix@1.7.0 :4 runtime direct',
      'hex/plug (~> 1.14) :6 runtime direct',
      'hex/credo@1.6.0 :7 development direct',
      'hex/own () :8 runtime direct',
    ],
  ],
  [
    'packages.lock.json',
    json({
      version: 1,
      dependencies: {
        'net8.0': {
          'A.B': { type: 'Direct', resolved: '1.0.0', dependencies: { C: '2.0.0' } },
          C: { type: 'Transitive', resolved: '2.0.0' },
        },
      },
    }),
    ['nuget/a.b@1.0.0 :5 runtime direct', 'nuget/c@2.0.0 :12 runtime a.b>c'],
  ],
  [
    'packages.config',
    '<packages>\n <package id="A" version="1.0.0" />\n <package id="B" version="2.0" developmentDependency="true" />\n</packages>\n',
    ['nuget/a@1.0.0 :2 runtime a', 'nuget/b@2.0 :3 development b'],
  ],
  [
    'x.csproj',
    '<Project>\n <PropertyGroup><V>1.5.0</V></PropertyGroup>\n <ItemGroup>\n  <PackageReference Include="A" Version="$(V)" />\n  <PackageReference Include="B"><Version>[2.0,3.0)</Version></PackageReference>\n </ItemGroup>\n</Project>\n',
    ['nuget/a@1.5.0 :4 runtime direct', 'nuget/b ([2.0,3.0)) :5 runtime direct'],
  ],
  [
    'pubspec.lock',
    'packages:\n  a:\n    dependency: "direct main"\n    description:\n      name: a\n      url: "https://pub.dev"\n    source: hosted\n    version: "1.0.0"\n  flutter:\n    source: sdk\n    version: "0.0.0"\n',
    ['pub/a@1.0.0 :2 runtime direct'],
  ],
  [
    'mix.lock',
    '%{\n  "a": {:hex, :a, "1.0.0", "aa", [:mix], [{:b, "~> 1.0", [hex: :b, repo: "hexpm", optional: false]}], "hexpm", "bb"},\n  "b": {:hex, :b, "1.1.0", "cc", [:mix], [], "hexpm"},\n}\n',
    ['hex/a@1.0.0 :2 runtime a', 'hex/b@1.1.0 :3 runtime a>b'],
  ],
  [
    'conan.lock',
    json({ version: '0.5', requires: ['zlib/1.2.11#aa%1'], build_requires: ['cmake/3.0'] }),
    ['conan/zlib@1.2.11 :4 runtime zlib', 'conan/cmake@3.0 :7 build cmake'],
  ],
  [
    'Package.resolved',
    json({
      pins: [
        {
          identity: 'a',
          kind: 'remoteSourceControl',
          location: 'https://github.com/X/A.git',
          state: { version: '1.0.0', revision: 'aa' },
        },
      ],
      version: 2,
    }),
    ['swift/github.com/x/a@1.0.0 :6 runtime github.com/x/a'],
  ],
  [
    'renv.lock',
    json({ Packages: { mime: { Package: 'mime', Version: '0.12', Source: 'Repository' } } }),
    ['cran/mime@0.12 :3 runtime mime'],
  ],
];

describe('a reader', () => {
  test.each(FILES.map(([file, text, expected], at) => [`${file} (${at})`, file, text, expected] as const))(
    'reads %s',
    (_name, file, text, expected) => {
      expect(read({ [file]: text }).gaps).toEqual([]);
      expect(linesOf({ [file]: text })).toEqual(expected);
    },
  );

  test.each(
    FILES.filter(([file]) => /lock|\.json|\.mod|\.xml|\.toml|\.config|proj|Pipfile/.test(file)).map(
      ([file, text], at) => [`${file} (${at})`, file, text] as const,
    ),
  )('makes a gap with a line of a conflict in %s, or reads the rest', (_name, file, text) => {
    const lines = text.split('\n');
    const { gaps, components } = read({ [file]: [...lines.slice(0, 3), '<<<<<<< HEAD', ...lines.slice(3)].join('\n') });

    expect(gaps.length + components.length).toBeGreaterThan(0);
  });

  test.each([
    'package-lock.json',
    'pnpm-lock.yaml',
    'poetry.lock',
    'pom.xml',
    'composer.lock',
    'Pipfile.lock',
    'mix.lock',
  ])('makes a gap of a %s that is cut off', (file) => {
    const text = FILES.find(([name]) => name === file)?.[1] ?? '';
    const { gaps } = read({ [file]: `${text.slice(0, 5)}\u0000{[<` });

    expect(gaps).toMatchObject([{ code: 'unreadable-lockfile', file }]);
  });

  test('says why it does not read bun.lockb', () => {
    expect(read({ 'bun.lockb': '#!/usr/bin/env bun\n' }).gaps).toMatchObject([
      { code: 'unreadable-lockfile', file: 'bun.lockb' },
    ]);
  });

  test.each([
    ['package-lock.json', '{"packages":'.repeat(5_000)],
    ['package-lock.json', '['.repeat(100_000)],
    ['pnpm-lock.yaml', 'a:\n'.replaceAll(/a/g, '  '.repeat(300) + 'a')],
    ['environment.yml', `a: &a [x]\n${'b: [*a, *a, *a, *a]\n'.repeat(200)}`],
    ['pom.xml', '<project>'.repeat(20_000)],
    [
      'pom.xml',
      '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><project><artifactId>&x;</artifactId></project>',
    ],
    ['Cargo.lock', '[[package]]\nname = ['.repeat(2_000)],
    ['requirements.txt', 'a\\\n'.repeat(20_000)],
    ['yarn.lock', `${'"a@1", '.repeat(20_000)}"b@1":\n  version "1"\n`],
  ])('is done in time with a hostile %s', (file, text) => {
    const started = performance.now();

    read({ [file]: text });

    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('reaches no prototype by a name', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const packages = Object.fromEntries(names.map((name) => [`node_modules/${name}`, { version: '1.0.0' }]));
    const text = `{"lockfileVersion":3,"packages":{"":{"dependencies":{"__proto__":"1"}},${JSON.stringify(packages).slice(1)}}`;

    expect(read({ 'package-lock.json': text }).components.map(({ name }) => name)).toEqual(names);
    expect(read({ Pipfile: '[packages]\nconstructor = "==1"\n"__proto__" = "==2"\n' }).gaps.length).toBeLessThan(2);
    expect('polluted' in {}).toBe(false);
  });
});

describe('what several files say together', () => {
  test('a parent and an imported bill give versions to a pom', () => {
    const parent =
      '<project><groupId>g</groupId><artifactId>p</artifactId><version>1</version><properties><x>3.0</x></properties><dependencyManagement><dependencies><dependency><groupId>o</groupId><artifactId>m</artifactId><version>${x}</version></dependency></dependencies></dependencyManagement></project>';
    const child =
      '<project><parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version></parent><artifactId>c</artifactId><dependencies><dependency><groupId>o</groupId><artifactId>m</artifactId></dependency></dependencies></project>';

    expect(linesOf({ 'pom.xml': parent, 'c/pom.xml': child })).toEqual(['maven/o/m@3.0 :1 runtime direct']);
  });

  test('properties that name one another end', () => {
    const pom =
      '<project><groupId>g</groupId><artifactId>p</artifactId><properties><a>${b}${b}</a><b>${a}${a}</b></properties><dependencies><dependency><groupId>o</groupId><artifactId>m</artifactId><version>${a}</version></dependency></dependencies></project>';

    expect(read({ 'pom.xml': pom }).components).toHaveLength(1);
  });

  test('central versions reach the projects below', () => {
    const props = '<Project><ItemGroup><PackageVersion Include="A" Version="1.0.0" /></ItemGroup></Project>';
    const project = '<Project><ItemGroup><PackageReference Include="a" /></ItemGroup></Project>';

    expect(linesOf({ 'Directory.Packages.props': props, 'src/x/x.csproj': project })).toEqual([
      'nuget/a@1.0.0 :1 runtime direct',
    ]);
  });

  test('constraints pin what requirements leave open', () => {
    const files = { 'requirements.txt': '-c constraints.txt\nflask\n', 'constraints.txt': 'flask==2.0.0\n' };

    expect(linesOf(files)).toContain('pypi/flask@2.0.0 :2 runtime direct');
  });

  test('a lockfile speaks for the manifest beside it, and the manifest says what is direct', () => {
    const files = {
      'package.json': json({ dependencies: { a: '^1.0.0' } }),
      'yarn.lock': 'a@^1.0.0:\n  version "1.2.0"\n  dependencies:\n    b "1"\n\nb@1:\n  version "1.0.0"\n',
    };

    expect(linesOf(files)).toEqual(['npm/a@1.2.0 :1 runtime direct', 'npm/b@1.0.0 :6 runtime a>b']);
  });
});
