import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { declaredFaults } from '../../src/base/index.ts';
import { readSources } from './sources.ts';

/** The page of all fault codes, from the tables of the domains themselves. */
export async function renderFaults(root: string): Promise<string> {
  for (const [path, source] of readSources(root)) {
    // The module of the table is loaded for its effect: `faultsOf` remembers what it was given.
    const declares = /\bfaultsOf\(\s*'/.test(source) && path.startsWith('src/') && !path.startsWith('src/bin/');
    if (declares && !/\.(test|contract)\.ts$/.test(path)) await import(pathToFileURL(join(root, path)).href);
  }
  const rows = declaredFaults().map(([code, { status, help }]) => `| \`${code}\` | ${status} | ${escapeCell(help)} |`);
  return `${[
    '# Faults',
    '',
    'A failure has a stable code, `domain/name`. Scripts look at the code, never at the message. The status is what the',
    'API answers with; the help is what the command line prints below the error. Written by `node scripts/faults.ts`.',
    '',
    '| code | status | help |',
    '|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}
