import { createRequire } from 'node:module';
import treeSitter from '@vscode/tree-sitter-wasm';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fieldOf, kindOf, loadParser } from './tree.ts';

const require = createRequire(import.meta.url);
const corpus = join(import.meta.dirname, '../../test/corpus/code');

/** The arrays are read from the parser's memory; its own interface is slower and says what they must hold. */
test.each([
  ['python', 'python', '.py'],
  ['javascript', 'javascript', '.js'],
  ['typescript', 'javascript', '.ts'],
])('a tree of %s is what the interface of the parser says', async (grammar, folder, ending) => {
  const parse = await loadParser(grammar);
  const parser = new treeSitter.Parser();
  parser.setLanguage(
    await treeSitter.Language.load(require.resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${grammar}.wasm`)),
  );
  const texts = readdirSync(join(corpus, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(corpus, folder, name), 'utf8'));
  for (const text of [...texts, 'x = = (]\n\u{1f600} "a', '']) {
    const tree = parse(text);
    const cursor = parser.parse(text)?.walk();
    const seen: unknown[] = [];
    for (let isMore = cursor !== undefined; isMore && cursor !== undefined; ) {
      seen.push([
        cursor.nodeType,
        cursor.startIndex,
        cursor.endIndex,
        cursor.currentFieldName ?? '',
        cursor.nodeIsNamed,
      ]);
      if (cursor.gotoFirstChild()) continue;
      while (!cursor.gotoNextSibling()) {
        isMore = cursor.gotoParent();
        if (!isMore) break;
      }
    }

    const flat = Array.from({ length: tree.size }, (_, node) => [
      kindOf(tree, node),
      tree.start[node],
      tree.end[node],
      fieldOf(tree, node),
      tree.isNamed[node] === 1,
    ]);
    expect(flat).toEqual(seen);
  }
});
