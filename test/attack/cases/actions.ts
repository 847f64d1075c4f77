import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { deflateSync } from 'node:zlib';
import { lockWorkflows, openActionStore, pinsOf } from '../../../src/actions/index.ts';
import { isFault, silentLog, systemClock } from '../../../src/base/index.ts';
import {
  createResultsHandler,
  memoryResults,
  type ResultsHandler,
  type ResultsScope,
} from '../../../src/results/index.ts';
import { createReader } from '../../../src/workflow/index.ts';
import { GIT, openMirror } from '../../support/git-mirror.ts';
import type { Attack } from '../attack.ts';

/** What a hostile commit holds: whoever reads it runs the attacker's code. */
const EVIL = 'EVIL-PAYLOAD';
const GOOD = 'honest';
const PROGRAM_MS_MAX = 60_000;
const MANIFEST = 'name: a\nruns: { using: node24, main: index.js }\n';

type Rig = ReturnType<typeof openMirror> & {
  readonly root: string;
  readonly store: Awaited<ReturnType<typeof openActionStore>>;
};

async function withRig<T>(use: (rig: Rig) => Promise<T> | T): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), 'attack-actions-'));
  try {
    const opened = openMirror(root);
    const store = await openActionStore({
      mirror: opened.mirror,
      allowRemote: false,
      dir: join(root, 'store'),
      git: GIT,
      clock: systemClock,
      log: silentLog,
    });
    return await use({ root, store, ...opened });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** What a runner without a lock does: clones the tag and runs what is there. */
function cloned(rig: Rig, name: string, ref: string): string {
  const folder = join(rig.root, `clone-${randomBytes(4).toString('hex')}`);
  rig.git(rig.root, 'clone', '-q', '--depth=1', '--branch', ref, `file://${join(rig.mirror, `${name}.git`)}`, folder);
  return readFileSync(join(folder, 'index.js'), 'utf8');
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'accepted';
  } catch (error) {
    return isFault(error) ? error.code : `unexpected: ${String(error)}`;
  }
}

const refusedWith = async (code: string, work: () => Promise<unknown>) => {
  const got = await codeOf(work);
  return { refused: got === code, detail: got };
};

/** An action with an honest tag; `move` is the attacker with a stolen token. */
function movable(rig: Rig) {
  const repository = rig.makeRepository('victim/action');
  repository.commit({ 'action.yml': MANIFEST, 'index.js': GOOD });
  repository.push('HEAD:refs/tags/v1', 'HEAD:refs/tags/v1.0.0');
  const move = () => {
    rig.git(repository.work, 'checkout', '-q', '--orphan', 'evil');
    repository.commit({ 'index.js': EVIL });
    repository.push('HEAD:refs/tags/v1', 'HEAD:refs/tags/v1.0.0', 'HEAD:refs/heads/main');
  };
  return { repository, move };
}

const movedTag: Attack = {
  id: 'R23-moved-tags',
  title: 'all tags of a popular action are moved to a commit with a payload',
  controls: ['K7'],
  control: () =>
    withRig((rig) => {
      movable(rig).move();
      const ran = cloned(rig, 'victim/action', 'v1');
      return { succeeded: ran === EVIL, detail: `the clone of v1 holds ${ran}` };
    }),
  product: () =>
    withRig(async (rig) => {
      const { move } = movable(rig);
      const reader = createReader();
      try {
        const text = 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ uses: victim/action@v1 }]\n';
        const reading = await reader.readWorkflow('ci.yml', text);
        if (!reading.ok) return { refused: false, detail: 'the workflow was not read' };
        const request = { workflows: [reading.value], reader, store: rig.store, localAction: async () => undefined };
        const locked = await lockWorkflows(request);
        move();
        const pin = pinsOf(locked.lock, locked.digests)['victim/action@v1'];
        const action = await rig.store.resolve({ owner: 'victim', repo: 'action', ref: 'v1' }, pin);
        const ran = readFileSync(join(await rig.store.folder(action), 'index.js'), 'utf8');
        const relocked = await lockWorkflows({ ...request, previous: locked });
        return { refused: ran === GOOD && relocked.changes.length === 0, detail: `v1 runs ${ran}` };
      } finally {
        await reader.close();
      }
    }),
};

