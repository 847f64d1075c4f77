import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { extract, pack } from 'tar-stream';
import { checkpointText, parseCheckpoint, parseNote, renderNote, signNote } from '../../../src/attest/index.ts';
import { reasonOf } from '../../../src/base/index.ts';
import { openChannel } from '../../../src/channel/index.ts';
import { type Product, run, startProduct, until } from '../../product/product.ts';
import { APP, CLOCK, isDone, type Rig, type ServerAttack, type Verdict, verdictOf } from './rig.ts';

const DAY_MS = 24 * 3_600_000;
const SYSTEM = { cwd: '/', env: { PATH: process.env['PATH'] ?? '' } };
const root = join(import.meta.dirname, '../../..');

type Found = {
  readonly entries: number;
  readonly deviations: readonly { readonly problem: string }[];
  readonly clockSteps: readonly { readonly position: number; readonly backMs: number }[];
};

async function verify(product: Product, ...more: readonly string[]): Promise<Found> {
  const done = await product.cli(['audit', 'verify', '--data', product.data, '--json', ...more]);
  return JSON.parse(done.out) as Found;
}

/** Something that is done, and its entry. */
const setVariable = (rig: Pick<Rig, 'ask'>, token: string, name: string, value: string) =>
  rig.ask('PUT', `/api/v1/variables/${name}`, { token, json: { value } });

const clock: ServerAttack = {
  id: 'R46-clock-set-back',
  title: 'the clock is set back, so that what is done now seems older than what was done before',
  controls: ['K16'],
  async attempt(rig) {
    const { product, people } = rig;
    const before = await verify(product);
    await setVariable(rig, people.ada, 'CLOCK_RIGHT', 'a');
    await writeFile(join(product.folder, CLOCK), String(-DAY_MS));
    await until(5_000, async () => {
      const entries = JSON.parse(
        (await setVariable(rig, people.ada, 'CLOCK_BACK', 'a'),
        await product.must(['audit', 'list', '--action', 'variable.set', '--limit', '1', '--json'])),
      ) as { body: { time: string } }[];
      return Date.now() - Date.parse(entries[0]?.body.time ?? '') > DAY_MS / 2;
    });
    await rm(join(product.folder, CLOCK));
    const after = await until(20_000, async () => {
      const found = await verify(product);
      return found.entries > before.entries && found.clockSteps.length > before.clockSteps.length ? found : undefined;
    });
    const step = after.clockSteps.at(-1);
    return {
      // Order is not a matter of clocks: the entry stands behind those that it claims to precede, and it is named.
      refused: step !== undefined && step.position >= before.entries && step.backMs > DAY_MS / 2,
      succeeded: before.clockSteps.length === 0 && after.deviations.length === 0,
      detail: `before ${before.clockSteps.length}, after ${JSON.stringify(after.clockSteps)}`,
    };
  },
};

const splitView: ServerAttack = {
  id: 'R46-split-view',
  title: 'two readers are shown two logs of one size, both signed with the stolen key of the log',
  controls: ['K16'],
  async attempt({ product }) {
    const kept = (await readFile(join(product.data, 'witness', 'checkpoints'), 'utf8')).trim().split('\n');
    const shown = JSON.parse(kept.at(-1) ?? '""') as string;
    const { origin, size } = parseCheckpoint(parseNote(shown).text);
    const other = checkpointText({ origin, size, root: Buffer.alloc(32, 7) });
    const key = createPrivateKey(await readFile(join(product.data, 'keeper', 'log.key')));
    const forged = renderNote({ text: other, signatures: [signNote(other, origin, key)] });
    const [first, second] = [join(product.folder, 'first.txt'), join(product.folder, 'second.txt')];
    await writeFile(first, shown);
    await writeFile(second, forged);
    const [one, two] = [await verify(product, '--checkpoint', first), await verify(product, '--checkpoint', second)];
    const asked = await askWitness(product, [shown, forged]);
    const isTold = two.deviations.some(({ problem }) => /\(kept elsewhere\) is of another log/.test(problem));
    return {
      refused: isTold && asked[1]?.startsWith('refused') === true,
      succeeded: one.deviations.length === 0 && asked[0] === 'signed',
      detail: `${one.deviations.length} and ${JSON.stringify(two.deviations.slice(0, 2))}; witness: ${asked.join(', ')}`,
    };
  },
};

/** Asks the program of the witness, on a copy of its folder, since the running one speaks with its parent only. */
async function askWitness(product: Product, notes: readonly string[]): Promise<readonly string[]> {
  const copy = await mkdtemp(join(product.folder, 'witness-'));
  const folder = join(copy, 'witness');
  await cp(join(product.data, 'witness'), folder, { recursive: true, filter: (from) => !from.includes('hold') });
  const { log, witness } = JSON.parse(await readFile(join(product.data, 'public-keys.json'), 'utf8')) as {
    log: { name: string; key: string };
    witness: { name: string };
  };
  const args = [join(root, 'src/bin/witness.ts'), folder, witness.name, log.name, log.key];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const channel = openChannel({ input: child.stdin, output: child.stdout }, { answerMsMax: 10_000 });
  try {
    const answers: string[] = [];
    for (const note of notes) {
      const asked = channel.ask({ kind: 'cosign', note, proof: [] });
      answers.push(
        await asked.then(
          () => 'signed',
          (thrown: unknown) => `refused: ${reasonOf(thrown)}`,
        ),
      );
    }
    return answers;
  } finally {
    channel.close();
    await new Promise((done) => child.once('close', done));
  }
}

