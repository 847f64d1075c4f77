import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { jsonLog, systemClock } from '../base/index.ts';
import type { Interrupt, ServerEvent, UpRequest } from '../cli/index.ts';
import type { Machine } from './commands.ts';
import { fault } from './faults.ts';
import { startServer } from './server.ts';
import { readSettings, settingSources, type SettingsSources } from './server-settings.ts';

/** `sallyport up`: serves until it is told to end, or a part that it needs is gone. */
export async function up(
  machine: Machine,
  version: string,
  request: UpRequest,
  { onEvent, interrupt }: { readonly onEvent: (event: ServerEvent) => void; readonly interrupt: Interrupt },
): Promise<void> {
  if (process.platform !== 'linux') throw fault('platform-unsupported', `a server does not run on ${process.platform}`);
  const sources: SettingsSources = {
    environment: machine.env,
    flags: request.flags,
    ...(request.configFile === undefined ? {} : { configFile: request.configFile }),
    dataDefault: join(machine.places.state, 'server'),
    processors: availableParallelism(),
    cwd: process.cwd(),
  };
  const settings = await readSettings(sources);
  const ended = Promise.withResolvers<'told'>();
  const stopListening = interrupt.onInterrupt(() => ended.resolve('told'));
  const log = logOf(machine);
  try {
    const server = await startServer({
      settings,
      sources: await settingSources(sources, settings),
      machine,
      version,
      setup: request.setup,
      log,
      onProgress: (what) => onEvent({ kind: 'starting', what }),
    });
    onEvent({
      kind: 'ready',
      url: server.url,
      pid: process.pid,
      remarks: server.remarks,
      ...(server.setupCode === undefined ? {} : { setupCode: server.setupCode }),
    });
    const reason = await Promise.race([ended.promise, server.broken]);
    onEvent({ kind: 'stopping' });
    await server.stop();
    // Whoever supervises it starts it anew: the database takes up where it was.
    if (reason !== 'told') throw fault('server-broken', reason);
    onEvent({ kind: 'stopped' });
  } finally {
    stopListening();
  }
}

function logOf({ isDebug, writeError }: Machine) {
  const log = jsonLog(writeError, () => systemClock.now());
  return isDebug ? log : { ...log, debug() {}, info() {} };
}
