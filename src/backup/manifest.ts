import { z } from 'zod';

/** Of the archive's layout. */
export const BACKUP_VERSION = 1;

/** The first entry: what the rest needs to be understood. */
export const backupManifest = z.strictObject({
  version: z.literal(BACKUP_VERSION),
  release: z.string().max(100),
  createdAt: z.iso.datetime(),
  /** Of the database, in order: the tables have the form that these give them. */
  migrations: z.array(z.string().max(200)).max(1000),
  /** Last values of sequences: numbers are never given twice. */
  sequences: z.record(z.string().max(200), z.string().regex(/^\d{1,19}$/)),
});
export type BackupManifest = z.infer<typeof backupManifest>;

/** The last entry: without it the export did not come to its end. */
export const backupEnd = z.strictObject({
  rows: z.record(z.string().max(200), z.int().nonnegative()),
  repositories: z.int().nonnegative(),
  files: z.int().nonnegative(),
});
export type BackupEnd = z.infer<typeof backupEnd>;
