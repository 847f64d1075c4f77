import { availableParallelism } from 'node:os';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonLog, type Log, silentLog, systemClock } from '../base/index.ts';
import type { Interrupt, RunnerEvent, RunnerJoinRequest } from '../cli/index.ts';
import { readMembership } from '../remote/index.ts';
import type { Machine } from './commands.ts';
import { fault } from './faults.ts';
import { joinFromHere, runFromHere } from './remote-runner.ts';

/** `sallyport runner join`: joins when it has not, and works until it is told to end, drained, or removed at the server. */
export async function runnerJoin(
  machine: Machine,
  request: RunnerJoinRequest,
  onEvent: (event: RunnerEvent) => void,
  interrupt: Interrupt,
): Promise<void> {
  if (process.platform !== 'linux')
    throw fault('platform-unsupported', `a runner can't isolate a job on ${process.platform}`);
  const folder = request.folder ?? join(machine.places.state, 'runner');
  const log = logOf(machine, request.json);
  if (request.replace && request.token !== undefined) {
    for (const name of ['runner.json', 'runner.key']) await rm(join(folder, name), { force: true });
  }
  const membership = (await readMembership(folder)) ?? (await joinNow(machine, request, folder));
  onEvent({ kind: 'joined', url: membership.url, runnerId: membership.runnerId, name: membership.name });
  const running = await runFromHere(machine, {
    folder,
    membership,
    jobsMax: request.jobs ?? availableParallelism(),
    ...(request.actionsMirror === undefined ? {} : { actionsMirror: request.actionsMirror }),
    log,
  });
  const stop = interrupt.onInterrupt((state) => {
    onEvent({ kind: 'draining', force: state === 'force' });
    void (state === 'force' ? running.runner.stop() : running.runner.drain());
  });
  try {
    const reason = await running.runner.done;
    onEvent({ kind: 'ended', reason });
  } finally {
    stop();
    await running.close();
  }
}

function joinNow(machine: Machine, request: RunnerJoinRequest, folder: string) {
  const { url, token } = request;
  if (url === undefined || token === undefined || token === '') {
    throw fault('runner-unjoined', `${folder} belongs to no runner yet: --url and --token are needed`);
  }
  return joinFromHere(machine, {
    folder,
    url,
    token,
    name: request.name,
    labels: request.labels,
    ephemeral: request.ephemeral,
    caFile: request.caFile,
  });
}

function logOf({ isDebug, writeError }: Machine, json: boolean): Log {
  const log = jsonLog(writeError, () => systemClock.now());
  if (isDebug) return log;
  if (json) return { ...log, debug() {} };
  return {
    ...silentLog,
    warn: (message, fields) => log.warn(message, fields),
    error: (message, fields) => log.error(message, fields),
  };
}
