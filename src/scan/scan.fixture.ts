import type { Kind, Match, Rule, Scanner } from '../finding/index.ts';
import type { ScannerDoor, ScannerTable } from './scanner-table.ts';
import type { ScanDeps, ScanRequest } from './run-scan.ts';

function rule(id: string, kind: Kind): Rule {
  const words = { title: `The word ${id}`, why: 'It is a word.', lesson: 'Look for it.', remedy: 'Take it out.' };
  const lists = { aliases: [`other/${id}`], references: [], examples: [] };
  return { id, kind, severity: 'high', confidence: 'medium', cwe: 200, ...words, ...lists };
}

/** Finds words in lines: `flaw`, and `pair` when two files have it, which only `finish` can see. */
export function wordScanner(kind: Kind): Scanner<number> {
  const flaw = rule(`${kind}-one`, kind);
  const pair = rule(`${kind}-two`, kind);
  const matchOf = (id: string, file: string, [line, column]: readonly [number, number], evidence: string): Match => ({
    rule: id,
    place: { file, line, column, endLine: line, endColumn: column + 4 },
    message: 'there is a word',
    evidence,
    fix: { kind: 'none', reason: 'it is a test' },
  });
  return {
    kind,
    rules: [flaw, pair],
    settings: `words of ${kind}`,
    wants: (path) => !path.startsWith('.sallyport/'),
    scanFile(file) {
      const lines = file.text.split('\n');
      const matches = lines.flatMap((text, at) => {
        const column = text.indexOf('flaw');
        return column === -1 ? [] : [matchOf(flaw.id, file.path, [at + 1, column + 1], text)];
      });
      const line = lines.findIndex((text) => text.includes('pair')) + 1;
      return { matches, ...(line === 0 ? {} : { facts: line }) };
    },
    finish(facts) {
      if (facts.size < 2) return { matches: [] };
      return { matches: [...facts].map(([file, line]) => matchOf(pair.id, file, [line, 1], 'pair')) };
    },
  };
}

export const wordDoor: ScannerDoor = {
  settings: () => Promise.resolve({}),
  load: () => Promise.resolve(wordScanner('code')),
};

export const WORDS: ScannerTable = { code: wordDoor };

export function testRequest(root: string, change: Partial<ScanRequest> = {}): ScanRequest {
  return {
    root,
    paths: [],
    kinds: ['code'],
    mode: { kind: 'tree' },
    gate: undefined,
    everything: false,
    history: false,
    imports: [],
    baseline: new Set(),
    options: {},
    ...change,
  };
}

export function testDeps(change: Partial<ScanDeps> = {}): ScanDeps {
  return {
    git: undefined,
    cacheFile: undefined,
    threads: 1,
    today: '2030-06-01',
    signal: new AbortController().signal,
    onProgress: () => {},
    machine: { advisoriesFolder: undefined, now: 0 },
    scanners: WORDS,
    ...change,
  };
}
