import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { detectProject, EGRESS_PATH, type FoundFiles, renderEgress, renderWorkflow, WORKFLOW_PATH } from './init.ts';
import { paintOf } from './terminal.ts';

/** Bytes of a manifest that is looked at. */
const MANIFEST_BYTES_MAX = 1024 * 1024;

/** `sallyport init`: writes a first workflow and an egress list. What exists is never touched. */
export async function init(
  options: { readonly directory?: string; readonly language?: readonly string[]; readonly json?: true },
  { cwd, terminal }: CliDependencies,
): Promise<number> {
  const directory = resolve(cwd, options.directory ?? '.');
  const files = await findFiles(directory);
  const project = detectProject(files, options.language);
  if (project.length === 0) {
    throw fault(
      'init-unknown-project',
      `${directory} holds no package.json, pyproject.toml, go.mod, Cargo.toml, pom.xml or build.gradle`,
    );
  }
  const written: string[] = [];
  const kept: string[] = [];
  for (const [path, content] of [
    [WORKFLOW_PATH, renderWorkflow(project)],
    [EGRESS_PATH, renderEgress(project)],
  ] as const) {
    const isNew = await writeNew(join(directory, path), content);
    (isNew ? written : kept).push(path);
  }
  if (options.json === true) {
    terminal.write(`${JSON.stringify({ languages: project.map(({ language }) => language), written, kept })}\n`);
    return EXIT.success;
  }
  const paint = paintOf(terminal.colors);
  const place = relative(cwd, directory);
  terminal.write(
    `found: ${project.map(({ language, tool }) => (tool === language ? language : `${language} (${tool})`)).join(', ')}\n`,
  );
  for (const path of written) terminal.write(`${paint('green', '✓')} wrote ${join(place, path)}\n`);
  for (const path of kept) terminal.write(`${paint('yellow', '○')} kept ${join(place, path)}, which exists\n`);
  if (written.includes(WORKFLOW_PATH)) terminal.write(`next: sallyport run${place === '' ? '' : ` -C ${place}`}\n`);
  return EXIT.success;
}

/** Creates a file that does not exist. A link at its place counts as existing, and nothing is written through it. */
async function writeNew(path: string, content: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false;
    throw thrown;
  }
}

async function findFiles(directory: string): Promise<FoundFiles> {
  if (!existsSync(directory)) throw fault('file-unreadable', `there is no folder ${directory}`);
  const names = new Set(await readdir(directory));
  // A pipe or a device is never opened: that could wait, or read, for ever.
  const isRead = async (name: string) => names.has(name) && (await stat(join(directory, name))).isFile();
  const read = async (name: string) =>
    (await isRead(name))
      ? (await readFile(join(directory, name))).subarray(0, MANIFEST_BYTES_MAX).toString('utf8')
      : undefined;
  return { names, packageJson: await read('package.json'), pyproject: await read('pyproject.toml') };
}
