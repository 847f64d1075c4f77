import { type ChildProcess, spawn } from 'node:child_process';
import type { CheckpointSigner } from '../auditlog/index.ts';
import type { NoteVerifier, TokenUse } from '../attest/index.ts';
import { type Log, reasonOf } from '../base/index.ts';
import { type Channel, openChannel } from '../channel/index.ts';
import {
  type KeeperIdentity,
  keeperIdentity,
  signedNote,
  signedToken,
  type WitnessIdentity,
  witnessIdentity,
} from '../protocol/index.ts';
import { type Pace, supervise } from './supervise.ts';

/** An answer of the keeper: a signature and one write to the disk. */
const ANSWER_MS_MAX = 10_000;
const PACE: Pace = { waitMs: 100, waitMsMax: 10_000, livedMsMin: 5_000 };

/** Both hold a few keys and answer one question at a time: a heap that is made for more only costs memory. */
const SMALL = ['--max-old-space-size=64', '--max-semi-space-size=1'];

/** The keys of the installation, as the server can use them. */
export type Keys = {
  readonly origin: string;
  readonly log: NoteVerifier;
  readonly witness: NoteVerifier;
  /** Raw public key that tokens are verified with. */
  readonly tokenKey: Buffer;
  readonly signer: CheckpointSigner;
  signToken(token: {
    readonly use: TokenUse;
    readonly subject: string;
    readonly issuedAt: number;
    readonly expiresAt: number;
  }): Promise<string>;
  /** For those who end processes on purpose. */
  readonly pids: () => { readonly keeper: number | undefined; readonly witness: number | undefined };
  close(): Promise<void>;
};

export type KeysOptions = {
  readonly keeperFolder: string;
  readonly witnessFolder: string;
  readonly origin: string;
  /** Whom the processes run as, where this process may choose that. */
  readonly users?: { readonly keeper?: User; readonly witness?: User };
  readonly log: Log;
};
type User = { readonly uid: number; readonly gid: number };

/** Starts keeper and witness, and starts them again when they die. */
export async function openKeys(options: KeysOptions): Promise<Keys> {
  const { log, users } = options;
  const keeper = startProcess('keeper', [options.keeperFolder, options.origin], { user: users?.keeper, log });
  try {
    const own: KeeperIdentity = keeperIdentity.parse(await keeper.ask({ kind: 'identify' }));
    const args = [options.witnessFolder, `${own.origin}/witness`, own.origin, own.logKey];
    const witness = startProcess('witness', args, { user: users?.witness, log });
    try {
      const other: WitnessIdentity = witnessIdentity.parse(await witness.ask({ kind: 'identify' }));
      return keysOf(own, other, { keeper, witness });
    } catch (thrown) {
      await witness.close();
      throw thrown;
    }
  } catch (thrown) {
    await keeper.close();
    throw thrown;
  }
}

function keysOf(
  own: KeeperIdentity,
  other: WitnessIdentity,
  { keeper, witness }: { readonly keeper: Process; readonly witness: Process },
): Keys {
  return {
    origin: own.origin,
    log: { name: own.origin, publicKey: Buffer.from(own.logKey, 'base64'), kind: 'log' },
    witness: { name: other.name, publicKey: Buffer.from(other.key, 'base64'), kind: 'witness' },
    tokenKey: Buffer.from(own.tokenKey, 'base64'),
    signer: {
      origin: own.origin,
      async sign({ text, proof }) {
        const hashes = proof.map((hash) => hash.toString('base64'));
        const { note } = signedNote.parse(await keeper.ask({ kind: 'sign-checkpoint', text, proof: hashes }));
        return signedNote.parse(await witness.ask({ kind: 'cosign', note, proof: hashes })).note;
      },
    },
    signToken: async (token) => signedToken.parse(await keeper.ask({ kind: 'sign-token', ...token })).token,
    pids: () => ({ keeper: keeper.pid(), witness: witness.pid() }),
    close: async () => {
      await Promise.all([keeper.close(), witness.close()]);
    },
  };
}

type Process = {
  ask(request: object): Promise<unknown>;
  pid(): number | undefined;
  close(): Promise<void>;
};

type ProcessLife = { readonly child: ChildProcess; readonly channel: Channel; readonly ended: Promise<void> };

function startProcess(
  program: 'keeper' | 'witness',
  args: readonly string[],
  { user, log }: { readonly user: User | undefined; readonly log: Log },
): Process {
  const lives = supervise(() => begin(program, args, user, log), {
    pace: PACE,
    onDeath: (waitMs) => log.error('A process ended and is started again', { program, waitMs }),
  });
  return {
    ask: (request) => lives.life().channel.ask(request),
    pid: () => lives.life().child.pid,
    close: () => lives.close(({ channel }) => channel.close()),
  };
}

function begin(program: string, args: readonly string[], user: User | undefined, log: Log): ProcessLife {
  const file = new URL(`./${program}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
  const child = spawn(process.execPath, [...SMALL, file.pathname, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Nothing of the server's environment: not its addresses, not its settings.
    env: {},
    cwd: '/',
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n').filter((part) => part !== ''))
      log.warn('A process says', { program, line: line.slice(0, 1000) });
  });
  const channel = openChannel({ input: child.stdin, output: child.stdout }, { answerMsMax: ANSWER_MS_MAX });
  const ended = new Promise<void>((done) => {
    child.once('error', (error) => {
      log.error('A process can not be started', { program, reason: reasonOf(error) });
      done();
    });
    child.once('exit', () => done());
  });
  return { child, channel, ended };
}
