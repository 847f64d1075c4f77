import { evaluate } from './operations.ts';
import type { Stmt } from './ir.ts';
import type { Machine } from './machine.ts';
import { type Value } from './value.ts';

/** Modules of Python itself that programs use most. */
const STANDARD = new Set(
  'abc argparse array ast asyncio base64 binascii bisect calendar collections concurrent configparser contextlib copy csv ctypes dataclasses datetime decimal difflib email enum errno fnmatch fractions functools getpass glob gzip hashlib heapq hmac html http importlib inspect io ipaddress itertools json keyword locale logging math mimetypes multiprocessing numbers operator os pathlib pkgutil platform pprint queue random re secrets select shlex shutil signal socket sqlite3 ssl stat statistics string struct subprocess sys tarfile tempfile textwrap threading time timeit traceback types typing unicodedata unittest urllib uuid warnings weakref xml zipfile zlib typing_extensions six numpy pandas pytest'.split(
    ' ',
  ),
);

/** Modules that come with the language or are known to the models: what they do is not looked for in the tree. */
function isForeign(machine: Machine, module: string): boolean {
  const { language, modules, libraries } = machine.rules;
  if (language === 'java' || language === 'go') return isLibrary(libraries, module);
  if (language === 'javascript') return !/^(?:\.|[@~#]?\/|src\/)/.test(module) && !module.startsWith('@app/');
  if (module.startsWith('.')) return false;
  const root = module.split(/[./]/)[0] ?? module;
  return language === 'python' && (modules.has(root) || STANDARD.has(root));
}

function isLibrary(libraries: readonly string[], module: string): boolean {
  return libraries.some((one) => module === one || module.startsWith(`${one}.`) || module.startsWith(`${one}/`));
}

/** What an imported name is. */
export function importName(machine: Machine, module: string, imported: string): Value {
  const plain = module.replace(/^node:/, '');
  const isRelative = isLocal(plain);
  const isWhole = imported === '*' || (imported === 'default' && machine.rules.language === 'javascript');
  const root = isRelative ? '~' : plain;
  const path = isWhole
    ? isRelative
      ? `~${plain.split(/[./]/).at(-1) ?? ''}`
      : root
    : isRelative
      ? `~${imported}`
      : `${root}.${imported}`;
  const known = machine.rules.types.find(path)[0];
  const way = imported === '*' ? [] : [imported];
  return {
    taints: [],
    paths: known === undefined ? [path] : [path, known],
    ...(isForeign(machine, plain) ? {} : { external: { module: plain, path: way } }),
  };
}

function isLocal(module: string): boolean {
  return module.startsWith('.') || module.startsWith('@/') || module.startsWith('~/') || module.startsWith('#/');
}

export function exportNames(machine: Machine, statement: Extract<Stmt, { kind: 'export' }>): void {
  for (const { exported, value, imported } of statement.names) {
    if (value !== undefined) machine.exports.set(exported, evaluate(machine, value));
    else if (statement.from !== undefined) {
      machine.exports.set(exported, {
        taints: [],
        paths: [],
        external: { module: statement.from, path: imported === undefined || imported === '*' ? [] : [imported] },
      });
    }
  }
}
