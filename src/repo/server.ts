import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppendDeps } from '../auditlog/index.ts';
import { type Log, reasonOf } from '../base/index.ts';
import {
  CommandSection,
  type GitLimits,
  gitLimits,
  type Protocol,
  protocolOf,
  refuse,
  type RunningGit,
  serveGit,
  slotsOf,
} from '../git/index.ts';
import type { Database } from '../database/index.ts';
import { receiveEnvironment, uploadEnvironment } from './environment.ts';
import { type Folders, rememberProcess, sizeOfFolder, sweepFolder } from './folder.ts';
import { answerHooks } from './hook.ts';
import type { Authorise, Principal, RepositoryName, RepoVerb } from './principal.ts';
import { answerPush, type DecidePush } from './receive.ts';
import type { RefChange, RefLogDeps } from './ref-log.ts';
import { findRepository, type RepositoryRow, servedFolder } from './repositories.ts';
import { openSettler, type Settler } from './settle.ts';

export type RepoLimits = {
  /** One pack of a push. Bytes. */
  readonly packBytesMax: number;
  /** One repository on the disk. Bytes. */
  readonly repositoryBytesMax: number;
  /** Refs of one push. */
  readonly refsPerPushMax: number;
  /** What the caller's decision about a push may take. Milliseconds. */
  readonly decisionMsMax: number;
  readonly fetch: GitLimits;
  readonly push: GitLimits;
};

export function repoLimits(changes: Partial<RepoLimits> = {}): RepoLimits {
  const packBytesMax = changes.packBytesMax ?? 2 * 1024 ** 3;
  return {
    packBytesMax,
    repositoryBytesMax: 10 * 1024 ** 3,
    refsPerPushMax: 1000,
    decisionMsMax: 60_000,
    fetch: gitLimits(),
    push: gitLimits({
      requestBytesMax: packBytesMax + COMMANDS_BYTES_MAX,
      idleMsMax: 30_000,
      idleBytesMin: 16 * 1024,
    }),
    ...changes,
  };
}

/** The list of refs in front of a pack: 1000 of the longest. */
const COMMANDS_BYTES_MAX = 512 * 1024;
const LINE_BYTES_MAX = 2048;
/** What a push may go beyond the quota before the rule refuses it, which tells more than a pack that is cut. */
const SLACK_BYTES = 64 * 1024 ** 2;
/** What the hook of a push says at once. */
const HOOK_BYTES_MAX = 1024 * 1024;
const RETRY_AFTER_SECONDS = '5';
const PUSH_ID_BYTES = 12;

export type ServeDeps = AppendDeps & {
  readonly db: Database;
  readonly folders: Folders;
  readonly gitPath: string;
  readonly authorise: Authorise;
  readonly decide?: DecidePush;
  /** Owners may move the default branch without a review. */
  readonly unsafeDirectPush: boolean;
  readonly limits: RepoLimits;
  readonly refLog: RefLogDeps;
  readonly log: Log;
  /** A push begins, or what a killed git left is taken away: maintenance that can't go on beside it ends first. */
  giveWay(repositoryId: number, why: 'write' | 'sweep'): Promise<void>;
  /** After a push. The table has it too: this only saves the wait. */
  onChanges?(changes: readonly RefChange[]): void;
};

export type GitHandler = {
  handle(request: IncomingMessage, response: ServerResponse, who: { readonly principal: Principal }): Promise<void>;
  /** Whether a push is under way there. */
  isPushed(repositoryId: number): boolean;
  /** Ends what runs and waits for it. */
  close(): Promise<void>;
};

type Route = {
  readonly owner: string;
  readonly name: string;
  readonly service: 'upload-pack' | 'receive-pack';
  readonly kind: 'refs' | 'exchange';
};

const NOT_FOUND = 'there is no such repository, or it is not yours to read';

/**
 * The handler of `/<owner>/<name>.git/…`. It answers everything itself and throws nothing. The HTTP server must not limit the time of
 * a whole request (`requestTimeout: 0`): the limits here do, and a large push takes longer than five minutes.
 */
