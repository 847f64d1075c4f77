import type { FileView } from '../finding/index.ts';
import { listed } from './listing.ts';
import type { ListedPackage, Listing } from './model.ts';
import { Unreadable } from './failure.ts';

/**
 * `go.mod`. Since Go 1.17 it names every module that is built in, with the version that is selected, so it is the lock.
 * Replacements within the tree take a module out, others take its place.
 */
export function readGoMod(file: FileView): Listing {
  const packages: ListedPackage[] = [];
  const replaced = new Map<string, { readonly name: string; readonly version: string } | 'local'>();
  const lines = goLines(file.text);
  let project: string | undefined;
  for (const { verb, text } of lines) {
    if (verb === 'module') project = unquote(text.split(/\s+/)[0] ?? '');
    if (verb !== 'replace') continue;
    const [, from = '', fromVersion, to = '', toVersion] =
      /^(\S+)(?:\s+(v\S+))?\s*=>\s*(\S+)(?:\s+(v\S+))?/.exec(text) ?? [];
    if (from === '') continue;
    const key = fromVersion === undefined ? unquote(from) : `${unquote(from)}@${fromVersion}`;
    replaced.set(key, toVersion === undefined ? 'local' : { name: unquote(to), version: toVersion });
  }
  for (const { verb, text, comment, start } of lines) {
    const end = start + text.length;
    if (verb === 'toolchain' || verb === 'go') {
      const version = goVersion(text);
      const hasToolchain =
        verb === 'go' && lines.some((line) => line.verb === 'toolchain' && goVersion(line.text) !== undefined);
      // `go 1.21` names a language, `go 1.21.3` the least toolchain that may build it.
      if (version === undefined || hasToolchain) continue;
      packages.push(listed(file, 'Go', { name: 'stdlib', version, start, end, isDirect: true, key: 'stdlib' }));
    }
    if (verb !== 'require') continue;
    const [rawName = '', version = ''] = text.split(/\s+/);
    const name = unquote(rawName);
    if (name === '' || !version.startsWith('v')) throw new Unreadable(`is no requirement: ${text.slice(0, 80)}`, start);
    const other = replaced.get(`${name}@${version}`) ?? replaced.get(name);
    if (other === 'local') continue;
    packages.push(
      listed(file, 'Go', {
        name: other?.name ?? name,
        version: (other?.version ?? version).replace(/^v/, ''),
        start,
        end,
        key: `${name}@${version}`,
        isDirect: !/^\s*indirect\b/.test(comment),
        alias: other === undefined || other.name === name ? undefined : name,
      }),
    );
  }
  return {
    format: 'go.mod',
    role: 'lock',
    ecosystem: 'Go',
    hasChecksums: false,
    packages,
    ...(project === undefined ? {} : { project }),
  };
}

/** `1.21.3`, `go1.22rc1`: with all three numbers, in the form of the vulnerability database. */
function goVersion(text: string): string | undefined {
  const [, version, minor, rest = ''] =
    /^(?:go)?((1\.\d+)(?:\.\d+)?)((?:rc|beta)\d+)?(?:[\s-].*)?$/.exec(text.trim()) ?? [];
  if (version === undefined || (version === minor && rest === '')) return undefined;
  return rest === '' ? version : `${minor}.0-${rest.replace(/(\d+)$/, '.$1')}`;
}

type GoLine = { readonly verb: string; readonly text: string; readonly comment: string; readonly start: number };

/** The directives of a go.mod, each in one line, blocks opened. */
function goLines(source: string): readonly GoLine[] {
  const lines: GoLine[] = [];
  let block = '';
  let offset = 0;
  for (const raw of source.split('\n')) {
    const at = raw.indexOf('//');
    const body = at < 0 ? raw : raw.slice(0, at);
    const comment = at < 0 ? '' : raw.slice(at + 2);
    const text = body.trim();
    const start = offset + (body.length - body.trimStart().length);
    offset += raw.length + 1;
    if (text === '') continue;
    if (/^(?:<<<<<<<|>>>>>>>)/.test(text)) throw new Unreadable('holds a merge conflict', start);
    const opening = /^(\w+)\s*\($/.exec(text)?.[1];
    if (opening !== undefined) block = opening;
    else if (text === ')') block = '';
    else if (block !== '') lines.push({ verb: block, text, comment, start });
    else {
      const [, verb = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(text) ?? [];
      lines.push({ verb, text: rest, comment, start: start + text.length - rest.length });
    }
  }
  return lines;
}

function unquote(text: string): string {
  return text.replace(/^"(.*)"$/, '$1');
}
