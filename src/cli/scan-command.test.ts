import { expect, test } from 'vitest';
import type { ScanResult } from '../scan/index.ts';
import type { CliDependencies } from './door.ts';
import { memoryTerminal } from './fixture.ts';
import { createProgram } from './program.ts';

/** What a file name can hold, at the start of a line of the log of a CI service. */
const NAME = 'big\n::set-output name=token::x\u001b[2J##vso[task.setvariable variable=A]b';

const RESULT: ScanResult = {
  findings: [],
  suppressed: [],
  baselined: 0,
  gaps: [{ code: 'file-too-large', file: NAME, reason: `${NAME} is larger than 64 MiB`, help: 'Ignore it.' }],
  notes: [`repositories inside are scanned by themselves: ${NAME}`],
  rules: new Map(),
  scanners: [],
  files: 1,
  commits: 0,
  bytes: 1,
  sources: { textOf: () => undefined, excerptOf: () => undefined },
  renderInventory: () => Promise.resolve(''),
  renderVex: () => Promise.resolve(''),
};

test.each(['text', 'json', 'github', 'junit'])('a file name starts no command of a CI service: %s', async (format) => {
  const terminal = memoryTerminal();
  const dependencies = {
    terminal,
    commands: { scan: () => Promise.resolve(RESULT) },
    interrupt: {},
    clock: { monotonic: () => 0 },
    version: '1.2.3',
    cwd: process.cwd(),
  };
  let exit: number | undefined;
  const program = createProgram(dependencies as unknown as CliDependencies, (code) => {
    exit = code;
  });

  await program.parseAsync(['scan', '--format', format], { from: 'user' });

  const lines = `${terminal.out}${terminal.err}`.split('\n');
  const own = format === 'github' ? /^::error title=not scanned::/ : /^$/;
  expect(exit).toBe(3);
  expect(lines.filter((line) => /^\s*::|\u001b|##\w+\[/.test(line) && !own.test(line))).toEqual([]);
});
