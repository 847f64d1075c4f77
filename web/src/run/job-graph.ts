import type { Of } from '../shell/api.ts';

type Job = Of<'Job'>;

/** One place of the graph: a job, or all that one became by its matrix. */
export type GraphNode = {
  readonly id: string;
  readonly label: string;
  readonly jobs: readonly Job[];
  /** Places that it waits for. */
  readonly needs: readonly string[];
  /** Column, as early as possible; and place in it from the top. */
  readonly rank: number;
  readonly place: number;
};

/** What one place waits for, and the places that an edge over more than one column passes on its way. */
export type GraphEdge = {
  readonly from: string;
  readonly to: string;
  readonly through: readonly { readonly rank: number; readonly place: number }[];
};

export type Graph = {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly ranks: number;
};

/** Rounds of ordering the columns by what they are connected to. */
const SWEEPS = 4;

/** Jobs as a graph from left to right: each as early as what it needs lets it, each column in an order with few crossings. */
export function graphOf(jobs: readonly Job[]): Graph {
  const folded = fold(jobs);
  const needs = new Map(folded.map((node) => [node.id, needsOf(node, folded)]));
  const ranks = ranksOf(folded, needs);
  const columns = Array.from({ length: Math.max(0, ...ranks.values()) + 1 }, (): string[] => []);
  for (const { id } of folded) columns[ranks.get(id) ?? 0]?.push(id);
  const chains = chainsOf(needs, ranks);
  for (const { passes } of chains) for (const { id, rank } of passes) columns[rank]?.push(id);
  order(columns, linksOf(chains));
  const places = new Map(columns.flatMap((column) => column.map((id, place) => [id, place] as const)));
  return {
    ranks: columns.length,
    nodes: folded.map((node) => ({
      ...node,
      needs: needs.get(node.id) ?? [],
      rank: ranks.get(node.id) ?? 0,
      place: places.get(node.id) ?? 0,
    })),
    edges: chains.map(({ from, to, passes }) => ({
      from,
      to,
      through: passes.map(({ id, rank }) => ({ rank, place: places.get(id) ?? 0 })),
    })),
  };
}

type Chain = {
  readonly from: string;
  readonly to: string;
  readonly passes: readonly { readonly id: string; readonly rank: number }[];
};

/** An edge over several columns keeps a place free in each: it passes no job as if it belonged to it. */
function chainsOf(needs: ReadonlyMap<string, readonly string[]>, ranks: ReadonlyMap<string, number>): readonly Chain[] {
  return [...needs].flatMap(([to, own]) =>
    own.map((from) => {
      const [first, last] = [(ranks.get(from) ?? 0) + 1, ranks.get(to) ?? 0];
      const between = Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at);
      return { from, to, passes: between.map((rank) => ({ id: `${from} > ${to} @ ${rank}`, rank })) };
    }),
  );
}

/** Each place with those of the column before that it is tied to. */
function linksOf(chains: readonly Chain[]): ReadonlyMap<string, readonly string[]> {
  const links = new Map<string, string[]>();
  for (const { from, to, passes } of chains) {
    const path = [from, ...passes.map(({ id }) => id), to];
    for (const [at, id] of path.slice(1).entries()) links.set(id, [...(links.get(id) ?? []), path[at] ?? from]);
  }
  return links;
}

type Folded = Pick<GraphNode, 'id' | 'label' | 'jobs'>;

const foldedKey = ({ definition, key }: Job) => definition ?? key;

function fold(jobs: readonly Job[]): readonly Folded[] {
  return [...Map.groupBy(jobs, foldedKey)].map(([id, own]) => {
    const [first] = own;
    // `build (18, linux)` and its siblings are `build`.
    const label = own.length === 1 || first === undefined ? (first?.name ?? id) : id;
    return { id, label, jobs: own };
  });
}

/** What a job needs is a key of a job, the id of one that became many, or a called workflow: all that nothing in it waits for. */
function needsOf(node: Folded, all: readonly Folded[]): readonly string[] {
  const wanted = new Set(node.jobs.flatMap(({ needs }) => needs));
  const found = [...wanted].flatMap((need) => {
    const exact = all.filter(({ id, jobs }) => id === need || jobs.some(({ key }) => key === need));
    if (exact.length > 0) return exact.map(({ id }) => id);
    const inside = all.filter(({ id, jobs }) => isInside(id, need) || jobs.some(({ key }) => isInside(key, need)));
    const waitedFor = new Set(inside.flatMap(({ jobs }) => jobs.flatMap(({ needs }) => needs)));
    const ends = inside.filter(({ id, jobs }) => !waitedFor.has(id) && !jobs.some(({ key }) => waitedFor.has(key)));
    return (ends.length > 0 ? ends : inside).map(({ id }) => id);
  });
  return [...new Set(found)].filter((id) => id !== node.id);
}

const isInside = (key: string, call: string) => key.startsWith(`${call} / `) || key.startsWith(`${call} (`);

function ranksOf(nodes: readonly Folded[], needs: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  const open = new Set<string>();
  const rankOf = (id: string): number => {
    const known = ranks.get(id);
    if (known !== undefined) return known;
    // The server plans no circle; a page must not hang when one is told.
    if (open.has(id)) return 0;
    open.add(id);
    const rank = Math.max(-1, ...(needs.get(id) ?? []).map(rankOf)) + 1;
    open.delete(id);
    ranks.set(id, rank);
    return rank;
  };
  for (const { id } of nodes) rankOf(id);
  return ranks;
}

function order(columns: string[][], needs: ReadonlyMap<string, readonly string[]>): void {
  const users = new Map<string, string[]>();
  for (const [id, own] of needs) for (const need of own) users.set(need, [...(users.get(need) ?? []), id]);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isForward = sweep % 2 === 0;
    const neighbours = isForward ? needs : users;
    const walk = isForward ? columns : columns.toReversed();
    for (const column of walk) sortColumn(column, columns, neighbours);
  }
}

/** Each where the middle of its neighbours is. What has none stays. */
function sortColumn(
  column: string[],
  columns: readonly string[][],
  neighbours: ReadonlyMap<string, readonly string[]>,
) {
  const places = new Map(columns.flatMap((own) => own.map((id, at) => [id, at / Math.max(1, own.length)] as const)));
  const weight = new Map(
    column.map((id) => {
      const own = (neighbours.get(id) ?? []).map((one) => places.get(one) ?? 0);
      return [id, own.length === 0 ? (places.get(id) ?? 0) : own.reduce((sum, at) => sum + at, 0) / own.length];
    }),
  );
  column.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0));
}

/** How far all of these jobs are, in one word: the worst that is known. */
export function stateOfJobs(jobs: readonly Pick<Job, 'state' | 'conclusion'>[]): string {
  const words = jobs.map(({ state, conclusion }): string => conclusion ?? state);
  const order = ['failure', 'running', 'queued', 'waiting', 'cancelled', 'success', 'skipped'];
  return order.find((word) => words.includes(word)) ?? 'waiting';
}
