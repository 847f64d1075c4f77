import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ServerFact } from '../cli/index.ts';
import type { Machine } from './commands.ts';
import { readSettings, type ServerSettings } from './server-settings.ts';
import { isReachable, serverUsers, type User } from './server-users.ts';

/** `sallyport doctor --server`: what a server that is started here would run as whom, and what of its settings weakens it. Starts nothing. */
export async function serverFacts(machine: Machine, configFile: string | undefined): Promise<readonly ServerFact[]> {
  const settings = await readSettings({
    environment: machine.env,
    flags: {},
    ...(configFile === undefined ? {} : { configFile }),
    dataDefault: join(machine.places.state, 'server'),
    processors: availableParallelism(),
    cwd: process.cwd(),
  });
  return factsOf(settings);
}

/** What a server with these settings is made of, and what of them weakens it. */
export async function factsOf(settings: ServerSettings): Promise<readonly ServerFact[]> {
  const uid = process.geteuid?.() ?? -1;
  const users = await serverUsers(uid);
  // As at the start: others must be able to read the program, or they can't run it.
  const own = users !== undefined && (await isReachable(process.execPath)) && (await isReachable(import.meta.filename));
  const same = `as the server (user ${uid})`;
  const as = (user: User | undefined) => (user === undefined ? same : `as user ${user.uid}`);
  const isExternal = settings.database_url !== undefined;
  const keys = own ? '' : ': who takes over that user has the keys';
  return [
    { name: 'server', text: `as user ${uid}, data in ${settings.data}, reached at ${settings.url}`, isWeak: false },
    {
      name: 'database',
      text: isExternal ? 'a PostgreSQL of your own' : `the one that comes along, ${as(users?.database)}`,
      isWeak: false,
    },
    { name: 'keeper', text: `${as(own ? users.keeper : undefined)}${keys}`, isWeak: !own },
    { name: 'witness', text: `${as(own ? users.witness : undefined)}${keys}`, isWeak: !own },
    {
      name: 'runner',
      text: settings.runner ? `${settings.runner_jobs} jobs at once, ${same}; jobs in sandboxes` : 'none inside',
      isWeak: false,
    },
    {
      name: 'unsafe_direct_push',
      text: settings.unsafe_direct_push
        ? 'on: owners may push to default branches without a review, and such runs are `branch`'
        : 'off',
      isWeak: settings.unsafe_direct_push,
    },
    {
      name: 'unsafe_smtp_plain',
      text: settings.unsafe_smtp_plain ? 'on: mail goes over the network as it is' : 'off',
      isWeak: settings.unsafe_smtp_plain,
    },
    {
      name: 'unsafe_webhook_hosts',
      text:
        settings.unsafe_webhook_hosts.length === 0
          ? 'none'
          : `webhooks may reach these hosts inside: ${settings.unsafe_webhook_hosts.join(', ')}`,
      isWeak: settings.unsafe_webhook_hosts.length > 0,
    },
  ];
}
