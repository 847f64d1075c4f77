import { parseRule } from './host.ts';
import type { PresetName } from './presets.ts';

/** `host:port` entries of the mirrors that this machine uses, by ecosystem; an ecosystem without one is absent. */
export type MachineSettings = { readonly [name in PresetName]?: readonly string[] };

export type MachineSources = {
  readonly env: { readonly [name: string]: string | undefined };
  /** The text of a file of the machine, or nothing when it is not there or not readable. */
  readFile(path: string): Promise<string | undefined>;
  /** Names in a folder; empty when it is not there. */
  listFolder?(path: string): Promise<readonly string[]>;
};

/** Characters of one settings file that are looked at; a larger one is not a settings file and counts as absent. */
const FILE_CHARACTERS_MAX = 262_144;
const MIRRORS_MAX = 32;
const APT_FILES_MAX = 64;

/**
 * Reads where this machine gets its packages: npm, pip, Go, Cargo, Maven and apt settings of the machine and of the
 * person who runs the runner, never those of a repository. Leniently: what cannot be understood means "no mirror".
 */
export async function readMachineSettings(sources: MachineSources): Promise<MachineSettings> {
  const { env } = sources;
  const home = env['HOME'] ?? '';
  const read = async (path: string) => {
    const text = path.startsWith('/') ? await sources.readFile(path) : undefined;
    return text === undefined || text.length > FILE_CHARACTERS_MAX ? '' : text;
  };
  const ini = async (paths: readonly string[]) => (await Promise.all(paths.map(read))).map(readAssignments).flat();
  const [npm, pip, cargo, maven, apt] = await Promise.all([
    ini([env['NPM_CONFIG_USERCONFIG'] ?? `${home}/.npmrc`, '/usr/local/etc/npmrc', '/etc/npmrc', '/usr/etc/npmrc']),
    ini([env['PIP_CONFIG_FILE'] ?? `${home}/.config/pip/pip.conf`, `${home}/.pip/pip.conf`, '/etc/pip.conf']),
    ini([`${env['CARGO_HOME'] ?? `${home}/.cargo`}/config.toml`]),
    read(`${home}/.m2/settings.xml`),
    readApt(read, sources),
  ]);
  const pick = (entries: readonly Assignment[], key: string) => entries.filter((entry) => entry.key === key);
  const npmUrl = env['npm_config_registry'] ?? env['NPM_CONFIG_REGISTRY'] ?? pick(npm, 'registry')[0]?.value;
  const scoped = npm.filter((entry) => /^@[^:]+:registry$/.test(entry.key)).map((entry) => entry.value);
  const pipUrl = env['PIP_INDEX_URL'] ?? pick(pip, 'index-url')[0]?.value;
  const pipExtra = env['PIP_EXTRA_INDEX_URL'] ?? pick(pip, 'extra-index-url')[0]?.value ?? '';
  const settings: { [name in PresetName]?: readonly string[] } = {};
  const set = (name: PresetName, urls: readonly (string | undefined)[], defaults: readonly string[]) => {
    const hosts = [...new Set(urls.flatMap((url) => hostOf(url) ?? []))].slice(0, MIRRORS_MAX);
    // Settings that name the public place mean the public set, which knows the hosts that go with it.
    if (hosts.some((host) => !defaults.includes(host))) settings[name] = hosts;
  };
  set(
    'npm',
    [npmUrl ?? 'https://registry.npmjs.org', ...scoped],
    ['registry.npmjs.org:443', 'registry.yarnpkg.com:443'],
  );
  set('pypi', [pipUrl ?? 'https://pypi.org', ...pipExtra.split(/\s+/)], ['pypi.org:443']);
  set('go', (env['GOPROXY'] ?? '').split(/[,|]/), ['proxy.golang.org:443']);
  set('crates', cargoUrls(cargo), ['index.crates.io:443', 'github.com:443']);
  set('maven', mavenUrls(maven), ['repo.maven.apache.org:443', 'repo1.maven.org:443']);
  const isUbuntu = (url: string) => /ubuntu/i.test(url);
  set(
    'debian',
    apt.filter((url) => !isUbuntu(url)),
    APT_PUBLIC,
  );
  set('ubuntu', apt.filter(isUbuntu), APT_PUBLIC);
  return settings;
}

