/**
 * What the built-in actions stand on. They run inside the sandbox, by the bundled Node, in a process of their own, and
 * speak the protocol of JavaScript actions: `INPUT_*`, `STATE_*` and `GITHUB_*` in the environment, workflow commands on
 * standard output, results in the files that `GITHUB_OUTPUT` and `GITHUB_STATE` name. This folder imports nothing else
 * of the project: what runs in a sandbox is plain Node and the few files here.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import process from 'node:process';

/** A refusal or failure that is told to the person as one line. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** A variable of the process, '' when it is not set. */
export function variable(name: string): string {
  return process.env[name] ?? '';
}

/** The whole environment, for the processes that a program starts. */
export function environment(): { [name: string]: string } {
  const env: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  return env;
}

/** Arguments after the program's own name. */
export function programArguments(): readonly string[] {
  return process.argv.slice(2);
}

/** The workspace of the job. */
export function workspace(): string {
  const path = variable('GITHUB_WORKSPACE');
  if (path === '') throw new Refusal('GITHUB_WORKSPACE is not set');
  return path;
}

/** An input as the toolkit's `getInput` reads it. Source: @actions/core. */
export function input(name: string): string {
  return rawInput(name).trim();
}

export function rawInput(name: string): string {
  return variable(`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`);
}

export function requiredInput(name: string): string {
  const value = input(name);
  if (value === '') throw new Refusal(`Input required and not supplied: ${name}`);
  return value;
}

/** `true` and `false` in any case; another word is refused, since a misspelt one would switch something off. */
export function booleanInput(name: string, whenEmpty: boolean): boolean {
  const value = input(name).toLowerCase();
  if (value === '') return whenEmpty;
  if (value !== 'true' && value !== 'false') throw new Refusal(`Input ${name} must be true or false, not '${value}'`);
  return value === 'true';
}

/** The lines of an input, trimmed, without empty ones. */
export function lineInput(name: string): readonly string[] {
  return rawInput(name)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

export function info(text: string): void {
  process.stdout.write(`${text.split('\n').map(plain).join('\n')}\n`);
}

/** Text of files and of people must not be taken for a workflow command: neither `::…` at the start nor `##[` anywhere. */
function plain(line: string): string {
  return /^\s*::/.test(line) || line.includes('##[') ? `\\${line.replaceAll('##[', '##\\[')}` : line;
}

function command(name: string, text: string): void {
  const escaped = text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  process.stdout.write(`::${name}::${escaped}\n`);
}

export const debug = (text: string): void => command('debug', text);
export const warning = (text: string): void => command('warning', text);
export const error = (text: string): void => command('error', text);

/** Runs a part of the work as a group of log lines. */
export async function group<T>(title: string, work: () => Promise<T>): Promise<T> {
  command('group', title);
  try {
    return await work();
  } finally {
    process.stdout.write('::endgroup::\n');
  }
}

export function setOutput(name: string, value: string): void {
  appendPair('GITHUB_OUTPUT', name, value);
}

export function saveState(name: string, value: string): void {
  appendPair('GITHUB_STATE', name, value);
}

export function state(name: string): string {
  return variable(`STATE_${name}`);
}

/** The value stands between lines of a word that nobody could have put into it. */
function appendPair(file: string, name: string, value: string): void {
  const path = variable(file);
  if (path === '') throw new Refusal(`${file} is not set`);
  const end = `end-${randomUUID()}`;
  appendFileSync(path, `${name}<<${end}\n${value}\n${end}\n`);
}

/** Standard input as text. Over the limit is refused. */
export async function readStandardInput(bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Refusal(`standard input has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Writes results of a program that is not an action to standard output. */
export function print(bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (problem) => (problem ? reject(problem) : resolve()));
  });
}

/** Runs an action to its end. What it throws fails the step with one line. */
export async function runAction(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (!(thrown instanceof Refusal) && thrown instanceof Error) debug(thrown.stack ?? thrown.message);
    error(thrown instanceof Error ? thrown.message : String(thrown));
    process.exitCode = 1;
  }
}

/** Runs a helper program. Problems go to standard error, so that standard output holds results only. */
export async function runHelper(work: () => Promise<number | void>): Promise<void> {
  try {
    const code = await work();
    if (code !== undefined) process.exitCode = code;
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = 1;
  }
}
