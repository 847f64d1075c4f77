/**
 * Owns: the one export of an installation: every table as of one moment, the objects of every repository, files, in an archive that
 * age encrypts; and the way back.
 * Never: holds a key, knows what a table means, serves anything before the audit log is proved.
 */
export { type ArchiveEntry, readArchive, writeArchive, type AddEntry } from './archive.ts';
export { exportFolder, importFile, pathOfEntry } from './files.ts';
export { exportRepository, importRepository, makeRepository, type PackTools, setRefs } from './packs.ts';
export { exportTables, importTables, migrationsOf, sequencesOf, type TableCounts, withSnapshot } from './tables.ts';
export { type BackupManifest, type BackupEnd, backupEnd, backupManifest, BACKUP_VERSION } from './manifest.ts';
