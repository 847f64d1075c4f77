type Node = { readonly id: number; readonly name: string; readonly parentId?: number | undefined };

/** Teams as a list in which each stands below the one that it lies in, with how deep it lies. */
export function inTree<Team extends Node>(
  teams: readonly Team[],
): readonly { readonly team: Team; readonly depth: number }[] {
  const known = new Set(teams.map(({ id }) => id));
  const below = new Map<number | undefined, Team[]>();
  for (const team of teams) {
    // One whose parent is not shown stands at the top.
    const parent = team.parentId !== undefined && known.has(team.parentId) ? team.parentId : undefined;
    below.set(parent, [...(below.get(parent) ?? []), team]);
  }
  const walk = (parent: number | undefined, depth: number): readonly { team: Team; depth: number }[] =>
    (below.get(parent) ?? []).flatMap((team) => [{ team, depth }, ...walk(team.id, depth + 1)]);
  return walk(undefined, 0);
}
