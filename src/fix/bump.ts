import type { Edit, FixRequest } from '../finding/index.ts';

export type Bump = Extract<FixRequest, { readonly type: 'bump' }>;

/** What raises packages: an edit of the text, a tool of the ecosystem in a sandbox, or nothing that is known. */
export type BumpPlan =
  | { readonly kind: 'text'; readonly edits: readonly Edit[] }
  | {
      readonly kind: 'tool';
      /** Program that must be on the machine. */
      readonly program: string;
      /** For bash, in the folder of the lockfile. */
      readonly script: string;
      /** Names, beside the lockfile, that the tool reads when they are there. */
      readonly reads: readonly string[];
      /** Names, beside the lockfile, that it may change. */
      readonly writes: readonly string[];
      /** Hosts that the tool may reach: the registry of the ecosystem, by name of a set or as `host:port`. */
      readonly registry: 'npm' | 'pypi' | 'crates' | 'go' | readonly string[];
    }
  | { readonly kind: 'none'; readonly reason: string };

/** Names and versions come from lockfiles of other people: nothing else may reach a script. */
const SAFE_NAME = /^@?[A-Za-z0-9][A-Za-z0-9._~/-]*$/;
const SAFE_VERSION = /^[A-Za-z0-9][A-Za-z0-9.+_!-]*$/;

/**
 * How the packages of one file are raised, all at once. `text` is the file as it is now. What lies in a lockfile with hashes needs its
 * own tool; an exact version that stands in a text by itself is replaced there.
 */
export function planBumps(bumps: readonly Bump[], text: string): BumpPlan {
  const [first] = bumps;
  if (first === undefined) return { kind: 'none', reason: 'there is nothing to raise' };
  const unsafe = bumps.find(
    ({ name, from, to }) =>
      !SAFE_NAME.test(name) || name.includes('..') || !SAFE_VERSION.test(from) || !SAFE_VERSION.test(to),
  );
  if (unsafe !== undefined && isToolFile(first.file)) {
    return { kind: 'none', reason: `${JSON.stringify(unsafe.name).slice(0, 80)} is no name that is handed to a tool` };
  }
  const name = first.file.slice(first.file.lastIndexOf('/') + 1);
  const tool = TOOLS[name];
  return tool === undefined ? textPlan(bumps, text) : tool(bumps);
}

function isToolFile(file: string): boolean {
  return TOOLS[file.slice(file.lastIndexOf('/') + 1)] !== undefined;
}

type Tool = (bumps: readonly Bump[]) => BumpPlan;

/** Lockfile to the tool that owns it. */
const TOOLS: { readonly [file: string]: Tool | undefined } = {
  'package-lock.json': npm,
  'npm-shrinkwrap.json': npm,
  'pnpm-lock.yaml': (bumps) => ({
    kind: 'tool',
    program: 'pnpm',
    script: `pnpm update --lockfile-only --ignore-scripts ${bumps.map(at).join(' ')}`,
    reads: ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc'],
    writes: ['package.json', 'pnpm-lock.yaml'],
    registry: 'npm',
  }),
  'go.mod': go,
  'go.sum': go,
  'Cargo.lock': (bumps) => ({
    kind: 'tool',
    program: 'cargo',
    // Cargo wants the manifest's targets to be there, even for a look at the lock.
    script: [
      'mkdir -p src && touch src/lib.rs && echo "fn main() {}" > src/main.rs',
      ...bumps.map(({ name, from, to }) => `cargo update --package '${name}@${from}' --precise '${to}'`),
    ].join('\n'),
    reads: ['Cargo.toml', 'Cargo.lock', '.cargo/config.toml'],
    writes: ['Cargo.lock'],
    registry: 'crates',
  }),
  'poetry.lock': (bumps) => python('poetry', ['poetry', 'update', '--lock', ...bumps.map(({ name }) => name)]),
  'uv.lock': (bumps) =>
    python('uv', ['uv', 'lock', ...bumps.flatMap(({ name, to }) => ['--upgrade-package', `${name}==${to}`])]),
  'pdm.lock': (bumps) => python('pdm', ['pdm', 'update', '--no-sync', ...bumps.map(({ name }) => name)]),
  'composer.lock': (bumps) => ({
    kind: 'tool',
    program: 'composer',
    script: `composer update --no-install --no-scripts --no-plugins --with-dependencies ${bumps.map(({ name, to }) => `'${name}:${to}'`).join(' ')}`,
    reads: ['composer.json', 'composer.lock'],
    writes: ['composer.lock'],
    registry: ['repo.packagist.org:443', 'packagist.org:443'],
  }),
  'Gemfile.lock': (bumps) => ({
    kind: 'tool',
    program: 'bundle',
    script: `bundle lock --conservative --update ${bumps.map(({ name }) => `'${name}'`).join(' ')}`,
    reads: ['Gemfile', 'Gemfile.lock', '.ruby-version'],
    writes: ['Gemfile.lock'],
    registry: ['rubygems.org:443', 'index.rubygems.org:443'],
  }),
};