const APT_PUBLIC = [
  'deb.debian.org',
  'security.debian.org',
  'archive.ubuntu.com',
  'security.ubuntu.com',
  'ports.ubuntu.com',
].flatMap((host) => [`${host}:80`, `${host}:443`]);

type Assignment = { readonly section: string; readonly key: string; readonly value: string };

/** `key = value` lines under `[section]` headings: enough of npmrc, pip.conf and Cargo's TOML to find an address. */
function readAssignments(text: string): Assignment[] {
  const found: Assignment[] = [];
  let section = '';
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    if (line.startsWith('[') && line.endsWith(']')) section = line.slice(1, -1).trim();
    const equals = line.indexOf('=');
    if (equals <= 0 || line.startsWith('[')) continue;
    const key = line.slice(0, equals).trim();
    const value = line
      .slice(equals + 1)
      .trim()
      .replace(/\s+#.*$/, '')
      .replace(/^(["'])(.*)\1$/, '$2');
    found.push({ section, key, value });
  }
  return found;
}

/** Follows `[source.crates-io] replace-with` to the source that is used, at most a few steps. */
function cargoUrls(entries: readonly Assignment[]): string[] {
  const value = (section: string, key: string) =>
    entries.find((entry) => entry.section.replaceAll(/["']/g, '') === section && entry.key === key)?.value;
  let source = 'crates-io';
  for (let step = 0; step < 5; step += 1) {
    const next = value(`source.${source}`, 'replace-with');
    if (next === undefined) break;
    source = next;
  }
  const url = value(`source.${source}`, 'registry') ?? value(`registries.${source}`, 'index');
  return url === undefined ? [] : [url.replace(/^sparse\+/, '')];
}

function mavenUrls(text: string): string[] {
  const urls: string[] = [];
  const plain = text
    .split('<!--')
    .map((part, index) => (index === 0 ? part : (part.split('-->')[1] ?? '')))
    .join('');
  for (const mirror of plain.split('<mirror>').slice(1, MIRRORS_MAX + 1)) {
    const inner = mirror.split('</mirror>')[0] ?? '';
    const isBlocked = /<blocked>\s*true/.test(inner);
    const url = inner.split('<url>')[1]?.split('</url>')[0]?.trim();
    if (url !== undefined && !isBlocked) urls.push(url);
  }
  return urls;
}

/** Both forms of apt: `deb [options] URI suite …` and `URIs: URI …`. */
async function readApt(read: (path: string) => Promise<string>, sources: MachineSources): Promise<string[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = ((await sources.listFolder?.(folder)) ?? []).filter((name) => /\.(?:list|sources)$/.test(name));
  const paths = ['/etc/apt/sources.list', ...names.slice(0, APT_FILES_MAX).map((name) => `${folder}/${name}`)];
  const texts = await Promise.all(paths.map(read));
  const urls: string[] = [];
  for (const line of texts.join('\n').split('\n')) {
    const words = line.trim().split(/\s+/);
    if (/^(?:deb|deb-src|URIs:)$/.test(words[0] ?? '')) urls.push(...words.filter((word) => /^https?:\/\//.test(word)));
  }
  // Other vendors' sources are not the distribution's: only addresses that look like one of its mirrors count.
  return urls.filter((url) =>
    /\/(?:debian|ubuntu)(?:-security|-ports)?\/?$|(?:debian|ubuntu)\.(?:org|com)\//.test(
      `${url}/`.replace(/\/\/$/, '/'),
    ),
  );
}

/** `host:port` of an address, without user information; nothing for what is no web address or cannot be listed. */
function hostOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return undefined;
  const entry = `${hostname.toLowerCase()}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
  try {
    parseRule(entry);
    return entry;
  } catch {
    // An address instead of a name cannot be listed; the public set stays, and the refusal will say what is missing.
    return undefined;
  }
}
