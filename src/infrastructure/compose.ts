import type { FileView, Fix } from '../finding/index.ts';
import { setEdit } from './edit.ts';
import { isLatest, parseImage } from './image.ts';
import { isSensitivePath, SOCKET_PATH } from './kubernetes-volume-checks.ts';
import { none, type Report } from './report.ts';
import { hasKnownSecret, isSecretName, isSecretValue } from './secret-value.ts';
import { type Entry, entryOf, itemsOf, type MapTree, type Span, textOf, valueAt } from './tree.ts';
import { readYaml } from './yaml-tree.ts';

export type Service = {
  readonly file: FileView;
  readonly name: string;
  readonly tree: MapTree;
  readonly head: Span;
  /** An override: what is absent stands in another file. */
  readonly isPartial: boolean;
};

export type ComposeCheck = (service: Service) => Iterable<Report>;

export type ComposeReading = { readonly services: readonly Service[]; readonly problem?: string };

export function readCompose(file: FileView): ComposeReading {
  const { documents, problem } = readYaml(file.text, () => true);
  const services = documents.flatMap(({ root }) => {
    const all = valueAt(root, 'services');
    if (all?.kind !== 'map') return [];
    return all.entries.flatMap(({ key, value, start, keyEnd }) =>
      value.kind === 'map' && !key.startsWith('x-')
        ? [{ file, name: key, tree: value, head: { start, end: keyEnd }, isPartial: isPartial(value) }]
        : [],
    );
  });
  // Other formats have services too; those of Compose have images.
  if (
    services.every(({ tree }) => entryOf(tree, 'image') === undefined && entryOf(tree, 'build') === undefined) &&
    !/compose/i.test(file.path)
  ) {
    return { services: [] };
  }
  return problem === undefined ? { services } : { services, problem };
}

function isPartial(tree: MapTree): boolean {
  return (
    (entryOf(tree, 'image') === undefined && entryOf(tree, 'build') === undefined) ||
    entryOf(tree, 'extends') !== undefined
  );
}

/** The image that a service fetches: what is built here has the name that it gets, not one that is fetched. */
function imageOf(service: Service): { readonly entry: Entry; readonly text: string; readonly fix: Fix } | undefined {
  const entry = entryOf(service.tree, 'image');
  const text = textOf(entry?.value);
  if (entry === undefined || text === undefined || text === '' || text.includes('$')) return undefined;
  if (entryOf(service.tree, 'build') !== undefined) return undefined;
  const { start, end } = entry.value;
  const request = { type: 'pin-image', file: service.file.path, start, end, image: text } as const;
  return { entry, text, fix: { kind: 'request', title: 'Pin the image to its digest', request } };
}

export const imageLatest: ComposeCheck = function* (service) {
  const found = imageOf(service);
  if (found === undefined || !isLatest(parseImage(found.text))) return;
  const message = `${service.name} runs whatever ${found.text} is on the day that it is pulled.`;
  yield { span: found.entry, message, scope: service.name, fix: found.fix };
};

export const imageNotPinned: ComposeCheck = function* (service) {
  const found = imageOf(service);
  if (found === undefined) return;
  const image = parseImage(found.text);
  if (image.digest !== undefined || isLatest(image)) return;
  const message = `${service.name} names its image by a tag, which its owner can move to other content.`;
  yield { span: found.entry, message, scope: service.name, fix: found.fix };
};

type Variable = { readonly name: string; readonly value: string; readonly span: Span };

function* variables(service: Service): Iterable<Variable> {
  const environment = valueAt(service.tree, 'environment');
  if (environment?.kind === 'map') {
    for (const entry of environment.entries) {
      const value = textOf(entry.value);
      if (value !== undefined) yield { name: entry.key, value, span: entry };
    }
  } else if (environment?.kind === 'list') {
    for (const item of environment.items) {
      const text = textOf(item) ?? '';
      const at = text.indexOf('=');
      if (at > 0) yield { name: text.slice(0, at), value: text.slice(at + 1), span: item };
    }
  }
}

export const envSecret: ComposeCheck = function* (service) {
  for (const { name, value, span } of variables(service)) {
    const isUrl = /^[a-z][a-z0-9+.-]*:\/\/[^\s:@/$]+:[^\s@/${}]{3,}@/i.test(value);
    if (!(isSecretName(name) && isSecretValue(name, value)) && !hasKnownSecret(value) && !isUrl) continue;
    yield {
      span,
      message: `${service.name} has the secret ${name} written in the file.`,
      scope: service.name,
      evidence: `${name}: [secret]`,
      identity: name,
      fix: none(
        'The value must be made invalid and kept elsewhere.',
        `Rotate it; give it by secrets: or as \${${name}} from the environment.`,
      ),
    };
  }
};

/** Ports of databases, queues, caches and consoles that answer whoever connects, or that passwords alone guard. */
const STORE_PORTS: ReadonlySet<number> = new Set([
  1433, 1521, 2375, 2379, 2380, 3306, 4369, 5432, 5433, 5601, 5672, 5984, 6379, 6380, 7000, 7001, 7473, 7474, 7687,
  8086, 9000, 9042, 9092, 9160, 9200, 9300, 11211, 15672, 26257, 27017, 27018, 28015, 50000,
]);
const STORE_IMAGE =
  /(?:^|\/)(?:postgres|postgis|mysql|mariadb|percona|mongo|redis|valkey|memcached|elasticsearch|opensearch|cassandra|couchdb|influxdb|rabbitmq|etcd|neo4j|clickhouse|cockroach|mssql|server|oracle|zookeeper|kafka|timescaledb|arangodb|dynamodb-local|minio|vault)[\w-]*(?::|@|$)/i;