function at({ name, to }: Bump): string {
  return `'${name}@${to}'`;
}

/**
 * A direct package is asked for by its version; one that came with another is updated within what its parents allow, and where
 * that is not enough, overridden. The check is the scan that follows.
 */
function npm(bumps: readonly Bump[]): BumpPlan {
  const direct = bumps.filter(({ isDirect }) => isDirect);
  const others = bumps.filter(({ isDirect }) => !isDirect);
  const flags = '--package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error';
  const lines = ['export npm_config_update_notifier=false', SETTLED];
  if (direct.length > 0) {
    const wanted = JSON.stringify(direct.map(({ name, to }) => ({ name, to })));
    lines.push(
      'cp package.json package.before.json',
      `settled install ${flags} ${direct.map(at).join(' ')}`,
      `node -e ${shellQuoted(KEEP_RANGES)} ${shellQuoted(wanted)}`,
    );
  }
  if (others.length > 0) {
    lines.push(`settled update ${flags} ${others.map(({ name }) => `'${name}'`).join(' ')}`);
    lines.push(
      `node -e ${shellQuoted(OVERRIDE)} ${shellQuoted(JSON.stringify(others.map(({ name, from, to }) => ({ name, from, to }))))}`,
    );
    lines.push(`settled install ${flags}`);
  }
  return {
    kind: 'tool',
    program: 'npm',
    script: lines.join('\n'),
    reads: ['package.json', 'package-lock.json', 'npm-shrinkwrap.json', '.npmrc'],
    writes: ['package.json', 'package-lock.json', 'npm-shrinkwrap.json'],
    registry: 'npm',
  };
}

/**
 * What comes along with a raised package has been public for some days, so that others had the time to find out what it does. A version
 * that mends a flaw may be younger: then it is taken as it is.
 */
const COOLDOWN_DAYS = 3;
const SETTLED = `settled() { npm "$@" --before="$(date -u -d '${COOLDOWN_DAYS} days ago' +%Y-%m-%dT%H:%M:%SZ)" 2>/dev/null || npm "$@"; }`;

/** npm writes `^` before every version that it is asked for: what was exact stays exact, and `~` stays `~`. */
const KEEP_RANGES = `
const fs = require('fs');
const read = (name) => JSON.parse(fs.readFileSync(name, 'utf8'));
const lockName = fs.existsSync('npm-shrinkwrap.json') ? 'npm-shrinkwrap.json' : 'package-lock.json';
const before = read('package.before.json');
const files = ['package.json', lockName].filter((name) => fs.existsSync(name));
for (const file of files) {
  const text = fs.readFileSync(file, 'utf8');
  const value = JSON.parse(text);
  const own = file === 'package.json' ? value : value.packages?.[''];
  for (const { name, to } of JSON.parse(process.argv[1])) {
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']) {
      const prefix = /^([~^]?)v?\\d[^\\s|]*$/.exec(before[kind]?.[name] ?? '')?.[1];
      if (prefix !== undefined && own?.[kind]?.[name] !== undefined) own[kind][name] = prefix + to;
    }
  }
  const indent = /^[ \\t]+/m.exec(text)?.[0] ?? 0;
  fs.writeFileSync(file, JSON.stringify(value, null, indent) + (text.endsWith('\\n') ? '\\n' : ''));
}
`;

/** Overrides in package.json what `npm update` left at the old version. */
const OVERRIDE = `
const fs = require('fs');
const lockName = fs.existsSync('npm-shrinkwrap.json') ? 'npm-shrinkwrap.json' : 'package-lock.json';
const lock = JSON.parse(fs.readFileSync(lockName, 'utf8'));
const text = fs.readFileSync('package.json', 'utf8');
const manifest = JSON.parse(text);
const left = JSON.parse(process.argv[1]).filter(({ name, from }) =>
  Object.entries(lock.packages ?? {}).some(([path, entry]) => path.endsWith('node_modules/' + name) && entry.version === from));
for (const { name, from, to } of left) (manifest.overrides ??= {})[name + '@' + from] = to;
const indent = /^[ \\t]+/m.exec(text)?.[0] ?? '  ';
if (left.length > 0) fs.writeFileSync('package.json', JSON.stringify(manifest, null, indent) + (text.endsWith('\\n') ? '\\n' : ''));
`;

