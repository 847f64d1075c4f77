import { isFault } from '../../src/base/index.ts';
import { createMasker } from '../../src/runner/masks.ts';
import { MatcherSet } from '../../src/runner/matchers.ts';
import { CommandStream, type EnvFileKind, parseEnvFile } from '../../src/workflow/index.ts';
import type { FuzzOutcome } from './outcome.ts';
import { chooser, randomOf } from './random.ts';
import { cpuMs } from '../support/cpu-time.ts';

/** One line may take so long, milliseconds: far more than it needs, far less than a hang. */
const LINE_MS_MAX = 1_000;

/** Lines made of the pieces of commands. Wanted: no exception; nothing but the token ends a pause; masks never echo. */
export function fuzzCommands(seed: number, rounds: number): FuzzOutcome {
  const { pick, many } = chooser(randomOf(seed));
  const pieces = [
    '::',
    '##[',
    ']',
    ' ',
    'set-env',
    'add-mask',
    'debug',
    'error',
    'stop-commands',
    'tok',
    'echo',
    'on',
    'name=',
    ',',
    ';',
    '=',
    '%0A',
    '%25',
    '%',
    '\ufeff',
    '\0',
    'line=',
    '9',
    'x',
  ];
  const failures: string[] = [];
  let stream = new CommandStream();
  let token: string | undefined;
  for (let round = 0; round < rounds; round++) {
    if (round % 200 === 0) {
      stream = new CommandStream();
      token = undefined;
    }
    const line = many(pieces, 12);
    try {
      const result = stream.push(line);
      if (result.kind !== 'command') continue;
      const { command } = result;
      if (token !== undefined && command.kind !== 'resume-commands')
        failures.push(`seed ${seed} round ${round}: obeyed while stopped: ${line}`);
      if (command.kind === 'resume-commands' && (token === undefined || !line.toLowerCase().includes(token))) {
        failures.push(`seed ${seed} round ${round}: resumed without the token: ${line}`);
      }
      if (command.kind === 'add-mask' && result.echo)
        failures.push(`seed ${seed} round ${round}: a mask is echoed: ${line}`);
      if (/set-env|add-path/.test(command.kind)) failures.push(`seed ${seed} round ${round}: unsecure: ${line}`);
      if (command.kind === 'stop-commands') token = command.token.toLowerCase();
      if (command.kind === 'resume-commands') token = undefined;
    } catch (thrown) {
      failures.push(`seed ${seed} round ${round}: ${String(thrown)} on ${JSON.stringify(line)}`);
    }
    pick(pieces);
  }
  return { rounds, failures };
}

/** Files made of the pieces of env files. Wanted: a value or a fault of ours; no loader variable under the strict policy. */
export function fuzzEnvFiles(seed: number, rounds: number): FuzzOutcome {
  const { pick, many } = chooser(randomOf(seed));
  const pieces = [
    'A',
    'LD_PRELOAD',
    'ld_preload',
    'NODE_OPTIONS',
    'GITHUB_X',
    '=',
    '<<',
    'EOF',
    '\n',
    '\n',
    '\r\n',
    ' ',
    '\t',
    '\0',
    'é',
    '\ufeff',
    '\u2028',
    'x',
  ];
  const kinds: readonly EnvFileKind[] = ['env', 'output', 'state', 'path', 'summary', 'artifacts'];
  const failures: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const text = many(pieces, 20);
    const bytes = Buffer.from(text);
    if (round % 7 === 0 && bytes.length > 0) bytes[round % bytes.length] = 0xff;
    const kind = pick(kinds);
    try {
      const file = parseEnvFile(bytes, kind, { refuseLoaderVariables: true });
      if (file.kind !== 'env') continue;
      const bad = file.entries.find(
        ({ name }) => /^(?:LD_|GITHUB_|RUNNER_|NODE_OPTIONS$)/i.test(name) || /\s/.test(name),
      );
      if (bad !== undefined)
        failures.push(`seed ${seed} round ${round}: took ${JSON.stringify(bad.name)} from ${JSON.stringify(text)}`);
    } catch (thrown) {
      if (!isFault(thrown)) failures.push(`seed ${seed} round ${round}: ${String(thrown)} on ${JSON.stringify(text)}`);
    }
  }
  return { rounds, failures };
}

/** Patterns and lines made to explode. Wanted: a fault of ours, or an answer in bounded time. */
export function fuzzMatchers(seed: number, rounds: number): FuzzOutcome {
  const { many } = chooser(randomOf(seed));
  const pieces = [
    '(',
    ')',
    '(a+)+',
    '(.*)*',
    '[a-z',
    ']',
    'a',
    '{1,9}',
    '|',
    '^',
    '$',
    '\\',
    '\\d',
    '(?=x)',
    '(?<n>',
    '*',
    '+',
    '?',
    '.',
    'é',
  ];
  const failures: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const regexp = many(pieces, 10);
    const set = new MatcherSet();
    const started = cpuMs();
    try {
      set.add(JSON.stringify({ problemMatcher: [{ owner: 'f', pattern: [{ regexp, message: 0 }] }] }));
      set.push(`${'a'.repeat(2_000)}!`);
    } catch (thrown) {
      if (!isFault(thrown))
        failures.push(`seed ${seed} round ${round}: ${String(thrown)} on ${JSON.stringify(regexp)}`);
    }
    const took = cpuMs() - started;
    if (took > LINE_MS_MAX)
      failures.push(`seed ${seed} round ${round}: ${Math.round(took)} ms for ${JSON.stringify(regexp)}`);
  }
  return { rounds, failures };
}

/** Streams cut anywhere. Wanted: the bytes of the whole but for touching masks, and never a secret. */
export function fuzzMasks(seed: number, rounds: number): FuzzOutcome {
  const random = randomOf(seed);
  const { many } = chooser(random);
  const failures: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const secrets = [many(['a', 'b', 'ab', 'c'], 6), many(['b', 'ca', 'é'], 5), 'long-enough-secret'];
    const masker = createMasker();
    for (const secret of secrets) masker.add(secret);
    const text = many(['a', 'b', 'ab', 'c', 'é', 'long-enough', '-secret', '\n', secrets[0] ?? ''], 40);
    const bytes = Buffer.from(text);
    const stream = masker.stream();
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + Math.floor(random() * 9);
      pieces.push(Buffer.from(stream.push(bytes.subarray(at, at + size))));
      at += size;
    }
    pieces.push(stream.end());
    const join = (masked: string) => masked.replaceAll(/(?:\*\*\*)+/g, '***');
    const cut = join(Buffer.concat(pieces).toString('latin1'));
    const whole = join(masker.maskBytes(bytes).toString('latin1'));
    if (cut !== whole) failures.push(`seed ${seed} round ${round}: ${JSON.stringify({ text, secrets, cut, whole })}`);
  }
  return { rounds, failures };
}