export function createGitHandler(deps: ServeDeps): GitHandler {
  const running = new Set<RunningGit>();
  const open = new Set<Promise<void>>();
  const slots = { 'upload-pack': slotsOf(deps.limits.fetch), 'receive-pack': slotsOf(deps.limits.push) };
  const pushes = new Map<number, number>();
  const sweeps = new Map<number, Promise<void>>();
  const settler = openSettler(deps);
  let isClosed = false;

  async function answer(request: IncomingMessage, response: ServerResponse, principal: Principal): Promise<void> {
    const route = routeOf(request);
    if ('status' in route) {
      refuse(response, route.status, route.text, route.type === undefined ? {} : { 'content-type': route.type });
      return;
    }
    const protocol = protocolOf(request);
    if (protocol === undefined) return refuse(response, 400, 'git protocol versions 0 and 2 are served');
    const found = await findRepository(deps.db, route);
    if (found === undefined || !(await isAllowed(deps, principal, found, 'read')))
      return refuse(response, 404, NOT_FOUND);
    const isPush = route.service === 'receive-pack';
    if (isPush && !(await isAllowed(deps, principal, found, 'write'))) {
      return refuse(response, 403, `you may read ${found.owner}/${found.name}, and not push to it`);
    }
    const closed = closedText(found, isPush);
    if (closed !== undefined) return refuse(response, closed.status, closed.text);
    const release = await slots[route.service].take();
    try {
      if (release === undefined || isClosed) {
        return refuse(response, 503, 'the server has too much to do: try again', {
          'retry-after': RETRY_AFTER_SECONDS,
        });
      }
      if (response.destroyed) return;
      const call = { route, protocol, repository: found, principal, request, response };
      await (isPush ? push(call) : fetch(call));
    } finally {
      release?.();
    }
  }

  async function fetch({ route, protocol, repository, request, response }: Call): Promise<void> {
    const gitDir = await servedFolder(deps.folders, repository.id);
    const env = uploadEnvironment(gitDir);
    const git = { program: deps.gitPath, service: route.service, kind: route.kind, gitDir, env, protocol };
    await serveGit({ ...git, request, response, limits: deps.limits.fetch, log: deps.log }, running);
  }

  async function push(call: Call): Promise<void> {
    const { repository } = call;
    pushes.set(repository.id, (pushes.get(repository.id) ?? 0) + 1);
    let isCut = false;
    try {
      await sweeps.get(repository.id);
      await deps.giveWay(repository.id, 'write');
      isCut = await receive({ ...deps, settler }, call, running);
    } finally {
      const left = (pushes.get(repository.id) ?? 1) - 1;
      if (left === 0) pushes.delete(repository.id);
      else pushes.set(repository.id, left);
      // What a git that was ended leaves is only taken away while nobody else writes there.
      if (isCut && left === 0) await sweep(repository.id);
    }
  }

  /** A push that begins meanwhile waits: its unfinished objects look like what was left. */
  async function sweep(id: number): Promise<void> {
    const work = deps.giveWay(id, 'sweep').then(async () => sweepFolder(await servedFolder(deps.folders, id)));
    const done = work.catch(() => undefined);
    sweeps.set(id, done);
    await done;
    sweeps.delete(id);
    await work;
  }

  return {
    handle(request, response, { principal }) {
      const work = answer(request, response, principal).catch((thrown: unknown) => {
        deps.log.error('A request of git failed', { reason: reasonOf(thrown) });
        if (response.headersSent) response.destroy();
        else refuse(response, 500, 'the server could not serve the repository');
      });
      open.add(work);
      return work.finally(() => open.delete(work));
    },
    isPushed: (repositoryId) => pushes.has(repositoryId),
    async close() {
      isClosed = true;
      for (const git of running) git.end('closed');
      await Promise.all(open);
      await settler.close();
    },
  };
}

type Call = {
  readonly route: Route;
  readonly protocol: Protocol;
  readonly repository: RepositoryRow;
  readonly principal: Principal;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
};

