/**
 * Owns: the language of workflow files: reading, checking, expressions, matrix, filters, action manifests, workflow
 * commands and env files, and the hoisting of outside text out of scripts (K13).
 * Never: does input or output, knows of runs, machines or people.
 */
export { type CommandLine, type CommandPlace, CommandStream, parseCommand, type WorkflowCommand } from './commands.ts';
export {
  type ArtifactSubject,
  ENV_FILE_BYTES_MAX,
  ENV_VALUE_BYTES_MAX,
  type EnvFile,
  type EnvFileEntry,
  type EnvFileKind,
  type EnvFilePolicy,
  isLoaderVariable,
  loaderReason,
  parseEnvFile,
} from './env-file.ts';
export {
  type CallPlace,
  checkCall,
  jobPermissions,
  type LoadCallsOptions,
  loadCalls,
  type WorkflowTree,
} from './calls.ts';
export type { Contexts, Scope, Status } from './expressions.ts';
export { looselyEqual } from './expressions-data.ts';
export {
  evaluate,
  evaluateBoolean,
  evaluateCondition,
  evaluateExpression,
  evaluateNumber,
  evaluateText,
} from './expressions-evaluate.ts';
export { expressionReferences, type Reference } from './expressions-references.ts';
export { templateExpression } from './expressions-template.ts';
export { type ExpressionTree, expressionTree, valueReferences } from './expressions-tree.ts';
export { compilePattern, matchesTrigger, type Pattern, type TriggerFacts } from './filter.ts';
export { expandMatrix, type MatrixJob, matrixJobName, matrixJobs } from './matrix.ts';
export {
  checkScript,
  type HoistPart,
  type HoistRefusal,
  type Hoisting,
  hoistScript,
  type ScriptPart,
  type ShellKind,
} from './hoist.ts';
export { type GithubReach, githubReach, isInfluenced, isInfluencedValue } from './influence.ts';
export { FILE_BYTES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX } from './limits.ts';
export type {
  ActionManifest,
  CallJob,
  CancelStep,
  Concurrency,
  Condition,
  Defaults,
  Diagnostic,
  Environment,
  Influence,
  InputDefinition,
  Job,
  Maybe,
  NormalJob,
  ParallelStep,
  Permissions,
  Position,
  Reading,
  RunsOn,
  RunStep,
  SecretDefinition,
  Step,
  Strategy,
  Template,
  TemplatePart,
  Tree,
  TreeEntry,
  TreeMapping,
  TreeSequence,
  Trigger,
  UsesReference,
  UsesStep,
  WaitAllStep,
  WaitStep,
  Workflow,
} from './model.ts';
export { PERMISSION_SCOPES } from './model.ts';
export { ancestorsOf, jobOrder } from './needs.ts';
export {
  defaultPermissions,
  narrowPermissions,
  type PermissionViolation,
  permissionsForAll,
  permissionViolations,
} from './permissions.ts';
export { createReader, type ReaderOptions, type WorkflowReader } from './reader.ts';
export { parseUses } from './uses.ts';
export { isKnownActionOwner, nearestAction } from './known-actions.ts';
