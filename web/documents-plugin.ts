import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { Plugin } from 'vite';

const VIRTUAL = 'virtual:documents';
/** Folders of `docs` that users read, in their order. Decisions are for those who change the product. */
const SECTIONS = ['start', 'coming-from', 'operate', 'security', 'reference', 'rules'];
/** Rules are found by their names; their headings are all alike. */
const HEADINGS_DEPTH_MAX = 3;

type Found = {
  readonly path: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly text: string;
};

/**
 * The documentation for `/docs`: one file of texts for each folder, and the module `virtual:documents` that lists titles and headings and
 * where the texts are.
 */
export function documentsPlugin(folder: string): Plugin {
  return {
    name: 'documents',
    resolveId: (id) => (id === VIRTUAL ? `\0${VIRTUAL}` : undefined),
    load(id) {
      if (id !== `\0${VIRTUAL}`) return undefined;
      const documents = SECTIONS.flatMap((section) => read(folder, section));
      const files = new Map<string, string>();
      for (const [name, own] of Map.groupBy(documents, ({ path }) => dirname(path))) {
        const source = JSON.stringify(Object.fromEntries(own.map(({ path, text }) => [path, text])));
        const hash = createHash('sha256').update(source).digest('base64url').slice(0, 10);
        const fileName = `-/assets/docs/${name.replaceAll('/', '-')}-${hash}.json`;
        this.emitFile({ type: 'asset', fileName, source });
        files.set(name, `/${fileName}`);
      }
      const list = documents.map(({ path, title, headings }) => ({
        path,
        title,
        headings,
        file: files.get(dirname(path)),
      }));
      return `export const documents = JSON.parse(${JSON.stringify(JSON.stringify(list))});`;
    },
  };
}

function read(folder: string, section: string): readonly Found[] {
  return readdirSync(join(folder, section), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, section, name))
    .sort()
    .map((file) => {
      // What stands in comments is for the tests of the documentation.
      const text = readFileSync(file, 'utf8').replaceAll(/^<!--[^]*?-->\n?/gm, '');
      const path = relative(folder, file).split(sep).join('/').replace(/\.md$/, '');
      const headings = [...withoutCode(text).matchAll(/^#{2,3} (.+)$/gm)].map(([, heading = '']) => plain(heading));
      return {
        path,
        title: plain(/^# (.+)$/m.exec(text)?.[1] ?? path),
        headings: path.split('/').length >= HEADINGS_DEPTH_MAX ? [] : headings,
        text,
      };
    });
}

const withoutCode = (text: string) => text.replaceAll(/^(```|~~~)[^]*?^\1/gm, '');
const plain = (heading: string) => heading.replaceAll(/[`*]|\[|\]\([^)]*\)/g, '').trim();
