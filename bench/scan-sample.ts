import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Numbers that are the same in every run. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = (below: number) => number;

const WORDS =
  'account amount array batch buffer cache client config context count current data default delete entry error event fetch field file filter format handle index input insert item key label length limit list load message method name node number object offset option order output page parent parse path payload point query queue range read record request result route row save schema select service session size source start state status stream table target task text time token total tree type update user value version view write'.split(
    ' ',
  );

const pick = <T>(list: readonly T[], random: Random): T => list[random(list.length)] as T;
const word = (random: Random) => pick(WORDS, random);
const name = (random: Random) => {
  const next = word(random);
  return `${word(random)}${next.charAt(0).toUpperCase()}${next.slice(1)}`;
};

/** One line-like piece of code for each language, of the shapes that most lines have. */
const PIECES: { readonly [extension: string]: (random: Random) => string } = {
  js: (r) =>
    pick(
      [
        () =>
          `  const ${name(r)} = await ${word(r)}.${name(r)}(${word(r)}, { ${word(r)}: ${r(1000)}, ${word(r)}: '${word(r)}' });\n`,
        () => `  if (${name(r)} === undefined || ${word(r)}.length > ${r(50)}) return ${word(r)};\n`,
        () =>
          `export function ${name(r)}(${word(r)}, ${name(r)}) {\n  return ${word(r)}.map((${word(r)}) => ${word(r)} + ${r(9)});\n}\n\n`,
        () => `  // ${word(r)} the ${word(r)} of each ${word(r)} before the ${word(r)} is ${word(r)}\n`,
      ],
      r,
    )(),
  py: (r) =>
    pick(
      [
        () => `    ${word(r)}_${word(r)} = self.${word(r)}.${word(r)}(${word(r)}, ${word(r)}=${r(100)})\n`,
        () =>
          `    if not ${word(r)} or len(${word(r)}) > ${r(30)}:\n        raise ValueError("${word(r)} ${word(r)}")\n`,
        () =>
          `\ndef ${word(r)}_${word(r)}(${word(r)}, ${word(r)}=None):\n    """${word(r)} the ${word(r)}."""\n    return [${word(r)} for ${word(r)} in ${word(r)}]\n`,
      ],
      r,
    )(),
  go: (r) =>
    pick(
      [
        () =>
          `\t${name(r)}, err := ${word(r)}.${name(r)}(ctx, ${word(r)})\n\tif err != nil {\n\t\treturn nil, fmt.Errorf("${word(r)}: %w", err)\n\t}\n`,
        () =>
          `func (s *Service) ${name(r)}(${word(r)} string) error {\n\treturn s.${word(r)}.${name(r)}(${word(r)})\n}\n\n`,
      ],
      r,
    )(),
  java: (r) =>
    pick(
      [
        () => `        final String ${name(r)} = ${word(r)}.get${name(r)}(${r(20)});\n`,
        () =>
          `    public List<String> ${name(r)}(final String ${word(r)}) {\n        return this.${word(r)}.${name(r)}(${word(r)});\n    }\n\n`,
      ],
      r,
    )(),
  yml: (r) => `${word(r)}:\n  ${word(r)}: ${r(10_000)}\n  ${word(r)}: "${word(r)} ${word(r)}"\n`,
  json: (r) => `{"${word(r)}": "${word(r)}-${r(1e6)}", "${word(r)}": ${r(1e6)}, "id": "${r(2 ** 31).toString(16)}"}\n`,
  md: (r) =>
    `${Array.from({ length: 12 + r(10) }, () => word(r)).join(' ')}.\n${r(6) === 0 ? `\n## ${word(r)} ${word(r)}\n\n` : ''}`,
  tf: (r) =>
    `resource "aws_${word(r)}" "${word(r)}_${r(1000)}" {\n  name = "${word(r)}"\n  tags = { ${word(r)} = "${word(r)}" }\n}\n\n`,
};

/** How often each kind of file is, as in repositories of applications. */
const MIX = ['js', 'js', 'js', 'py', 'py', 'go', 'go', 'java', 'java', 'yml', 'json', 'json', 'md', 'tf'] as const;