function go(bumps: readonly Bump[]): BumpPlan {
  const version = (to: string) => (to.startsWith('v') ? to : `v${to}`);
  return {
    kind: 'tool',
    program: 'go',
    script: [
      'export GOFLAGS=-mod=mod GOTOOLCHAIN=local',
      `go get ${bumps.map(({ name, to }) => `'${name}@${version(to)}'`).join(' ')}`,
      // What is needed only by the raised modules has its sum as well.
      'go mod download all >/dev/null 2>&1 || true',
    ].join('\n'),
    reads: ['go.mod', 'go.sum'],
    writes: ['go.mod', 'go.sum'],
    registry: 'go',
  };
}

function python(program: string, command: readonly string[]): BumpPlan {
  const lock = `${program}.lock`;
  return {
    kind: 'tool',
    program,
    script: command.map(shellQuoted).join(' '),
    reads: ['pyproject.toml', lock, 'README.md'],
    writes: [lock],
    registry: 'pypi',
  };
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Files whose versions stand alone, without a hash: replaced where the name and the version stand together. */
const PLAIN_FILES =
  /(^|\/)(requirements[^/]*\.(txt|in)|constraints[^/]*\.txt|pom\.xml|[^/]+\.(cs|fs|vb)proj|Directory\.Packages\.props|packages\.config|build\.gradle(\.kts)?|libs\.versions\.toml|package\.json|environment\.ya?ml)$/;

/** How far from a name its version may stand, in UTF-16 code units: a `<dependency>` with its exclusions. */
const NEAR_MAX = 400;

function textPlan(bumps: readonly Bump[], text: string): BumpPlan {
  const edits: Edit[] = [];
  for (const bump of bumps) {
    if (!PLAIN_FILES.test(bump.file)) {
      return { kind: 'none', reason: `nothing here knows how to raise a package in ${bump.file}; use its own tool` };
    }
    const edit = textEdit(bump, text);
    if (edit === undefined) {
      return { kind: 'none', reason: `${bump.name} ${bump.from} does not stand in ${bump.file} as one exact version` };
    }
    edits.push(edit);
  }
  return { kind: 'text', edits };
}

/** The one place where the version follows the name with nothing between that is another version or name. */
function textEdit({ name, from, to, file }: Bump, text: string): Edit | undefined {
  const short = name.slice(name.lastIndexOf(':') + 1);
  const places: number[] = [];
  for (let found = text.indexOf(short); found !== -1; found = text.indexOf(short, found + 1)) {
    if (isWordPart(text[found - 1]) || isWordPart(text[found + short.length])) continue;
    const start = text.indexOf(from, found + short.length);
    if (start === -1 || start - found > NEAR_MAX) continue;
    const between = text.slice(found + short.length, start);
    const isSameLine = !between.includes('\n');
    // Over lines only within one element of XML: a list of packages has another package there.
    if (!isSameLine && !/^\s*<\/artifactId>\s*<version>\s*$/.test(between)) continue;
    if (isWordPart(text[start - 1]) || isVersionPart(text[start + from.length])) continue;
    // A hash belongs to the version that it stands beside.
    if (/--hash[= ]/.test(lineAround(text, start))) return undefined;
    places.push(start);
  }
  const unique = [...new Set(places)];
  const [start] = unique;
  if (start === undefined || unique.length !== 1) return undefined;
  return { file, start, end: start + from.length, text: to };
}

function isWordPart(character: string | undefined): boolean {
  return character !== undefined && /[A-Za-z0-9_-]/.test(character);
}

function isVersionPart(character: string | undefined): boolean {
  return character !== undefined && /[A-Za-z0-9.+_-]/.test(character);
}

/** The logical line: a backslash goes on, as in files with hashes. */
function lineAround(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at) + 1;
  let end = text.indexOf('\n', at);
  while (end !== -1 && text.slice(start, end).trimEnd().endsWith('\\')) end = text.indexOf('\n', end + 1);
  return text.slice(start, end === -1 ? text.length : end);
}
