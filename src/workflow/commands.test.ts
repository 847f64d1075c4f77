import { describe, expect, test } from 'vitest';
import { CommandStream, parseCommand } from './commands.ts';

describe('a command is parsed', () => {
  test.each([
    ['::debug::hi', { kind: 'debug', message: 'hi' }],
    ['  ::DEBUG::hi', { kind: 'debug', message: 'hi' }],
    ['::add-mask::a%25b%0Ac', { kind: 'add-mask', value: 'a%b\nc' }],
    ['::debug::%250A', { kind: 'debug', message: '%0A' }],
    ['::debug::%0a', { kind: 'debug', message: '%0a' }],
    [
      '::error file=a%2Cb.ts,line=3,endLine=4,title=x%3Ay::boom',
      { kind: 'error', message: 'boom', file: 'a,b.ts', line: 3, endLine: 4, title: 'x:y' },
    ],
    ['::warning line=3,col=2,endColumn=5::w', { kind: 'warning', message: 'w', line: 3, column: 2, endColumn: 5 }],
    ['::notice endLine=3::w', { kind: 'notice', message: 'w', line: 3, endLine: 3 }],
    ['::notice line=3,endLine=4,col=1::w', { kind: 'notice', message: 'w', line: 3, endLine: 4 }],
    ['::notice line=4,endLine=3::w', { kind: 'notice', message: 'w' }],
    ['::notice col=4::w', { kind: 'notice', message: 'w' }],
    ['::group::title', { kind: 'group', title: 'title' }],
    ['::endgroup::', { kind: 'endgroup' }],
    ['::set-output name=a::b', { kind: 'set-output', name: 'a', value: 'b' }],
    ['::save-state name=a::b', { kind: 'save-state', name: 'a', value: 'b' }],
    ['::add-matcher::m.json', { kind: 'add-matcher', path: 'm.json' }],
    ['::remove-matcher owner=tsc::', { kind: 'remove-matcher', owner: 'tsc' }],
    ['::remove-matcher::m.json', { kind: 'remove-matcher-file', path: 'm.json' }],
    ['text ##[set-output name=a;]b%5Dc', { kind: 'set-output', name: 'a', value: 'b]c' }],
    ['##[group]title', { kind: 'group', title: 'title' }],
    ['::echo::ON', { kind: 'echo', on: true }],
  ])('%s', (line, command) => {
    expect(parseCommand(line)).toEqual(command);
  });
});

test.each(['::std::string', 'a ::debug::x', '::debug:x', '::debug', '##[nothing]x', '##[debug x', '', '::', '::::'])(
  '%j is text',
  (line) => {
    expect(parseCommand(line)).toBeUndefined();
  },
);

test.each([
  '::set-env name=PATH::x',
  '::add-path::/x',
  '::set-output::x',
  '::echo::maybe',
  '::stop-commands::',
  '::stop-commands::debug',
])('%s is refused', (line) => {
  expect(parseCommand(line)).toMatchObject({ kind: 'refused' });
});

test('commands that do nothing are text with a warning', () => {
  const stream = new CommandStream();

  for (const line of ['::add-mask::  ', '::add-matcher::', '::remove-matcher::']) {
    expect(stream.push(line)).toMatchObject({ kind: 'text', warning: expect.any(String) });
  }
});

test('stopped commands are text until the token comes', () => {
  const stream = new CommandStream();

  expect(stream.push('::stop-commands::Tok3n')).toMatchObject({ command: { kind: 'stop-commands' }, echo: true });
  expect(stream.push('::set-output name=a::b')).toEqual({ kind: 'text' });
  expect(stream.push('::stop-commands::other')).toEqual({ kind: 'text' });
  expect(stream.push('x ::tok3n::')).toEqual({ kind: 'text' });
  expect(stream.push('::tok3n::')).toMatchObject({ command: { kind: 'resume-commands' } });
  expect(stream.push('::set-output name=a::b')).toMatchObject({ kind: 'command' });
});

test('echo shows commands, but never masks', () => {
  const stream = new CommandStream();

  expect(stream.push('::group::a')).toMatchObject({ echo: false });
  expect(stream.push('::echo::on')).toMatchObject({ echo: false });
  expect(stream.push('::group::a')).toMatchObject({ echo: true });
  expect(stream.push('::add-mask::secret')).toMatchObject({ echo: false });
  expect(stream.push('::echo::off')).toMatchObject({ echo: true });
  expect(stream.push('::group::a')).toMatchObject({ echo: false });
});
