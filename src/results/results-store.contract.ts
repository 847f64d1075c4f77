import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { type Clock, digestOf, TRUST_LEVELS, type TrustLevel } from '../base/index.ts';
import { LOCAL_QUOTAS, type ResultsQuotas } from './quotas.ts';
import type { ResultsScope, ResultsStore } from './store.ts';

export type ResultsFactory = (options: { clock: Clock; quotas: ResultsQuotas }) => Promise<ResultsStore>;

const DAY_MS = 24 * 3_600_000;
const VERSION = 'v'.repeat(64);
const ZIP = 'application/zip';
const bytes = (text: string) => Readable.from([Buffer.from(text)], { objectMode: false });
const textOf = async (content: Readable) => (await buffer(content)).toString();

type Job = ResultsScope & { readonly drops: { level: TrustLevel; source: string }[] };

/** A job of a run in `refs/heads/topic`, `main` being the default branch. */
function job(parts: Partial<ResultsScope> & { at?: TrustLevel } = {}): Job {
  let level = parts.at ?? 'branch';
  const drops: Job['drops'] = [];
  return {
    repository: 'octo/sample',
    runId: 7,
    attempt: 1,
    jobId: 11,
    ref: 'refs/heads/topic',
    readableRefs: ['refs/heads/main'],
    ...parts,
    drops,
    level: () => level,
    taint: (to, source) => {
      level = to;
      drops.push({ level: to, source });
    },
  };
}

const change = (number: number, at: TrustLevel = 'untrusted') =>
  job({ at, ref: `refs/pull/${number}/merge`, readableRefs: ['refs/heads/topic', 'refs/heads/main'] });
const onMain = (at: TrustLevel) => job({ at, ref: 'refs/heads/main', readableRefs: [] });

