import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Attack } from '../attack.ts';
import { BREACH, bash, cut, makeFolder, onHost, type Ran } from '../arena.ts';
import { isSuccess } from '../sandbox-arms.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const WORKFLOW = `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: git clone -q "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" out && cat out/secret.txt
`;

type Packed = { readonly folder: string; readonly dot: string; readonly theirs: string };

/** A private repository of the person, and beside it a folder that somebody packed. */
async function arm(
  plant: (packed: Packed) => string,
  act: (folder: string, place: string) => Promise<Ran>,
): Promise<Ran> {
  using place = makeFolder();
  const folder = path.join(place.folder, 'packed');
  const theirs = path.join(place.folder, 'private/.git');
  const dot = path.join(folder, '.git');
  mkdirSync(path.join(folder, '.github/workflows'), { recursive: true });
  writeFileSync(path.join(folder, '.github/workflows/ci.yml'), WORKFLOW);
  const identity = 'git -c init.defaultBranch=main -c user.name=a -c user.email=a@example.org';
  const make = `${identity} init -q private && cd private && echo ${BREACH} > secret.txt && git add . && ${identity} commit -qm secret`;
  await onHost(bash(`${make}; cd ..; ${plant({ folder, dot, theirs })}`), { cwd: place.folder });
  if (!existsSync(dot)) throw new TypeError('the attack could not be set up');
  return await act(folder, place.folder);
}

function packed(id: string, title: string, plant: (packed: Packed) => string): Attack {
  return {
    id: `K29-${id}`,
    title,
    controls: ['K29'],
    product: async () => {
      const ran = await arm(plant, (folder, place) =>
        onHost([process.execPath, path.join(ROOT, 'src/bin/main.ts'), 'run', '-C', folder], {
          env: { XDG_STATE_HOME: path.join(place, 'state'), XDG_CACHE_HOME: path.join(place, 'cache') },
        }),
      );
      return {
        refused: ran.output.includes('engine/repository-foreign') && !ran.output.includes(BREACH),
        detail: cut(ran),
      };
    },
    control: async () => isSuccess(await arm(plant, (folder) => onHost(bash(`git -C ${folder} show main:secret.txt`)))),
  };
}

/** Folders with a `.git` that leads to another repository of the person who unpacks them. */
export const attacks: readonly Attack[] = [
  packed(
    'packed-gitdir',
    'a packed folder whose .git file names a private repository',
    ({ dot, theirs }) => `echo "gitdir: ${theirs}" > ${dot}`,
  ),
  packed(
    'packed-link',
    'a packed folder whose .git is a link to a private repository',
    ({ dot, theirs }) => `ln -s ${theirs} ${dot}`,
  ),
  packed(
    'packed-commondir',
    'a packed folder that claims to be a work tree of a private repository',
    ({ dot, theirs }) =>
      `mkdir ${dot}; echo ref: refs/heads/main > ${dot}/HEAD; echo ${theirs} > ${dot}/commondir; echo ${dot} > ${dot}/gitdir`,
  ),
  packed(
    'packed-alternates',
    'a packed folder that borrows the objects of a private repository',
    ({ folder, dot, theirs }) =>
      `git init -q ${folder}; echo ${theirs}/objects > ${dot}/objects/info/alternates; ln -s ${theirs}/refs/heads/main ${dot}/refs/heads/main; git -C ${folder} symbolic-ref HEAD refs/heads/main`,
  ),
];
