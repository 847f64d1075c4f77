import { resolve } from 'node:path';
import type { CapabilityRecord, WallState } from '../protocol/index.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';
import { harmless } from './harmless.ts';
import { type Paint, paintOf } from './terminal.ts';

/** Walls without which no job is opened. The others are soft bounds, or asked for with `--require`. */
const NEEDED = ['user-namespace', 'network', 'processes', 'filesystem', 'seccomp'] as const;

/** Prints what stands on this machine. Exit code 3 when a wall is missing without which nothing runs. */
export async function doctor(options: { readonly json?: true }, dependencies: CliDependencies): Promise<number> {
  const { terminal, commands } = dependencies;
  const record = await commands.probe();
  if (options.json === true) {
    terminal.write(`${JSON.stringify(record, undefined, 2)}\n`);
  } else {
    terminal.write(`${renderDoctor(record, paintOf(terminal.colors)).join('\n')}\n`);
  }
  return missingWalls(record).length > 0 ? EXIT.wall : EXIT.success;
}

/** `sallyport doctor --server`. Exit code 1 when something is weaker than it could be. */
export async function serverDoctor(
  options: { readonly json?: true; readonly config?: string },
  { terminal, commands, cwd }: CliDependencies,
): Promise<number> {
  const facts = await commands.serverFacts(options.config === undefined ? undefined : resolve(cwd, options.config));
  if (options.json === true) terminal.write(`${JSON.stringify(facts, undefined, 2)}\n`);
  else {
    const paint = paintOf(terminal.colors);
    const width = Math.max(...facts.map(({ name }) => name.length));
    for (const { name, text, isWeak } of facts) {
      terminal.write(`${isWeak ? paint('yellow', '!') : ' '} ${name.padEnd(width)}  ${harmless(text, false)}\n`);
    }
  }
  return facts.some(({ isWeak }) => isWeak) ? EXIT.failure : EXIT.success;
}

function missingWalls(record: CapabilityRecord): readonly string[] {
  return NEEDED.filter((name) => record.walls.find((wall) => wall.name === name)?.state !== 'hard');
}

export function renderDoctor(record: CapabilityRecord, paint: Paint): readonly string[] {
  const { os, arch, kernel, root } = record.platform;
  const lines = [`${os} ${arch}, kernel ${harmless(kernel, false)}, ${root ? 'root' : 'an ordinary user'}`, ''];
  const nameWidth = Math.max(0, ...record.walls.map(({ name }) => name.length));
  for (const { name, state, reason, remedy } of record.walls) {
    lines.push(`${stateOf(state, paint)} ${name.padEnd(nameWidth)}  ${harmless(reason, false)}`);
    if (remedy !== undefined)
      lines.push(`${' '.repeat(nameWidth + 9)}${paint('cyan', 'mend:')} ${harmless(remedy, false)}`);
  }
  lines.push('', paint('bold', 'Tools'));
  for (const [name, version] of Object.entries(record.tools)) {
    lines.push(
      `  ${name.padEnd(nameWidth)}  ${version === null ? paint('yellow', 'not found') : harmless(version, false)}`,
    );
  }
  const missing = missingWalls(record);
  lines.push(
    '',
    missing.length === 0
      ? `${paint('green', '✓')} jobs can be isolated on this machine`
      : `${paint('red', '✗')} no job can run here: ${missing.join(', ')} is not hard`,
  );
  return lines;
}

function stateOf(state: WallState, paint: Paint): string {
  const color = state === 'hard' ? 'green' : state === 'soft' ? 'yellow' : 'red';
  return paint(color, state.padEnd(7));
}
