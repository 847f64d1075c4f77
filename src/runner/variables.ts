import type { Data, DataObject } from '../base/index.ts';
import type { Session, Variable } from './session.ts';

/**
 * Members of the `github` context that become GITHUB_* variables.
 * Source: actions/runner, src/Runner.Worker/GitHubContext.cs.
 */
const GITHUB_VARIABLES = [
  'action',
  'action_path',
  'action_ref',
  'action_repository',
  'actor',
  'actor_id',
  'api_url',
  'base_ref',
  'event_name',
  'event_path',
  'graphql_url',
  'head_ref',
  'job',
  'ref',
  'ref_name',
  'ref_protected',
  'ref_type',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'retention_days',
  'run_attempt',
  'run_id',
  'run_number',
  'secret_source',
  'server_url',
  'sha',
  'triggering_actor',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'workspace',
] as const;

/** The whole environment of a process of a step. Later entries win, the runner's own names win over everything. */
export function processEnvironment(
  session: Session,
  github: DataObject,
  variables: ReadonlyMap<string, Variable>,
  additions: { readonly [name: string]: string },
): { [name: string]: string } {
  const env: { [name: string]: string } = {
    LANG: 'C.UTF-8',
    HOME: session.paths.home,
    USER: 'runner',
    LOGNAME: 'runner',
    SHELL: '/bin/bash',
    ...session.toolchain.variables,
  };
  for (const [name, variable] of variables) env[name] = variable.value;
  const path = variables.get('PATH')?.value ?? session.toolchain.searchPath;
  env['PATH'] = [...session.searchPath, path].join(':');
  env['CI'] = variables.get('CI')?.value ?? 'true';
  Object.assign(env, githubVariables(github), runnerVariables(session), additions);
  return env;
}

function githubVariables(github: DataObject): { [name: string]: string } {
  const env: { [name: string]: string } = { GITHUB_ACTIONS: 'true' };
  for (const name of GITHUB_VARIABLES) {
    const value = github[name];
    if (value !== undefined && value !== null) env[`GITHUB_${name.toUpperCase()}`] = scalarText(value);
  }
  return env;
}

function runnerVariables(session: Session): { [name: string]: string } {
  const env: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(session.runner)) env[`RUNNER_${name.toUpperCase()}`] = scalarText(value);
  env['AGENT_TOOLSDIRECTORY'] = session.paths.toolCache;
  return env;
}

function scalarText(value: Data): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' ? '' : String(value);
}

/** `INPUT_*` names as the toolkit's `getInput` reads them. */
export function inputVariables(inputs: { readonly [name: string]: string }): { [name: string]: string } {
  const env: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(inputs)) env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`] = value;
  return env;
}
