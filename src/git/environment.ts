export type ConfigEntry = readonly [key: string, value: string];

/** Objects held in memory for deltas while a pack is made, for each thread. */
const PACK_WINDOW_MEMORY = '64m';

/** What holds for every git that serves: it runs nothing that a repository names, fetches from nowhere, and stays small. */
export const SERVING: readonly ConfigEntry[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  // Nothing is fetched from anywhere while somebody reads, whatever the repository's own configuration says.
  ['protocol.allow', 'never'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['pack.threads', '1'],
  ['pack.windowMemory', PACK_WINDOW_MEMORY],
];

/** Sets the limit of memory and becomes the program: its arguments are never part of the script. */
const LIMITED = 'ulimit -v "$1" && shift && exec "$@"';
const KIB = 1024;

/** A command that ends, instead of the machine, when it wants more address space than this. */
export function limitedCommand(
  command: readonly [program: string, ...args: readonly string[]],
  memoryBytesMax: number,
): readonly [program: string, args: readonly string[]] {
  return ['/bin/sh', ['-c', LIMITED, 'sh', String(Math.floor(memoryBytesMax / KIB)), ...command]];
}

/** All that a git process sees: nothing of the host's environment, no configuration of a user or of the system. Later entries win. */
export function gitEnvironment(
  settings: readonly ConfigEntry[],
  more: { readonly [name: string]: string } = {},
): { readonly [name: string]: string } {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    ...more,
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}
