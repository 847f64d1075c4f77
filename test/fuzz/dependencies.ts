import { generateKeyPairSync } from 'node:crypto';
import {
  addFile,
  BundleBuilder,
  ecosystemNamed,
  openBundle,
  orderOf,
  parseRequirement,
  satisfies,
  signerOf,
} from '../../src/advisory/index.ts';
import { isFault } from '../../src/base/index.ts';
import { createDependenciesScanner, inventoryOf, renderSbom } from '../../src/dependencies/index.ts';
import { scanFiles, viewOf } from '../../src/finding/index.ts';
import { cpuMs } from '../support/cpu-time.ts';
import type { FuzzOutcome } from './outcome.ts';
import { chooser, randomOf } from './random.ts';

/** One input may take so long, milliseconds: far more than it needs, far less than a hang. */
const INPUT_MS_MAX = 1_000;

const ECOSYSTEMS = [
  'npm',
  'pypi',
  'maven',
  'go',
  'crates.io',
  'rubygems',
  'packagist',
  'nuget',
  'pub',
  'hex',
  'debian',
  'alpine',
  'rpm',
  'cran',
].map((name) => ecosystemNamed(name) ?? name);
const VERSION_PIECES = [
  '0',
  '1',
  '2',
  '10',
  '007',
  '.',
  '.',
  '.',
  '-',
  '_',
  '+',
  '~',
  '^',
  ':',
  '!',
  'a',
  'b',
  'rc',
  'alpha',
  'beta',
  'dev',
  'post',
  'final',
  'ga',
  'sp',
  'SNAPSHOT',
  'p',
  'r',
  'v',
  'x',
  '*',
  ' ',
  '\0',
  'é',
];

/** Versions made of what versions are made of. Wanted: an order that holds both ways and over three, or none at all. */
export function fuzzVersions(seed: number, rounds: number): FuzzOutcome {
  const { pick, many } = chooser(randomOf(seed));
  const failures: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const ecosystem = pick(ECOSYSTEMS);
    const order = orderOf(ecosystem);
    const [a, b, c] = [many(VERSION_PIECES, 8), many(VERSION_PIECES, 8), many(VERSION_PIECES, 8)];
    const started = cpuMs();
    try {
      const [ab, ba, bc, ac] = [order?.(a, b), order?.(b, a), order?.(b, c), order?.(a, c)];
      const where = `seed ${seed} round ${round}: ${ecosystem} ${JSON.stringify([a, b, c])}`;
      if (Math.sign(ab ?? 0) + Math.sign(ba ?? 0) !== 0) failures.push(`${where}: not the same both ways`);
      // Maven's own order is not one over three versions with odd parts; it is followed nevertheless.
      const isOdd =
        ecosystem === 'Maven' || ecosystem === 'Packagist' || ecosystem === 'Alpine' || ecosystem === 'Debian';
      if (!isOdd && (ab ?? 0) < 0 && (bc ?? 0) < 0 && (ac ?? -1) >= 0) failures.push(`${where}: no order over three`);
      const asked = parseRequirement(
        ecosystem,
        `${pick(['', '^', '~', '>=', '<', '==', '[', '~> '])}${a}${pick(['', ',', ' || ', ')', ']'])}${b}`,
      );
      if (asked !== undefined) satisfies(asked, c);
    } catch (thrown) {
      failures.push(`seed ${seed} round ${round}: ${String(thrown)} on ${ecosystem} ${JSON.stringify([a, b])}`);
    }
    if (cpuMs() - started > INPUT_MS_MAX)
      failures.push(`seed ${seed} round ${round}: too long for ${JSON.stringify([a, b])}`);
  }
  return { rounds, failures };
}

