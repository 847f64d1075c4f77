import { readdir, readFile, readlink } from 'node:fs/promises';
import { type Log, reasonOf } from '../base/index.ts';
import { expandIpv6 } from './address.ts';

/** Milliseconds that a refusal waits for the name of its process. */
const ATTRIBUTION_MS_MAX = 250;
/** Processes and descriptors that are looked at, and lookups of one job. */
const PROCESSES_MAX = 8192;
const DESCRIPTORS_MAX = 4096;
const LOOKUPS_MAX = 500;
/** Lookups for one host, port and reason, and at the same time. */
const LOOKUPS_PER_KEY_MAX = 5;
const LOOKUPS_AT_ONCE_MAX = 8;
/** Characters of a command line that are kept. */
const COMMAND_CHARACTERS_MAX = 120;

/** Finds the command behind a connection of a pod; nothing when it cannot be known in time. */
export type Attributor = (
  key: string,
  via: string,
  client: { readonly address: string; readonly port: number } | undefined,
) => Promise<string | undefined>;

/**
 * Looks up who is behind a refused attempt: the socket's inode from the tables of the pod's namespace, then the process
 * that holds it. A hint for people, never a ground for a decision: a process chooses its own command line.
 */
export function createAttributor(podPid: number, log: Log): Attributor {
  const lookups = new Map<string, number>();
  let total = 0;
  let running = 0;
  return async (key, via, client) => {
    const before = lookups.get(key) ?? 0;
    const isTooMuch = total >= LOOKUPS_MAX || before >= LOOKUPS_PER_KEY_MAX || running >= LOOKUPS_AT_ONCE_MAX;
    if (client === undefined || isTooMuch) return undefined;
    lookups.set(key, before + 1);
    total += 1;
    running += 1;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), ATTRIBUTION_MS_MAX);
    });
    try {
      return await Promise.race([findCommand(podPid, via, client), late]);
    } catch (error) {
      // The process may be gone, or belong to a user whose descriptors cannot be seen: the record goes without it.
      log.debug('Process behind a refused connection is not known', { reason: reasonOf(error) });
      return undefined;
    } finally {
      clearTimeout(timer);
      running -= 1;
    }
  };
}

async function findCommand(
  podPid: number,
  via: string,
  client: { readonly address: string; readonly port: number },
): Promise<string | undefined> {
  const tables = via === 'dns' ? ['udp', 'udp6', 'tcp', 'tcp6'] : ['tcp', 'tcp6'];
  for (const table of tables) {
    const text = await readFile(`/proc/${podPid}/net/${table}`, 'utf8').catch(() => '');
    const inode = findInode(text, client);
    if (inode !== undefined) return holderOf(podPid, inode);
  }
  return undefined;
}

/** The inode of the socket whose local end is this address and port, from a table of /proc/net. */
export function findInode(
  table: string,
  client: { readonly address: string; readonly port: number },
): string | undefined {
  const port = client.port.toString(16).toUpperCase().padStart(4, '0');
  const address = tableAddress(client.address);
  let unbound: string | undefined;
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [place = '', localPort] = (fields[1] ?? '').split(':');
    if (localPort !== port || fields[9] === undefined || fields[9] === '0') continue;
    if (address.includes(place)) return fields[9];
    // A datagram socket that is not connected shows no address.
    if (/^0+$/.test(place)) unbound = fields[9];
  }
  return unbound;
}

/** How the tables write an address: groups of four bytes in the byte order of the machine (little-endian here). */
function tableAddress(address: string): string[] {
  const four = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)?.slice(1);
  if (four) {
    const word = four.toReversed().map(hexByte).join('');
    return [word, `0000000000000000FFFF0000${word}`];
  }
  const bytes = (expandIpv6(address) ?? []).flatMap((group) => [group >> 8, group & 255]);
  const words = [0, 4, 8, 12].map((at) =>
    bytes
      .slice(at, at + 4)
      .toReversed()
      .map(hexByte)
      .join(''),
  );
  return [words.join('')];
}

function hexByte(byte: number | string): string {
  return Number(byte).toString(16).toUpperCase().padStart(2, '0');
}

async function holderOf(podPid: number, inode: string): Promise<string | undefined> {
  const namespace = await readlink(`/proc/${podPid}/ns/net`);
  const wanted = `socket:[${inode}]`;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).slice(-PROCESSES_MAX);
  // The newest first: what connects has mostly just been started.
  for (const pid of pids.toReversed()) {
    if ((await readlink(`/proc/${pid}/ns/net`).catch(() => '')) !== namespace) continue;
    const descriptors = (await readdir(`/proc/${pid}/fd`).catch(() => [])).slice(0, DESCRIPTORS_MAX);
    for (const descriptor of descriptors) {
      if ((await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')) === wanted) return commandOf(pid);
    }
  }
  return undefined;
}

async function commandOf(pid: string): Promise<string | undefined> {
  return shortCommand(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
}

/**
 * The program, and the script when the first argument is the path of one. Nothing else of a command line: tokens are
 * passed there. The text is the job's own, so what could steer a terminal is taken out.
 */
export function shortCommand(commandLine: string): string | undefined {
  const [program = '', script = ''] = commandLine.split('\0');
  // Some programs overwrite their command line with one text, arguments and all: its first word is the program.
  const name = program.trim().split(/\s/)[0]?.split('/').at(-1) ?? '';
  const isPath = /^\.{0,2}\/[^\s]*$/.test(script);
  const text = (isPath ? `${name} ${script}` : name).replace(/[^\x20-\x7e]/g, '?');
  return text === '' ? undefined : text.slice(0, COMMAND_CHARACTERS_MAX);
}
