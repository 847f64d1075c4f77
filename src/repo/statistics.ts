import { sql } from 'kysely';
import { gitEnvironment, SERVING } from '../git/index.ts';
import { askGit } from '../source/index.ts';
import { type RepositoriesDeps, servedFolder } from './repositories.ts';
import type { RepoTables } from './tables.ts';

const KIB = 1024;

/** What an operator watches of one repository. */
export type RepositoryStatistics = {
  /** Of all objects on the disk. */
  readonly bytes: number;
  readonly packs: number;
  readonly packedObjects: number;
  readonly looseObjects: number;
  readonly refs: number;
};

export async function statisticsOf(deps: RepositoriesDeps, id: number): Promise<RepositoryStatistics> {
  const gitDir = await servedFolder(deps.folders, id);
  const env = gitEnvironment([...SERVING, ['safe.directory', gitDir]]);
  const { stdout } = await askGit({ path: deps.gitPath, env }, { gitDir, withoutIndex: true }, ['count-objects', '-v']);
  const told = new Map(
    stdout
      .toString('latin1')
      .split('\n')
      .map((line) => line.split(': ', 2))
      .map(([name = '', value = '']): [string, number] => [name, Number(value)]),
  );
  const of = (name: string) => told.get(name) ?? 0;
  const { rows } = await sql<{ refs: string }>`
    select count(*) as refs from repo_ref where repository_id = ${String(id)}`.execute(deps.db.as<RepoTables>());
  return {
    bytes: (of('size') + of('size-pack') + of('size-garbage')) * KIB,
    packs: of('packs'),
    packedObjects: of('in-pack'),
    looseObjects: of('count'),
    refs: Number(rows[0]?.refs ?? 0),
  };
}
