/** What a file is taken for by its name; `yaml` and `json` are looked at more closely. */
export type NamedKind = 'docker' | 'dockerignore' | 'terraform' | 'state' | 'yaml';

const DOCKER_NAME = /^(?:dockerfile|containerfile)\d*(?:[._-][\w.-]+)?$|[._-](?:dockerfile|containerfile)$/i;
/** Files about Dockerfiles, and templates of them. */
const NO_DOCKER =
  /\.(?:md|txt|rst|html?|ya?ml|json|toml|py|js|ts|go|rb|sh|java|rs|lock|j2|jinja2?|tmpl|tpl|template|in|erb|mustache|hbs|bak|orig|dockerignore|svg|png)$/i;

export function namedKind(path: string): NamedKind | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (DOCKER_NAME.test(name) && !NO_DOCKER.test(name)) return 'docker';
  if (name.endsWith('.dockerignore')) return 'dockerignore';
  if (/\.(?:tf|tofu|tf\.json|tofu\.json)$/.test(name) || /^terraform\.tfvars$|\.auto\.tfvars$/.test(name))
    return 'terraform';
  if (/\.tfstate(?:\.backup)?$/.test(name)) return 'state';
  if (/\.(?:ya?ml|json)$/i.test(name) && !/^(?:package(?:-lock)?|composer|tsconfig|pnpm-lock)\b/.test(name))
    return 'yaml';
  return undefined;
}

const COMPOSE_NAME = /(?:^|[/._-])(?:docker-)?compose(?:[._-][\w.-]+)?\.ya?ml$/i;

const API_VERSION = Buffer.from('apiVersion');
const SERVICES = Buffer.from('services');
const AWS = Buffer.from('AWS::');
const RESOURCES = Buffer.from('Resources');

/** What YAML or JSON is about, by a search for the words that it must have: bytes, no parsing, no text. */
export function yamlKind(path: string, bytes: Uint8Array): 'kubernetes' | 'compose' | 'cloudformation' | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.includes(API_VERSION)) return 'kubernetes';
  if (buffer.includes(SERVICES) && (COMPOSE_NAME.test(path) || isComposeLike(path, buffer))) return 'compose';
  if (buffer.includes(AWS) && buffer.includes(RESOURCES)) return 'cloudformation';
  return undefined;
}

/** Compose files go by any name: `services:` in the first column, and images below it. */
function isComposeLike(path: string, buffer: Buffer): boolean {
  if (!/\.ya?ml$/i.test(path) || buffer.length > COMPOSE_BYTES_MAX) return false;
  if (!buffer.includes('image:') && !buffer.includes('build:')) return false;
  return /^services:[ \t]*(?:#.*)?\r?$/m.test(buffer.toString('latin1'));
}

/** No one writes a longer one by hand. */
const COMPOSE_BYTES_MAX = 256 * 1024;