/** A source that keeps the commit and gives other bytes for a file of it: the name of an object alone proves nothing. */
function swapped(rig: Rig): { readonly commit: string; readonly swap: () => void } {
  const repository = rig.makeRepository('victim/swapped');
  const commit = repository.commit({ 'action.yml': MANIFEST, 'index.js': GOOD });
  repository.push('HEAD:refs/tags/v1');
  const swap = () => {
    const oid = rig.git(repository.bare, 'rev-parse', `${commit}:index.js`);
    const file = join(repository.bare, 'objects', oid.slice(0, 2), oid.slice(2));
    rmSync(file, { force: true });
    writeFileSync(file, deflateSync(`blob ${EVIL.length}\0${EVIL}`));
  };
  return { commit, swap };
}

const SWAPPED = { owner: 'victim', repo: 'swapped', ref: 'v1' };

const swappedContent: Attack = {
  id: 'R33-swapped-content',
  title: 'the source gives other files for the locked commit',
  controls: ['K7'],
  control: () =>
    withRig(async (rig) => {
      const { commit, swap } = swapped(rig);
      swap();
      const action = await rig.store.resolve(SWAPPED, { commit });
      const ran = await rig.store.readText(action, 'index.js', 1000);
      return { succeeded: ran === EVIL, detail: `pinned by the commit alone, v1 runs ${ran}` };
    }),
  product: () =>
    withRig(async (rig) => {
      const { commit, swap } = swapped(rig);
      const { digest } = await rig.store.resolve(SWAPPED);
      rmSync(join(rig.root, 'store'), { recursive: true });
      swap();
      return refusedWith('actions/digest-mismatch', () => rig.store.resolve(SWAPPED, { commit, digest }));
    }),
};

/** A server that keeps forks in one object store gives out a fork's commit under the name of the repository. */
function forked(rig: Rig) {
  const { repository } = movable(rig);
  const fork = join(rig.root, 'fork.git');
  rig.git(rig.root, 'clone', '-q', '--bare', repository.bare, fork);
  const impostor = repository.commit({ 'index.js': EVIL });
  rig.git(repository.work, 'push', '-q', fork, 'HEAD:refs/heads/evil');
  writeFileSync(join(repository.bare, 'objects/info/alternates'), `${join(fork, 'objects')}\n`);
  return { repository, impostor };
}

const impostor: Attack = {
  id: 'R40-impostor-commit',
  title: 'a commit that only a fork holds is named under the name of the repository',
  controls: ['K7'],
  control: () =>
    withRig((rig) => {
      const { repository, impostor: commit } = forked(rig);
      const folder = join(rig.root, 'fetched');
      rig.git(rig.root, 'init', '-q', folder);
      rig.git(folder, 'fetch', '-q', '--depth=1', `file://${repository.bare}`, commit);
      const ran = rig.git(folder, 'show', 'FETCH_HEAD:index.js');
      return { succeeded: ran === EVIL, detail: `the commit holds ${ran}` };
    }),
  product: () =>
    withRig(async (rig) => {
      const { impostor: commit } = forked(rig);
      const name = { owner: 'victim', repo: 'action' };
      const plain = await codeOf(() => rig.store.resolve({ ...name, ref: commit }));
      const pinned = await codeOf(() => rig.store.resolve({ ...name, ref: 'v1' }, { commit }));
      const wanted = 'actions/impostor-commit';
      return { refused: plain === wanted && pinned === wanted, detail: `${plain}, ${pinned}` };
    }),
};

/** A branch that is named like the tag, with the payload. */
function confused(rig: Rig): void {
  const { repository } = movable(rig);
  repository.commit({ 'index.js': EVIL });
  repository.push('HEAD:refs/heads/v1');
}

const confusion: Attack = {
  id: 'R40-ref-confusion',
  title: 'a branch is named like a tag',
  controls: ['K7'],
  control: () =>
    withRig((rig) => {
      confused(rig);
      const ran = cloned(rig, 'victim/action', 'v1');
      return { succeeded: ran === EVIL, detail: `the clone of v1 holds ${ran}` };
    }),
  product: () =>
    withRig((rig) => {
      confused(rig);
      return refusedWith('actions/ref-ambiguous', () =>
        rig.store.resolve({ owner: 'victim', repo: 'action', ref: 'v1' }),
      );
    }),
};

