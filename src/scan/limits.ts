/** Files of one message to a thread. */
export const BATCH_FILES_MAX = 128;
/** Bytes of the files of one message to a thread; a larger file goes alone. */
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** What takes less, by a guess, is scanned on this thread: each other one takes most of a second to load the grammars again. */
export const SINGLE_THREAD_MS_MAX = 1500;
/** Threads at most, whatever the machine has. */
export const THREADS_MAX = 16;
/** Contents that wait for a thread, together, of a tree that only this thread can read. */
export const READ_AHEAD_BYTES_MAX = 64 * 1024 * 1024;
/** Time that a thread may take for one batch. A file that takes it alone is a gap. */
export const BATCH_MS_MAX = 60_000;
/** The same for a file alone, after its batch has failed. */
export const FILE_MS_MAX = 20_000;
/** Memory of one thread, MiB. */
export const THREAD_HEAP_MB_MAX = 2048;
/** Commits of one message to a thread. */
export const HISTORY_COMMITS_MAX = 200;
/** Time that a thread may take for the commits of one message. */
export const HISTORY_MS_MAX = 10 * 60_000;

/** In the place of a rule: whatever is found at the path, as in a corpus of flaws. */
export const EVERY_RULE = '*';
/** How often files that were put off are asked for, each time those that the ones before lead to. */
export const DEMAND_ROUNDS_MAX = 12;
