import { parseRequirement } from '../advisory/index.ts';
import type { FileView } from '../finding/index.ts';
import { listed } from './listing.ts';
import type { ListedPackage, Listing, PackageOrigin, PackageScope } from './model.ts';
import { entriesOf, member, type Node, textOf } from './node.ts';
import { parseYaml } from './yaml-node.ts';

/** Lines of a manifest that is a program: what is written out counts, what it computes is not known. */
const LINES_MAX = 20_000;

function manifest(format: string, ecosystem: string, packages: readonly ListedPackage[]): Listing {
  return { format, role: 'manifest', ecosystem, hasChecksums: false, packages };
}

/** `Gemfile`: `gem 'name', '~> 1.2', group: :test`, in blocks of groups or alone. */
export function readGemfile(file: FileView): Listing {
  const packages: ListedPackage[] = [];
  const blocks: boolean[] = [];
  let start = 0;
  for (const raw of file.text.split('\n').slice(0, LINES_MAX)) {
    const line = raw.replace(/#(?!\{).*$/, '');
    if (/\bdo(?:\s*\|[^|]*\|)?\s*$/.test(line) || /^\s*(?:if|unless|case|begin)\b/.test(line)) {
      blocks.push(isForDevelopment(line));
    } else if (/^\s*end\b/.test(line)) blocks.pop();
    const [whole = '', quote = '', name = '', rest = ''] = /^\s*gem[\s(]+(["'])([\w.-]+)\1(.*)$/.exec(line) ?? [];
    if (quote !== '') {
      const at = start + line.indexOf(name);
      packages.push(
        declared(file, 'RubyGems', {
          name,
          requirement: [...rest.matchAll(/,\s*(["'])\s*([<>=!~]*\s*[\d][^"']*)\1/g)].map(([, , one]) => one).join(', '),
          start: at - 1,
          end: start + whole.trimEnd().length,
          scope: blocks.includes(true) || isForDevelopment(rest) ? 'development' : 'runtime',
          origin: rubyOrigin(rest),
        }),
      );
    }
    start += raw.length + 1;
  }
  return manifest('Gemfile', 'RubyGems', packages);
}

function isForDevelopment(text: string): boolean {
  const groups = /\bgroups?\b[^\n]*/.exec(text)?.[0] ?? '';
  return /:(?:test|development)\b/.test(groups) && !/:(?:default|production|staging)\b/.test(groups);
}

function rubyOrigin(rest: string): PackageOrigin | undefined {
  const [, kind, url] =
    /\b(git|github|path):\s*["']([^"']+)["']|:(?:git|github|path)\s*=>\s*["']([^"']+)["']/.exec(rest) ?? [];
  if (kind === 'path' || /:path\s*=>/.test(rest)) return { kind: 'path' };
  if (kind === undefined && !/:git(?:hub)?\s*=>/.test(rest)) return undefined;
  const commit = /\bref:\s*["']([0-9a-f]{40})["']/.exec(rest)?.[1];
  return { kind: 'git', url: `${url ?? ''}${commit === undefined ? '' : `#${commit}`}` };
}

/** `pubspec.yaml`. */
export function readPubspec(file: FileView): Listing {
  const root = parseYaml(file.text)[0];
  const sections: readonly (readonly [string, PackageScope])[] = [
    ['dependencies', 'runtime'],
    ['dev_dependencies', 'development'],
  ];
  const packages = sections.flatMap(([section, scope]) =>
    [...entriesOf(member(root, section))].flatMap(([name, { keyStart, keyEnd, value }]): readonly ListedPackage[] => {
      if (member(value, 'sdk') !== undefined) return [];
      const written = textOf(value) ?? textOf(member(value, 'version')) ?? '';
      const end = value.kind === 'text' ? value.end : keyEnd;
      return [
        declared(file, 'Pub', { name, requirement: written, start: keyStart, end, scope, origin: pubOrigin(value) }),
      ];
    }),
  );
  return manifest('pubspec.yaml', 'Pub', packages);
}

function pubOrigin(value: Node): PackageOrigin | undefined {
  if (member(value, 'path') !== undefined) return { kind: 'path' };
  const git = member(value, 'git');
  if (git === undefined) return undefined;
  const ref = textOf(member(git, 'ref'));
  return {
    kind: 'git',
    url: `${textOf(git) ?? textOf(member(git, 'url')) ?? ''}${ref === undefined ? '' : `#${ref}`}`,
  };
}

const MIX = /\{\s*:(\w+)\s*,\s*(?:"([^"\n]{1,80})")?([^{}\n]{0,300})\}/g;

/** `mix.exs`: the tuples of the function `deps`. */
export function readMixExs(file: FileView): Listing {
  const from = /\bdefp?\s+deps\b/.exec(file.text)?.index;
  if (from === undefined) return manifest('mix.exs', 'Hex', []);
  const body = file.text.slice(from);
  const until = body.search(/\n {0,2}end\b/);
  const packages = [...body.slice(0, until < 0 ? undefined : until).matchAll(MIX)].flatMap((found) => {
    const [whole, name = '', requirement = '', rest = ''] = found;
    const before = body.slice(body.lastIndexOf('\n', found.index) + 1, found.index);
    if (before.includes('#') || (requirement === '' && rest.trim() === '')) return [];
    const start = from + found.index;
    const only = /\bonly:\s*(\[[^\]]*\]|:\w+)/.exec(rest)?.[1] ?? '';
    const isDevelopment = only !== '' && !only.includes(':prod');
    const origin: PackageOrigin | undefined = /\b(?:path|in_umbrella):/.test(rest) ? { kind: 'path' } : mixGit(rest);
    const scope = isDevelopment ? 'development' : 'runtime';
    return [declared(file, 'Hex', { name, requirement, start, end: start + whole.length, scope, origin })];
  });
  return manifest('mix.exs', 'Hex', packages);
}

function mixGit(rest: string): PackageOrigin | undefined {
  const url = /\b(?:git|github):\s*"([^"]+)"/.exec(rest)?.[1];
  const ref = /\bref:\s*"([^"]+)"/.exec(rest)?.[1];
  return url === undefined ? undefined : { kind: 'git', url: `${url}${ref === undefined ? '' : `#${ref}`}` };
}

function declared(
  file: FileView,
  ecosystem: string,
  draft: {
    readonly name: string;
    readonly requirement: string;
    readonly start: number;
    readonly end: number;
    readonly scope: PackageScope;
    readonly origin: PackageOrigin | undefined;
  },
): ListedPackage {
  return listed(file, ecosystem, {
    ...draft,
    version: parseRequirement(ecosystem, draft.requirement)?.exact,
    isDirect: true,
  });
}
