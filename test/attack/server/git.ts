import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { until } from '../../product/product.ts';
import { APP, type Clone, isRefusal, OTHER, type Rig, type ServerAttack, takeOf } from './rig.ts';

const MIB = 1024 * 1024;

/** Where the refs of the server are, as somebody sees them who may. */
const refsOf = (clone: Clone): Promise<string> => clone.must(['ls-remote', 'origin']);

/** Each push must fail and leave the refs as they are. Tells which did not. */
async function refusedPushes(
  clone: Clone,
  pushes: readonly (readonly string[])[],
  why = /remote/,
): Promise<readonly string[]> {
  const before = await refsOf(clone);
  const passed: string[] = [];
  for (const args of pushes) {
    const done = await clone.git(['push', '-q', 'origin', ...args]);
    if (done.code === 0) passed.push(args.join(' '));
    // What the client itself would not send says nothing about the server.
    else if (!why.test(done.err)) passed.push(`${args.join(' ')}: for another reason: ${done.err.slice(-300)}`);
  }
  return (await refsOf(clone)) === before ? passed : [...passed, 'the refs changed'];
}

async function passedPushes(clone: Clone, pushes: readonly (readonly string[])[]): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const args of pushes) {
    const done = await clone.git(['push', '-q', 'origin', ...args]);
    if (done.code !== 0) failed.push(`${args.join(' ')}: ${done.err.slice(-200)}`);
  }
  return failed;
}

const verdict = (passed: readonly string[], failed: readonly string[]) => ({
  refused: passed.length === 0,
  succeeded: failed.length === 0,
  detail: [...passed.map((what) => `passed: ${what}`), ...failed.map((what) => `failed: ${what}`)].join('; '),
});

