import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { placeOfTool } from './scan-tool-place.ts';

const folders: string[] = [];
/** Not below /tmp: of that a sandbox has its own. */
function makeFolder(base = '/var/tmp'): string {
  const folder = mkdtempSync(join(base, 'sallyport-tool-'));
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function program(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

test('a program behind a link is run where it lies', () => {
  const folder = makeFolder();
  const own = program(join(folder, 'tools/zizmor'), '\x7fELF');
  mkdirSync(join(folder, 'bin'));
  symlinkSync(own, join(folder, 'bin/zizmor'));

  const place = placeOfTool(join(folder, 'bin/zizmor'), '/home/someone');

  expect(place).toEqual({ program: own, folders: [dirname(own)], variables: {} });
});

test('a tool of a virtual environment brings the environment, and a Python of its own', () => {
  const folder = makeFolder();
  const python = program(join(folder, 'pythons/3.12/bin/python3.12'), '');
  const environment = join(folder, 'venvs/bandit');
  const own = program(join(environment, 'bin/bandit'), `#!${environment}/bin/python\n`);
  writeFileSync(join(environment, 'pyvenv.cfg'), `home = ${dirname(python)}\nversion = 3.12.1\n`);

  const place = placeOfTool(own, '/home/someone');

  expect(place).toMatchObject({ folders: [dirname(own), environment, join(folder, 'pythons/3.12')] });
});

test('a tool that was installed for one person brings the packages of that person, and no more', () => {
  const folder = makeFolder();
  const python = program(join(folder, 'usr/python3.12'), '');
  const own = program(join(folder, '.local/bin/bandit'), `#!${python}\n`);
  const packages = join(folder, '.local/lib/python3.12/site-packages');
  mkdirSync(packages, { recursive: true });

  const place = placeOfTool(own, folder);

  expect(place).toEqual({ program: own, folders: [dirname(own), packages], variables: { PYTHONPATH: packages } });
});

test('a tool whose folder holds a home is not run, nor one that lies where a sandbox has a folder of its own', () => {
  const home = makeFolder();
  const atHome = program(join(home, 'semgrep'), '#!/bin/sh\n');
  const temporary = program(join(makeFolder('/tmp'), 'bin/semgrep'), '#!/bin/sh\n');

  expect(placeOfTool(atHome, home)).toMatchObject({ refused: expect.stringContaining('holds a home') });
  expect(placeOfTool(atHome, join(home, 'someone'))).toMatchObject({
    refused: expect.stringContaining('holds a home'),
  });
  expect(placeOfTool(temporary, home)).toMatchObject({ refused: expect.stringContaining('/tmp') });
});
