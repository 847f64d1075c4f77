import { readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { excerpt, faultsOf, reasonOf } from '../base/index.ts';

export const fault = faultsOf('settings', {
  invalid: { status: 400, help: 'Correct the setting; docs/operate/server.md lists all of them.' },
  'in-use': { status: 409, help: 'End the other server first: sallyport up serves one folder of data once.' },
  'database-missing': {
    status: 503,
    help: 'Install with optional packages (npm install --include=optional), or give DATABASE_URL a PostgreSQL of your own.',
  },
  'other-keys': {
    status: 409,
    help: 'Database and folder of the data belong together: put back the one that was exchanged, or restore both from one backup.',
  },
  'keys-unreadable': {
    status: 400,
    help: 'Name the public keys with --keys (public-keys.json of the folder of the data), checkpoints as the log serves them.',
  },
  unreadable: { status: 400, help: 'Name a readable YAML file with --config, or leave it out.' },
});

const address = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/, 'write HOST:PORT');
const path = z.string().min(1);

/** Sign-in by a provider of OpenID Connect. */
const oidcSchema = z.strictObject({
  /** As the provider calls itself: what it says has to name the same. */
  issuer: z.url({ protocol: /^https?$/ }),
  client_id: z.string().min(1).max(500),
  /** A file with nothing but the secret: it stands in no settings, and in no list of processes. */
  client_secret_file: path,
  /** What the button says. */
  name: z.string().min(1).max(60).default('single sign-on'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/))
    .max(20)
    .default(['openid', 'profile']),
  group_claim: z.string().min(1).max(100).default('groups'),
  /** Group at the provider to the name of a team here, which then follows it. */
  teams: z.record(z.string().min(1).max(200), z.string().min(1).max(39)).default({}),
  /** Who becomes a member by signing in. */
  join: z.enum(['teams', 'everybody', 'nobody']).default('teams'),
  /** The issuer lies in the own network or on this machine, perhaps without TLS. Named for what it is. */
  unsafe_inside_issuer: z.boolean().default(false),
});

/** Everything that can be set. A key that is not here stops the start: a slip of the pen must not be a default. */
const settingsSchema = z.strictObject({
  /** Folder of everything that the server keeps. */
  data: path,
  /** Where it listens. Anything but loopback wants TLS, here or in a proxy. */
  listen: address,
  /** How people and runners reach it. */
  url: z.url({ protocol: /^https?$/ }),
  /** A PostgreSQL of your own instead of the one that comes along. */
  database_url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'write postgres://…')
    .exactOptional(),
  tls_certificate: path.exactOptional(),
  tls_key: path.exactOptional(),
  /** Addresses of proxies in front that end TLS: their `X-Forwarded-For` is believed. */
  trust_proxy: z.array(z.string().regex(/^[0-9a-fA-F.:]{2,45}$/, 'write an IP address')).max(20),
  /** The runner inside: whether there is one, and how many jobs it runs at once. */
  runner: z.boolean(),
  runner_jobs: z.int().min(1).max(256),
  /** Bare repositories, from which actions are taken instead of from GitHub. */
  actions_mirror: path.exactOptional(),
  /** Jobs of one repository that wait or run at once. */
  repository_jobs_max: z.int().min(1).max(100_000),
  log_retention_days: z.int().min(1).max(3650),
  /** Runs themselves, once their logs are gone. Without it they stay always. */
  run_retention_days: z.int().min(1).max(36_500).exactOptional(),
  artifact_retention_days: z.int().min(1).max(400),
  /** What caches, and artifacts, of one repository may take at each trust level. */
  repository_cache_mib_max: z.int().min(1).max(10_240),
  repository_artifact_mib_max: z.int().min(1).max(10_240),
  /** A bucket for artifacts, caches and old logs, instead of files: the address of its S3 service. */
  s3_endpoint: z.url({ protocol: /^https?$/ }).exactOptional(),
  s3_bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'write the name of a bucket')
    .exactOptional(),
  s3_region: z.string().regex(/^[a-z0-9-]{1,40}$/),
  /** Before every key: several installations in one bucket have each its own. */
  s3_prefix: z
    .string()
    .regex(/^([a-z0-9][a-z0-9._-]{0,60}\/){0,4}$/, 'write nothing, or names that each end with a slash'),
  /** Id and secret of the key, a line each, readable by the server alone. */
  s3_key_file: path.exactOptional(),
  /** A collector of OpenTelemetry, which gets every run as a trace at `/v1/traces`. */
  otlp_url: z
    .url({ protocol: /^https?$/ })
    .refine((text) => !text.includes('@'), 'no password in it')
    .exactOptional(),
  oidc: oidcSchema.exactOptional(),
  /** Owners may push to the default branch without review. Such runs are `branch`, and say why. */
  unsafe_direct_push: z.boolean(),
  /** A mail server. On port 465 it speaks TLS at once, on others after STARTTLS, without which nothing is sent. */
  smtp_host: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,253}$/, 'write a name of a host')
    .exactOptional(),
  smtp_port: z.int().min(1).max(65_535),
  smtp_user: z.string().min(1).exactOptional(),
  /** A file with nothing but the password. */
  smtp_password_file: path.exactOptional(),
  mail_from: z.email().exactOptional(),
  /** Mail goes over the network as it is: for a mail server on this machine. */
  unsafe_smtp_plain: z.boolean(),
  /** Names of hosts inside that webhooks may reach, at private addresses and over plain HTTP. */
  unsafe_webhook_hosts: z.array(z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/, 'write a name of a host')).max(50),
});
const partial = settingsSchema.partial();
type Given = z.infer<typeof partial>;

