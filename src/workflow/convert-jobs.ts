import { checkMatrix } from './convert-matrix.ts';
import { convertSteps } from './convert-steps.ts';
import {
  conditionOf,
  isLiteral,
  literalEntries,
  maybeBoolean,
  maybeNumber,
  maybeText,
  member,
  present,
  textOf,
  textsOf,
} from './convert-values.ts';
import { Ids } from './ids.ts';
import { CONCURRENCY_GROUP_CHARACTERS_MAX } from './limits.ts';
import type {
  CallJob,
  Concurrency,
  Defaults,
  Environment,
  Job,
  NormalJob,
  Permissions,
  RunsOn,
  Strategy,
} from './model.ts';
import { findNeedsProblems } from './needs.ts';
import { permissionsForAll } from './permissions.ts';
import type { Problems } from './reader-problems.ts';
import {
  hasExpression,
  type LiteralToken,
  literalText,
  type MappingToken,
  type Token,
  treeOf,
} from './reader-tokens.ts';
import { parseUses } from './uses.ts';

/** Converts `jobs:` and checks ids and the graph of `needs`. */
export function convertJobs(token: Token | undefined, problems: Problems): readonly Job[] {
  if (token?.kind !== 'mapping') return [];
  const ids = new Ids();
  const jobs: Job[] = [];
  const needs: { id: string; needs: readonly LiteralToken[] }[] = [];
  for (const { name, key, value } of literalEntries(token)) {
    const wrong = ids.take(name);
    if (wrong !== undefined) problems.add(wrong.code, key.at, wrong.message);
    if (value.kind !== 'mapping') continue;
    jobs.push(jobOf(name, key, value, problems));
    needs.push({ id: name, needs: needsTokens(member(value, 'needs')) });
  }
  if (jobs.length === 0 && problems.count === 0) {
    problems.add('jobs-missing', token.at, 'The workflow must contain at least one job with no dependencies.');
  }
  if (problems.count === 0) findNeedsProblems(needs, token.at, problems);
  return jobs;
}

function needsTokens(token: Token | undefined): readonly LiteralToken[] {
  if (token === undefined) return [];
  return (token.kind === 'sequence' ? token.items : [token]).filter(isLiteral);
}

function jobOf(id: string, key: LiteralToken, job: MappingToken, problems: Problems): Job {
  const permissions = member(job, 'permissions');
  const base = present({
    id,
    name: maybeText(member(job, 'name')),
    needs: textsOf(member(job, 'needs')) ?? [],
    if: conditionOf(member(job, 'if'), 'job', job.at, problems),
    permissions: permissions === undefined ? undefined : permissionsOf(permissions),
    concurrency: concurrencyOf(member(job, 'concurrency'), problems),
    strategy: strategyOf(member(job, 'strategy'), problems),
    at: key.at,
  });
  const uses = member(job, 'uses');
  return uses === undefined ? normalJob(base, job, problems) : callJob(base, uses, job, problems);
}

type Base = Omit<NormalJob, 'kind' | 'runsOn' | 'outputs' | 'steps'>;

function normalJob(base: Base, job: MappingToken, problems: Problems): NormalJob {
  const tree = (name: string) => {
    const token = member(job, name);
    return token === undefined ? undefined : { value: treeOf(token), at: token.at };
  };
  const env = member(job, 'env');
  checkContainers(job, problems);
  return present({
    ...base,
    kind: 'job',
    runsOn: runsOnOf(member(job, 'runs-on'), job, problems),
    env: env === undefined ? undefined : treeOf(env),
    defaults: defaultsOf(member(job, 'defaults'), problems),
    environment: environmentOf(member(job, 'environment'), problems),
    outputs: literalEntries(member(job, 'outputs')).map(({ name, value }) => ({
      name,
      value: maybeText(value) ?? '',
      at: value.at,
    })),
    timeoutMinutes: maybeNumber(member(job, 'timeout-minutes')),
    cancelTimeoutMinutes: maybeNumber(member(job, 'cancel-timeout-minutes')),
    continueOnError: maybeBoolean(member(job, 'continue-on-error')),
    container: tree('container'),
    services: tree('services'),
    snapshot: snapshotOf(member(job, 'snapshot'), problems),
    steps: convertSteps(member(job, 'steps'), 'step', problems),
  });
}

function callJob(base: Base, uses: Token, job: MappingToken, problems: Problems): CallJob {
  const text = textOf(uses) ?? '';
  const reference = parseUses(text);
  if (reference === undefined || reference.kind === 'docker' || reference.path === '') {
    problems.add(
      'uses-invalid',
      uses.at,
      `Invalid workflow reference '${text}'`,
      'Write ./.github/workflows/name.yml or owner/repo/.github/workflows/name.yml@ref.',
    );
  }
  const secrets = member(job, 'secrets');
  return {
    ...base,
    kind: 'call',
    uses: text,
    usesAt: uses.at,
    with: literalEntries(member(job, 'with')).map(({ name, value }) => ({ name, value: treeOf(value), at: value.at })),
    secrets:
      secrets?.kind === 'string'
        ? 'inherit'
        : literalEntries(secrets).map(({ name, value }) => ({ name, value: maybeText(value) ?? '', at: value.at })),
  };
}

function runsOnOf(token: Token | undefined, job: MappingToken, problems: Problems): RunsOn {
  if (token === undefined) return { labels: null, at: job.at };
  if (token.kind !== 'mapping') return { labels: treeOf(token), at: token.at };
  refuseTemplates('runs-on', token, problems);
  const [group, labels] = [member(token, 'group'), member(token, 'labels')];
  if (group !== undefined) checkGroup(group, problems);
  return present({ labels: labels === undefined ? null : treeOf(labels), group: maybeText(group), at: token.at });
}

