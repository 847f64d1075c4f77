/**
 * Owns: the bytes of job logs: appended by offset, on the disk before they are acknowledged, read while they grow.
 * Never: reads what they say, decides who may read or write them.
 */
export type { LogArchive } from './archive.ts';
export { type JobLogs, JOB_LOG_LIMITS, type JobLogLimits, openJobLogs } from './logs.ts';
