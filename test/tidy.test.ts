import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { closureOf, processesOf } from './tidy/closure.ts';
import { renderFaults } from './tidy/faults.ts';
import { type AllowList, checkAllowList, checkTree, folderOf } from './tidy/rules.ts';
import { readSources, readWebSources } from './tidy/sources.ts';
import { checkWeb } from './tidy/web.ts';

const SCANNERS = ['secrets', 'code', 'dependencies', 'audit', 'infrastructure'];
const STATE = ['identity', 'repo', 'variable', 'check', 'notify', 'findings', 'change', 'advisory'];
const STAGES = ['event', 'plan', 'gate', 'run', 'prove', 'deploy'];
const STAGE_GROUND = [
  'base',
  'workflow',
  'store',
  'database',
  'auditlog',
  ...STATE,
  'policy',
  'attest',
  'actions',
  'protocol',
];

/** Who may import whom. A new edge is a word here and a sentence in the commit. */
const ALLOWED: AllowList = {
  base: [],
  hold: ['base'],
  store: ['base'],
  // Blobs somewhere else; apart from the files, so that a local run loads no client for it.
  s3: ['base', 'store'],
  database: ['base'],
  workflow: ['base'],
  protocol: ['base', 'workflow'],
  actions: ['base', 'workflow', 'store'],
  results: ['base', 'store', 'protocol'],
  policy: ['base'],
  attest: ['base'],
  channel: ['base'],
  finding: ['base'],
  positioned: [],
  secrets: ['base', 'finding'],
  code: ['base', 'finding'],
  dependencies: ['base', 'finding', 'positioned', 'advisory'],
  audit: ['base', 'finding', 'positioned', 'workflow'],
  infrastructure: ['base', 'finding', 'positioned'],
  source: ['base', 'store', 'git'],
  scan: ['base', 'finding', 'source', ...SCANNERS, { types: 'advisory' }],
  fix: ['base', 'finding', 'source', 'scan', 'actions', 'workflow', ...SCANNERS, { types: 'advisory' }],
  sandbox: ['base', 'protocol'],
  egress: ['base', 'protocol'],
  git: ['base'],
  runner: ['base', 'git', 'workflow', 'protocol', 'sandbox', 'egress', 'actions', 'results'],
  auditlog: ['base', 'database', 'attest'],
  ...Object.fromEntries(
    STATE.map((folder, at) => [
      folder,
      ['base', 'store', 'database', 'auditlog', ...STATE.slice(0, at), { types: 'finding' }],
    ]),
  ),
  // The queue: who holds a job, and what its token may.
  queue: ['base', 'database', 'auditlog', 'identity', 'protocol'],
  joblog: ['base'],
  // The server's side of `results`, apart from it for the same reason as `runs`.
  'results-tables': ['base', 'store', 'database', 'auditlog', 'results'],
  // What goes out dials only addresses that the rules of egress let through.
  notify: ['base', 'database', 'auditlog', 'egress', 'identity', 'repo'],
  // What a finding is: its words are those of the scanners.
  findings: ['base', 'database', 'auditlog', 'finding', 'identity', 'repo', 'check'],
  // The git server: how git is started and how it answers.
  repo: ['base', 'hold', 'store', 'database', 'auditlog', 'identity', 'git', 'source'],
  ...Object.fromEntries(STAGES.map((folder, at) => [folder, [...STAGE_GROUND, ...STAGES.slice(0, at)]])),
  posture: ['base', 'auditlog', ...STATE, ...STAGES],
  engine: ['base', 'workflow', 'protocol', 'store', 'actions', 'results', 'scan', 'fix', ...STATE, ...STAGES],
  // The server's runs: the engine's driver on tables. Apart from it, so that a local run loads no client of a database.
  runs: [
    'base',
    'workflow',
    'protocol',
    'store',
    'database',
    'auditlog',
    'actions',
    'queue',
    ...STATE,
    ...STAGES,
    'engine',
  ],
  keeper: ['base', 'policy', 'attest', 'protocol'],
  backup: ['base', 'database'],
  agent: ['base', 'attest', 'policy', 'protocol'],
  api: [
    'base',
    'database',
    'auditlog',
    'attest',
    'protocol',
    // What a diagnostic and a finding are.
    'workflow',
    'finding',
    'queue',
    'joblog',
    'results',
    'engine',
    'runs',
    ...STATE,
    ...STAGES,
  ],
  remote: ['base', 'git', 'protocol', 'actions', 'results', 'runner'],
  cli: ['base', 'protocol', 'workflow', 'engine', 'finding', 'scan', 'fix', 'sandbox'],
};

