import { mkdir, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { run } from '../test/product/product.ts';
import { type Figure, median } from './measure.ts';
import type { Bench } from './server.ts';

const ROUNDS = 5;
const FILES = 1_500;
const FILE_BYTES = 12_000;

/** The same repository over our server and over `file://`, in turn. */
export async function benchGit({ product, token }: Bench): Promise<readonly Figure[]> {
  const root = join(product.folder, 'git-bench');
  const source = join(root, 'source');
  await product.must(['repo', 'create', 'bench/git']);
  await mkdir(source, { recursive: true });
  const env = { ...product.env, GIT_CONFIG_COUNT: '0' };
  const basic = Buffer.from(`git:${token}`).toString('base64');
  const git = async (...args: readonly string[]) => {
    const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.org'];
    const all = [...identity, '-c', `http.extraHeader=Authorization: Basic ${basic}`, ...args];
    const started = performance.now();
    const done = await run('git', all, { cwd: source, env });
    if (done.code !== 0) throw new Error(`git ${args.join(' ')}: ${done.err}`);
    return performance.now() - started;
  };
  await git('init', '-q', '-b', 'main');
  for (let index = 0; index < FILES; index += 1) {
    await writeFile(join(source, `file-${index}.txt`), randomBytes(FILE_BYTES / 2).toString('hex'));
  }
  await git('add', '-A');
  await git('commit', '-q', '-m', 'all of it');
  const ours = `${product.url}/bench/git.git`;
  const plain = join(root, 'plain.git');
  await git('init', '-q', '--bare', plain);
  const theirs = `file://${plain}`;
  const times: { [name: string]: number[] } = { push: [], pushFile: [], clone: [], cloneFile: [] };
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      await writeFile(join(source, 'more.bin'), randomBytes(1_000_000));
      await git('add', '-A');
      await git('commit', '-q', '-m', `round ${round}`);
      const firsts = round === 0;
      const [own, other] = [await git('push', '-q', ours, 'HEAD:main'), await git('push', '-q', theirs, 'HEAD:main')];
      if (!firsts) {
        times['push']?.push(own);
        times['pushFile']?.push(other);
      }
      times['clone']?.push(await git('clone', '-q', '--bare', ours, join(root, `ours-${round}`)));
      times['cloneFile']?.push(await git('clone', '-q', '--bare', theirs, join(root, `theirs-${round}`)));
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  const figure = (name: string, own: readonly number[] = [], other: readonly number[] = []): Figure => ({
    name,
    value: median(own.map((value, index) => value / (other[index] ?? Number.NaN))),
    unit: 'x',
    judged: false,
    note: `${median(own).toFixed(0)} ms, over file:// ${median(other).toFixed(0)} ms`,
  });
  return [
    figure('clone of 9 MB in 1,500 files / over file://', times['clone'], times['cloneFile']),
    figure('push of 1 MB / over file://', times['push'], times['pushFile']),
  ];
}