const SEEDS: readonly (readonly [file: string, text: string])[] = [
  [
    'package-lock.json',
    '{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0","dependencies":{"b":"1"},"license":"MIT","integrity":"sha512-AA"},"node_modules/b":{"version":"1.0.0"}}}',
  ],
  [
    'package-lock.json',
    '{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","requires":{"b":"1"},"dependencies":{"b":{"version":"1.1.0"}}}}}',
  ],
  ['package.json', '{"dependencies":{"a":"^1.0.0","b":"git+https://x/y.git#main"},"overrides":{"c":"1"}}'],
  [
    'yarn.lock',
    '# yarn lockfile v1\n\n"a@^1":\n  version "1.0.0"\n  resolved "https://r/a.tgz#aa"\n  dependencies:\n    b "1"\n',
  ],
  [
    'yarn.lock',
    '__metadata:\n  version: 8\n"a@npm:^1":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n  dependencies:\n    b: "npm:1"\n',
  ],
  [
    'pnpm-lock.yaml',
    "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: ^1, version: 1.0.0(b@1)}\npackages:\n  a@1.0.0:\n    resolution: {integrity: sha512-aa}\nsnapshots:\n  a@1.0.0(b@1):\n    dependencies:\n      b: 1\n",
  ],
  [
    'bun.lock',
    '{"workspaces":{"":{"dependencies":{"a":"1",},},},"packages":{"a":["a@1.0.0","",{"dependencies":{}},"sha512-a"],}}',
  ],
  [
    'requirements.txt',
    'a[x]==1.0 ; python_version < "3"\n-r other.txt\nb @ git+https://x/y@main\nc>=1 \\\n --hash=sha256:aa\n',
  ],
  ['poetry.lock', '[[package]]\nname = "a"\nversion = "1.0"\n[package.dependencies]\nb = "*"\n'],
  [
    'uv.lock',
    'version = 1\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { virtual = "." }\ndependencies = [{ name = "b" }]\n',
  ],
  ['pylock.toml', '[[packages]]\nname = "a"\nversion = "1"\nwheels = [{ hashes = { sha256 = "aa" } }]\n'],
  ['Pipfile.lock', '{"default":{"a":{"version":"==1.0","hashes":["sha256:aa"]}}}'],
  ['pyproject.toml', '[project]\nname = "a"\ndependencies = ["b==1"]\n[tool.poetry.dependencies]\nc = "^1.2"\n'],
  ['environment.yml', 'dependencies:\n  - a=1.0\n  - pip:\n    - b==1\n'],
  ['go.mod', 'module m\n\ngo 1.21.1\n\nrequire (\n\ta/b v1.0.0 // indirect\n)\n\nreplace a/b => c/d v1.1.0\n'],
  [
    'Cargo.lock',
    '[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\ndependencies = ["b 1"]\n',
  ],
  ['Cargo.toml', '[dependencies]\na = "1"\nb = { version = "=1.0.0" }\n'],
  [
    'pom.xml',
    '<project><groupId>g</groupId><artifactId>a</artifactId><properties><v>1</v></properties><dependencies><dependency><groupId>x</groupId><artifactId>y</artifactId><version>${v}</version></dependency></dependencies></project>',
  ],
  ['build.gradle', 'dependencies { implementation "a:b:1.0" }\n'],
  ['gradle.lockfile', 'a:b:1.0=compileClasspath\nempty=\n'],
  ['gradle/libs.versions.toml', '[versions]\nx = "1"\n[libraries]\na = { module = "a:b", version.ref = "x" }\n'],
  ['composer.lock', '{"packages":[{"name":"a/b","version":"v1.0.0","require":{"c/d":"*"}}]}'],
  [
    'Gemfile.lock',
    'GEM\n  remote: https://rubygems.org/\n  specs:\n    a (1.0)\n      b (~> 1)\n\nDEPENDENCIES\n  a\n',
  ],
  [
    'packages.lock.json',
    '{"dependencies":{"net8.0":{"A":{"type":"Direct","resolved":"1.0.0","dependencies":{"B":"1"}}}}}',
  ],
  ['x.csproj', '<Project><ItemGroup><PackageReference Include="A" Version="1.0.0" /></ItemGroup></Project>'],
  ['pubspec.lock', 'packages:\n  a:\n    dependency: "direct main"\n    source: hosted\n    version: "1.0.0"\n'],
  ['mix.lock', '%{\n  "a": {:hex, :a, "1.0.0", "aa", [:mix], [{:b, "~> 1"}], "hexpm"},\n}\n'],
  ['conan.lock', '{"version":"0.5","requires":["a/1.0#aa%1"]}'],
  ['Package.resolved', '{"pins":[{"location":"https://x/y.git","state":{"version":"1.0.0"}}]}'],
  ['renv.lock', '{"Packages":{"a":{"Version":"1","Source":"Repository"}}}'],
  [
    'vex.json',
    '{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{"vulnerability":{"name":"CVE-1"},"products":[{"@id":"pkg:npm/a"}],"status":"fixed"}]}',
  ],
  ['a.js', 'import a from "b"; const c = require("d"); import("e")'],
  ['a.py', 'from a.b import c\nimport d, e.f as g\n'],
  ['a.go', 'package a\n\nimport (\n\tx "a/b"\n)\n\nvar y = x.Z\n'],
];
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  ':',
  ',',
  '\n',
  '  ',
  '\t',
  '\\',
  '\0',
  '#',
  '<',
  '>',
  '</',
  '&x;',
  '=',
  '@',
  '(',
  ')',
  '- ',
  '? ',
  '|',
  '*a',
  '&a',
  '!',
  '${v}',
  '__proto__',
  'é',
  '\ufeff',
  '9'.repeat(30),
  '<<<<<<< x\n',
];

