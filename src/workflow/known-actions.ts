/** Owners and actions that are used most: what a misspelling would imitate. */
const OWNERS = [
  'actions',
  'aquasecurity',
  'astral-sh',
  'aws-actions',
  'azure',
  'changesets',
  'cloudflare',
  'codecov',
  'cypress-io',
  'docker',
  'dorny',
  'dtolnay',
  'github',
  'golangci',
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
  'reviewdog',
  'ruby',
  'shivammathur',
  'sigstore',
  'slackapi',
  'softprops',
  'sonarsource',
  'stefanzweifel',
  'step-security',
  'swatinem',
  'taiki-e',
  'tj-actions',
];
const ACTIONS: { readonly [owner: string]: readonly string[] } = {
  actions: [
    'attest',
    'attest-build-provenance',
    'attest-sbom',
    'cache',
    'checkout',
    'configure-pages',
    'create-github-app-token',
    'delete-package-versions',
    'dependency-review-action',
    'deploy-pages',
    'download-artifact',
    'first-interaction',
    'github-script',
    'jekyll-build-pages',
    'labeler',
    'setup-dotnet',
    'setup-go',
    'setup-java',
    'setup-node',
    'setup-python',
    'setup-ruby',
    'stale',
    'upload-artifact',
    'upload-pages-artifact',
    'create-release',
    'add-to-project',
  ],
  docker: [
    'build-push-action',
    'login-action',
    'metadata-action',
    'setup-buildx-action',
    'setup-qemu-action',
    'bake-action',
  ],
  'tj-actions': ['changed-files', 'branch-names', 'verify-changed-files'],
  codecov: ['codecov-action'],
  softprops: ['action-gh-release'],
};
/** Owners besides those that are organisations or people whom many projects rely on. */
const TRUSTED = new Set([
  'advanced-security',
  'anchore',
  'anthropics',
  'apache',
  'atlassian',
  'bufbuild',
  'cachix',
  'chainguard-dev',
  'crazy-max',
  'dawidd6',
  'denoland',
  'determinatesystems',
  'dependabot',
  'digitalocean',
  'elastic',
  'endbug',
  'erlef',
  'expo',
  'extractions',
  'firebaseextended',
  'google',
  'googleapis',
  'grafana',
  'haskell-actions',
  'helm',
  'jamesives',
  'jetbrains',
  'julia-actions',
  'kubernetes-sigs',
  'lycheeverse',
  'moonrepo',
  'mozilla-actions',
  'msys2',
  'netlify',
  'nixos',
  'nrwl',
  'octokit',
  'openai',
  'ossf',
  'pre-commit',
  'pulumi',
  'r-lib',
  'rust-lang',
  'rustsec',
  'sbt',
  'scala-cli',
  'shopify',
  'slsa-framework',
  'snyk',
  'subosito',
  'supabase',
  'terraform-linters',
  'trufflesecurity',
  'vercel',
  'zizmorcore',
  'tauri-apps',
  'ncipollo',
  'reactivecircus',
  'gitleaks',
]);

/** Whether many projects rely on the owner. */
export function isKnownActionOwner(owner: string): boolean {
  const name = owner.toLowerCase();
  return OWNERS.includes(name) || TRUSTED.has(name);
}

/** Short names are one letter away from too many honest ones. */
const LENGTH_MIN = 5;

/** The well-known name that this one is a misspelling of; nothing for known and for quite other ones. */
export function nearestAction(name: { readonly owner: string; readonly repo: string }): string | undefined {
  const [owner, repo] = [name.owner.toLowerCase(), name.repo.toLowerCase()];
  const known = OWNERS.includes(owner)
    ? owner
    : OWNERS.find((one) => one.length >= LENGTH_MIN && isOneEditAway(one, owner));
  if (known === undefined) return undefined;
  const repositories = ACTIONS[known];
  const nearest = repositories?.find((one) => one === repo || (one.length >= LENGTH_MIN && isOneEditAway(one, repo)));
  if (known !== owner) {
    // Another owner of a similar name is honest unless the action has the famous name, too.
    return repositories === undefined || nearest !== undefined ? `${known}/${nearest ?? repo}` : undefined;
  }
  if (repositories === undefined || repositories.includes(repo)) return undefined;
  return nearest === undefined ? undefined : `${known}/${nearest}`;
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
