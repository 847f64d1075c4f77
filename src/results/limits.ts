/** Bounds of what one job may send to the results service. */
export type ResultsLimits = {
  /** A JSON request. Bytes. */
  readonly jsonBytesMax: number;
  /** A list of blocks: 50,000 of them at most. Bytes. */
  readonly blockListBytesMax: number;
  readonly blocksMax: number;
  /** One request body of content. The clients send at most 128 MiB at once. Bytes. */
  readonly blockBytesMax: number;
  readonly artifactBytesMax: number;
  readonly cacheBytesMax: number;
  /** What one job's unfinished uploads may hold together. Bytes. */
  readonly stagedBytesMax: number;
  readonly uploadsMax: number;
  /** Longest pause in a body, and longest time for a whole one. Milliseconds. */
  readonly bodyIdleMsMax: number;
  readonly bodyMsMax: number;
};

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

export const RESULTS_LIMITS: ResultsLimits = {
  jsonBytesMax: 64 * 1024,
  blockListBytesMax: 8 * MIB,
  blocksMax: 50_000,
  blockBytesMax: 256 * MIB,
  artifactBytesMax: 5 * GIB,
  cacheBytesMax: 5 * GIB,
  stagedBytesMax: 8 * GIB,
  uploadsMax: 64,
  bodyIdleMsMax: 30_000,
  bodyMsMax: 15 * 60_000,
};
