import type { DataObject, Log } from '../base/index.ts';
import type { CommitFiles } from '../engine/index.ts';
import type { Repository, ServerOrigin } from '../event/index.ts';
import { type RepositoryReader, repositoryById } from '../repo/index.ts';
import type { ServerEngineDeps } from './deps.ts';
import { variablesFor } from '../variable/index.ts';
import { fault } from './faults.ts';
import { commitFiles } from './files.ts';

/** A repository as events and plans see it. */
export type Place = {
  readonly repository: Repository;
  readonly reader: RepositoryReader;
  readonly files: CommitFiles;
  readonly vars: DataObject;
  readonly log: Log;
};

/** Fault: `runs/repository-missing`. */
export async function openPlace(deps: ServerEngineDeps, repositoryId: number): Promise<Place> {
  const row = await repositoryById(deps.db, repositoryId);
  if (row === undefined || row.state !== 'active') {
    throw fault('repository-missing', `repository ${repositoryId} is ${row?.state ?? 'not there'}`);
  }
  const { owner, name, defaultBranch } = row;
  const [ownerId, reader, vars] = await Promise.all([
    deps.ownerIdOf(owner),
    deps.readerOf(repositoryId),
    variablesFor(deps.db, repositoryId),
  ]);
  const repository = { owner, name, fullName: `${owner}/${name}`, id: repositoryId, ownerId, defaultBranch };
  return { repository, reader, files: commitFiles(reader), vars, log: deps.log };
}

export async function originOf(
  deps: ServerEngineDeps,
  { repository }: Place,
  actor: { readonly type: string; readonly id: string },
): Promise<ServerOrigin> {
  return { repository, actor: await deps.loginOf(actor), serverUrl: deps.serverUrl };
}
