import { join, normalize } from 'node:path';
import { isFault, type Log, reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';
import { sizeOfFolder } from './folder.ts';
import type { HookAnswer, HookCall, RefLine } from './hook.ts';
import type { Principal } from './principal.ts';
import { type RepositoryReader, readerOf } from './read.ts';
import { abortMove, prepareMove, recordRefusal, type RefLogDeps } from './ref-log.ts';
import { repositoryById, type RepositoryRow } from './repositories.ts';
import { refusalLines, type Refusal, refusalsOf, type RefUpdate, ZERO } from './rules.ts';

/** A push that waits for leave. Its objects are in quarantine: after a refusal they are gone. */
export type Push = {
  readonly id: string;
  readonly repository: RepositoryRow;
  readonly principal: Principal;
  readonly updates: readonly RefUpdate[];
  /** Sees what the push brings. Only until the decision. */
  readonly reader: RepositoryReader;
  /** For programs that read the new objects themselves: environment of git. */
  readonly quarantine: { readonly [name: string]: string };
};

/** Further rules of the caller: nothing is leave. A failure is a refusal. */
export type DecidePush = (push: Push, signal: AbortSignal) => Promise<readonly Refusal[]>;

export type PushOptions = {
  readonly repository: RepositoryRow;
  readonly principal: Principal;
  readonly push: string;
  readonly gitDir: string;
  readonly gitPath: string;
  /** Of the repository when the push began. */
  readonly bytes: number;
  readonly bytesMax: number;
  readonly mayPushDirectly: boolean;
  readonly unsafeDirectPush: boolean;
  readonly decide?: DecidePush;
  readonly decisionMsMax: number;
  readonly refLog: RefLogDeps;
  readonly log: Log;
  /** The rules allow it: from here on refs are being moved. */
  allowed(): void;
};

/** What the hooks of one push are answered. */
export function answerPush(options: PushOptions): (call: HookCall) => Promise<HookAnswer> {
  const { refLog, push, repository, principal, log } = options;
  let decided: ReadonlyMap<string, RefUpdate> | undefined;
  return async (call) => {
    try {
      if (call.kind === 'pre-receive') {
        const { updates, refusals } = await judge(options, call);
        if (refusals.length > 0) {
          await recordRefusal(refLog, { repositoryId: repository.id, push, principal }, refusals);
          return { isAllowed: false, lines: refusalLines(refusals) };
        }
        decided = new Map(updates.map((update) => [update.ref, update]));
        options.allowed();
        return { isAllowed: true };
      }
      const lines = call.lines.filter(({ ref }) => ref.startsWith('refs/'));
      if (call.kind === 'aborted') {
        await abortMove(
          refLog,
          push,
          lines.map(({ ref }) => ref),
        );
        return { isAllowed: true };
      }
      const allowed = decided;
      if (allowed === undefined || !lines.every((line) => isDecided(allowed, line))) {
        throw fault('not-allowed', 'git moves a ref that was not decided about');
      }
      await prepareMove(refLog, moveOf(options, lines, allowed));
      return { isAllowed: true };
    } catch (thrown) {
      log.error('A push failed', { repository: repository.id, push, error: thrown });
      const told = isFault(thrown) ? `${thrown.code}: ${thrown.help}` : 'the server failed';
      return { isAllowed: false, lines: [`sallyport: nothing was changed: ${told}`] };
    }
  };
}

function isDecided(decided: ReadonlyMap<string, RefUpdate>, line: RefLine): boolean {
  const update = decided.get(line.ref);
  // Before it deletes a ref, git asks once more with nothing on either side.
  return update !== undefined && (update.new === line.new || (line.old === ZERO && line.new === ZERO));
}

function moveOf(options: PushOptions, lines: readonly RefLine[], decided: ReadonlyMap<string, RefUpdate>) {
  const { repository, push, principal } = options;
  const standing = `refs/heads/${repository.defaultBranch}`;
  return {
    repositoryId: repository.id,
    push,
    cause: 'push' as const,
    principal,
    lines,
    defaultBranch: repository.defaultBranch,
    forced: new Set(lines.flatMap(({ ref }) => (decided.get(ref)?.isForced === true ? [ref] : []))),
    direct: new Set(lines.flatMap(({ ref }) => (ref === standing ? [ref] : []))),
  };
}

type Judgement = { readonly updates: readonly RefUpdate[]; readonly refusals: readonly Refusal[] };

async function judge(options: PushOptions, call: HookCall & { kind: 'pre-receive' }): Promise<Judgement> {
  const { gitDir, gitPath, repository, principal, push } = options;
  const quarantine = call.quarantine === undefined ? undefined : normalize(call.quarantine);
  if (quarantine !== undefined && !quarantine.startsWith(`${join(gitDir, 'objects')}/`)) {
    throw fault('folder-unsafe', 'the quarantine is not in the repository');
  }
  const reader = readerOf({ gitPath, gitDir, ...(quarantine === undefined ? {} : { quarantine }) });
  const updates = await updatesOf(reader, call.lines);
  const refusals = refusalsOf({
    defaultBranch: repository.defaultBranch,
    updates,
    // What is new lies in the quarantine alone: the rest was counted when the push began.
    bytes: options.bytes + (quarantine === undefined ? 0 : await sizeOfFolder(quarantine)),
    bytesMax: options.bytesMax,
    mayPushDirectly: options.mayPushDirectly,
    unsafeDirectPush: options.unsafeDirectPush,
  });
  if (refusals.length > 0 || options.decide === undefined) return { updates, refusals };
  const environment: { readonly [name: string]: string } =
    quarantine === undefined
      ? {}
      : { GIT_OBJECT_DIRECTORY: quarantine, GIT_ALTERNATE_OBJECT_DIRECTORIES: join(gitDir, 'objects') };
  const asked = { id: push, repository, principal, updates, reader, quarantine: environment };
  const decided = await decideInTime(options.decide, asked, options);
  const now = await repositoryById(options.refLog.db, repository.id);
  // Told while git can still say so to the client; `prepareMove` asks once more, under the lock of the row.
  if (now?.defaultBranch !== repository.defaultBranch) throw fault('changed', 'the default branch is another one');
  return { updates, refusals: decided };
}

async function decideInTime(
  decide: DecidePush,
  push: Push,
  { decisionMsMax, log }: Pick<PushOptions, 'decisionMsMax' | 'log'>,
): Promise<readonly Refusal[]> {
  const refused = (reason: string): readonly Refusal[] => [
    { ref: '(all)', rule: 'decision-missing', reason, help: 'Try again; tell an administrator when it stays so.' },
  ];
  const control = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Refusal[]>((settle) => {
    timer = setTimeout(() => settle(refused(`the decision took longer than ${decisionMsMax} ms`)), decisionMsMax);
  });
  try {
    return await Promise.race([decide(push, control.signal), late]);
  } catch (thrown) {
    log.error('The decision about a push failed', { push: push.id, reason: reasonOf(thrown) });
    return refused('the decision failed');
  } finally {
    control.abort();
    clearTimeout(timer);
  }
}

async function updatesOf(reader: RepositoryReader, lines: readonly RefLine[]): Promise<readonly RefUpdate[]> {
  const ids = lines.flatMap((line) => [line.old, line.new]).filter((oid) => oid !== ZERO);
  const asking = reader.typesOf([...new Set(ids)]);
  // Of a push of one ref, which most are, both questions go to git at once.
  const [only] = lines.length === 1 ? lines : [];
  const ahead = only === undefined || only.old === ZERO || only.new === ZERO ? undefined : isForwardOf(reader, only);
  ahead?.catch(() => undefined);
  const types = await asking;
  const updates: RefUpdate[] = [];
  for (const line of lines) {
    const type = types.get(line.new);
    const areCommits = types.get(line.old) === 'commit' && type === 'commit';
    const isForward = line.old === ZERO || (areCommits && (await (ahead ?? isForwardOf(reader, line))));
    updates.push({ ...line, ...(type === undefined ? {} : { type }), isForced: line.new !== ZERO && !isForward });
  }
  return updates;
}

function isForwardOf(reader: RepositoryReader, { old, new: next }: RefLine): Promise<boolean> {
  return reader.isAncestor(old, next);
}
