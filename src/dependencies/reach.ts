import type { AffectedImport } from '../advisory/index.ts';
import { isStandard, standardUses } from './go-standard.ts';
import type { Component } from './inventory.ts';
import type { Imports } from './model.ts';

/** Whether the code of the tree uses a package, as far as imports tell. */
export type Reach =
  /** It calls what has the flaw. */
  | { readonly kind: 'called'; readonly file: string; readonly what: string }
  | { readonly kind: 'imported'; readonly file: string; readonly what: string }
  /** It imports what uses it in turn. Whether the flawed part is used is not known. */
  | { readonly kind: 'indirect'; readonly file: string; readonly what: string; readonly through: string }
  /** No file of the tree imports it, though the project names it itself. */
  | { readonly kind: 'not-imported' }
  | { readonly kind: 'unknown' };

/** Modules whose name is not that of the distribution that brings them. */
const PYTHON_MODULES: ReadonlyMap<string, readonly string[]> = new Map([
  ['attrs', ['attr', 'attrs']],
  ['beautifulsoup4', ['bs4']],
  ['djangorestframework', ['rest_framework']],
  ['grpcio', ['grpc']],
  ['mysqlclient', ['mysqldb']],
  ['opencv-python', ['cv2']],
  ['opencv-python-headless', ['cv2']],
  ['pillow', ['pil']],
  ['protobuf', ['google.protobuf']],
  ['psycopg2-binary', ['psycopg2']],
  ['pycryptodome', ['crypto']],
  ['pycryptodomex', ['cryptodome']],
  ['pyjwt', ['jwt']],
  ['pymupdf', ['fitz', 'pymupdf']],
  ['pyopenssl', ['openssl']],
  ['pyserial', ['serial']],
  ['python-dateutil', ['dateutil']],
  ['python-dotenv', ['dotenv']],
  ['python-jose', ['jose']],
  ['python-multipart', ['multipart', 'python_multipart']],
  ['pytorch', ['torch']],
  ['pywin32', ['win32api']],
  ['pyyaml', ['yaml']],
  ['pyzmq', ['zmq']],
  ['scikit-image', ['skimage']],
  ['scikit-learn', ['sklearn']],
  ['setuptools', ['setuptools', 'pkg_resources']],
  ['typing-extensions', ['typing_extensions']],
  ['websocket-client', ['websocket']],
]);

/** What runs without being imported: servers, tools, plugins that a name in a setting loads. */
const RUNS_UNIMPORTED = new Set([
  'gunicorn',
  'uvicorn',
  'uwsgi',
  'waitress',
  'celery',
  'pip',
  'setuptools',
  'wheel',
  'daphne',
  'hypercorn',
]);

/** What each file imports, turned round: the first file that imports a name. */
export class Usage {
  readonly #files = new Map<string, string>();
  readonly #ecosystems = new Set<string>();
  #standard: ReadonlyMap<string, Extract<Reach, { readonly kind: 'indirect' }>> | undefined;

  constructor(imports: ReadonlyMap<string, Imports>) {
    for (const [path, { ecosystem, names, symbols }] of imports) {
      this.#ecosystems.add(ecosystem);
      for (const name of names) this.#note(`${ecosystem} ${name}`, path);
      for (const symbol of symbols ?? []) this.#note(`${ecosystem} ${symbol}`, path);
    }
  }

  #note(key: string, path: string): void {
    if (!this.#files.has(key)) this.#files.set(key, path);
  }

  /** How the tree reaches a package, and within it what an advisory names. */
  of(component: Component, affected: readonly AffectedImport[]): Reach {
    const { ecosystem, name } = component;
    if (!this.#ecosystems.has(ecosystem)) return { kind: 'unknown' };
    if (ecosystem === 'Go') return this.#go(component, affected);
    if (ecosystem !== 'npm' && ecosystem !== 'PyPI') return { kind: 'unknown' };
    const modules =
      ecosystem === 'npm'
        ? [component.alias ?? name]
        : [...(PYTHON_MODULES.get(name) ?? [name.replaceAll('-', '_')]), name.replaceAll('-', '.')];
    for (const module of modules) {
      const file = this.#files.get(`${ecosystem} ${module}`);
      if (file !== undefined) return { kind: 'imported', file, what: module };
    }
    const mayRun = RUNS_UNIMPORTED.has(name) || component.scope !== 'runtime';
    return component.isDirect && !mayRun ? { kind: 'not-imported' } : { kind: 'unknown' };
  }

  #go({ name, isDirect }: Component, affected: readonly AffectedImport[]): Reach {
    let imported: Reach | undefined;
    for (const { path, symbols } of affected) {
      const file = this.#files.get(`Go ${path}`);
      if (file === undefined) continue;
      imported ??= { kind: 'imported', file, what: path };
      for (const symbol of symbols) {
        const dot = symbol.lastIndexOf('.');
        // Of a method only its name is seen where it is called.
        const used = this.#files.get(dot < 0 ? `Go ${path}#${symbol}` : `Go #${symbol.slice(dot + 1)}`);
        if (used !== undefined) return { kind: 'called', file: used, what: `${path}.${symbol}` };
      }
      if (symbols.length === 0) return { kind: 'called', file, what: path };
    }
    if (imported !== undefined) return imported;
    if (affected.length > 0 && name === 'stdlib') return this.#goStandard(affected);
    if (affected.length > 0) return isDirect ? { kind: 'not-imported' } : { kind: 'unknown' };
    const file = this.#files.get(`Go ${name}`);
    return file === undefined ? { kind: 'unknown' } : { kind: 'imported', file, what: name };
  }

  /** `net/http` brings `crypto/x509` and its flaws along: what is imported stands for what that uses. */
  #goStandard(affected: readonly AffectedImport[]): Reach {
    this.#standard ??= this.#usedByStandard();
    for (const { path } of affected) {
      const found = this.#standard.get(path);
      if (found !== undefined) return found;
    }
    return affected.every(({ path }) => isStandard(path)) ? { kind: 'not-imported' } : { kind: 'unknown' };
  }

  #usedByStandard(): ReadonlyMap<string, Extract<Reach, { readonly kind: 'indirect' }>> {
    const used = new Map<string, Extract<Reach, { readonly kind: 'indirect' }>>();
    for (const [key, file] of this.#files) {
      const through = /^Go ([a-z][a-z0-9/]*)$/.exec(key)?.[1];
      if (through === undefined) continue;
      for (const what of standardUses(through)) {
        if (!used.has(what)) used.set(what, { kind: 'indirect', file, what, through });
      }
    }
    return used;
  }
}
