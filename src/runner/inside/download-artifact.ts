/**
 * `actions/download-artifact`: downloads artifacts of this run, compares their digest, and unpacks them as data (K29).
 * The argument is the major version that was asked for: 4 puts a lone artifact without a name into a folder of its own.
 * Inputs and their meaning: action.yml and src of actions/download-artifact v8.
 */
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compileNamePattern } from './name-pattern.ts';
import {
  booleanInput,
  info,
  input,
  programArguments,
  Refusal,
  runAction,
  setOutput,
  variable,
  warning,
  workspace,
} from './program.ts';
import {
  call,
  closeConnections,
  download,
  type Downloaded,
  listArtifacts,
  type ListedArtifact,
  textMember,
} from './results-client.ts';
import { unzip } from './unzip.ts';

const ARTIFACT_BYTES_MAX = 10 * 1024 ** 3;
const MISMATCH = ['ignore', 'info', 'warn', 'error'] as const;
const ZIP_TYPES = ['application/zip', 'application/x-zip-compressed', 'application/zip-compressed'];

await runAction(async () => {
  const name = input('name');
  const mismatch = mismatchBehaviour();
  if (name !== '' && input('artifact-ids') !== '') {
    throw new Refusal("Inputs 'name' and 'artifact-ids' cannot be used together. Please specify only one.");
  }
  refuseOtherRun();
  const path = destination();
  const artifacts = await choose(name);
  if (artifacts.length > 0) info('Preparing to download the following artifacts:');
  for (const one of artifacts)
    info(`- ${one.name} (ID: ${one.id}, Size: ${one.bytes}, Expected Digest: ${one.digest})`);
  const isFlat =
    name !== '' || booleanInput('merge-multiple', false) || (artifacts.length === 1 && programArguments()[0] !== '4');
  for (const one of artifacts) await fetchOne(one, isFlat ? path : join(path, one.name), mismatch);
  info(`Total of ${artifacts.length} artifact(s) downloaded`);
  setOutput('download-path', path);
  closeConnections();
});

function mismatchBehaviour(): (typeof MISMATCH)[number] {
  const text = input('digest-mismatch') || 'error';
  const found = MISMATCH.find((one) => one === text);
  if (found === undefined)
    throw new Refusal(`Invalid value for 'digest-mismatch': '${text}'. Valid options are: ${MISMATCH.join(', ')}`);
  return found;
}

/** A token only means something for another run or repository, and those are not served here. */
function refuseOtherRun(): void {
  const repository = input('repository');
  const run = input('run-id');
  const isOwn =
    (repository === '' || repository.toLowerCase() === variable('GITHUB_REPOSITORY').toLowerCase()) &&
    (run === '' || run === variable('GITHUB_RUN_ID'));
  if (isOwn) return;
  throw new Refusal(
    `Artifacts of another run are not available here: run ${run} of ${repository}. Only those of this run are served.`,
  );
}

function destination(): string {
  const path = input('path');
  if (path === '') return workspace();
  const expanded = path === '~' || path.startsWith('~/') ? `${variable('HOME')}${path.slice(1)}` : path;
  return resolve(workspace(), expanded);
}

async function choose(name: string): Promise<readonly ListedArtifact[]> {
  const all = await listArtifacts();
  if (name !== '') {
    const found = all.filter((one) => one.name === name);
    if (found.length === 0)
      throw new Refusal(
        `Artifact '${name}' not found in this run. It has: ${all.map((one) => one.name).join(', ') || 'none'}`,
      );
    return found.slice(0, 1);
  }
  const ids = input('artifact-ids');
  if (ids !== '') return chooseByIds(all, ids);
  const pattern = input('pattern');
  if (pattern === '') return all;
  info(`Filtering artifacts by pattern '${pattern}'`);
  const matches = compileNamePattern(pattern);
  return all.filter((one) => matches(one.name));
}

function chooseByIds(all: readonly ListedArtifact[], text: string): readonly ListedArtifact[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  if (ids.length === 0) throw new Refusal("No valid artifact IDs provided in 'artifact-ids' input");
  const bad = ids.find((id) => !/^\d{1,15}$/.test(id));
  if (bad !== undefined) throw new Refusal(`Invalid artifact ID: '${bad}'. Must be a number.`);
  const found = all.filter((one) => ids.includes(String(one.id)));
  if (found.length === 0) throw new Refusal('None of the provided artifact IDs were found');
  const missing = ids.filter((id) => !found.some((one) => String(one.id) === id));
  if (missing.length > 0) warning(`Could not find the following artifact IDs: ${missing.join(', ')}`);
  return found;
}

async function fetchOne(artifact: ListedArtifact, folder: string, mismatch: (typeof MISMATCH)[number]): Promise<void> {
  const { id: _id, bytes: _bytes, digest, ...named } = artifact;
  const signed = await call('ArtifactService', 'GetSignedArtifactURL', named);
  const draft = await mkdtemp(join(variable('RUNNER_TEMP') || '/tmp', 'artifact-'));
  try {
    const file = join(draft, 'content');
    const got = await download(textMember(signed, 'signed_url'), file, ARTIFACT_BYTES_MAX);
    checkDigest(artifact.name, digest, got, mismatch);
    await mkdir(folder, { recursive: true });
    if (ZIP_TYPES.includes(got.type) && !booleanInput('skip-decompress', false)) {
      info(`Unpacked ${await unzip(file, folder)} file(s) of ${artifact.name} into ${folder}`);
    } else await place(file, join(folder, safeName(got.fileName || artifact.name)));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Before anything is unpacked. An artifact without a digest has nothing to be compared with, and that counts as one. */
function checkDigest(name: string, wanted: string, got: Downloaded, mismatch: (typeof MISMATCH)[number]): void {
  info(`SHA256 digest of downloaded artifact is ${got.sha256}`);
  if (wanted === `sha256:${got.sha256}`) return;
  const message = `Artifact '${name}' digest validation failed. Please verify the integrity of the artifact.`;
  switch (mismatch) {
    case 'ignore':
      return;
    case 'info':
      return info(message);
    case 'warn':
      return warning(message);
    case 'error':
      throw new Refusal(
        `${message} Expected ${wanted || 'none'}. Use 'digest-mismatch: warn' to continue on mismatch.`,
      );
  }
}

function safeName(name: string): string {
  if (name === '.' || name === '..' || /[/\\\0]/.test(name))
    throw new Refusal(`not the name of a file: ${name.slice(0, 200)}`);
  return name;
}

async function place(from: string, to: string): Promise<void> {
  const old = await lstat(to).catch(() => undefined);
  if (old?.isDirectory() === true) throw new Refusal(`${to} is in the way: it is a folder`);
  // Removed, not truncated: a link would hand the bytes on to another file.
  if (old !== undefined) await rm(to);
  await copyFile(from, to, constants.COPYFILE_EXCL);
  info(`Placed ${to}`);
}