export type ServerSettings = Readonly<z.infer<typeof settingsSchema>>;

/** Variables of the environment, each for one setting. */
const VARIABLES = {
  SALLYPORT_DATA: 'data',
  SALLYPORT_LISTEN: 'listen',
  SALLYPORT_URL: 'url',
  DATABASE_URL: 'database_url',
  SALLYPORT_TLS_CERTIFICATE: 'tls_certificate',
  SALLYPORT_TLS_KEY: 'tls_key',
  SALLYPORT_TRUST_PROXY: 'trust_proxy',
  SALLYPORT_RUNNER: 'runner',
  SALLYPORT_RUNNER_JOBS: 'runner_jobs',
  SALLYPORT_OTLP_URL: 'otlp_url',
  SALLYPORT_ACTIONS_MIRROR: 'actions_mirror',
  SALLYPORT_UNSAFE_DIRECT_PUSH: 'unsafe_direct_push',
  SALLYPORT_SMTP_HOST: 'smtp_host',
  SALLYPORT_SMTP_PORT: 'smtp_port',
  SALLYPORT_SMTP_USER: 'smtp_user',
  SALLYPORT_SMTP_PASSWORD_FILE: 'smtp_password_file',
  SALLYPORT_MAIL_FROM: 'mail_from',
  SALLYPORT_UNSAFE_SMTP_PLAIN: 'unsafe_smtp_plain',
  SALLYPORT_UNSAFE_WEBHOOK_HOSTS: 'unsafe_webhook_hosts',
} as const satisfies { readonly [name: string]: keyof Given };

export type SettingsSources = {
  readonly environment: { readonly [name: string]: string | undefined };
  /** What the command line said, by setting. */
  readonly flags: { readonly [name: string]: unknown };
  /** `--config`; without it `sallyport.yml` in the folder of the data, when it is there. */
  readonly configFile?: string;
  /** The folder of the data, when nothing names another. */
  readonly dataDefault: string;
  /** Processors: so many jobs at once. */
  readonly processors: number;
  readonly cwd: string;
};

export type SettingSource = 'default' | 'file' | 'environment' | 'flag';

/** Where each setting that counts comes from. Faults as of `readSettings`. */
export async function settingSources(
  sources: SettingsSources,
  { data }: ServerSettings,
): Promise<{ readonly [name: string]: SettingSource }> {
  const file = await fromFile(
    sources.configFile === undefined ? undefined : resolve(sources.cwd, sources.configFile),
    data,
  );
  const given = (names: object, source: SettingSource) =>
    Object.fromEntries(Object.keys(names).map((name) => [name, source]));
  return {
    ...given(file, 'file'),
    ...given(fromEnvironment(sources.environment), 'environment'),
    ...given(sources.flags, 'flag'),
  };
}

/** Default < file < environment < flag. Throws `settings/invalid`, `settings/unreadable`. */
export async function readSettings(sources: SettingsSources): Promise<ServerSettings> {
  const { cwd } = sources;
  const environment = parse(partial, fromEnvironment(sources.environment), 'the environment');
  const flags = parse(partial, sources.flags, 'the command line');
  const data = resolve(cwd, flags.data ?? environment.data ?? sources.dataDefault);
  const file = await fromFile(sources.configFile === undefined ? undefined : resolve(cwd, sources.configFile), data);
  const given: Given = { ...file, ...environment, ...flags };
  const listen = given.listen ?? '127.0.0.1:8470';
  const settings: ServerSettings = settingsSchema.parse({
    runner: true,
    runner_jobs: Math.max(1, sources.processors),
    repository_jobs_max: 10_000,
    log_retention_days: 400,
    artifact_retention_days: 90,
    repository_cache_mib_max: 10_240,
    repository_artifact_mib_max: 10_240,
    trust_proxy: [],
    s3_region: 'us-east-1',
    s3_prefix: '',
    unsafe_direct_push: false,
    smtp_port: 587,
    unsafe_smtp_plain: false,
    unsafe_webhook_hosts: [],
    ...given,
    listen,
    data: given.data === undefined ? data : resolve(cwd, given.data),
    ...(given.actions_mirror === undefined ? {} : { actions_mirror: resolve(cwd, given.actions_mirror) }),
    url: given.url ?? urlOf(listen, given.tls_certificate !== undefined),
  });
  refuseHalves(settings);
  return settings;
}

