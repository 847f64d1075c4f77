import type { ActionManifest, Condition, Position, Template, Tree } from '../workflow/index.ts';

/**
 * Actions that Sallyport brings along: programs of `src/runner/inside` instead of fetched code. Their inputs and outputs
 * are those of the official actions' current major versions; an input of a later version is accepted in an earlier one
 * as well. A commit instead of a version means the current one: no foreign code runs either way.
 */
export type BuiltinAction = {
  /** `runs.main` and `runs.post` hold the name of a program and its arguments, separated by spaces. */
  readonly manifest: ActionManifest;
};

type Inputs = {
  readonly [name: string]: { readonly required?: true; readonly default?: Tree; readonly deprecated?: string };
};

type Definition = {
  /** Major versions that these programs stand in for, the current one last. */
  readonly majors: readonly number[];
  readonly title: string;
  inputs(major: number): Inputs;
  readonly outputs: readonly string[];
  main(major: number): string;
  readonly post?: string;
  readonly postIf?: string;
};

const NOWHERE: Position = { line: 1, column: 1 };

function expression(text: string): Template {
  return { kind: 'template', parts: [{ expression: text, at: NOWHERE }], at: NOWHERE };
}

function condition(text: string): Condition {
  return { kind: 'condition', expression: text, at: NOWHERE };
}

const CACHE_INPUTS: Inputs = { path: { required: true }, key: { required: true } };
const CACHE_OUTPUTS = ['cache-hit', 'cache-primary-key', 'cache-matched-key'] as const;
const RESTORE_INPUTS: Inputs = {
  ...CACHE_INPUTS,
  'restore-keys': {},
  enableCrossOsArchive: { default: 'false' },
  'fail-on-cache-miss': { default: 'false' },
  'lookup-only': { default: 'false' },
};
const SAVE_INPUTS: Inputs = { ...CACHE_INPUTS, 'upload-chunk-size': {}, enableCrossOsArchive: { default: 'false' } };
const CACHE_MAJORS = [1, 2, 3, 4, 5] as const;

/** Built-in actions by `owner/repo` or `owner/repo/path`. */
export const BUILTIN_ACTIONS: { readonly [name: string]: Definition } = {
  'actions/checkout': {
    majors: [1, 2, 3, 4, 5, 6, 7],
    title: 'Checkout',
    inputs: (major) => ({
      repository: { default: expression('github.repository') },
      ref: {},
      // What was given, apart from the job's own: only that one may go to another server.
      token: { default: expression('github.token') },
      'job-token': { default: expression('github.token') },
      'ssh-key': {},
      'ssh-known-hosts': {},
      'ssh-strict': { default: 'true' },
      'ssh-user': { default: 'git' },
      'persist-credentials': { default: 'true' },
      path: {},
      clean: { default: 'true' },
      filter: {},
      'sparse-checkout': {},
      'sparse-checkout-cone-mode': { default: 'true' },
      'fetch-depth': { default: major === 1 ? '0' : '1' },
      'fetch-tags': { default: 'false' },
      'show-progress': { default: 'true' },
      lfs: { default: 'false' },
      submodules: { default: 'false' },
      'set-safe-directory': { default: 'true' },
      'github-server-url': {},
      'allow-unsafe-pr-checkout': { default: 'false' },
    }),
    outputs: ['ref', 'commit'],
    main: () => 'checkout',
  },
  'actions/cache': {
    majors: CACHE_MAJORS,
    title: 'Cache',
    inputs: () => ({
      ...RESTORE_INPUTS,
      ...SAVE_INPUTS,
      'save-always': {
        default: 'false',
        deprecated: 'save-always does not work as intended. Use actions/cache/restore and actions/cache/save instead.',
      },
    }),
    outputs: CACHE_OUTPUTS,
    main: () => 'cache main',
    post: 'cache post',
    postIf: 'success()',
  },
  'actions/cache/restore': {
    majors: CACHE_MAJORS,
    title: 'Restore cache',
    inputs: () => RESTORE_INPUTS,
    outputs: CACHE_OUTPUTS,
    main: () => 'cache restore',
  },
  'actions/cache/save': {
    majors: CACHE_MAJORS,
    title: 'Save cache',
    inputs: () => SAVE_INPUTS,
    outputs: [],
    main: () => 'cache save',
  },
  'actions/upload-artifact': {
    majors: [4, 5, 6, 7],
    title: 'Upload artifact',
    inputs: () => ({
      name: { default: 'artifact' },
      path: { required: true },
      'if-no-files-found': { default: 'warn' },
      'retention-days': {},
      'compression-level': { default: '6' },
      overwrite: { default: 'false' },
      'include-hidden-files': { default: 'false' },
      archive: { default: 'true' },
    }),
    outputs: ['artifact-id', 'artifact-url', 'artifact-digest'],
    main: () => 'upload-artifact',
  },
  'actions/download-artifact': {
    majors: [4, 5, 6, 7, 8],
    title: 'Download artifact',
    inputs: () => ({
      name: {},
      'artifact-ids': {},
      path: {},
      pattern: {},
      'merge-multiple': { default: 'false' },
      'github-token': {},
      repository: { default: expression('github.repository') },
      'run-id': { default: expression('github.run_id') },
      'skip-decompress': { default: 'false' },
      'digest-mismatch': { default: 'error' },
    }),
    outputs: ['download-path'],
    main: (major) => `download-artifact ${major}`,
  },
};

/**
 * The built-in action that stands in for `owner/repo/path@ref`, or nothing: another action, another version, or a branch.
 */
export function builtinFor(owner: string, repo: string, path: string, ref: string): BuiltinAction | undefined {
  const name = [owner, repo, ...path.split('/').filter((part) => part !== '')].join('/').toLowerCase();
  const definition = Object.hasOwn(BUILTIN_ACTIONS, name) ? BUILTIN_ACTIONS[name] : undefined;
  if (definition === undefined) return undefined;
  const major = majorOf(ref) ?? (/^[0-9a-f]{40}$/i.test(ref) ? definition.majors.at(-1) : undefined);
  return major !== undefined && definition.majors.includes(major)
    ? { manifest: manifestOf(definition, major) }
    : undefined;
}

/** `v4`, `v4.1`, `v4.1.2`, with or without `refs/tags/`. Pre-releases are other versions. */
function majorOf(ref: string): number | undefined {
  const digits = /^(?:refs\/tags\/)?v(\d{1,4})(?:\.\d+){0,2}$/.exec(ref)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function manifestOf(definition: Definition, major: number): ActionManifest {
  return {
    name: definition.title,
    inputs: Object.entries(definition.inputs(major)).map(([name, entry]) => ({
      name,
      required: entry.required === true,
      ...(entry.default === undefined ? {} : { default: entry.default }),
      ...(entry.deprecated === undefined ? {} : { deprecationMessage: entry.deprecated }),
    })),
    outputs: definition.outputs.map((name) => ({ name })),
    runs: {
      kind: 'javascript',
      using: 'node24',
      main: definition.main(major),
      preIf: condition('always()'),
      ...(definition.post === undefined ? {} : { post: definition.post }),
      postIf: condition(definition.postIf ?? 'always()'),
    },
  };
}
