/**
 * Owns: the tables of artifacts and caches on the server: what there is, whose, and until when; quotas of each repository; retention.
 * Never: decides who may read or write them (`results` does), keeps their bytes, speaks to a client.
 */
export { openResultsTables, type ResultsTablesOptions, type ServerResults } from './open.ts';
export { type ResultsTables, resultsMigrations } from './tables.ts';
