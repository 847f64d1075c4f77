import { completeFindings, type Finding, type Gap, type Match, type Rule, type Scanner } from '../finding/index.ts';
import {
  type HistoryRange,
  isPartialClone,
  listCommits,
  type OpenRepository,
  readCommitFacts,
} from '../source/index.ts';
import type { ResultCache } from './cache.ts';
import { type HistoryResult, scanCommits } from './history-batch.ts';
import { HISTORY_COMMITS_MAX } from './limits.ts';
import type { Pool } from './pool.ts';

/** How a commit stands in the cache: its content is its name. */
const DIGEST = 'commit';

export type HistoryOptions = {
  readonly opened: OpenRepository;
  readonly range: HistoryRange;
  readonly scanner: Scanner;
  readonly rules: ReadonlyMap<string, Rule>;
  /** Starts threads: asked for only when there is enough for them. */
  readonly pool: () => Pool | undefined;
  readonly cache: ResultCache | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
};

export type HistoryScan = {
  /** Each secret once, with what is the same of it wherever it lies. */
  readonly found: readonly { readonly finding: Finding; readonly key: string }[];
  readonly gaps: readonly Gap[];
  readonly notes: readonly string[];
  readonly commits: number;
  readonly bytes: number;
};

/** Looks for secrets in all lines that were ever added, past what is known of earlier scans. Each is told once: where it came from. */
export async function scanHistory(options: HistoryOptions): Promise<HistoryScan> {
  const { opened, range, cache } = options;
  const { git, repository } = opened;
  const gaps: Gap[] = [];
  if (repository.isShallow) gaps.push(SHALLOW);
  const [isPartial, commits] = await Promise.all([isPartialClone(git, repository), listCommits(opened, range)]);
  if (isPartial) return { found: [], gaps: [...gaps, PARTIAL], notes: [], commits: 0, bytes: 0 };
  const found = new Map<string, readonly Match[]>();
  const open = commits.filter((commit) => {
    const known = cache?.get(commit, DIGEST, 'secrets');
    if (known === undefined) return true;
    cache?.keep(commit, DIGEST, 'secrets', known);
    found.set(commit, known.matches);
    return false;
  });
  let bytes = 0;
  let binaries = 0;
  let done = commits.length - open.length;
  const onResult = (batch: readonly string[], result: HistoryResult) => {
    const here = new Map(result.found.map(({ commit, matches }) => [commit, matches]));
    for (const commit of batch) {
      const matches = here.get(commit) ?? [];
      found.set(commit, matches);
      if (result.gaps.length === 0) cache?.keep(commit, DIGEST, 'secrets', { matches });
    }
    gaps.push(...result.gaps);
    bytes += result.bytes;
    binaries += result.binaries;
    done += batch.length;
    options.onProgress(done, commits.length);
  };
  await scanOpen(open, options, onResult);
  return {
    found: await findingsOf(commits, found, options),
    gaps,
    notes: binaries === 0 ? [] : [`the history has ${binaries} binary contents, which were not looked into`],
    commits: commits.length,
    bytes,
  };
}

async function scanOpen(
  open: readonly string[],
  { opened: { git, repository }, pool, scanner, signal }: HistoryOptions,
  onResult: (batch: readonly string[], result: HistoryResult) => void,
): Promise<void> {
  const requests: { readonly commits: readonly string[] }[] = [];
  for (let at = 0; at < open.length; at += HISTORY_COMMITS_MAX) {
    requests.push({ commits: open.slice(at, at + HISTORY_COMMITS_MAX) });
  }
  const place = { git, gitDir: repository.gitDir, prefix: repository.prefix };
  const threads = requests.length > 1 ? pool() : undefined;
  if (threads !== undefined) {
    await threads.scanHistory(
      requests.map(({ commits }) => ({ ...place, commits })),
      onResult,
      signal,
    );
    return;
  }
  for (const { commits } of requests) {
    signal.throwIfAborted();
    onResult(commits, await scanCommits({ ...place, commits }, scanner));
  }
}

/** The oldest commit that brought a secret tells where it came from; the same one again tells nothing new. */
async function findingsOf(
  commits: readonly string[],
  found: ReadonlyMap<string, readonly Match[]>,
  { opened: { git, repository }, rules }: HistoryOptions,
): Promise<HistoryScan['found']> {
  const first = new Map<string, { readonly match: Match; readonly commit: string }>();
  for (const commit of commits) {
    for (const match of found.get(commit) ?? []) {
      const key = historyKey(match);
      if (!first.has(key)) first.set(key, { match, commit });
    }
  }
  const origins = new Map([...first].map(([key, { match, commit }]) => [match.place, { key, commit }]));
  const facts = await readCommitFacts(git, repository, new Set([...first.values()].map(({ commit }) => commit)));
  return completeFindings(
    [...first.values()].map(({ match }) => match),
    rules,
  ).map((finding) => {
    const { key = '', commit: id = '' } = origins.get(finding.place) ?? {};
    return { key, finding: { ...finding, commit: { id, author: '', date: '', ...facts.get(id) } } };
  });
}

/** What is the same secret, wherever it lies. */
export function historyKey({ rule, identity, evidence, place }: Match): string {
  return JSON.stringify(identity === undefined ? [rule, evidence, place.file] : [rule, identity]);
}

const SHALLOW: Gap = {
  code: 'history-shallow',
  reason: 'this clone has only a part of its history',
  help: 'Complete it with git fetch --unshallow (in actions/checkout: fetch-depth: 0).',
};

const PARTIAL: Gap = {
  code: 'history-partial',
  reason: 'this clone lacks contents of its history, which only the network has',
  help: 'Scan a clone without --filter.',
};
