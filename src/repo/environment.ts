import { type ConfigEntry, gitEnvironment, SERVING } from '../git/index.ts';
import type { Folders } from './folder.ts';

/** Flaws of objects that old tools made and that harm nobody: common in histories of many years. */
const OLD_FLAWS = ['zeroPaddedFilemode', 'badTimezone', 'missingSpaceBeforeDate'];

/** What every git of this server is told about memory and disk. */
const BOUNDED: readonly ConfigEntry[] = [
  ['core.bigFileThreshold', '16m'],
  ['core.packedGitLimit', '256m'],
  ['core.packedGitWindowSize', '32m'],
  ['core.deltaBaseCacheLimit', '64m'],
  ['core.fsync', 'committed'],
  ['core.fsyncMethod', 'fsync'],
  ['core.logAllRefUpdates', 'false'],
  ['transfer.advertiseSID', 'false'],
];

const CHECKED: readonly ConfigEntry[] = [
  ['transfer.fsckObjects', 'true'],
  ['receive.fsckObjects', 'true'],
  ['fetch.fsckObjects', 'true'],
  ...OLD_FLAWS.flatMap((flaw): ConfigEntry[] => [
    [`receive.fsck.${flaw}`, 'warn'],
    [`fetch.fsck.${flaw}`, 'warn'],
  ]),
  // One pack for each push: one file to sync, and its objects are never spread over thousands of files.
  ['receive.unpackLimit', '1'],
  ['fetch.unpackLimit', '1'],
  ['transfer.unpackLimit', '1'],
];

/** For fetches: the commit of a run by its id, and clones without blobs. */
export function uploadEnvironment(gitDir: string) {
  return gitEnvironment([
    ...SERVING,
    ...BOUNDED,
    ['safe.directory', gitDir],
    ['uploadpack.allowReachableSHA1InWant', 'true'],
    ['uploadpack.allowFilter', 'true'],
    ['uploadpack.hideRefs', 'refs/sallyport'],
  ]);
}

/** For pushes: our hooks, every object looked at, a limit for the pack. */
export function receiveEnvironment(folders: Folders, gitDir: string, packBytesMax: number) {
  return gitEnvironment([
    ...SERVING,
    ...BOUNDED,
    ...CHECKED,
    ['safe.directory', gitDir],
    ['core.hooksPath', folders.hooks],
    ['receive.maxInputSize', String(Math.max(1, Math.floor(packBytesMax)))],
    ['receive.autogc', 'false'],
    ['receive.advertisePushOptions', 'false'],
    ['receive.updateServerInfo', 'false'],
    ['receive.shallowUpdate', 'false'],
    ['receive.denyCurrentBranch', 'ignore'],
    // The rules of the server decide all of this; here is what remains should they have a hole.
    ['receive.denyDeleteCurrent', 'refuse'],
  ]);
}

/** For an import: our hooks, and only the named way out. */
export function importEnvironment(folders: Folders, gitDir: string, more: readonly ConfigEntry[]) {
  return gitEnvironment([
    ...SERVING,
    ...BOUNDED,
    ...CHECKED,
    ['safe.directory', gitDir],
    ['core.hooksPath', folders.hooks],
    ['credential.helper', ''],
    ['core.sshCommand', 'false'],
    ['http.followRedirects', 'false'],
    ['http.lowSpeedLimit', '1024'],
    ['http.lowSpeedTime', '60'],
    ...more,
  ]);
}

/** For what is put together and taken away in between: no hook, one thread, objects on the disk before they count. */
export function maintenanceEnvironment(gitDir: string) {
  return gitEnvironment([
    ...SERVING,
    ...BOUNDED,
    ['safe.directory', gitDir],
    ['repack.writeBitmaps', 'false'],
    ['repack.updateServerInfo', 'false'],
    ['pack.writeReverseIndex', 'true'],
  ]);
}