const lookalike: Attack = {
  id: 'R13-lookalike-action',
  title: 'a workflow names actons/checkout, which the attacker has registered',
  controls: ['K7', 'K17'],
  control: () =>
    withRig((rig) => {
      const squat = rig.makeRepository('actons/checkout');
      squat.commit({ 'action.yml': MANIFEST, 'index.js': EVIL });
      squat.push('HEAD:refs/tags/v4');
      const ran = cloned(rig, 'actons/checkout', 'v4');
      return { succeeded: ran === EVIL, detail: `the clone holds ${ran}` };
    }),
  product: () =>
    withRig(async (rig) => {
      const squat = rig.makeRepository('actons/checkout');
      squat.commit({ 'action.yml': MANIFEST, 'index.js': EVIL });
      squat.push('HEAD:refs/tags/v4');
      const reader = createReader();
      try {
        const text = 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ uses: actons/checkout@v4 }]\n';
        const reading = await reader.readWorkflow('ci.yml', text);
        if (!reading.ok) return { refused: false, detail: 'the workflow was not read' };
        const workflows = [reading.value];
        const lock = () => lockWorkflows({ workflows, reader, store: rig.store, localAction: async () => undefined });
        return await refusedWith('actions/name-lookalike', lock);
      } finally {
        await reader.close();
      }
    }),
};

/** A tree with a link out of the repository, through which a reader of the action is handed a file of the host. */
function escaping(rig: Rig): string {
  const secret = join(rig.root, 'secret');
  writeFileSync(secret, EVIL);
  const repository = rig.makeRepository('victim/linked');
  symlinkSync(secret, join(repository.work, 'index.js'));
  repository.commit({ 'action.yml': MANIFEST });
  repository.push('HEAD:refs/tags/v1');
  return secret;
}

const escapingLink: Attack = {
  id: 'K7-escaping-link',
  title: 'an action holds a link to a file outside its folder',
  controls: ['K7'],
  control: () =>
    withRig((rig) => {
      escaping(rig);
      const read = cloned(rig, 'victim/linked', 'v1');
      return { succeeded: read === EVIL, detail: `reading index.js of the clone gives ${read}` };
    }),
  product: () =>
    withRig((rig) => {
      escaping(rig);
      return refusedWith('actions/tree-unsafe', () =>
        rig.store.resolve({ owner: 'victim', repo: 'linked', ref: 'v1' }),
      );
    }),
};

/** A tree with a folder `.git`, written object by object since git itself refuses to make one. */
function planted(rig: Rig): { readonly bare: string; readonly commit: string } {
  const repository = rig.makeRepository('victim/planted');
  const write = (type: string, content: Buffer | string) =>
    execFileSync(GIT, ['hash-object', '-t', type, '-w', '--stdin', '--literally'], {
      cwd: repository.bare,
      input: content,
      timeout: PROGRAM_MS_MAX,
    })
      .toString()
      .trim();
  const entry = (mode: string, name: string, oid: string) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')]);
  const hook = write('blob', EVIL);
  const tree = write(
    'tree',
    entry(
      '40000',
      '.git',
      write('tree', entry('40000', 'hooks', write('tree', entry('100755', 'post-checkout', hook)))),
    ),
  );
  const person = 'a <a@example.org> 0 +0000';
  const commit = write('commit', `tree ${tree}\nauthor ${person}\ncommitter ${person}\n\nx\n`);
  rig.git(repository.bare, 'update-ref', 'refs/tags/v1', commit);
  return { bare: repository.bare, commit };
}

const plantedGit: Attack = {
  id: 'K7-planted-git-folder',
  title: 'an action holds a folder .git with a hook',
  controls: ['K7'],
  control: () =>
    withRig((rig) => {
      const { bare, commit } = planted(rig);
      const folder = join(rig.root, 'unpacked');
      mkdirSync(folder);
      for (const line of rig.git(bare, 'ls-tree', '-r', commit).split('\n')) {
        const [, , oid = '', path = ''] = line.split(/[ \t]/);
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), rig.git(bare, 'cat-file', 'blob', oid));
      }
      const hook = join(folder, '.git/hooks/post-checkout');
      return { succeeded: existsSync(hook), detail: 'writing out the files of the tag puts a hook into .git' };
    }),
  product: () =>
    withRig((rig) => {
      planted(rig);
      return refusedWith('actions/tree-unsafe', () =>
        rig.store.resolve({ owner: 'victim', repo: 'planted', ref: 'v1' }),
      );
    }),
};