/** What every results store does, attacks included. `make` gives an empty one for each test. */
export function resultsStoreContract(make: ResultsFactory): void {
  const setUp = async (quotas: Partial<ResultsQuotas> = {}) => {
    let now = Date.parse('2026-03-01T12:00:00Z');
    const clock: Clock = { now: () => now, monotonic: () => now };
    const store = await make({ clock, quotas: { ...LOCAL_QUOTAS, ...quotas } });
    const save = (scope: ResultsScope, key: string, content = `content of ${key}`) =>
      store.caches.put(scope, { key, version: VERSION, content: bytes(content) });
    const restore = async (scope: ResultsScope, ...keys: string[]) => {
      const entry = await store.caches.find(scope, keys, VERSION);
      return entry === undefined ? undefined : textOf((await store.caches.open(scope, entry.id)).content);
    };
    const upload = (scope: ResultsScope, name: string, content = `content of ${name}`) =>
      store.artifacts.put(scope, { name, mimeType: ZIP, content: bytes(content) });
    return { store, save, restore, upload, advance: (milliseconds: number) => (now += milliseconds) };
  };

  describe('artifacts', () => {
    test('what one job put another job of the run lists and reads', async () => {
      const { store, upload } = await setUp();

      const artifact = await upload(job(), 'site', 'hello');

      expect(artifact).toMatchObject({ name: 'site', bytes: 5, digest: digestOf('hello'), level: 'branch', jobId: 11 });
      const other = job({ jobId: 12 });
      expect(await store.artifacts.list(other)).toEqual([artifact]);
      expect(await textOf((await store.artifacts.open(other, artifact.id)).content)).toBe('hello');
      expect(await store.artifacts.ofRun(7)).toEqual([artifact]);
      expect(await textOf(await store.artifacts.read(artifact))).toBe('hello');
      expect(other.drops).toEqual([]);
    });

    test('a name is taken once in an attempt, also by uploads at the same time', async () => {
      const { store, upload } = await setUp();

      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, (_, n) => upload(job(), 'same', `${n}`)));

      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await expect(upload(job(), 'same')).rejects.toMatchObject({ code: 'results/artifact-exists' });
      expect(await store.artifacts.list(job())).toHaveLength(1);
    });

    test('a later attempt may use a name again, and its artifact is the one that is listed', async () => {
      const { store, upload } = await setUp();
      await upload(job(), 'site', 'first');
      await upload(job({ attempt: 2 }), 'site', 'second');

      const [listed, ...rest] = await store.artifacts.list(job({ attempt: 2 }));

      expect(rest).toEqual([]);
      expect(await textOf((await store.artifacts.open(job({ attempt: 2 }), listed!.id)).content)).toBe('second');
    });

    test('ids are positive and never used again', async () => {
      const { store, upload } = await setUp();
      const seen = new Set<number>();
      for (let n = 0; n < 5; n += 1) {
        seen.add((await upload(job(), 'x')).id);
        await store.artifacts.remove(job(), 'x');
      }

      expect(seen.size).toBe(5);
      expect([...seen].every((id) => Number.isSafeInteger(id) && id > 0)).toBe(true);
    });

    test('another run, and another repository under the same run, see nothing', async () => {
      const { store, upload } = await setUp();
      const { id } = await upload(job(), 'site');

      for (const stranger of [job({ runId: 8 }), job({ repository: 'octo/other' })]) {
        expect(await store.artifacts.list(stranger)).toEqual([]);
        expect(await store.artifacts.remove(stranger, 'site')).toBeUndefined();
        await expect(store.artifacts.open(stranger, id)).rejects.toMatchObject({ code: 'results/artifact-missing' });
      }
    });

    test('a wrong digest is refused and leaves nothing', async () => {
      const { store } = await setUp();
      const forged = { name: 'x', mimeType: ZIP, content: bytes('sent'), digest: digestOf('announced') };

      await expect(store.artifacts.put(job(), forged)).rejects.toMatchObject({ code: 'results/artifact-digest' });

      expect(await store.artifacts.list(job())).toEqual([]);
    });

    test.each([
      '',
      ' ',
      '.',
      '..',
      'a/b',
      'a\\b',
      '../x',
      'a:b',
      'a"b',
      'a<b',
      'a>b',
      'a|b',
      'a*b',
      'a?b',
      'a\rb',
      'a\nb',
      'a\0b',
      '\u001b[2J',
      '\ud800',
      'x'.repeat(257),
    ])('the name %j is refused', async (name) => {
      const { upload } = await setUp();

      await expect(upload(job(), name)).rejects.toMatchObject({ code: 'results/artifact-name' });
    });

    test.each(['text/html\r\nset-cookie: a=b', 'x', '', 'a/b; q="'])(
      'the media type %j is refused',
      async (mimeType) => {
        const { store } = await setUp();

        const attempt = store.artifacts.put(job(), { name: 'x', mimeType, content: bytes('x') });

        await expect(attempt).rejects.toMatchObject({ code: 'results/mime-type' });
      },
    );

    /** K29 and K1: what a lower level made may be read, and reading it is what drops the level. */
    test('reading an artifact of a lower level drops the level of the job before a byte leaves', async () => {
      const { store, upload } = await setUp();
      const low = await upload(change(3), 'low');
      const reader = job({ at: 'reviewed', jobId: 12 });

      expect(await store.artifacts.list(reader)).toHaveLength(1);
      expect(reader.drops).toEqual([]);
      const { content } = await store.artifacts.open(reader, low.id);

      expect(reader.level()).toBe('untrusted');
      expect(reader.drops[0]?.source).toContain('low');
      content.destroy();
    });

    test('a job of a lower level does not delete what a higher one made', async () => {
      const { store, upload } = await setUp();
      await upload(job({ at: 'reviewed' }), 'release.zip');

      const attempt = store.artifacts.remove(job({ at: 'branch' }), 'release.zip');

      await expect(attempt).rejects.toMatchObject({ code: 'results/artifact-protected' });
      expect(await store.artifacts.list(job())).toHaveLength(1);
      expect(await store.artifacts.remove(job({ at: 'reviewed' }), 'release.zip')).toBeGreaterThan(0);
    });

    test('an artifact carries the level at the end of its upload', async () => {
      const { store } = await setUp();
      const writer = job({ at: 'reviewed' });
      const content = Readable.from(
        (async function* () {
          yield Buffer.from('first half, ');
          writer.taint('untrusted', 'meanwhile');
          yield Buffer.from('second half');
        })(),
        { objectMode: false },
      );

      const artifact = await store.artifacts.put(writer, { name: 'x', mimeType: ZIP, content });

      expect(artifact.level).toBe('untrusted');
    });

    test('an artifact ends when it said, and at most at the longest time', async () => {
      const { store, upload, advance } = await setUp();
      await store.artifacts.put(job(), { name: 'a', mimeType: ZIP, content: bytes('a'), expiresAt: Number.MAX_VALUE });
      await upload(job(), 'b');

      advance(LOCAL_QUOTAS.artifactMs + 1);
      expect((await store.artifacts.list(job())).map(({ name }) => name)).toEqual(['a']);
      advance(LOCAL_QUOTAS.artifactMsMax);
      expect(await store.artifacts.list(job())).toEqual([]);
      await upload(job(), 'a');
    });

    test('a full level drops the artifacts of older runs of this level, never of the own run or another level', async () => {
      const artifactBytesMax = { ...LOCAL_QUOTAS.artifactBytesMax, untrusted: 10 };
      const { store, upload, advance } = await setUp({ artifactBytesMax });
      await upload(job({ at: 'reviewed', runId: 5 }), 'kept', '123456');
      await upload(job({ at: 'untrusted', runId: 6 }), 'old', '123456');
      advance(1000);
      const own = job({ at: 'untrusted', runId: 9 });

      await upload(own, 'new', '123456');

      expect(await store.artifacts.ofRun(6)).toEqual([]);
      expect(await store.artifacts.ofRun(5)).toHaveLength(1);
      await expect(upload(own, 'more', '12345')).rejects.toMatchObject({ code: 'results/quota' });
      expect((await store.artifacts.ofRun(9)).map(({ name }) => name)).toEqual(['new']);
    });

    test('people see the artifacts of one repository, newest first, and no expired one', async () => {
      const { store, upload, advance } = await setUp({ artifactMs: DAY_MS });
      await upload(job({ runId: 1 }), 'old');
      advance(2 * DAY_MS);
      await upload(job({ runId: 2 }), 'one');
      await upload(job({ runId: 3, at: 'untrusted' }), 'two');
      await upload(job({ runId: 4, repository: 'octo/other' }), 'foreign');

      const seen = await store.artifacts.ofRepository('octo/sample');

      expect(seen.map(({ name, level }) => [name, level])).toEqual([
        ['two', 'untrusted'],
        ['one', 'branch'],
      ]);
    });

    test('a run has a bounded number of artifacts', async () => {
      const { upload } = await setUp({ artifactsPerRunMax: 2 });
      await upload(job(), 'a');
      await upload(job(), 'b');

      await expect(upload(job(), 'c')).rejects.toMatchObject({ code: 'results/quota' });
    });
  });

  describe('caches', () => {
    test('people see and remove the entries of one repository, of every level', async () => {
      const { store, save, restore, advance } = await setUp();
      await save(onMain('reviewed'), 'main');
      advance(1000);
      await save(change(7), 'fork');
      await save(job({ repository: 'octo/other' }), 'foreign');
      advance(1000);
      await restore(onMain('reviewed'), 'main');

      const seen = await store.caches.ofRepository('octo/sample');
      const [first] = seen;

      expect(seen.map(({ key, level }) => [key, level])).toEqual([
        ['main', 'reviewed'],
        ['fork', 'untrusted'],
      ]);
      expect(first?.usedAt).toBeGreaterThan(first?.createdAt ?? 0);
      expect(await store.caches.remove('octo/other', first?.id ?? 0)).toBe(false);
      expect(await store.caches.remove('octo/sample', first?.id ?? 0)).toBe(true);
      expect(await store.caches.remove('octo/sample', first?.id ?? 0)).toBe(false);
      expect(await restore(onMain('reviewed'), 'main')).toBeUndefined();
      expect(await store.caches.ofRepository('octo/sample')).toHaveLength(1);
    });

    test('the exact key, then prefixes in their order, the newest first', async () => {
      const { save, restore, advance } = await setUp();
      await save(job(), 'deps-1', 'one');
      advance(1000);
      await save(job(), 'deps-2', 'two');
      await save(job(), 'other', 'other');

      expect(await restore(job(), 'deps-1')).toBe('one');
      expect(await restore(job(), 'deps-9', 'deps-')).toBe('two');
      expect(await restore(job(), 'deps-9', 'oth', 'deps-')).toBe('other');
      expect(await restore(job(), 'deps-9', 'none-')).toBeUndefined();
    });

    test('another version of the same key is a miss', async () => {
      const { store, save } = await setUp();
      await save(job(), 'deps');

      expect(await store.caches.find(job(), ['deps'], 'other')).toBeUndefined();
    });

    test('a key is written once in its scope', async () => {
      const { save, restore } = await setUp();

      const entries = await Promise.all(Array.from({ length: 6 }, () => save(job(), 'deps', 'first')));

      expect(entries.filter((entry) => entry !== undefined)).toHaveLength(1);
      expect(await save(job(), 'deps', 'second')).toBeUndefined();
      expect(await restore(job(), 'deps')).toBe('first');
    });

    test('the own ref goes before the base, and the base before the default branch', async () => {
      const { save, restore } = await setUp();
      await save(onMain('branch'), 'deps-main', 'main');
      expect(await restore(change(3), 'x', 'deps-')).toBe('main');
      await save(job(), 'deps-topic', 'topic');
      expect(await restore(change(3), 'x', 'deps-')).toBe('topic');
      await save(change(3), 'deps-own', 'own');
      expect(await restore(change(3), 'x', 'deps-')).toBe('own');
    });

    test('a sibling branch and another change are not readable', async () => {
      const { save, restore } = await setUp();
      await save(job({ ref: 'refs/heads/sibling' }), 'deps');
      await save(change(4, 'branch'), 'deps');

      expect(await restore(job(), 'deps')).toBeUndefined();
      expect(await restore(change(3), 'deps')).toBeUndefined();
      expect(await restore(onMain('branch'), 'deps')).toBeUndefined();
    });

    test('another repository is not readable, whatever its refs are called', async () => {
      const { save, restore } = await setUp();
      await save(job({ repository: 'evil/fork', at: 'release' }), 'deps');

      expect(await restore(job(), 'deps')).toBeUndefined();
    });

    /** K6, all of it: rows are writers, columns readers. */
    test.each(TRUST_LEVELS.flatMap((writer) => TRUST_LEVELS.map((reader) => [writer, reader] as const)))(
      'what %s wrote in a change, %s reads only when it is allowed',
      async (writer, reader) => {
        const { save, restore } = await setUp();
        await save(change(3, writer), 'deps');
        const rank = (level: TrustLevel) => TRUST_LEVELS.indexOf(level);
        const isAllowed = rank(writer) >= rank(reader) || (reader === 'release' && writer === 'reviewed');

        const found = await restore(change(3, reader), 'deps', 'de');

        expect(found !== undefined).toBe(isAllowed);
      },
    );

    test('an id that a job learned elsewhere does not open what it may not read', async () => {
      const { store, save } = await setUp();
      const low = await save(change(3), 'deps');

      const attempt = store.caches.open(change(3, 'reviewed'), low!.id);

      await expect(attempt).rejects.toMatchObject({ code: 'results/cache-missing' });
    });

    /** R19: an outsider's change writes the very key that the default branch will restore. */
    test('the key that an untrusted job took is still free for a trusted one', async () => {
      const { save, restore } = await setUp();
      await save(change(3), 'deps', 'poison');

      expect(await save(change(3, 'reviewed'), 'deps', 'clean')).toBeDefined();

      expect(await restore(change(3, 'reviewed'), 'deps')).toBe('clean');
    });

    test('an untrusted job writes only in a change', async () => {
      const { save, restore } = await setUp();

      expect(await save(onMain('untrusted'), 'deps', 'poison')).toBeUndefined();
      expect(await save(job({ at: 'untrusted' }), 'deps', 'poison')).toBeUndefined();
      expect(
        await save(job({ at: 'untrusted', ref: 'refs/pull/3/../../heads/main' }), 'deps', 'poison'),
      ).toBeUndefined();

      expect(await restore(change(5), 'deps')).toBeUndefined();
    });

    test('a level that drops during an upload is the level of the entry', async () => {
      const { store } = await setUp();
      const writer = change(3, 'reviewed');
      const content = Readable.from(
        (async function* () {
          yield Buffer.from('bytes, ');
          writer.taint('untrusted', 'meanwhile');
          yield Buffer.from('more');
        })(),
        { objectMode: false },
      );

      const entry = await store.caches.put(writer, { key: 'deps', version: VERSION, content });

      expect(entry?.level).toBe('untrusted');
    });

    /** R19: filling the quota to evict the good entry, then writing a bad one in its place. */
    test('a flood of an untrusted job evicts only entries of its own level', async () => {
      const cacheBytesMax = { ...LOCAL_QUOTAS.cacheBytesMax, untrusted: 100 };
      const { store, save, restore, advance } = await setUp({ cacheBytesMax, cacheEntriesPerLevelMax: 6 });
      await save(onMain('reviewed'), 'deps', 'clean');
      advance(1000);
      for (let n = 0; n < 12; n += 1) await save(change(3), `flood-${n}`, `${n} ${'x'.repeat(30)}`);

      expect(await restore(onMain('reviewed'), 'deps')).toBe('clean');
      expect(await restore(change(3), 'flood-11')).toBeDefined();
      expect(await restore(change(3), 'flood-0')).toBeUndefined();
      await expect(save(change(3), 'huge', 'x'.repeat(101))).rejects.toMatchObject({ code: 'store/too-large' });
      expect(await store.caches.find(change(3), ['huge'], VERSION)).toBeUndefined();
    });

    test('what was used last stays longest', async () => {
      const cacheBytesMax = { ...LOCAL_QUOTAS.cacheBytesMax, branch: 25 };
      const { save, restore, advance } = await setUp({ cacheBytesMax });
      await save(job(), 'a', '1234567890');
      advance(1000);
      await save(job(), 'b', 'abcdefghij');
      advance(1000);
      await restore(job(), 'a');
      advance(1000);
      await save(job(), 'c', 'ABCDEFGHIJ');

      expect(await restore(job(), 'a')).toBe('1234567890');
      expect(await restore(job(), 'b')).toBeUndefined();
      expect(await restore(job(), 'c')).toBe('ABCDEFGHIJ');
    });

    test('what nobody uses ends, and its key can be written again', async () => {
      const { save, restore, advance } = await setUp();
      await save(job(), 'deps', 'old');
      advance(LOCAL_QUOTAS.cacheIdleMsMax - DAY_MS);
      expect(await restore(job(), 'deps')).toBe('old');
      advance(LOCAL_QUOTAS.cacheIdleMsMax + 1);
      expect(await restore(job(), 'deps')).toBeUndefined();

      expect(await save(job(), 'deps', 'new')).toBeDefined();
      expect(await restore(job(), 'deps')).toBe('new');
    });

    test('equal content of two entries survives the end of one', async () => {
      const cacheBytesMax = { ...LOCAL_QUOTAS.cacheBytesMax, untrusted: 10 };
      const { save, restore, advance } = await setUp({ cacheBytesMax });
      await save(job(), 'deps', 'same');
      await save(change(3), 'mine', 'same');
      advance(1000);
      await save(change(3), 'next', '12345678');

      expect(await restore(change(3), 'mine')).toBeUndefined();
      expect(await restore(job(), 'deps')).toBe('same');
    });

    test.each([[], [''], ['a,b'], ['x'.repeat(513)], Array.from({ length: 11 }, (_, n) => `k${n}`), ['\ud800']])(
      'the keys %j are refused',
      async (...keys) => {
        const { store } = await setUp();

        await expect(store.caches.find(job(), keys, VERSION)).rejects.toMatchObject({ code: 'results/cache-key' });
      },
    );
  });

  describe('staging', () => {
    test('blocks come in any order and go out in the order that is asked for', async () => {
      const { store } = await setUp();
      const staging = await store.stage();

      await Promise.all([
        staging.write('b', bytes('world'), { bytesMax: 10 }),
        staging.write('../a', bytes('hello '), { bytesMax: 10 }),
      ]);

      expect(await textOf(staging.read(['../a', 'b']))).toBe('hello world');
      await expect(staging.write('c', bytes('too long'), { bytesMax: 3 })).rejects.toMatchObject({
        code: 'results/too-large',
      });
      await staging.discard();
      await staging.discard();
    });
  });
}
