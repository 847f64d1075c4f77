import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { info, Refusal } from './program.ts';

/** Where tools are taken from. Not PATH: an earlier step can add a folder of its own there, and this one holds a token. */
const TOOL_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin'] as const;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** The absolute path of a tool, or nothing. */
export function findTool(name: string): string | undefined {
  return TOOL_FOLDERS.map((folder) => `${folder}/${name}`).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export type ToolRun = { readonly code: number; readonly stdout: string; readonly stderr: string };
export type ToolOptions = {
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  /** Shows what the tool says, line by line. Its standard output is not kept then. */
  readonly show?: boolean;
};

/** Runs a tool by an argument list, without a shell. Any exit code is an answer. */
export function runTool(path: string, args: readonly string[], options: ToolOptions): Promise<ToolRun> {
  const child = spawn(path, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const stdout: Buffer[] = [];
  let bytes = 0;
  let stderr = '';
  const show = lineShower(options.show === true);
  child.stdout.on('data', (chunk: Buffer) => {
    if (options.show === true) return show.push(chunk);
    bytes += chunk.length;
    if (bytes > OUTPUT_BYTES_MAX) child.kill('SIGKILL');
    else stdout.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < 16_384) stderr += chunk.toString('utf8');
    show.push(chunk);
  });
  return new Promise((resolve, reject) => {
    child.once('error', (problem) => reject(new Refusal(`${path} could not be started: ${problem.message}`)));
    child.once('close', (code) => {
      show.end();
      if (bytes > OUTPUT_BYTES_MAX) reject(new Refusal(`${path} printed more than ${OUTPUT_BYTES_MAX} bytes`));
      else resolve({ code: code ?? 128, stdout: Buffer.concat(stdout).toString('utf8'), stderr: stderr.trim() });
    });
  });
}

/** Passes whole lines on; of a line that overwrites itself (progress) only the last state. */
function lineShower(isOn: boolean) {
  let rest = '';
  const say = (line: string) => {
    const last = line.split('\r').findLast((part) => part.trim() !== '');
    if (last !== undefined) info(last);
  };
  return {
    push(chunk: Buffer): void {
      if (!isOn) return;
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) say(line);
    },
    end(): void {
      if (isOn && rest !== '') say(rest);
    },
  };
}
