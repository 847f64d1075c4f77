import { describe, expect, test } from 'vitest';
import { scanFiles } from '../finding/index.ts';
import { endingOfScript } from './decode.ts';
import { createCodeScanner } from './index.ts';

const scanner = await createCodeScanner();
const HANDLER = `from flask import Flask, request\napp = Flask(__name__)\n@app.route('/x')\ndef x():\n    return str(eval(request.args['code']))\n`;

function rulesOf(path: string, content: string | Uint8Array): readonly string[] {
  return scanFiles(scanner, { [path]: content }).findings.map(({ rule, place }) => `${rule}:${place.line}`);
}

describe('what is read as code', () => {
  test.each([
    ['#!/usr/bin/env python3', '.py'],
    ['#!/usr/bin/python', '.py'],
    ['#! /usr/local/bin/python3.12 -u', '.py'],
    ['#!/usr/bin/env -S node --no-warnings', '.js'],
    ['#!/usr/bin/env NODE_ENV=production node', '.js'],
    ['#!/usr/bin/env tsx', '.ts'],
    ['#!/bin/sh', undefined],
    ['#!/usr/bin/env', undefined],
    ['# python', undefined],
  ])('a first line %j gives the ending %j', (line, ending) => {
    expect(endingOfScript(Buffer.from(`${line}\n`))).toBe(ending);
  });

  test('a script without an ending is looked at, another file without one is not', () => {
    expect(rulesOf('bin/run', `#!/usr/bin/env python3\n${HANDLER}`)).toContain('python-code-injection:6');
    expect(rulesOf('bin/run', HANDLER)).toEqual([]);
    expect(rulesOf('LICENSE', HANDLER)).toEqual([]);
  });

  test('a mark of UTF-8 and both orders of UTF-16 change nothing but the fix', () => {
    const plain = rulesOf('app.py', HANDLER);
    const little = Buffer.from(`\uFEFF${HANDLER}`, 'utf16le');
    const big = Buffer.from(little).swap16();

    expect(plain).toContain('python-code-injection:5');
    expect(rulesOf('app.py', `\uFEFF${HANDLER}`)).toEqual(plain);
    expect(rulesOf('app.py', little)).toEqual(plain);
    expect(rulesOf('app.py', big)).toEqual(plain);
    const insecure = Buffer.from("\uFEFFimport yaml\nyaml.load(open('a'), Loader=yaml.Loader)\n", 'utf16le');
    const { findings } = scanFiles(scanner, { 'app.py': insecure });
    expect(findings.map(({ rule, fix }) => [rule, fix.kind])).toEqual([['python-yaml-load', 'none']]);
  });

  test('names in letters of other alphabets are what Python reads', () => {
    expect(rulesOf('app.py', HANDLER.replace('eval(', 'ｅｖａｌ('))).toContain('python-code-injection:5');
    expect(rulesOf('app.py', HANDLER.replace('eval(', '𝐞𝐯𝐚𝐥('))).toContain('python-code-injection:5');
    expect(rulesOf('app.py', HANDLER.replace('eval(', 'žval('))).not.toContain('python-code-injection:5');
  });
});
