import type { FileView } from '../finding/index.ts';
import { Unreadable } from './failure.ts';
import { listed, originOf, splitDescriptor } from './listing.ts';
import type { ListedPackage, Listing } from './model.ts';
import { entriesOf, member, textOf } from './node.ts';
import { parseYaml } from './yaml-node.ts';

/** `yarn.lock` of either kind: Yarn 1 has a form of its own, later ones write YAML. */
export function readYarnLock(file: FileView): Listing {
  const isBerry = /^__metadata:/m.test(file.text);
  return {
    format: 'yarn.lock',
    role: 'lock',
    ecosystem: 'npm',
    hasChecksums: true,
    packages: isBerry ? readBerry(file) : readClassic(file),
  };
}

type Block = {
  readonly descriptors: readonly string[];
  readonly start: number;
  readonly end: number;
  readonly fields: Map<string, string>;
  readonly needs: string[];
};

function readClassic(file: FileView): readonly ListedPackage[] {
  const blocks: Block[] = [];
  let block: Block | undefined;
  let isInDependencies = false;
  let offset = 0;
  for (const raw of file.text.split('\n')) {
    const start = offset;
    offset += raw.length + 1;
    const line = raw.trimEnd();
    if (line === '' || line.startsWith('#')) continue;
    if (/^(?:<<<<<<<|=======$|>>>>>>>)/.test(line)) throw new Unreadable('holds a merge conflict', start);
    if (!line.startsWith(' ')) {
      if (!line.endsWith(':')) throw new Unreadable('is no line of a lockfile of Yarn', start);
      block = {
        descriptors: descriptorsOf(line.slice(0, -1)),
        start,
        end: start + line.length,
        fields: new Map(),
        needs: [],
      };
      blocks.push(block);
      isInDependencies = false;
    } else if (line.startsWith('    ')) {
      const [, name, range] = /^ {4,}("[^"]+"|\S+)\s+(?:"([^"]*)"|\S+)/.exec(line) ?? [];
      if (isInDependencies && block !== undefined && name !== undefined) {
        block.needs.push(`${unquote(name)}@${range ?? line.trim().split(/\s+/)[1] ?? ''}`);
      }
    } else {
      const [, quoted = '', value] = /^\s+(\S+?):?(?:\s+(.*))?$/.exec(line) ?? [];
      const key = unquote(quoted);
      isInDependencies = /^(?:optionalDependencies|dependencies)$/.test(key) && value === undefined;
      if (value !== undefined) block?.fields.set(key, unquote(value));
    }
  }
  const keys = new Map(
    blocks.flatMap((one) => one.descriptors.map((descriptor) => [descriptor, one.descriptors[0] ?? ''])),
  );
  return blocks.map((one) => {
    const { name, range } = splitDescriptor(one.descriptors[0] ?? '');
    const alias = range.startsWith('npm:') ? splitDescriptor(range.slice('npm:'.length)).name : undefined;
    return listed(file, 'npm', {
      name: alias ?? name,
      version: one.fields.get('version'),
      start: one.start,
      end: one.end,
      key: one.descriptors[0] ?? '',
      needs: one.needs.flatMap((descriptor) => keys.get(descriptor) ?? []),
      origin: originOf(one.fields.get('resolved') ?? (/^\W*\d/.test(range) ? undefined : range)),
      integrity: one.fields.get('integrity') ?? /#([0-9a-f]{40})$/.exec(one.fields.get('resolved') ?? '')?.[1],
      alias: alias === undefined ? undefined : name,
    });
  });
}

function descriptorsOf(text: string): readonly string[] {
  return text.split(/,\s*/).map(unquote);
}

function unquote(text: string): string {
  return /^".*"$/.test(text) ? text.slice(1, -1) : text;
}

function readBerry(file: FileView): readonly ListedPackage[] {
  const [root] = parseYaml(file.text);
  const entries = [...entriesOf(root)].filter(([key]) => key !== '__metadata');
  const keys = new Map<string, string>();
  for (const [key] of entries) for (const descriptor of key.split(/,\s*/)) keys.set(descriptor, key);
  const find = (name: string, range: string) =>
    keys.get(`${name}@${range}`) ?? keys.get(`${name}@npm:${range}`) ?? keys.get(`${name}@workspace:${range}`);
  const direct = new Set<string>();
  const packages: ListedPackage[] = [];
  const isWorkspace = (resolution: string) => /@workspace:/.test(resolution);
  for (const [, { value }] of entries) {
    if (!isWorkspace(textOf(member(value, 'resolution')) ?? '')) continue;
    for (const [name, entry] of entriesOf(member(value, 'dependencies'))) {
      const found = find(name, textOf(entry.value) ?? '');
      if (found !== undefined) direct.add(found);
    }
  }
  for (const [key, { keyStart, keyEnd, value }] of entries) {
    const resolution = textOf(member(value, 'resolution')) ?? '';
    if (isWorkspace(resolution)) continue;
    const { name, range } = splitDescriptor(resolution);
    const asked = splitDescriptor(key.split(/,\s*/)[0] ?? '').name;
    const isRegistry = range.startsWith('npm:');
    packages.push(
      listed(file, 'npm', {
        name: name === '' ? asked : name,
        version: textOf(member(value, 'version')),
        start: keyStart,
        end: keyEnd,
        key,
        needs: [...entriesOf(member(value, 'dependencies'))].flatMap(
          ([needed, entry]) => find(needed, textOf(entry.value) ?? '') ?? [],
        ),
        isDirect: direct.has(key),
        origin: isRegistry
          ? undefined
          : (originOf(range.replace(/^patch:.*/, '')) ?? (range.startsWith('patch:') ? undefined : originOf(range))),
        integrity: textOf(member(value, 'checksum')),
        alias: asked === name || name === '' ? undefined : asked,
      }),
    );
  }
  return packages;
}
