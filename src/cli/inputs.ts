import { readFile, stat } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { excerpt, reasonOf, Secret } from '../base/index.ts';
import { fault } from './faults.ts';

/** Bytes of a file with secrets or variables. */
export const ENV_FILE_BYTES_MAX = 1024 * 1024;
/** Bytes of one secret, as GitHub has it. */
export const SECRET_BYTES_MAX = 48 * 1024;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Splits `key=value`. The value may hold more `=`. */
export function parsePair(text: string, option: string): readonly [key: string, value: string] {
  const at = text.indexOf('=');
  if (at <= 0) throw fault('usage', `${option} ${JSON.stringify(excerpt(text))} is not of the form key=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** `['a=1', 'b=2']` to an object. The same key twice is refused: one of them would be lost silently. */
export function parsePairs(texts: readonly string[], option: string): { readonly [key: string]: string } {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const [key, value] = parsePair(text, option);
    if (pairs.has(key)) throw fault('usage', `${option} ${excerpt(key)} is given twice`);
    pairs.set(key, value);
  }
  return Object.fromEntries(pairs);
}

/** Reads files in dotenv form, the later ones over the earlier ones. */
export async function readEnvFiles(paths: readonly string[]): Promise<{ readonly [name: string]: string }> {
  const values: { [name: string]: string } = {};
  for (const path of paths) {
    for (const [name, value] of Object.entries(parseEnv(await readSmallFile(path, ENV_FILE_BYTES_MAX)))) {
      if (!NAME.test(name)) throw fault('usage', `${path}: ${JSON.stringify(excerpt(name))} is not a name`);
      if (value !== undefined) values[name] = value;
    }
  }
  return values;
}

export async function readSmallFile(path: string, bytesMax: number): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > bytesMax) throw fault('file-too-large', `${path} has ${size} bytes, the most is ${bytesMax}`);
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'errno' in thrown) {
      throw fault('file-unreadable', `${path}: ${reasonOf(thrown)}`, { cause: thrown });
    }
    throw thrown;
  }
}

export type SecretSources = {
  readonly environment: (name: string) => string | undefined;
  /** Asks the person, without showing what is typed. Nothing: nobody can be asked. */
  readonly ask: ((name: string) => Promise<string>) | undefined;
};

/**
 * Reads `--secret` options: `NAME` asks, `NAME=@FILE` reads a file (one end of line at its end is left out),
 * `NAME=env:VARIABLE` the environment. A plain value is refused: command lines are no secret. Names are upper case, as
 * the `secrets` context compares them without regard to case.
 */
export async function readSecrets(
  options: readonly string[],
  files: readonly string[],
  { environment, ask }: SecretSources,
): Promise<{ readonly [name: string]: Secret }> {
  const secrets: { [name: string]: Secret } = {};
  for (const [name, value] of Object.entries(await readEnvFiles(files))) {
    secrets[name.toUpperCase()] = secretOf(name, value);
  }
  for (const option of options) {
    const at = option.indexOf('=');
    const name = at < 0 ? option : option.slice(0, at);
    const source = at < 0 ? undefined : option.slice(at + 1);
    if (!NAME.test(name)) throw fault('usage', `--secret ${JSON.stringify(excerpt(name, 40))} is not a name`);
    secrets[name.toUpperCase()] = secretOf(name, await readSecret(name, source, { environment, ask }));
  }
  return secrets;
}

async function readSecret(name: string, source: string | undefined, { environment, ask }: SecretSources) {
  if (source === undefined) {
    if (ask === undefined) throw fault('secret-not-asked', `the secret ${name} has no value and there is no terminal`);
    return ask(name);
  }
  if (source.startsWith('@')) {
    return (await readSmallFile(source.slice(1), SECRET_BYTES_MAX)).replace(/\r?\n$/, '');
  }
  if (source.startsWith('env:')) {
    const variable = source.slice('env:'.length);
    const value = environment(variable);
    if (value === undefined) throw fault('secret-unreadable', `the variable ${excerpt(variable)} is not set`);
    return value;
  }
  throw fault('secret-on-command-line', `--secret ${name}=… holds the value itself`);
}

function secretOf(name: string, value: string): Secret {
  const bytes = Buffer.byteLength(value);
  if (bytes > SECRET_BYTES_MAX) {
    throw fault('file-too-large', `the secret ${name} has ${bytes} bytes, the most is ${SECRET_BYTES_MAX}`);
  }
  return new Secret(value);
}