const root = join(import.meta.dirname, '..');
const sources = readSources(root);
const folders = [...new Set([...sources.keys()].map(folderOf).filter((folder) => folder !== undefined))];
/** `bin` puts everything together. */
const allowed: AllowList = { ...ALLOWED, bin: Object.keys(ALLOWED) };

describe('this tree', () => {
  test('follows the map', () => {
    expect(checkTree(sources, allowed)).toEqual([]);
  });

  test('has pages that see the server through its API, and make no markup of text', () => {
    expect(checkWeb(readWebSources(root))).toEqual([]);
  });

  test('has an allow list without a way round', () => {
    expect(checkAllowList(allowed)).toEqual([]);
  });

  test('has only folders that the allow list names', () => {
    expect(folders.filter((folder) => allowed[folder] === undefined)).toEqual([]);
  });

  test('describes every event of --json in docs/reference/events.md', () => {
    const page = readFileSync(join(root, 'docs/reference/events.md'), 'utf8');
    const files = ['src/engine/event.ts', 'src/protocol/event.ts'].map((path) => sources.get(path) ?? '');
    const kinds = files.flatMap((text) => [...text.matchAll(/\bkind: '([a-z-]+)'/g)].map(([, kind]) => kind));

    expect(kinds.length).toBeGreaterThan(10);
    expect(kinds.filter((kind) => !page.includes(`| \`${kind}\` |`))).toEqual([]);
  });

  test('names every package that it depends on, with its reason, in docs/reference/dependencies.md', () => {
    const page = readFileSync(join(root, 'docs/reference/dependencies.md'), 'utf8');
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const names = [manifest.dependencies, manifest.optionalDependencies, manifest.devDependencies].flatMap(Object.keys);

    expect(names.filter((name) => !page.includes(`\`${name}\``) && !name.startsWith('@types/'))).toEqual([]);
  });

  test('names every fault in docs/reference/faults.md (node scripts/faults.ts writes it)', async () => {
    const page = readFileSync(join(root, 'docs/reference/faults.md'), 'utf8');

    expect(page).toBe(await renderFaults(root));
  });

  test.each(Object.entries(processesOf(sources)))(
    'loads in the process %s what closure/ says (node scripts/closure.ts)',
    (name, entries) => {
      const path = join(root, 'closure', `${name}.txt`);

      expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(closureOf(entries, sources, root));
    },
  );
});

/** A small tidy tree. Each planted violation below is one change to it. */
const TIDY: { readonly [path: string]: string } = {
  'src/base/index.ts': "/**\n * Owns: ground.\n * Never: more.\n */\nexport { one } from './one.ts';",
  'src/base/one.ts': 'export const one = 1;',
  'src/store/index.ts': "/** Owns: blobs.\n * Never: names. */\nexport { put } from './put.ts';",
  'src/store/put.ts': "import { one } from '../base/index.ts';\nexport const put = one;",
  'src/change/index.ts': '/** Owns: changes.\n * Never: keys. */\nexport const change = 1;',
  'src/finding/index.ts': '/** Owns: findings.\n * Never: keys. */\nexport type Finding = { id: number };',
  'src/bin/main.ts': "import { put } from '../store/index.ts';\nput(process.env);",
};

function violationsOf(changes: { readonly [path: string]: string }): readonly string[] {
  return checkTree(new Map(Object.entries({ ...TIDY, ...changes })), allowed).map(({ rule, at }) => `${rule} ${at}`);
}