/** Browsers take `localhost` for a safe place, and passkeys refuse bare addresses. */
function urlOf(listen: string, isTls: boolean): string {
  const port = listen.slice(listen.lastIndexOf(':') + 1);
  const host = isLoopback(listen) ? 'localhost' : listen.slice(0, listen.lastIndexOf(':'));
  return `${isTls ? 'https' : 'http'}://${host}:${port}`;
}

export function isLoopback(listen: string): boolean {
  return /^(127(\.\d{1,3}){3}|localhost|\[::1\]):/.test(listen);
}

function refuseHalves(settings: ServerSettings): void {
  if ((settings.tls_certificate === undefined) !== (settings.tls_key === undefined)) {
    throw fault('invalid', 'tls_certificate and tls_key belong together: one of them is missing');
  }
  if (!isLoopback(settings.listen) && settings.tls_certificate === undefined && settings.trust_proxy.length === 0) {
    throw fault(
      'invalid',
      `${settings.listen} is reached from other machines: give tls_certificate and tls_key, or trust_proxy behind a proxy that ends TLS`,
    );
  }
  const s3 = [settings.s3_endpoint, settings.s3_bucket, settings.s3_key_file];
  if (s3.some((one) => one !== undefined) && s3.includes(undefined)) {
    throw fault('invalid', 's3_endpoint, s3_bucket and s3_key_file belong together: one of them is missing');
  }
  if (settings.s3_endpoint !== undefined) refusePlainBucket(settings.s3_endpoint);
  const { oidc } = settings;
  if (oidc !== undefined && !oidc.unsafe_inside_issuer && !oidc.issuer.startsWith('https:')) {
    throw fault('invalid', `oidc.issuer is ${oidc.issuer}: a provider is reached by https`);
  }
  if (oidc !== undefined && !isAbsolute(oidc.client_secret_file)) {
    throw fault('invalid', 'oidc.client_secret_file must be an absolute path');
  }
  if ((settings.smtp_host === undefined) !== (settings.mail_from === undefined)) {
    throw fault('invalid', 'smtp_host and mail_from belong together: one of them is missing');
  }
  const { pathname, search } = new URL(settings.url);
  if (pathname !== '/' || search !== '') throw fault('invalid', `url is ${settings.url}: it has no path`);
}

/** Requests are signed, but what is in them could be read on the way. */
function refusePlainBucket(endpoint: string): void {
  const { protocol, hostname, pathname, search, username } = new URL(endpoint);
  if (protocol === 'http:' && !isLoopback(`${hostname}:0`)) {
    throw fault('invalid', `s3_endpoint is ${endpoint}: write https://, or an address of this machine`);
  }
  if (pathname !== '/' || search !== '' || username !== '') {
    throw fault('invalid', 's3_endpoint is the address of the service alone: the bucket has its own setting');
  }
}

function fromEnvironment(environment: SettingsSources['environment']): object {
  const given: Record<string, unknown> = {};
  for (const [variable, name] of Object.entries(VARIABLES)) {
    const text = environment[variable];
    if (text !== undefined && text !== '') given[name] = typed(name, text);
  }
  return given;
}

function typed(name: keyof Given, text: string): unknown {
  if (name === 'runner_jobs' || name === 'smtp_port') return /^\d+$/.test(text) ? Number(text) : text;
  if (name === 'trust_proxy' || name === 'unsafe_webhook_hosts') return text.split(',').map((part) => part.trim());
  if (name !== 'runner' && name !== 'unsafe_direct_push' && name !== 'unsafe_smtp_plain') return text;
  return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
}

async function fromFile(named: string | undefined, data: string): Promise<Given> {
  const file = named ?? join(data, 'sallyport.yml');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    if (named === undefined && thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return {};
    throw fault('unreadable', `${file}: ${reasonOf(thrown)}`, { cause: thrown });
  }
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw fault('unreadable', `${file}: ${problem.message.split('\n')[0] ?? ''}`);
  const given = parse(partial, document.toJS({ maxAliasCount: 0 }) ?? {}, file);
  for (const name of [
    'data',
    'tls_certificate',
    'tls_key',
    'actions_mirror',
    's3_key_file',
    'smtp_password_file',
  ] as const) {
    const value = given[name];
    if (value !== undefined && !isAbsolute(value)) throw fault('invalid', `${file}: ${name} must be an absolute path`);
  }
  return given;
}

function parse(schema: typeof partial, value: unknown, where: string): Given {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = issue?.path.join('.') ?? '';
  throw fault('invalid', excerpt(`${where}: ${name === '' ? '' : `${name}: `}${issue?.message ?? ''}`, 300));
}