/** Files of package managers with pieces put in, cut out and doubled. Wanted: findings and gaps, nothing thrown, in time. */
export async function fuzzLockfiles(seed: number, rounds: number): Promise<FuzzOutcome> {
  const random = randomOf(seed);
  const { pick } = chooser(random);
  const scanner = createDependenciesScanner({ licences: { allow: ['MIT'] }, allowsMissingAdvisories: true });
  const failures: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const [file, source] = pick(SEEDS);
    let text = source;
    for (let change = 0; change <= random() * 4; change++) {
      const at = Math.floor(random() * text.length);
      const length = Math.floor(random() * 12);
      const part = random() < 0.5 ? pick(PIECES) : text.slice(at, at + length * 2);
      text = text.slice(0, at) + part + text.slice(random() < 0.5 ? at : at + length);
    }
    const started = cpuMs();
    try {
      scanFiles(scanner, { [file]: text });
      const { facts } = scanner.scanFile(viewOf(file, text));
      if (facts !== undefined && round % 5 === 0) {
        const inventory = inventoryOf(new Map([[file, facts]]));
        const options = { name: 'f', digest: 'd', timestamp: '2026-01-01T00:00:00Z', toolVersion: '1' };
        JSON.parse(await renderSbom(inventory, { ...options, format: round % 2 === 0 ? 'cyclonedx' : 'spdx' }));
      }
    } catch (thrown) {
      failures.push(`seed ${seed} round ${round}: ${String(thrown)} on ${file} ${JSON.stringify(text)}`);
    }
    if (cpuMs() - started > INPUT_MS_MAX)
      failures.push(`seed ${seed} round ${round}: too long for ${file} ${JSON.stringify(text)}`);
  }
  return { rounds, failures };
}

const RECORD =
  '{"id":"X-1","modified":"2026-01-01T00:00:00Z","aliases":["CVE-1"],"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],"affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.0"}]}],"versions":["0.1"],"ecosystem_specific":{"imports":[{"path":"x","symbols":["Y"]}]}}]}';

/** Records with pieces changed. Wanted: taken, skipped or refused by a fault of ours; what was taken can be read back. */
export function fuzzAdvisories(seed: number, rounds: number): FuzzOutcome {
  const random = randomOf(seed);
  const { pick } = chooser(random);
  const signer = signerOf(
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  );
  const failures: string[] = [];
  const values = ['null', '1', '[]', '{}', '"x"', '"MAL-2026-1"', 'true', '"__proto__"', '[null]', '1e999', '"0"'];
  for (let round = 0; round < rounds; round++) {
    let text = RECORD;
    for (let change = 0; change <= random() * 3; change++) {
      const parts = [...text.matchAll(/"[^"]*"(?!:)|\[|\{/g)];
      if (parts.length === 0) break;
      const part = pick(parts);
      text = text.slice(0, part.index) + pick(values) + text.slice(part.index + (random() < 0.9 ? part[0].length : 0));
    }
    const builder = new BundleBuilder();
    try {
      addFile(builder, random() < 0.2 ? 'a.yaml' : 'a.json', Buffer.from(text));
      openBundle(builder.build('2026-01-01T00:00:00Z', signer), [signer.publicKey]).lookup('npm', 'a');
    } catch (thrown) {
      if (!isFault(thrown)) failures.push(`seed ${seed} round ${round}: ${String(thrown)} on ${text}`);
    }
  }
  return { rounds, failures };
}
