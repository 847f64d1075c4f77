import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { isFault, reasonOf } from '../../src/base/index.ts';
import { createSecretsScanner, loadSecretsConfig } from '../../src/secrets/index.ts';

/** How far above a configuration the files that it extends are looked for: projects name them from where they start the tool. */
const PARENTS_MAX = 6;

type Outcome = {
  readonly file: string;
  readonly isLoaded: boolean;
  readonly line: number | undefined;
  readonly message: string;
};

/**
 * Loads every `*.toml` below a folder. A folder or a name with `invalid` in it says that it must be refused, with a line; all
 * others must load. A file that is only wrong by itself, such as one that others extend, belongs in neither.
 */
export function run(args: readonly string[]): number {
  const [folder] = args;
  if (folder === undefined || !existsSync(folder)) {
    console.error('usage: npm run -s compat -- gitleaks-config DIR');
    return 2;
  }
  const files = statSync(folder).isDirectory() ? tomlFilesOf(folder) : [folder];
  let right = 0;
  for (const file of files) {
    const outcome = load(file);
    const expected = expectationOf(path.relative(folder, file) || path.basename(file));
    const isRight = expected === 'invalid' ? !outcome.isLoaded && outcome.line !== undefined : outcome.isLoaded;
    if (isRight) right += 1;
    const what = outcome.isLoaded ? 'loaded' : `refused at line ${outcome.line ?? '?'}: ${outcome.message}`;
    console.log(`${isRight ? 'ok ' : 'NO '} ${path.relative(folder, file) || file}: ${what}`);
  }
  console.log(`gitleaks-config: ${right}/${files.length}`);
  return right === files.length && files.length > 0 ? 0 : 1;
}

function expectationOf(relative: string): 'valid' | 'invalid' {
  return /(?:^|[/._-])(?:invalid|bad|broken|refused)(?:[/._-]|$)/i.test(relative) ? 'invalid' : 'valid';
}

function load(file: string): Outcome {
  try {
    const config = loadSecretsConfig({
      file,
      text: readFileSync(file, 'utf8'),
      read: (wanted) => readNear(file, wanted),
    });
    createSecretsScanner({ config });
    return { file, isLoaded: true, line: undefined, message: '' };
  } catch (error) {
    const line = isFault(error) ? error.at?.line : undefined;
    return { file, isLoaded: false, line, message: reasonOf(error) };
  }
}

/** From the file's folder, from those above it, from the working folder, and last beside it by its name alone. */
function readNear(file: string, wanted: string): string | undefined {
  const folders: string[] = [];
  let folder = path.dirname(path.resolve(file));
  for (let count = 0; count < PARENTS_MAX; count += 1) {
    folders.push(folder);
    folder = path.dirname(folder);
  }
  const candidates = [...folders, process.cwd()].map((base) => path.resolve(base, wanted));
  const beside = path.join(path.dirname(file), path.basename(wanted));
  const found = [...candidates, beside].find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
  return found === undefined ? undefined : readFileSync(found, 'utf8');
}

function tomlFilesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.toml'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}