/** One request of a push. Says whether git was ended before it was done. */
async function receive(
  deps: ServeDeps & { readonly settler: Settler },
  call: Call,
  running: Set<RunningGit>,
): Promise<boolean> {
  const { repository, principal, route, protocol, request, response } = call;
  const { limits, refLog, log } = deps;
  const gitDir = await servedFolder(deps.folders, repository.id);
  // Who only asks for the refs sends nothing.
  const bytes = route.kind === 'refs' ? 0 : await sizeOfFolder(gitDir);
  const room = limits.repositoryBytesMax - bytes;
  const env = receiveEnvironment(deps.folders, gitDir, Math.min(limits.packBytesMax, Math.max(0, room) + SLACK_BYTES));
  const git = { program: deps.gitPath, service: route.service, kind: route.kind, gitDir, env, protocol };
  const served = { ...git, request, response, limits: limits.push, log };
  if (route.kind === 'refs') {
    await serveGit(served, running);
    return false;
  }
  const id = Buffer.from(deps.random(PUSH_ID_BYTES)).toString('hex');
  const mayPushDirectly = await isAllowed(deps, principal, repository, 'direct-push');
  let forget = async () => {};
  let isStarted = false;
  const { code } = await serveGit(
    {
      ...served,
      inspect: new CommandSection({ commandsMax: limits.refsPerPushMax, lineBytesMax: LINE_BYTES_MAX }),
      async started(handle) {
        forget = await rememberProcess(deps.folders, handle.pid);
      },
      channel(socket, handle) {
        const answer = answerPush({
          repository,
          principal,
          push: id,
          gitDir,
          gitPath: deps.gitPath,
          bytes,
          bytesMax: limits.repositoryBytesMax,
          mayPushDirectly,
          unsafeDirectPush: deps.unsafeDirectPush,
          ...(deps.decide === undefined ? {} : { decide: deps.decide }),
          decisionMsMax: limits.decisionMsMax,
          refLog,
          log,
          allowed() {
            isStarted = true;
            handle.keepGoing();
          },
        });
        answerHooks(socket, HOOK_BYTES_MAX, answer);
      },
      // The client waits for it: who pushed finds the change told, and a run that was asked for.
      async ended() {
        if (isStarted) await deps.settler.settle(repository.id, id);
      },
    },
    running,
  );
  await forget();
  return code !== 0;
}

type RefusedRoute = { readonly status: number; readonly text: string; readonly type?: string };

/** Nothing is decoded: a name that needs it is none of ours, and tricks with dots and slashes have no meaning here. */
function routeOf(request: IncomingMessage): Route | RefusedRoute {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const [, owner, name, rest] =
    /^\/([A-Za-z0-9_][A-Za-z0-9._-]*)\/([A-Za-z0-9_][A-Za-z0-9._-]*?)(?:\.git)?\/(info\/refs|info\/lfs(?:\/[A-Za-z0-9._/-]*)?|git-[a-z-]+|HEAD|objects\/[A-Za-z0-9._/-]+)$/.exec(
      path,
    ) ?? [];
  if (owner === undefined || name === undefined || rest === undefined) {
    return { status: 404, text: 'there is nothing at this address: repositories are at /OWNER/NAME.git' };
  }
  const { method } = request;
  if (rest.startsWith('info/lfs')) return LFS;
  if (rest === 'info/refs' && method === 'GET') {
    const service = /^service=git-(upload-pack|receive-pack)$/.exec(query)?.[1];
    if (service === 'upload-pack' || service === 'receive-pack') return { owner, name, service, kind: 'refs' };
    return { status: 403, text: 'the dumb HTTP protocol is not served: use git 2.18 or later' };
  }
  const service = rest.slice('git-'.length);
  if (method === 'POST' && (service === 'upload-pack' || service === 'receive-pack')) {
    const type = `application/x-git-${service}-request`;
    if (request.headers['content-type'] !== type) return { status: 415, text: `this is no ${type}` };
    return { owner, name, service, kind: 'exchange' };
  }
  if (rest === 'HEAD' || rest.startsWith('objects/'))
    return { status: 403, text: 'the dumb HTTP protocol is not served' };
  return { status: 404, text: 'there is nothing at this address of the repository' };
}

const LFS: RefusedRoute = {
  status: 501,
  text: JSON.stringify({
    message:
      'Git LFS is not served here. Keep large files out of the repository (artifacts are for them), and run `git lfs uninstall` in this clone.',
  }),
  type: 'application/vnd.git-lfs+json',
};

function closedText(
  { state, owner, name }: RepositoryRow,
  isPush: boolean,
): { readonly status: number; readonly text: string } | undefined {
  switch (state) {
    case 'active':
      return undefined;
    case 'archived':
      return isPush
        ? { status: 403, text: `${owner}/${name} is archived: it can be read, and nothing pushed` }
        : undefined;
    case 'importing':
      return { status: 409, text: `${owner}/${name} is being imported: try again when that is done` };
    default:
      return {
        status: 409,
        text: `${owner}/${name} is stopped: its refs and the audit log disagree. An administrator has to look at it.`,
      };
  }
}

/** Default deny: every failure is one. */
export async function isAllowed(
  { authorise, log }: Pick<ServeDeps, 'authorise' | 'log'>,
  principal: Principal,
  { id, owner, name }: RepositoryName,
  verb: RepoVerb,
): Promise<boolean> {
  try {
    return await authorise(principal, { ...(id === undefined ? {} : { id }), owner, name }, verb);
  } catch (thrown) {
    log.error('Authorisation failed', { principal: principal.id, repository: id, verb, reason: reasonOf(thrown) });
    return false;
  }
}
