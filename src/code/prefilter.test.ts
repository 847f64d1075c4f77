import { describe, expect, test } from 'vitest';
import { interestSearch } from './prefilter.ts';
import { wordGroupsOf } from './words.ts';

const searchOf = (pattern: string, language: 'javascript' | 'python') => {
  const search = interestSearch({ groups: wordGroupsOf(pattern, language, true), common: [], sources: [] });
  return (text: string) => search(Buffer.from(text));
};

describe('files that are worth parsing', () => {
  const exec = searchOf('child_process.exec', 'javascript');
  const system = searchOf('os.system', 'python');

  test.each([
    "require('child_process').exec(command)",
    'const { exec: run, spawn } = require("child_process"); module.exports = { exec (x) {} }',
    "import { exec } from 'node:child_process';\nexec (command)",
    'const child_process_1 = require("child_process");\n(0, child_process_1.exec)(command)',
    "import * as cp from 'child_process';\ncp.exec<string>(command)",
    'window.child_process.exec = 1',
  ])('of JavaScript: %s', (text) => {
    expect(exec(text)).toBe(true);
  });

  test.each([
    'import os\nos.system(command)',
    'from os import path, system\nsystem(command)',
    'from os import system as run\nrun(command)',
    'import os as o\no.system(command)',
  ])('of Python: %s', (text) => {
    expect(system(text)).toBe(true);
  });

  test('words alone are not enough: they stand as the pattern needs them', () => {
    expect(exec("import { spawn } from 'child_process';\nexec = pattern.execAll(text)")).toBe(false);
    expect(exec('// the child_process module\npattern.exec(text)')).toBe(false);
    expect(system('import os\nprint(os.name, platform.system())')).toBe(false);
  });
});
