/**
 * Owns: variables of repositories and of the organisation, what the `vars` context of a run has.
 * Never: holds a secret; says who may read or set one.
 */
export { type VariableTables, variableMigrations } from './tables.ts';
export {
  listVariables,
  removeVariable,
  setVariable,
  type Variable,
  type VariableDeps,
  type VariableScope,
  variablesFor,
} from './variables.ts';