/** A text of one kind, of about so many bytes. */
export function sampleText(extension: string, bytes: number, random: Random): string {
  const piece = PIECES[extension] ?? word;
  let text = '';
  while (text.length < bytes) text += piece(random);
  return text;
}

export function samplePath(at: number, extension: string, random: Random): string {
  return `${word(random)}/${word(random)}${random(30)}/${word(random)}-${at}.${extension}`;
}

/** Writes a tree of about so many bytes. */
export function writeTree(root: string, bytes: number, seed: number): void {
  const random = seeded(seed);
  for (let written = 0, at = 0; written < bytes; at += 1) {
    const extension = pick(MIX, random);
    // Most files are small, a few are large.
    const size = 300 + random(40) ** 3;
    const text = sampleText(extension, size, random);
    const file = join(root, samplePath(at, extension, random));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    written += text.length;
  }
}

export function git(root: string, ...args: readonly string[]): string {
  const who = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.org'];
  return execFileSync('git', ['-C', root, ...who, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 }).trim();
}

/** Makes a repository whose history has added about so many bytes, by many commits that each change some files. */
export async function writeHistory(root: string, bytes: number, seed: number): Promise<void> {
  git('/', 'init', '-q', '-b', 'main', root);
  const importer = spawn('git', ['-C', root, 'fast-import', '--quiet'], { stdio: ['pipe', 'ignore', 'inherit'] });
  const random = seeded(seed);
  const files: { path: string; extension: string; text: string }[] = [];
  for (let written = 0, at = 0; written < bytes; at += 1) {
    let commit = `commit refs/heads/main\ncommitter Bench <bench@example.org> ${1_600_000_000 + at * 60} +0000\ndata 4\nNext\n`;
    for (let change = 0; change < 6; change += 1) {
      const isNew = files.length < 40 || random(4) === 0;
      const extension = pick(MIX, random);
      const file = isNew
        ? { path: samplePath(files.length, extension, random), extension, text: '' }
        : pick(files, random);
      if (isNew) files.push(file);
      const added = sampleText(file.extension, 400 + random(20) ** 3, random);
      file.text = file.text.length > 60_000 ? added : `${file.text}${added}`;
      written += added.length;
      commit += `M 100644 inline ${file.path}\ndata ${Buffer.byteLength(file.text)}\n${file.text}\n`;
    }
    if (!importer.stdin.write(commit)) await once(importer.stdin, 'drain');
  }
  importer.stdin.end();
  const [code] = await once(importer, 'close');
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}

/** A lockfile of npm with so many packages. */
export function lockfile(packages: number, seed: number): string {
  const random = seeded(seed);
  const entries: { [path: string]: unknown } = {
    '': { name: 'bench', version: '1.0.0', dependencies: { 'package-0': '^1.0.0' } },
  };
  for (let at = 0; at < packages; at += 1) {
    const version = `${1 + random(4)}.${random(20)}.${random(20)}`;
    entries[`node_modules/package-${at}`] = {
      version,
      resolved: `https://registry.npmjs.org/package-${at}/-/package-${at}-${version}.tgz`,
      integrity: `sha512-${Buffer.from(`package-${at}`.padEnd(64, 'x')).toString('base64')}`,
      ...(at + 1 < packages ? { dependencies: { [`package-${at + 1}`]: '*' } } : {}),
    };
  }
  return JSON.stringify({ name: 'bench', version: '1.0.0', lockfileVersion: 3, packages: entries }, undefined, 2);
}

/** A workflow with a few jobs and steps, as most are. */
export function workflow(at: number, seed: number): string {
  const random = seeded(seed + at);
  const steps = Array.from(
    { length: 4 + random(8) },
    () =>
      `      - name: ${word(random)} ${word(random)}\n        run: npm run ${word(random)} -- --${word(random)} "\${{ matrix.${word(random)} }}"\n`,
  ).join('');
  const job = (id: string) =>
    `  ${id}:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        ${word(random)}: [1, 2]\n    steps:\n      - uses: actions/checkout@v4\n${steps}`;
  return `name: ${word(random)}\non: [push, pull_request]\npermissions:\n  contents: read\njobs:\n${job('build')}${job('test')}`;
}