const GROUP_PREFIXES: ReadonlySet<string> = new Set(['org', 'organization', 'ent', 'enterprise']);

function checkGroup(token: Token, problems: Problems): void {
  const name = textOf(token);
  if (name === undefined) return;
  const [prefix = '', group, ...rest] = name.split('/');
  if (group === undefined) return;
  const invalid = `Invalid runs-on group name '${name}'.`;
  if (group === '' && rest.length === 0) problems.add('group-invalid', token.at, invalid);
  else if (rest.length > 0 || !GROUP_PREFIXES.has(prefix)) {
    const message = `${invalid} Please use 'organization/' or 'enterprise/' prefix to target a single runner group.`;
    problems.add('group-invalid', token.at, message);
  }
}

export function defaultsOf(token: Token | undefined, problems: Problems): Defaults | undefined {
  const run = member(token, 'run');
  if (run === undefined) return undefined;
  refuseTemplates('defaults.run', run, problems);
  return present({
    shell: maybeText(member(run, 'shell')),
    workingDirectory: maybeText(member(run, 'working-directory')),
  });
}

/**
 * Refuses an expression that gives a whole mapping, or a key of it, where GitHub evaluates it and we need the keys
 * before the job starts.
 */
function refuseTemplates(name: string, token: Token, problems: Problems): void {
  const keys = token.kind === 'mapping' ? token.entries.map(({ key }) => key) : [token];
  for (const key of keys) {
    if (isLiteral(key)) continue;
    const message = `An expression can't give the keys of \`${name}\``;
    problems.add('expression-not-allowed', key.at, message, 'Write the keys out and use expressions for their values.');
  }
}

/** Converts `concurrency:`; its text form is the group. */
export function concurrencyOf(token: Token | undefined, problems: Problems): Concurrency | undefined {
  if (token === undefined || token.kind === 'null') return undefined;
  if (token.kind === 'mapping') refuseTemplates('concurrency', token, problems);
  const group = token.kind === 'mapping' ? member(token, 'group') : token;
  const length = group === undefined ? 0 : (textOf(group)?.length ?? 0);
  if (length > CONCURRENCY_GROUP_CHARACTERS_MAX) {
    problems.add('name-too-long', token.at, 'Concurrency group name must be less than 400 characters');
  }
  return {
    group: maybeText(group) ?? '',
    cancelInProgress: maybeBoolean(member(token, 'cancel-in-progress')) ?? false,
    queue: textOf(member(token, 'queue')) === 'max' ? 'max' : 'single',
    at: token.at,
  };
}

function environmentOf(token: Token | undefined, problems: Problems): Environment | undefined {
  if (token === undefined) return undefined;
  if (token.kind !== 'mapping') {
    const name = maybeText(token) ?? '';
    return name === '' ? undefined : { name, deployment: true, at: token.at };
  }
  refuseTemplates('environment', token, problems);
  return present({
    name: maybeText(member(token, 'name')) ?? '',
    url: maybeText(member(token, 'url')),
    deployment: !(member(token, 'deployment')?.kind === 'boolean' && textOf(member(token, 'deployment')) === 'false'),
    at: token.at,
  });
}

/** Converts `permissions:`: a mapping, or `read-all`, `write-all`. */
export function permissionsOf(token: Token): Permissions {
  if (token.kind !== 'mapping') return permissionsForAll(textOf(token) === 'write-all' ? 'write' : 'read');
  return Object.fromEntries(
    literalEntries(token).flatMap(({ name, value }) => {
      const access = textOf(value);
      return access === 'read' || access === 'write' || access === 'none' ? [[name, access] as const] : [];
    }),
  );
}

function strategyOf(token: Token | undefined, problems: Problems): Strategy | undefined {
  if (token === undefined || token.kind === 'null') return undefined;
  refuseTemplates('strategy', token, problems);
  const matrix = member(token, 'matrix');
  if (matrix !== undefined) checkMatrix(matrix, problems);
  return present({
    matrix: matrix === undefined ? undefined : treeOf(matrix),
    failFast: maybeBoolean(member(token, 'fail-fast')) ?? true,
    maxParallel: maybeNumber(member(token, 'max-parallel')),
    at: token.at,
  });
}

function snapshotOf(token: Token | undefined, problems: Problems): NormalJob['snapshot'] {
  if (token === undefined) return undefined;
  const version = textOf(member(token, 'version'));
  if (version !== undefined && !/^\d{1,9}\.\*$/.test(version)) {
    problems.add('version-invalid', token.at, `Expected format '{major-version}.*' Actual '${version}'`);
  }
  conditionOf(member(token, 'if'), 'snapshot', token.at, problems);
  return { value: treeOf(token), at: token.at };
}

function checkContainers(job: MappingToken, problems: Problems): void {
  const container = member(job, 'container');
  if (container !== undefined) checkImage(container, false, problems);
  for (const { value } of literalEntries(member(job, 'services'))) checkImage(value, true, problems);
}

function checkImage(token: Token, isService: boolean, problems: Problems): void {
  if (hasExpression(token)) return;
  const image = token.kind === 'mapping' ? member(token, 'image') : token;
  const isMapping = token.kind === 'mapping';
  const text = image !== undefined && isLiteral(image) ? literalText(image) : '';
  const prefixed = text.startsWith('docker://');
  const empty = text === '' || text === 'docker://';
  if (empty && (prefixed || isService || isMapping))
    problems.add('image-missing', token.at, 'Container image cannot be empty');
}