describe('the rules prove themselves', () => {
  test('a tidy tree has no violation', () => {
    expect(violationsOf({})).toEqual([]);
  });

  test.each([
    [
      'an edge that is not allowed',
      'src/base/one.ts',
      "import { put } from '../store/index.ts';\nexport const one = put;",
      ['edge src/base/one.ts:1', 'cycle src/base/index.ts'],
    ],
    [
      'an edge only as a type',
      'src/base/one.ts',
      "import type { put } from '../store/index.ts';\nexport type One = typeof put;",
      ['edge src/base/one.ts:1'],
    ],
    [
      'an edge in the place of a type',
      'src/base/one.ts',
      "export type One = import('../store/index.ts').Put;",
      ['edge src/base/one.ts:1'],
    ],
    [
      'an edge by re-export',
      'src/base/one.ts',
      "export { put as one } from '../store/index.ts';",
      ['edge src/base/one.ts:1', 'cycle src/base/index.ts'],
    ],
    [
      'an edge by dynamic import',
      'src/base/one.ts',
      'export const one = () => import(`../store/index.ts`);',
      ['edge src/base/one.ts:1', 'cycle src/base/index.ts'],
    ],
    [
      'an edge to the file of a worker',
      'src/base/one.ts',
      "export const one = new URL('../store/put.ts', import.meta.url);",
      ['edge src/base/one.ts:1', 'door src/base/one.ts:1', 'cycle src/base/index.ts'],
    ],
    [
      'a value over an edge that is for types',
      'src/change/index.ts',
      "/** Owns: a.\n * Never: b. */\nimport { Finding } from '../finding/index.ts';\nexport const change = Finding;",
      ['edge src/change/index.ts:3'],
    ],
    [
      'a way past the index',
      'src/store/put.ts',
      "import { one } from '../base/one.ts';\nexport const put = one;",
      ['door src/store/put.ts:1'],
    ],
    [
      'a way past the index as a type',
      'src/store/put.ts',
      "import { type one } from '../base/one.ts';\nexport type put = typeof one;",
      ['door src/store/put.ts:1'],
    ],
    [
      'a way out of src',
      'src/store/put.ts',
      "export { put } from '../../test/planted.ts';",
      ['door src/store/put.ts:1', 'unresolved src/store/put.ts:1'],
    ],
    [
      'a computed import',
      'src/store/put.ts',
      'export const put = (name: string) => import(name);',
      ['computed-import src/store/put.ts:1'],
    ],
    [
      'export *',
      'src/store/index.ts',
      "/** Owns: a.\n * Never: b. */\nexport * from './put.ts';",
      ['export-star src/store/index.ts:3'],
    ],
    [
      'export * as',
      'src/store/index.ts',
      "/** Owns: a.\n * Never: b. */\nexport * as all from './put.ts';",
      ['export-star src/store/index.ts:3'],
    ],
    [
      'an index without its comment',
      'src/store/index.ts',
      "export { put } from './put.ts';",
      ['surface src/store/index.ts'],
    ],
    [
      'an index that does not say Never',
      'src/store/index.ts',
      "/** Owns: blobs. */\nexport { put } from './put.ts';",
      ['surface src/store/index.ts'],
    ],
    ['process.env', 'src/store/put.ts', 'export const put = process.env;', ['environment src/store/put.ts:1']],
    ["process['env']", 'src/store/put.ts', "export const put = process['env'];", ['environment src/store/put.ts:1']],
    [
      'globalThis.process',
      'src/store/put.ts',
      'export const put = globalThis.process.pid;',
      ['environment src/store/put.ts:1'],
    ],
    [
      'an alias of process',
      'src/store/put.ts',
      'const p = process;\nexport const put = p;',
      ['environment src/store/put.ts:1'],
    ],
    [
      'destructuring process',
      'src/store/put.ts',
      'export const { env } = process;',
      ['environment src/store/put.ts:1'],
    ],
    [
      'process.env beside a function with its own process',
      'src/store/put.ts',
      'const f = (process: object) => process;\nexport const put = f(process.env);',
      ['environment src/store/put.ts:2'],
    ],
    [
      'node:process',
      'src/store/put.ts',
      "import { env } from 'node:process';\nexport const put = env;",
      ['environment src/store/put.ts:1'],
    ],
    ['a cycle of files', 'src/base/one.ts', "import './index.ts';\nexport const one = 1;", ['cycle src/base/index.ts']],
    [
      'a folder without a line in the list',
      'src/utils/index.ts',
      '/** Owns: all.\n * Never: a. */\nexport const all = 1;',
      ['unknown-folder src/utils/index.ts'],
    ],
    ['a folder without an index', 'src/gate/permit.ts', 'export const permit = 1;', ['surface src/gate/index.ts']],
    [
      'a file that is not there',
      'src/store/put.ts',
      "export { put } from './gone.ts';",
      ['unresolved src/store/put.ts:1'],
    ],
    [
      'a name that is not kebab-case',
      'src/store/putBlob.ts',
      'export const putBlob = 1;',
      ['kebab-case src/store/putBlob.ts'],
    ],
  ])('%s is found', (_name, path, source, wanted) => {
    expect(violationsOf({ [path]: source })).toEqual(wanted);
  });

  test.each([
    ['process of a parameter', 'export const put = (process: { env: string }) => process;'],
    ['process.env of a parameter', 'export const put = ({ process }: { process: { env: 1 } }) => process.env;'],
    ['process.env of a variable', 'export function put() { const [process] = [{ env: 1 }]; return process.env; }'],
    ['process as a key', 'export const put = { process: 1 }; export const p = put.process;'],
    ['process.pid', 'export const put = process.pid;'],
    ['a comment', '// process.env is not read here\nexport const put = 1;'],
    ['a text', 'export const put = \'import("../cli/x.ts"); process.env\';'],
  ])('%s is no violation', (_name, source) => {
    expect(violationsOf({ 'src/store/put.ts': source })).toEqual([]);
  });

  test('a syntax error hides nothing', () => {
    expect(() => violationsOf({ 'src/store/put.ts': 'import { from' })).toThrow('src/store/put.ts');
  });

  test('a way round in the allow list is found', () => {
    expect(checkAllowList({ base: ['store'], store: ['base'] })).toHaveLength(1);
  });

  test.each([
    ['a way into src', "import { x } from '../../../src/base/index.ts';", 'door web/src/run/page.tsx:1'],
    ['a module of Node', "import fs from 'node:fs';", 'browser web/src/run/page.tsx:1'],
    ['an area that imports another', "import { x } from '../people/x.ts';", 'edge web/src/run/page.tsx:1'],
    ['markup of text', 'export const x = <p dangerouslySetInnerHTML={y} />;', 'markup web/src/run/page.tsx:1'],
    ['code of text', 'export const x = eval (y);', 'markup web/src/run/page.tsx:1'],
    ['an address that runs', "export const x = <a href='javascript:y' />;", 'markup web/src/run/page.tsx:1'],
  ])('%s is found in the pages', (_name, source, wanted) => {
    const found = checkWeb(new Map([['web/src/run/page.tsx', source]]));

    expect(found.map(({ rule, at }) => `${rule} ${at}`)).toEqual([wanted]);
  });

  test('the closure of a process names files, modules of Node and packages, also of workers, and no types', () => {
    const tree = new Map(
      Object.entries({
        ...TIDY,
        'src/bin/main.ts':
          "import fs from 'fs';\nimport type { A } from '../advisory/index.ts';\nawait import('../store/index.ts');\nnew URL(a ? './worker.ts' : './worker.js', import.meta.url);\nimport 'yaml';\nprocess.getBuiltinModule('node:http');",
        'src/bin/worker.ts': '',
      }),
    );

    expect(closureOf(['src/bin/main.ts'], tree, root).split('\n')).toEqual([
      'src/base/index.ts',
      'src/base/one.ts',
      'src/bin/main.ts',
      'src/bin/worker.ts',
      'src/store/index.ts',
      'src/store/put.ts',
      'node:fs',
      'node:http',
      'package yaml',
      '',
    ]);
  });
});
