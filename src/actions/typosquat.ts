import type { RepositoryName } from './reference.ts';

/** Owners whose actions are used most: what a misspelling would imitate. */
const KNOWN_OWNERS = [
  'actions',
  'aws-actions',
  'azure',
  'changesets',
  'cloudflare',
  'codecov',
  'docker',
  'dorny',
  'dtolnay',
  'github',
  'google-github-actions',
  'goreleaser',
  'gradle',
  'hashicorp',
  'microsoft',
  'oven-sh',
  'peaceiris',
  'peter-evans',
  'pnpm',
  'pypa',
  'ruby',
  'shivammathur',
  'sigstore',
  'softprops',
  'stefanzweifel',
  'swatinem',
  'tj-actions',
] as const;

/** Repositories of the owner `actions`. */
const KNOWN_ACTIONS = [
  'attest',
  'attest-build-provenance',
  'attest-sbom',
  'cache',
  'checkout',
  'configure-pages',
  'create-github-app-token',
  'deploy-pages',
  'dependency-review-action',
  'download-artifact',
  'github-script',
  'labeler',
  'setup-dotnet',
  'setup-go',
  'setup-java',
  'setup-node',
  'setup-python',
  'stale',
  'upload-artifact',
  'upload-pages-artifact',
] as const;

/** Short names are one letter away from too many honest ones. */
const KNOWN_LENGTH_MIN = 5;

/** A well-known name that this one is a misspelling of, as `actions/checkout` for `actons/checkout`; else nothing. */
export function suggestName(name: RepositoryName): string | undefined {
  const owner = name.owner.toLowerCase();
  const repo = name.repo.toLowerCase();
  const knownOwner = KNOWN_OWNERS.find((known) => known === owner) ?? nearest(owner, KNOWN_OWNERS);
  if (knownOwner === undefined) return undefined;
  const knownRepo = knownOwner === 'actions' ? (nearest(repo, KNOWN_ACTIONS) ?? repo) : repo;
  const suggestion = `${knownOwner}/${knownRepo}`;
  return suggestion === `${owner}/${repo}` ? undefined : suggestion;
}

function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined;
  return known.find((candidate) => candidate.length >= KNOWN_LENGTH_MIN && isOneEditAway(name, candidate));
}

/** One letter more, less, other, or two neighbours swapped. */
function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1 || a === b) return false;
  let from = 0;
  while (from < a.length && a[from] === b[from]) from += 1;
  const isSame = (i: number, j: number) => a.slice(i) === b.slice(j);
  return (
    isSame(from + 1, from + 1) ||
    isSame(from + 1, from) ||
    isSame(from, from + 1) ||
    (a[from] === b[from + 1] && a[from + 1] === b[from] && isSame(from + 2, from + 2))
  );
}
