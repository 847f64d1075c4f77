import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Measure, PATH_BYTES_MAX, refuseDeep } from './measure.ts';

const root = mkdtempSync(join(tmpdir(), 'measure-'));
beforeAll(() => {
  mkdirSync(join(root, 'a/b'), { recursive: true });
  for (const name of ['one', 'two', 'a/three', 'a/b/four']) writeFileSync(join(root, name), '12345');
  symlinkSync('..', join(root, 'a/loop'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a tree counts with its folders and links, and a circle of links once', () => {
  expect(() => new Measure('It', { entriesMax: 8, bytesMax: 20 }).addTree(root)).not.toThrow();
  expect(() => new Measure('It', { entriesMax: 7 }).addTree(root)).toThrow('It: more than 7 files and folders');
  expect(() => new Measure('It', { bytesMax: 19 }).addTree(root)).toThrow('It: more than 19 bytes before compression');
});

test('what has gone counts nothing', () => {
  expect(() => new Measure('It', { entriesMax: 0 }).addTree(join(root, 'missing'))).not.toThrow();
});

test('a path is as long as the kernel takes it, in bytes', () => {
  expect(() => refuseDeep(`/${'a'.repeat(PATH_BYTES_MAX - 1)}`)).not.toThrow();
  expect(() => refuseDeep(`/${'a'.repeat(PATH_BYTES_MAX)}`)).toThrow('nested too deeply');
  expect(() => refuseDeep(`/${'ü'.repeat(PATH_BYTES_MAX)}`)).toThrow('nested too deeply');
});