const DISK_MIB = 160;

const diskFull: ServerAttack = {
  id: 'R46-disk-full',
  title: 'the disk of the audit log is filled, so that what is done then has no entry',
  controls: ['K16'],
  needsRoot: true,
  async attempt() {
    const folder = await mkdtemp('/var/tmp/sp-full-');
    const disk = join(folder, 'data', 'postgres');
    await mkdir(disk, { recursive: true, mode: 0o711 });
    await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=0711`, 'tmpfs', disk], SYSTEM);
    const product = await startProduct({ folder, args: ['--no-runner'] });
    try {
      return await fill(product, join(disk, 'full'));
    } finally {
      await product.end('SIGTERM');
      await run('umount', ['-l', disk], SYSTEM);
      await product[Symbol.asyncDispose]();
    }
  },
};

const FILLED_REQUESTS = 60;
const VALUE = 'x'.repeat(20_000);

async function fill(product: Product, file: string): Promise<Verdict> {
  const token = await product.token();
  const set = (name: string) =>
    product
      .fetch(`/api/v1/variables/${name}`, {
        method: 'PUT',
        token,
        headers: { 'content-type': 'application/json' },
        // Different each time, so that nothing is made small.
        body: JSON.stringify({
          value: `${name}${VALUE.replaceAll('x', () => Math.random().toString(36).slice(2, 3))}`,
        }),
      })
      .then(
        ({ status }) => status,
        () => 0,
      );
  const room = await set('ROOM');
  await run('dd', ['if=/dev/zero', `of=${file}`, 'bs=64k'], SYSTEM);
  const answers = new Map<string, number>();
  for (let at = 0; at < FILLED_REQUESTS; at += 1) {
    const status = await set(`FULL_${at}`);
    answers.set(`FULL_${at}`, status);
    if (status === 429) await new Promise((done) => setTimeout(done, 300));
  }
  await rm(file, { force: true });
  // A database that could not write its own log ends, and the server with it: whoever supervises it starts it anew.
  if ((await set('AFTER').catch(() => 0)) !== 200) {
    await product.end('SIGTERM');
    await product.start();
  }
  const again = await until(30_000, async () => isDone({ status: await set('AFTER'), text: '' }));
  const told = JSON.parse(
    await product.must(['audit', 'list', '--action', 'variable.set', '--limit', '500', '--json']),
  ) as {
    body: { resource: { id: string }; detail?: object };
  }[];
  const entries = JSON.stringify(told);
  const found = (await (await product.fetch('/api/v1/variables', { token })).json()) as {
    items: { name: string }[];
  };
  const names = new Set(found.items.map(({ name }) => name));
  const failed = [...answers].filter(([, status]) => status === 0 || status >= 500);
  const split = [...answers.keys()].filter((name) => names.has(name) !== new RegExp(`${name}\\b`).test(entries));
  const lost = [...answers].filter(([name, status]) => status >= 200 && status < 300 && !names.has(name));
  const { deviations } = await verify(product);
  return {
    refused: failed.length > 0 && split.length + lost.length + deviations.length === 0,
    succeeded: isDone({ status: room, text: '' }) && again,
    detail: `${failed.length} of ${answers.size} failed (${[...new Set(answers.values())].join(', ')}); without their entry: ${split.join(' ')}; lost: ${lost.length}; ${deviations.length} deviations`,
  };
}

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

const otherUser: ServerAttack = {
  id: 'K14-other-user',
  title: 'another user of the machine reads keys, repositories, logs and what the runner has',
  controls: ['K14', 'K21'],
  needsRoot: true,
  async attempt({ product }) {
    const files: string[] = [];
    for (const entry of await readdir(product.data, { recursive: true, withFileTypes: true })) {
      // Named: the public keys, and the copies of public files of /etc that sandboxes see.
      const isOfSandbox = /\/sandboxes\/(etc-\w+(\/|$)|pods\/[^/]+$)/.test(entry.parentPath);
      const isPublic = entry.name === 'public-keys.json' || isOfSandbox;
      if (entry.isFile() && !isPublic) files.push(join(entry.parentPath, entry.name));
    }
    const list = join(product.folder, 'files.txt');
    await writeFile(list, files.filter((path) => !/\/postgres\/(runtime|data)\//.test(path)).join('\n'), {
      mode: 0o644,
    });
    const script = `while IFS= read -r f; do head -c1 "$f" >/dev/null 2>&1 && echo "$f"; done < ${list}; true`;
    const as = async (...command: readonly string[]) => {
      const [program, ...args] = [...command, 'sh', '-c', script];
      return (await run(program, args, SYSTEM)).out.split('\n').filter((line) => line !== '');
    };
    const [nobody, own] = [await as(...NOBODY), await as('env')];
    const kinds = ['keeper/', 'witness/', 'git/', 'runner/'].filter((kind) =>
      own.some((path) => path.includes(`/data/${kind}`)),
    );
    return {
      refused: nobody.length === 0,
      succeeded: own.length > 20 && kinds.length === 4,
      detail: `nobody reads ${nobody.slice(0, 5).join(' ')}; ${own.length} files in all, of ${kinds.join(' ')}`,
    };
  },
};

const metrics: ServerAttack = {
  id: 'R30-token-metrics',
  title: 'the token of a job, a member, and nobody behind a proxy read the figures of the server',
  controls: ['K10'],
  async attempt(rig) {
    const job = await rig.take(APP, 'wide.yml');
    const look = (token?: string, headers = {}) =>
      rig.ask('GET', '/metrics', { headers, ...(token === undefined ? {} : { token }) });
    const forwarded = { 'x-forwarded-for': '203.0.113.7' };
    const verdict = verdictOf(
      { job: await look(job.jobToken), nobody: await look(undefined, forwarded), member: await look(rig.people.bob) },
      { owner: await look(rig.people.ada) },
    );
    await rig.runner.finish(job);
    return verdict;
  },
};

/** Entries that lead out of the folder of a restore, or are no files. */
const HOSTILE_ENTRIES = [
  { name: 'files/logs/../../../escaped' },
  { name: 'files//escaped' },
  { name: 'files/sallyport.yml' },
  { name: 'files/git/hooks/post-receive' },
  { name: 'files/runner/runner.json' },
  { name: 'files/logs/link', type: 'symlink', linkname: '/etc/passwd' },
  { name: 'files/logs/nul\u0001' },
] as const;

const backup: ServerAttack = {
  id: 'K29-backup-names',
  title: 'a backup with names that lead out of the restored folder',
  controls: ['K29'],
  // Each restore begins a database.
  msMax: 240_000,
  async attempt({ product }) {
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    const folder = await mkdtemp(join(product.folder, 'backup-'));
    // The database of a restore has a user of its own.
    await chmod(folder, 0o711);
    const [key, whole] = [join(folder, 'key.txt'), join(folder, 'whole.age')];
    await writeFile(key, `${identity}\n`, { mode: 0o600 });
    await product.must(['backup', '--data', product.data, '--output', whole, '--recipient', recipient]);
    const restore = (file: string, name: string) =>
      product.cli(['restore', file, '--identity', key, '--data', join(folder, name)]);
    const taken: string[] = [];
    for (const [at, entry] of HOSTILE_ENTRIES.entries()) {
      const file = join(folder, `hostile-${at}.age`);
      await plant(whole, file, { identity, recipient, entry });
      const done = await restore(file, `to-${at}/inner/data`);
      const isThere = await stat(join(folder, `to-${at}/inner/data`)).catch(() => undefined);
      if (done.code === 0 || isThere !== undefined) taken.push(`${entry.name}: ${done.code} ${done.err}`);
    }
    const escaped = await readdir(folder, { recursive: true });
    const control = await restore(whole, 'control');
    return {
      refused: taken.length === 0 && !escaped.some((path) => path.includes('escaped')),
      succeeded: control.code === 0,
      detail: `${taken.join('; ')} ${control.err}`.slice(0, 600),
    };
  },
};

/** The same backup with one more entry behind its first. */
async function plant(
  from: string,
  to: string,
  {
    identity,
    recipient,
    entry,
  }: {
    readonly identity: string;
    readonly recipient: string;
    readonly entry: (typeof HOSTILE_ENTRIES)[number];
  },
): Promise<void> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const plain = await decrypter.decrypt(Readable.toWeb(createReadStream(from)) as ReadableStream<Uint8Array>);
  const reading = extract();
  const writing = pack();
  const fed = pipeline(Readable.fromWeb(plain as Parameters<typeof Readable.fromWeb>[0]), reading);
  const copied = (async () => {
    let isPlanted = false;
    for await (const stream of reading) {
      const chunks: Buffer[] = [];
      for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
      // What ends the archive stays its end.
      writing.entry({ name: stream.header.name, mode: 0o600 }, Buffer.concat(chunks));
      if (isPlanted) continue;
      isPlanted = true;
      const header = { mode: 0o644, ...entry };
      if ('type' in entry) writing.entry({ ...header, size: 0 });
      else writing.entry(header, Buffer.from('planted'));
    }
    writing.finalize();
  })();
  const encrypted = await encrypter.encrypt(Readable.toWeb(Readable.from(writing)) as ReadableStream<Uint8Array>);
  await pipeline(Readable.fromWeb(encrypted as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(to));
  await Promise.all([fed, copied]);
}

export const attacks: readonly ServerAttack[] = [metrics, otherUser, backup, clock, splitView, diskFull];
