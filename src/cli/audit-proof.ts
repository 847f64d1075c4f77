import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { excerpt, reasonOf } from '../base/index.ts';
import { type Json, text } from './client.ts';
import { openSession, type ServerOptions } from './client-place.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { fault } from './faults.ts';
import { harmless } from './harmless.ts';
import { paintOf } from './terminal.ts';

export type AuditProofOptions = ServerOptions & {
  readonly keys: string;
  readonly save?: string;
  readonly from?: string;
};

/** `sallyport audit proof`: exit 1 when the proof does not hold. */
export async function auditProof(
  entry: string | undefined,
  options: AuditProofOptions,
  dependencies: CliDependencies,
): Promise<number> {
  const { cwd, terminal, commands } = dependencies;
  if ((entry === undefined) === (options.from === undefined)) {
    throw fault('usage', 'name an entry, or a proof that was kept with --from');
  }
  const kept =
    options.from === undefined ? await ask(entry ?? '', options, dependencies) : await read(cwd, options.from);
  const leaf = Buffer.from(text(kept, 'leaf'), 'base64');
  const keys = resolve(cwd, options.keys);
  const verdict = await commands.audit.checkProof({ proof: text(kept, 'proof'), leaf, keys });
  if (options.save !== undefined) {
    const { leaf: base64, proof } = kept;
    await writeFile(resolve(cwd, options.save), `${JSON.stringify({ leaf: base64, proof })}\n`, { flag: 'wx' });
  }
  const holds = !('problem' in verdict);
  const paint = paintOf(terminal.colors);
  if (options.json === true) terminal.write(`${JSON.stringify({ holds, ...verdict, entry: leaf.toString('utf8') })}\n`);
  else if (holds) {
    terminal.write(`${harmless(leaf.toString('utf8'), false)}\n`);
    const { index, origin, size } = verdict;
    terminal.write(
      `${paint('green', '✓')} entry ${index} of the ${size} that ${harmless(origin, false)} and its witness signed\n`,
    );
  } else terminal.write(`${paint('red', '✗')} ${harmless(verdict.problem, false)}\n`);
  return holds ? EXIT.success : EXIT.failure;
}

async function ask(entry: string, options: AuditProofOptions, dependencies: CliDependencies): Promise<Json> {
  const { client } = await openSession(options, dependencies);
  return client.get(`/audit/${encodeURIComponent(entry)}/proof`);
}

async function read(cwd: string, file: string): Promise<Json> {
  try {
    const value: unknown = JSON.parse(await readFile(resolve(cwd, file), 'utf8'));
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (thrown) {
    throw fault('usage', excerpt(`${file}: ${reasonOf(thrown)}`, 200), { cause: thrown });
  }
  throw fault('usage', `${file} is no proof`);
}
