/**
 * Owns: finding flaws in program code: grammars, the intermediate form, the analysis of how values flow, the form of rules.
 * Never: opens a file of the tree, runs code, knows dependencies or workflow files.
 */
export { type CodeSettings, createCodeScanner, loadRules } from './scanner.ts';