export const portsOpen: ComposeCheck = function* (service) {
  const isStore = STORE_IMAGE.test(textOf(valueAt(service.tree, 'image')) ?? '');
  for (const item of itemsOf(valueAt(service.tree, 'ports'))) {
    const port = publishedPort(item.kind === 'map' ? item : textOf(item));
    if (port === undefined || !STORE_PORTS.has(port) || (!isStore && !STORE_ONLY.has(port))) continue;
    const text = textOf(item);
    yield {
      span: item,
      message: `${service.name} opens port ${port} on every interface of the machine; Docker goes round its firewall.`,
      scope: service.name,
      identity: String(port),
      fix: portFix(service, item, text),
    };
  }
};

/** Ports that nothing else commonly uses: they say what is behind them whatever the image is called. */
const STORE_ONLY: ReadonlySet<number> = new Set([1433, 2375, 3306, 5432, 6379, 9042, 9200, 11211, 27017]);

function portFix(service: Service, item: Span & { readonly kind: string }, text: string | undefined): Fix {
  if (text === undefined || item.kind !== 'scalar' || !/^\d+:\d+(?:\/tcp)?$/.test(text))
    return none(
      'How it is published is put together.',
      'Bind it to 127.0.0.1, or leave it to the network of the services.',
    );
  const written = service.file.text.slice(item.start, item.end);
  const edit = /^["']/.test(written)
    ? { file: service.file.path, start: item.start + 1, end: item.start + 1, text: '127.0.0.1:' }
    : { file: service.file.path, start: item.start, end: item.end, text: `"127.0.0.1:${text}"` };
  return { kind: 'edit', title: 'Bind it to this machine alone', edits: [edit] };
}

/** The port inside of what is published on all interfaces. */
function publishedPort(item: MapTree | string | undefined): number | undefined {
  if (item === undefined) return undefined;
  if (typeof item !== 'string') {
    const host = textOf(valueAt(item, 'host_ip'));
    if (entryOf(item, 'published') === undefined || (host !== undefined && !/^(?:0\.0\.0\.0|::)$/.test(host)))
      return undefined;
    return Number(textOf(valueAt(item, 'target')));
  }
  const found = /^(?:(0\.0\.0\.0|\[?::\]?):)?(?:\$\{[^}]*\}|[\d-]+):(\d+)(?:\/tcp)?$/.exec(item);
  return found === null ? undefined : Number(found[2]);
}

type Mount = { readonly source: string; readonly span: Span };

function* mounts(service: Service): Iterable<Mount> {
  for (const item of itemsOf(valueAt(service.tree, 'volumes'))) {
    if (item.kind === 'map') {
      const source = entryOf(item, 'source') ?? entryOf(item, 'src');
      const text = textOf(source?.value);
      if (source !== undefined && text !== undefined && text.startsWith('/')) yield { source: text, span: source };
      continue;
    }
    const text = textOf(item) ?? '';
    const source = text.split(':')[0] ?? '';
    if (text.includes(':') && source.startsWith('/')) yield { source, span: item };
  }
}

export const socketMounted: ComposeCheck = function* (service) {
  for (const { source, span } of mounts(service)) {
    if (!SOCKET_PATH.test(source)) continue;
    yield {
      span,
      message: `${service.name} gets the socket of the container engine, which is root on the machine; read-only does not change that.`,
      scope: service.name,
      fix: none(
        'What the service asks the engine for is not known.',
        'Put a proxy between that lets only the needed requests through.',
      ),
    };
  }
};

export const hostMount: ComposeCheck = function* (service) {
  for (const { source, span } of mounts(service)) {
    if (SOCKET_PATH.test(source) || !isSensitivePath(source)) continue;
    yield {
      span,
      message: `${service.name} reaches ${source} of the machine.`,
      scope: service.name,
      fix: none(
        'What the service needs of it is not known.',
        'Mount the one file or folder that is needed, read-only.',
      ),
    };
  }
};

export const noNewPrivileges: ComposeCheck = function* (service) {
  if (service.isPartial) return;
  const entry = entryOf(service.tree, 'security_opt');
  if (itemsOf(entry?.value).some((item) => /^no-new-privileges(?:$|[:=]true)/.test(textOf(item) ?? ''))) return;
  const change =
    entry === undefined
      ? setEdit({ file: service.file, root: service.tree }, ['security_opt'], ['no-new-privileges:true'])
      : undefined;
  yield {
    span: entry === undefined ? service.head : { start: entry.start, end: entry.keyEnd },
    message: `${service.name} may gain more rights than it starts with, by programs with the setuid bit.`,
    scope: service.name,
    fix:
      change === undefined
        ? none('The list has other entries.', 'Add no-new-privileges:true to security_opt.')
        : { kind: 'edit', title: 'Forbid to gain rights', edits: [change] },
  };
};

export const COMPOSE_CHECKS: { readonly [name: string]: ComposeCheck } = {
  'image-latest': imageLatest,
  'image-not-pinned': imageNotPinned,
  'env-secret': envSecret,
  'ports-open': portsOpen,
  'socket-mounted': socketMounted,
  'host-mount': hostMount,
  'no-new-privileges': noNewPrivileges,
};
