import { readFileSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { booleanInput, input, lineInput, rawInput, Refusal, variable, workspace } from './program.ts';

/** What one checkout is asked to do. Source: inputs of actions/checkout v7, action.yml and src/input-helper.ts. */
export type CheckoutSettings = {
  readonly repository: string;
  readonly isOwn: boolean;
  readonly serverUrl: string;
  readonly url: string;
  /** Sent to the server of the run, or to another one when it was given for it. */
  readonly token: string;
  /** '' when the commit alone counts. */
  readonly ref: string;
  readonly commit: string;
  readonly folder: string;
  readonly isClean: boolean;
  readonly filter: string;
  readonly sparse: readonly string[];
  readonly isCone: boolean;
  /** 0: the whole history of all branches and tags. */
  readonly depth: number;
  readonly withTags: boolean;
  readonly withProgress: boolean;
  readonly submodules: 'no' | 'yes' | 'recursive';
};

const SHA = /^(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$/;
const EVENT_BYTES_MAX = 32 * 1024 * 1024;

export function readCheckoutSettings(): CheckoutSettings {
  refuseUnsupported();
  const own = variable('GITHUB_REPOSITORY');
  const repository = input('repository') || own;
  if (!/^[A-Za-z0-9_][A-Za-z0-9_-]*\/[A-Za-z0-9._-]+$/.test(repository) || /\/\.{1,2}$/.test(repository)) {
    throw new Refusal(`Invalid repository '${repository.slice(0, 200)}'. Expected format {owner}/{repo}.`);
  }
  const isOwn = repository.toLowerCase() === own.toLowerCase();
  const ownServer = serverOf(variable('GITHUB_SERVER_URL') || 'https://github.com');
  const serverUrl = serverOf(input('github-server-url') || ownServer);
  const { ref, commit } = readRef(isOwn && serverUrl === ownServer);
  const settings: CheckoutSettings = {
    repository,
    isOwn: isOwn && serverUrl === ownServer,
    serverUrl,
    url: `${serverUrl}/${repository}`,
    token: tokenFor(serverUrl === ownServer),
    ref,
    commit,
    folder: readFolder(),
    isClean: booleanInput('clean', true),
    filter: readFilter(),
    sparse: lineInput('sparse-checkout'),
    isCone: booleanInput('sparse-checkout-cone-mode', true),
    depth: readDepth(),
    withTags: booleanInput('fetch-tags', false),
    withProgress: booleanInput('show-progress', true),
    submodules: readSubmodules(),
  };
  if (!settings.isOwn || input('ref') !== '') refuseUnsafePullRequest(settings);
  return settings;
}

function refuseUnsupported(): void {
  if (booleanInput('lfs', false)) {
    throw new Refusal(
      'lfs: true is not supported: the files of Git LFS are not served here. Fetch them in a step, from a host that .sallyport/egress.yml allows.',
    );
  }
  if (input('ssh-key') !== '') {
    throw new Refusal('ssh-key is not supported: a key on disk could be read by every later step. Use token instead.');
  }
}

/** Scheme and host of a server, without a path: what the token is bound to. */
function serverOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '') {
    throw new Refusal(`not the address of a server: '${text.slice(0, 200)}'`);
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** The job's own token never goes to another server; a token that was given for it does. */
function tokenFor(isOwnServer: boolean): string {
  const jobToken = input('job-token');
  const given = input('token');
  if (isOwnServer) return given || jobToken;
  return given === jobToken ? '' : given;
}

/** Only the white space that no ref can hold is cut: a longer cut would make a commit of a branch that is named so. */
function readRef(isOwn: boolean): { ref: string; commit: string } {
  const given = rawInput('ref').replace(/^[\t\n\v\f\r ]+|[\t\n\v\f\r ]+$/g, '');
  if (SHA.test(given)) return { ref: '', commit: given.toLowerCase() };
  if (given !== '') {
    if (isBadRef(given)) throw new Refusal(`not the name of a branch, tag or commit: '${given.slice(0, 200)}'`);
    return { ref: given, commit: '' };
  }
  if (!isOwn) return { ref: '', commit: '' };
  const ref = variable('GITHUB_REF');
  const commit = variable('GITHUB_SHA');
  return { ref: commit !== '' && ref !== '' && !ref.startsWith('refs/') ? `refs/heads/${ref}` : ref, commit };
}

/** What git refuses as the name of a ref, and what it could read as an option or a pattern. */
export function isBadRef(ref: string): boolean {
  return (
    ref.startsWith('-') ||
    ref.includes('..') ||
    ref.includes('@{') ||
    ref.includes('//') ||
    ref.endsWith('/') ||
    ref.endsWith('.') ||
    ref.endsWith('.lock') ||
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u0020\u007f~^:?*[\\]/.test(ref)
  );
}

function readFolder(): string {
  const root = resolve(workspace());
  const folder = resolve(root, input('path') || '.');
  const below = relative(root, folder);
  if (below.startsWith('..') || isAbsolute(below)) {
    throw new Refusal(`Repository path '${folder}' is not under '${root}'`);
  }
  return folder;
}

function readFilter(): string {
  const filter = input('filter');
  if (filter !== '' && !/^[a-z]+(?::[A-Za-z0-9:=.,+%/_-]+)?$/.test(filter)) {
    throw new Refusal(`not a filter of git: '${filter.slice(0, 200)}'`);
  }
  return filter === 'null' ? '' : filter;
}

function readDepth(): number {
  const text = input('fetch-depth') || '1';
  if (!/^\d{1,9}$/.test(text)) throw new Refusal(`fetch-depth must be a whole number, not '${text.slice(0, 20)}'`);
  return Number(text);
}

function readSubmodules(): CheckoutSettings['submodules'] {
  const text = input('submodules').toLowerCase();
  if (text === 'recursive') return 'recursive';
  if (text === 'true') return 'yes';
  if (text === '' || text === 'false') return 'no';
  throw new Refusal(`submodules must be true, false or recursive, not '${text.slice(0, 20)}'`);
}

/**
 * Refuses the code of a fork in runs that have more power than the fork.
 * Source: actions/checkout v7, src/unsafe-pr-checkout-helper.ts.
 */
function refuseUnsafePullRequest(settings: CheckoutSettings): void {
  if (booleanInput('allow-unsafe-pr-checkout', false)) return;
  const eventName = variable('GITHUB_EVENT_NAME');
  if (eventName !== 'pull_request_target' && eventName !== 'workflow_run') return;
  const event = readEvent();
  const base = member(event, 'repository.id');
  const isTarget = eventName === 'pull_request_target';
  const from = isTarget ? 'pull_request.head.repo' : 'workflow_run.head_repository';
  const head = member(event, `${from}.id`);
  if (typeof head !== 'number' || head === base) return;
  const shas = isTarget
    ? ['pull_request.head.sha', 'pull_request.merge_commit_sha']
    : ['workflow_run.head_commit.id', 'workflow_run.head_sha'];
  const name = member(event, `${from}.full_name`);
  const isForkRepository = typeof name === 'string' && name.toLowerCase() === settings.repository.toLowerCase();
  const isPullRef = /^refs\/pull\/[0-9]+\/(?:head|merge)$/.test(settings.ref);
  const isForkCommit = settings.commit !== '' && shas.some((sha) => member(event, sha) === settings.commit);
  if (!isForkRepository && !isPullRef && !isForkCommit) return;
  throw new Refusal(
    `Refusing to check out the code of a fork in a '${eventName}' run: it would run with the rights of this repository. ` +
      "Set 'allow-unsafe-pr-checkout: true' on the checkout step only after weighing that.",
  );
}

function readEvent(): unknown {
  const bytes = readFileSync(variable('GITHUB_EVENT_PATH'));
  if (bytes.length > EVENT_BYTES_MAX) throw new Refusal('the event is too large to read');
  return JSON.parse(bytes.toString('utf8'));
}

function member(value: unknown, path: string): unknown {
  let here: unknown = value;
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = Object.getOwnPropertyDescriptor(here, key)?.value;
  }
  return here;
}
