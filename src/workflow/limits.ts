/** GitHub's limits of the language, and ours where GitHub has none. Over a limit is an error, never a cut. */

/** A workflow file or action manifest, UTF-8 bytes. */
export const FILE_BYTES_MAX = 512 * 1024;
/** YAML nodes after aliases were replaced by what they name: ends alias bombs. */
export const YAML_NODES_MAX = 50_000;
/** Nesting of sequences and mappings. */
export const YAML_DEPTH_MAX = 50;
/** Diagnostics of one file. What is wrong after so many mistakes is noise. */
export const DIAGNOSTICS_MAX = 50;
/** Characters of one expression, without its `${{ }}`. */
export const EXPRESSION_CHARACTERS_MAX = 21_000;
/** Characters that evaluating one expression, or one tree of them, may produce in all functions together. */
export const EVALUATION_CHARACTERS_MAX = 16 * 1024 * 1024;
/** Different `hashFiles` calls that one evaluation may wait for. */
export const HASH_FILES_CALLS_MAX = 64;
/** Characters of a job id, step id or matrix id: they are shorter than this. */
export const ID_CHARACTERS_MAX = 100;
/** Characters of a job's shown name; a longer one ends in `...`, as at GitHub. */
export const JOB_NAME_CHARACTERS_MAX = 100;
/** Memory of what one file is read to, counted as GitHub counts it: an alias costs as much as what it names. */
export const RESULT_BYTES_MAX = 10 * 1024 * 1024;
/** Characters of a concurrency group. */
export const CONCURRENCY_GROUP_CHARACTERS_MAX = 400;
/** Jobs that one matrix may give. */
export const MATRIX_JOBS_MAX = 256;
/** Combinations that a matrix may have before `exclude` takes some away. */
export const MATRIX_COMBINATIONS_MAX = 65_536;
/** Levels of reusable workflows, the calling one not counted. */
export const CALL_DEPTH_MAX = 10;
/** Jobs of a workflow with all the workflows that it calls. */
export const JOBS_MAX = 512;
/** Milliseconds that reading one file may take before the worker is replaced. */
export const READ_TIMEOUT_MS = 2_000;
/** Megabytes of heap of the reading worker. */
export const READ_HEAP_MB_MAX = 192;
/** Files that wait for one reader. More is a mistake of the caller. */
export const READ_QUEUE_MAX = 10_000;
/** Characters of one pattern of a filter. */
export const PATTERN_CHARACTERS_MAX = 1_024;
/** Patterns of one filter. */
export const PATTERNS_MAX = 1_000;

/** Limits of one file. The defaults are GitHub's or lower. */
export type FileLimits = { readonly bytesMax: number; readonly nodesMax: number; readonly depthMax: number };
export const FILE_LIMITS: FileLimits = { bytesMax: FILE_BYTES_MAX, nodesMax: YAML_NODES_MAX, depthMax: YAML_DEPTH_MAX };
