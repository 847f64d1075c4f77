/**
 * Weaknesses that tools and corpora name by different numbers of one branch of CWE: the general one and those below it that mean the
 * same flaw at another depth. Labels and findings of one family answer each other, as score cards of the field do it.
 * Source: CWE-1000, Research Concepts (parents and children).
 */
const FAMILIES: readonly (readonly number[])[] = [
  [22, 23, 24, 35, 36, 73],
  [77, 78, 88],
  [79, 80, 81, 83, 84, 85, 86, 87],
  [89, 564],
  [91, 643, 652],
  [93, 113],
  [94, 95, 96, 1336],
  [259, 321, 798],
  [276, 277, 281, 732],
  [295, 296, 297, 298, 299],
  [326, 327],
  [328, 759, 760, 916],
  [330, 331, 335, 336, 337, 338, 340],
  [377, 378, 379],
  [611, 776, 827],
  [614, 1004, 1275],
  [400, 1333],
];

const familyOf = new Map(FAMILIES.flatMap((family) => family.map((number) => [String(number), String(family[0])])));

/** The name under which a class is compared: the family of a number, or the id of a rule itself. */
export function familyName(name: string): string {
  return familyOf.get(name) ?? name;
}
