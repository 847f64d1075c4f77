import type { RepositoryReader } from './read.ts';

/** What is remembered of all repositories together. */
const REMEMBERED_BYTES_MAX = 16 * 1024 * 1024;
/** Nothing larger than this is remembered: it would push out everything else. */
const ANSWER_BYTES_MAX = 1024 * 1024;
const OBJECT_ID = /^[0-9a-f]{40}$/;

/** Answers by question; the one that was used last stands last. */
export type Memory = {
  answer<Value>(key: string, bytesOf: (value: Value) => number, ask: () => Promise<Value>): Promise<Value>;
};

export function createMemory(bytesMax = REMEMBERED_BYTES_MAX): Memory {
  const known = new Map<string, { readonly value: unknown; readonly bytes: number }>();
  /** Whoever asks the same meanwhile waits for the same answer. */
  const asked = new Map<string, Promise<unknown>>();
  let bytes = 0;
  const forget = (key: string) => {
    bytes -= known.get(key)?.bytes ?? 0;
    known.delete(key);
  };
  return {
    async answer<Value>(key: string, bytesOf: (value: Value) => number, ask: () => Promise<Value>): Promise<Value> {
      const found = known.get(key);
      if (found !== undefined) {
        known.delete(key);
        known.set(key, found);
        // One key is asked by one kind of question alone.
        return found.value as Value;
      }
      const waiting = asked.get(key);
      if (waiting !== undefined) return (await waiting) as Value;
      const asking = ask();
      asked.set(key, asking);
      const value = await asking.finally(() => asked.delete(key));
      const own = key.length + bytesOf(value);
      if (own > ANSWER_BYTES_MAX) return value;
      forget(key);
      known.set(key, { value, bytes: own });
      bytes += own;
      for (const oldest of known.keys()) {
        if (bytes <= bytesMax) break;
        forget(oldest);
      }
      return value;
    },
  };
}

/**
 * A reader that asks git once for what can't change: what an id names is the same for ever. Names of refs are asked for each time, and
 * so is what was not there. Each question to git is a process, and one push asks the same about its commit again and again.
 */
export function rememberingReader(reader: RepositoryReader, memory: Memory, repositoryId: number): RepositoryReader {
  const keyOf = (...question: readonly unknown[]) => JSON.stringify([repositoryId, ...question]);
  const sizeOfText = (value: unknown) => 2 * JSON.stringify(value).length;
  return {
    ...reader,
    async resolve(revision) {
      if (!OBJECT_ID.test(revision)) return reader.resolve(revision);
      // What is missing may come: `undefined` is larger than everything that is remembered.
      const sizeOf = (found: string | undefined) => (found === undefined ? Number.POSITIVE_INFINITY : found.length);
      return memory.answer(keyOf('resolve', revision), sizeOf, () => reader.resolve(revision));
    },
    listFiles: (commit, folders) =>
      memory.answer(keyOf('files', commit, folders), sizeOfText, () => reader.listFiles(commit, folders)),
    readBlob: (oid, bytesMax) =>
      memory.answer(
        keyOf('blob', oid, bytesMax),
        (blob) => blob.length,
        () => reader.readBlob(oid, bytesMax),
      ),
    listCommits: (from, span) =>
      memory.answer(keyOf('commits', from, span), sizeOfText, () => reader.listCommits(from, span)),
    changedPaths: (base, head) =>
      memory.answer(keyOf('changed', base, head), sizeOfText, () => reader.changedPaths(base, head)),
    isAncestor: (older, newer) =>
      memory.answer(
        keyOf('ancestor', older, newer),
        () => 1,
        () => reader.isAncestor(older, newer),
      ),
  };
}
