import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPack } from '../../test/rules/packs.ts';
import { type Edit, scanFiles } from '../finding/index.ts';
import { createCodeScanner } from './index.ts';

const pack = await readPack(join(import.meta.dirname, '../..'), 'code');
const scanner = await createCodeScanner();

function apply(text: string, edits: readonly Edit[]): string {
  const unique = [...new Map(edits.map((edit) => [`${edit.start}:${edit.end}:${edit.text}`, edit])).values()];
  return unique
    .sort((a, b) => b.start - a.start || b.end - a.end)
    .reduce((changed, { start, end, text: other }) => changed.slice(0, start) + other + changed.slice(end), text);
}

function fixed(file: string, text: string): { readonly text: string; readonly fixes: number } {
  const { findings } = scanFiles(scanner, { [file]: text });
  const edits = findings.flatMap(({ fix }) => (fix.kind === 'edit' ? fix.edits : []));
  return { text: apply(text, edits), fixes: edits.length };
}

describe('fixes of code', () => {
  const bad =
    pack?.rules.flatMap((rule) =>
      rule.examples.filter(({ lines }) => lines.length > 0).map((example) => [rule.id, rule, example] as const),
    ) ?? [];

  test.each(bad)('%s: a fix, where there is one, removes the finding and adds none', (_, rule, example) => {
    const file = example.file ?? 'app.py';
    const { findings } = scanFiles(scanner, { [file]: example.text });
    for (const { fix } of findings.filter((finding) => finding.rule === rule.id)) {
      if (fix.kind !== 'edit') continue;
      const after = scanFiles(scanner, { [file]: apply(example.text, fix.edits) }).findings;

      expect(after.length, apply(example.text, fix.edits)).toBeLessThan(findings.length);
      expect(after.filter((one) => !findings.some((other) => other.rule === one.rule))).toEqual([]);
    }
  });

  const flask = (body: string, imports = 'import sqlite3') =>
    `${imports}\nfrom flask import Flask, request\n\napp = Flask(__name__)\n\n@app.route('/')\ndef x():\n    a = request.args['a']\n    cur = sqlite3.connect('db').cursor()\n    ${body}\n    return 'x'\n`;

  test.each([
    [`cur.execute("select * from t where a = '" + a + "'")`, 'cur.execute("select * from t where a = ?", (a,))'],
    [
      'cur.execute(f"select * from t where a = \'{a}\' and b = 1")',
      'cur.execute("select * from t where a = ? and b = 1", (a,))',
    ],
    ['cur.execute("select * from t where a = %s" % a)', 'cur.execute("select * from t where a = ?", (a,))'],
    [
      'cur.execute("select * from t where a = \'{}\' and b = {}".format(a, a))',
      'cur.execute("select * from t where a = ? and b = ?", (a, a))',
    ],
  ])('parameters take the place of %s', (before, after) => {
    expect(fixed('app.py', flask(before)).text).toContain(after);
  });

  test.each([
    ['cur.execute("select * from " + a)', 'a name is no parameter'],
    [`cur.execute("select * from t where a like '%" + a + "%'")`, 'nor is a part of a pattern'],
    ['cur.execute("select * from t where a = " + a + " and b = ?", (1,))', 'parameters that are there stay'],
  ])('%s is left to a person: %s', (before) => {
    expect(fixed('app.py', flask(before))).toMatchObject({ fixes: 0 });
  });

  test('a command becomes a list of arguments, and the import comes with it', () => {
    const text = flask("os.system('ping -c 1 ' + a)", 'import os\nimport sqlite3');

    expect(fixed('app.py', text).text).toContain("subprocess.run(['ping', '-c', '1', a]).returncode");
    expect(fixed('app.py', text).text).toMatch(/^import subprocess\n/);
  });

  test('a command that needs the shell stays', () => {
    expect(fixed('app.py', flask("os.system('cat ' + a + ' | sort')", 'import os\nimport sqlite3'))).toMatchObject({
      fixes: 0,
    });
  });

  test('the imported name without a shell is added to the list', () => {
    const text =
      "const { exec } = require('child_process');\nmodule.exports = (req, res) => {\n  exec(`ping ${req.query.a}`, () => res.end());\n};\n";

    expect(fixed('app.js', text).text).toBe(
      "const { exec, execFile } = require('child_process');\nmodule.exports = (req, res) => {\n  execFile('ping', [req.query.a], () => res.end());\n};\n",
    );
  });
});
