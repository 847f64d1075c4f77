/**
 * Owns: the language of workflow files: reading, checking, expressions, matrix, filters, action manifests, workflow
 * commands and env files, and the hoisting of outside text out of scripts (K13).
 * Never: does input or output, knows of runs, machines or people.
 */
export type { Contexts, Scope, Status } from './expressions.ts';
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
