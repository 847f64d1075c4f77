import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { PRESET_NAMES, readEgressFile } from '../egress/index.ts';
import { renderCommands } from '../../test/tidy/commands.ts';
import { idleProgram } from './fixture.ts';

const root = join(import.meta.dirname, '../..');
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

const program = idleProgram();

/** The command that the words name, as deep as they do. */
function find(words: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } {
  let command = program;
  let at = 0;
  for (; at < words.length; at += 1) {
    const next = command.commands.find((child) => child.name() === words[at]);
    if (next === undefined) break;
    command = next;
  }
  return { command, rest: words.slice(at) };
}

test('every sallyport command and option that the pages show exists', () => {
  const shown = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/(?<=^|`|\/|\$ )sallyport ([a-z][^`\n#|;&]*)/gm)].map((match) => ({
      name,
      line: match[1] ?? '',
    })),
  );
  const wrong = shown.filter(({ line }) => {
    const words = line.trim().split(/[\s,]+/);
    const { command, rest } = find(words);
    if (command === program) return true;
    const known = [...command.options, ...program.options].flatMap(({ short, long }) => [short, long, '--help']);
    return rest.filter((word) => /^--?[a-z]/i.test(word)).some((word) => !known.includes(word));
  });

  expect(shown.length).toBeGreaterThan(10);
  expect(wrong).toEqual([]);
});

test('links between the pages lead to files', () => {
  const broken = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
      .map((match) => join(root, name, '..', match[1] ?? ''))
      .filter((path) => {
        try {
          return !readdirSync(join(path, '..')).includes(path.split('/').at(-1) ?? '');
        } catch {
          return true;
        }
      }),
  );

  expect(broken).toEqual([]);
});

test('the egress files that the pages show are sound, and the page names every preset', () => {
  const blocks = pages.flatMap(({ text }) =>
    [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? ''),
  );
  const egress = blocks.filter((block) => 'presets' in parse(block));
  const page = pages.find(({ name }) => name === 'docs/reference/egress.md')?.text ?? '';

  expect(egress.length).toBeGreaterThan(1);
  for (const block of egress) expect(readEgressFile(block, 'shown.yml')).toMatchObject({ ok: true });
  expect(PRESET_NAMES.filter((preset) => !page.includes(`\`${preset}\``))).toEqual([]);
});

test('the egress page explains every reason of a refusal', () => {
  const source = readFileSync(join(root, 'src/egress/refusal.ts'), 'utf8');
  const table = /const REASONS[^{]*\{[^}]*\} = \{([\s\S]*?)\n\};/.exec(source)?.[1] ?? '';
  const reasons = [...table.matchAll(/^  '?([a-z-]+)'?:/gm)].map((match) => match[1] ?? '');
  const page = pages.find(({ name }) => name === 'docs/reference/egress.md')?.text ?? '';

  expect(reasons.length).toBeGreaterThan(15);
  expect([...reasons, 'not-listed', 'port-not-listed'].filter((reason) => !page.includes(`\`${reason}\``))).toEqual([]);
});

test('the page of commands is what --help prints (node scripts/commands.ts writes it)', () => {
  expect(readFileSync(join(root, 'docs/reference/commands.md'), 'utf8')).toBe(renderCommands());
});
