/** Files of one message to a thread. */
export const BATCH_FILES_MAX = 128;
/** Bytes of the files of one message to a thread; a larger file goes alone. */
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** A smaller tree is scanned on this thread: another one takes longer to start than this takes to scan. */
export const SINGLE_THREAD_BYTES_MAX = 1024 * 1024;
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