const refs: readonly ServerAttack[] = [
  {
    id: 'K11-direct-push',
    title: 'an owner pushes to the default branch without the setting',
    controls: ['K11'],
    async attempt(rig) {
      const clone = await rig.clone(APP, 'ada');
      await clone.write({ 'direct.txt': 'direct\n' });
      const passed = await refusedPushes(clone, [['HEAD:main'], ['--force', 'HEAD:main']]);
      await rig.restart('--unsafe-direct-push');
      return verdict(passed, await passedPushes(clone, [['HEAD:main']]));
    },
  },
  {
    id: 'K11-protected-refs',
    title: 'an owner rewrites and deletes the default branch, moves and deletes a tag, writes refs of the server',
    controls: ['K11'],
    async attempt(rig) {
      const clone = await rig.clone(APP, 'ada');
      await clone.must(['tag', 'v1']);
      await clone.must(['push', '-q', 'origin', 'v1']);
      const base = await clone.must(['rev-parse', 'HEAD']);
      const tree = await clone.must(['rev-parse', 'HEAD^{tree}']);
      const rewritten = await clone.must(['commit-tree', tree, '-m', 'rewritten']);
      const passed = await refusedPushes(clone, [
        ['--force', `${rewritten}:refs/heads/main`],
        [':refs/heads/main'],
        ['--force', `${rewritten}:refs/tags/v1`],
        [':refs/tags/v1'],
        [`${base}:refs/pull/1/head`],
        [`${base}:refs/sallyport/x`],
        ['--atomic', '--force', `${base}:refs/heads/free`, `${rewritten}:refs/heads/main`],
      ]);
      const next = await clone.must(['commit-tree', tree, '-p', base, '-m', 'next']);
      const failed = await passedPushes(clone, [
        [`${next}:refs/heads/main`],
        [`${rewritten}:refs/tags/v2`],
        [`${base}:refs/heads/side`],
        ['--force', `${rewritten}:refs/heads/side`],
        [':refs/heads/side'],
      ]);
      return verdict(passed, failed);
    },
  },
  {
    id: 'K11-role-push',
    title: 'somebody with write pushes to the default branch, a member without a role to any',
    controls: ['K11'],
    async attempt(rig) {
      const ada = await rig.clone(APP, 'ada');
      const head = await ada.must(['rev-parse', 'HEAD']);
      const bob = await rig.clone(APP, 'bob');
      await bob.write({ 'bob.txt': 'bob\n' });
      const passed = [...(await refusedPushes(bob, [['HEAD:main']]))];
      const mallory = await rig.clone(APP, 'mallory');
      const fetched = await mallory.git(['fetch', '-q', 'origin', 'main']);
      const pushed = await mallory.git(['push', '-q', 'origin', `${head}:refs/heads/taken`]);
      if (fetched.code === 0) passed.push('fetch by a stranger');
      if (pushed.code === 0 || (await refsOf(ada)).includes('refs/heads/taken')) passed.push('push by a stranger');
      return verdict(passed, await passedPushes(bob, [['HEAD:refs/heads/bob']]));
    },
  },
  {
    id: 'R4-forged-author',
    title: 'a commit that names the owner as its author and committer',
    controls: ['K11'],
    async attempt(rig) {
      const actorOf = async (as: 'ada' | 'bob', branch: string) => {
        const clone = await rig.clone(APP, as);
        const tree = await clone.must(['rev-parse', 'HEAD^{tree}']);
        const forged = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org'];
        const env = [
          'commit-tree',
          tree,
          '-p',
          'HEAD',
          '-m',
          `forged ${branch}\n\nSigned-off-by: ada <ada@example.org>`,
        ];
        const commit = await clone.must([...forged, ...env]);
        await clone.must(['push', '-q', 'origin', `${commit}:refs/heads/${branch}`]);
        const token = rig.people.ada;
        const run = await until(20_000, async () => {
          const listed = await rig.ask('GET', `/api/v1/repositories/${APP}/runs`, { token });
          const { items } = JSON.parse(listed.text) as {
            items: { id: number; ref: string; actor: { name?: string; id: string } }[];
          };
          return items.find(({ ref }) => ref.endsWith(branch));
        });
        const job = await takeOf(rig.runner, run.id);
        await rig.runner.finish(job);
        return [run.actor.name ?? run.actor.id, job.actor];
      };
      const forged = await actorOf('bob', 'authored-by-bob');
      const right = await actorOf('ada', 'authored-by-ada');
      return {
        refused: forged.every((name) => name === 'bob'),
        succeeded: right.every((name) => name === 'ada'),
        detail: `forged: ${forged.join(', ')}; right: ${right.join(', ')}`,
      };
    },
  },
];

/** A commit on a tree that no git would write. */
async function hostileCommit(clone: Clone, entries: readonly (readonly [string, string, string])[]): Promise<string> {
  const bytes = entries.map(([mode, name, oid]) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')]),
  );
  // Through a file: what goes to a program as text is no tree.
  const file = `${clone.folder}/.git/hostile-${randomBytes(4).toString('hex')}`;
  await writeFile(file, Buffer.concat(bytes));
  const tree = await clone.must(['hash-object', '-t', 'tree', '--literally', '-w', file]);
  return clone.must(['commit-tree', tree, '-m', 'hostile']);
}