/** An archive as Python writes it: it keeps names and modes as they are given. */
function hostileZip(root: string, entries: readonly (readonly [name: string, text: string, mode?: number])[]): Buffer {
  const file = join(root, 'hostile.zip');
  const script =
    'import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1],"w")\nfor e in json.load(sys.stdin):\n' +
    ' i=zipfile.ZipInfo(e[0]); i.create_system=3; i.external_attr=(e[2] if len(e)>2 else 0o100644)<<16; z.writestr(i,e[1])\nz.close()\n';
  execFileSync('python3', ['-c', script, file], { input: JSON.stringify(entries), timeout: PROGRAM_MS_MAX });
  return readFileSync(file);
}

/** What an unpacker without checks does: joins the name to the folder, makes links as links. */
const NAIVE =
  'import os,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nfor i in z.infolist():\n p=os.path.join(sys.argv[2],i.filename)\n' +
  ' os.makedirs(os.path.dirname(p),exist_ok=True)\n if (i.external_attr>>16)&0o170000==0o120000: os.symlink(z.read(i).decode(),p)\n' +
  ' else: open(p,"wb").write(z.read(i))\n';

async function downloadedBy(root: string, archive: Buffer, folder: string): Promise<{ code: number; log: string }> {
  const scope: ResultsScope = {
    repository: 'victim/repo',
    runId: 1,
    attempt: 1,
    jobId: 1,
    level: () => 'branch',
    ref: 'refs/heads/main',
    readableRefs: [],
    taint() {},
  };
  const store = memoryResults({ clock: systemClock });
  await store.artifacts.put(scope, { name: 'data', mimeType: 'application/zip', content: Readable.from([archive]) });
  const served: { handler?: ResultsHandler } = {};
  const server = createServer((request, response) => void served.handler?.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const handler = createResultsHandler({
    store,
    scope,
    signingKey: randomBytes(32),
    random: randomBytes,
    clock: systemClock,
    origin,
  });
  served.handler = handler;
  const output = join(root, 'output');
  writeFileSync(output, '');
  const program = new URL('../../../src/runner/inside/download-artifact.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, '8'], {
    timeout: PROGRAM_MS_MAX,
    env: {
      PATH: '/usr/bin:/bin',
      HOME: root,
      RUNNER_TEMP: root,
      GITHUB_WORKSPACE: dirname(folder),
      GITHUB_OUTPUT: output,
      GITHUB_REPOSITORY: scope.repository,
      GITHUB_RUN_ID: '1',
      ACTIONS_RESULTS_URL: `${origin}/`,
      ACTIONS_RUNTIME_TOKEN: handler.runtimeToken.expose(),
      INPUT_NAME: 'data',
      INPUT_PATH: folder,
    },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 128)));
  server.close();
  await handler.close();
  return { code, log };
}

function zipAttack(id: string, title: string, entries: Parameters<typeof hostileZip>[1]): Attack {
  const arena = async <T>(use: (root: string, folder: string, victim: string) => Promise<T> | T): Promise<T> => {
    const root = mkdtempSync(join(tmpdir(), 'attack-zip-'));
    try {
      const folder = join(root, 'workspace/in');
      mkdirSync(folder, { recursive: true });
      const victim = join(root, 'workspace/deploy.sh');
      writeFileSync(victim, GOOD);
      return await use(root, folder, victim);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  };
  return {
    id,
    title,
    controls: ['K29'],
    control: () =>
      arena((root, folder, victim) => {
        hostileZip(root, entries);
        execFileSync('python3', ['-c', NAIVE, join(root, 'hostile.zip'), folder], { timeout: PROGRAM_MS_MAX });
        const now = readFileSync(victim, 'utf8');
        return { succeeded: now === EVIL, detail: `deploy.sh holds ${now}` };
      }),
    product: () =>
      arena(async (root, folder, victim) => {
        const { code, log } = await downloadedBy(root, hostileZip(root, entries), folder);
        const now = readFileSync(victim, 'utf8');
        const line = log.split('\n').find((text) => text.startsWith('::error')) ?? 'no refusal';
        return { refused: code === 1 && now === GOOD, detail: `deploy.sh holds ${now}; ${line}` };
      }),
  };
}

export const attacks: Attack[] = [
  movedTag,
  swappedContent,
  impostor,
  confusion,
  lookalike,
  escapingLink,
  plantedGit,
  zipAttack('R44-zip-slip', 'an artifact overwrites a script next to its folder', [['../deploy.sh', EVIL]]),
  zipAttack('R44-zip-link', 'an artifact makes a link and writes through it', [
    ['up', '..', 0o120777],
    ['up/deploy.sh', EVIL],
  ]),
];