const objects: readonly ServerAttack[] = [
  {
    id: 'K11-hostile-objects',
    title: 'trees with .git, .., links for .gitmodules, options as addresses of submodules',
    controls: ['K11'],
    async attempt(rig) {
      const clone = await rig.clone(APP, 'ada');
      const blob = await clone.must(['hash-object', '-w', '--stdin'], 'x\n');
      const option = await clone.must(
        ['hash-object', '-w', '--stdin'],
        '[submodule "a"]\n\tpath = a\n\turl = --upload-pack=touch /tmp/x\n',
      );
      const inner = await clone.must(['mktree'], `100644 blob ${blob}\tconfig\n`);
      const trees: readonly (readonly [string, string, string])[] = [
        ['40000', '.git', inner],
        ['40000', '.GIT', inner],
        ['40000', '..', inner],
        ['40000', '.', inner],
        ['100644', 'a/b', blob],
        ['40000', 'git~1', inner],
        ['40000', '.g\u200cit', inner],
        ['120000', '.gitmodules', blob],
        ['100644', '.gitmodules', option],
      ];
      const pushes: string[][] = [];
      for (const tree of trees) pushes.push([`${await hostileCommit(clone, [tree])}:refs/heads/hostile`]);
      const passed = await refusedPushes(clone, pushes, /remote: (fatal|error).*fsck/);
      const plain = await hostileCommit(clone, [['100644', 'plain', blob]]);
      return verdict(passed, await passedPushes(clone, [[`${plain}:refs/heads/plain`]]));
    },
  },
  {
    id: 'K21-git-bodies',
    title: 'a request to git that unpacks to a thousandfold, one that is no protocol, a path that leads out',
    controls: ['K21'],
    async attempt(rig) {
      const token = rig.people.ada;
      const bomb = gzipSync(Buffer.alloc(256 * MIB));
      const type = 'application/x-git-upload-pack-request';
      const post = (body: Buffer, headers: object) =>
        rig.ask('POST', `/${APP}.git/git-upload-pack`, { token, body, headers: { 'content-type': type, ...headers } });
      const answers = {
        bomb: await post(bomb, { 'content-encoding': 'gzip' }),
        noise: await post(randomBytes(4096), {}),
        path: await rig.ask('GET', `/acme/%2e%2e%2fapp.git/info/refs?service=git-upload-pack`, { token }),
        file: await rig.ask('GET', `/${APP}.git/objects/info/packs`, { token }),
        service: await rig.ask('GET', `/${APP}.git/info/refs?service=git-shell`, { token }),
      };
      const well = await (await rig.clone(APP, 'ada')).git(['ls-remote', 'origin']);
      const health = await rig.ask('GET', '/healthz');
      const wrong = Object.entries(answers).filter(([, answer]) => !isRefusal(answer));
      return {
        refused: wrong.length === 0,
        succeeded: well.code === 0 && health.status === 200,
        detail: wrong.map(([name, { status, text }]) => `${name}: ${status} ${text.slice(0, 100)}`).join('; '),
      };
    },
  },
  {
    id: 'K21-git-bomb',
    title: 'a tree of a few kilobytes that has ten thousand million paths',
    controls: ['K21'],
    async attempt(rig) {
      const clone = await rig.clone(APP, 'bob');
      const { main } = await bomb(clone);
      const started = performance.now();
      const pushed = await clone.git(['push', '-q', 'origin', `${main}:refs/heads/authored-bomb`]);
      const ms = performance.now() - started;
      const well = await answersWell(rig);
      return {
        refused: ms < 30_000 && well,
        succeeded: (await clone.git(['push', '-q', 'origin', 'HEAD:refs/heads/after'])).code === 0,
        detail: `push ${pushed.code} within ${Math.round(ms)} ms, well ${well}`,
      };
    },
  },
];

/** Ten trees of ten entries in each other. */
async function bomb(clone: Clone): Promise<{ readonly main: string }> {
  const blob = await clone.must(['hash-object', '-w', '--stdin'], 'boom\n');
  let line = (name: number) => `100644 blob ${blob}\tf${name}\n`;
  for (let depth = 0; depth < 10; depth += 1) {
    const lines = Array.from({ length: 10 }, (_, at) => line(at)).join('');
    const tree = await clone.must(['mktree'], lines);
    line = (name) => `040000 tree ${tree}\td${name}\n`;
  }
  const top = await clone.must(['mktree'], line(0));
  return { main: await clone.must(['commit-tree', top, '-p', 'HEAD', '-m', 'bomb']) };
}

/** Whether somebody else is served meanwhile. */
async function answersWell(rig: Rig): Promise<boolean> {
  const started = performance.now();
  const { status } = await rig.ask('GET', `/api/v1/repositories/${OTHER}/commits`, { token: rig.people.mallory });
  return status === 200 && performance.now() - started < 10_000;
}

export const attacks: readonly ServerAttack[] = [...refs, ...objects];
