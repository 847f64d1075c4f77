import { posix } from 'node:path';
import type { Match } from '../finding/index.ts';
import type { DependencyFacts, InstallHook, Sign } from './model.ts';

/** How far a script that starts another one is followed. */
const FOLLOWED_MAX = 3;

const WORDS: { readonly [kind in Sign['kind']]: string } = {
  encoded: 'decodes code and runs it',
  invisible: 'holds text that no editor shows',
  turned: 'turns the direction of the text, so that an editor shows another order than is run',
  aside: 'holds code that stands far outside of the window',
  garbled: 'is made unreadable',
  collector: 'sends something to a service that anyone can read from',
  environment: 'sends all variables of the environment away',
};

/** Signs of what is hidden from who reads the file itself. */
const HIDES: ReadonlySet<Sign['kind']> = new Set(['encoded', 'invisible', 'turned', 'aside']);

/** Code that is written so that a reader does not see it. Garbled code alone may be a product's; one that is installed is told below. */
export function findHiddenCode(facts: ReadonlyMap<string, DependencyFacts>): readonly Match[] {
  return [...facts].flatMap(([file, { signs }]) =>
    (signs ?? []).flatMap((sign): readonly Match[] => {
      if (!HIDES.has(sign.kind)) return [];
      return [
        {
          rule: 'hidden-code',
          place: { file, ...sign.place },
          message: `${file} ${WORDS[sign.kind]}: nobody reads that in a review.`,
          evidence: sign.evidence,
          scope: file,
          identity: sign.kind,
          // Texts of languages that are written from the right have some of these rightly.
          ...(sign.kind === 'turned' ? { severity: 'medium' as const } : {}),
          fix: {
            kind: 'none',
            reason: 'what the code is for has to be found out by reading it',
            followUp: 'Decode it without running it. Write code as code, and data as data.',
          },
        },
      ];
    }),
  );
}

/** What runs when a package of the tree is installed, and hides or carries away what it does. */
export function findHostileInstalls(facts: ReadonlyMap<string, DependencyFacts>): readonly Match[] {
  const hooks = [...facts].flatMap(([file, { listing }]) =>
    (listing?.hooks ?? []).map((hook) => ({ file, hook, verdict: verdictOf(file, hook, facts) })),
  );
  const scripts = [...facts].flatMap(([file, { signs }]) =>
    posix.basename(file) === 'setup.py' && signs !== undefined && signs[0] !== undefined
      ? [
          hostileMatch(
            { file, place: signs[0].place, evidence: signs[0].evidence },
            `${file}, which runs when the package is installed, ${sayings(signs)}`,
            'critical',
          ),
        ]
      : [],
  );
  const found = hooks.flatMap(({ file, hook, verdict }) =>
    verdict === undefined
      ? []
      : [
          hostileMatch(
            { file, place: hook.place, evidence: hook.command },
            `The script ${hook.name} ${verdict.what}`,
            verdict.severity,
          ),
        ],
  );
  return [...found, ...scripts];
}

function hostileMatch(
  { file, place, evidence }: { readonly file: string; readonly place: Sign['place']; readonly evidence: string },
  what: string,
  severity: 'critical' | 'high' | 'medium',
): Match {
  return {
    rule: 'hostile-install-script',
    place: { file, ...place },
    message: `${what}.`,
    evidence: evidence.slice(0, 200),
    scope: file,
    identity: 'install',
    severity,
    fix: {
      kind: 'none',
      reason: 'a script that may attack has to be read before anything else',
      followUp: 'Install nothing from here until it is read. Where it ran, take the machine and its secrets as lost.',
    },
  };
}

type Verdict = { readonly what: string; readonly severity: 'critical' | 'high' | 'medium' };

const COLLECTS =
  /webhook\.site|\.oast(?:ify\.com|\.\w+)|burpcollaborator|interact\.sh|pipedream\.net|requestbin|requestrepo|dnslog\.cn|ceye\.io|ngrok|discord(?:app)?\.com\/api\/webhooks|api\.telegram\.org\/bot/i;
const ENCODED =
  /base64\s+(?:-d|-D|--decode)[^|;&]*\|\s*\S*sh\b|powershell[^;&|]*\s-e(?:nc|ncodedcommand)?\s|(?:eval|exec)\s*\([^)]{0,200}(?:base64|atob|b64decode)/i;
const FETCHED =
  /\b(?:curl|wget)\b[^;&|]*(?:\|\s*(?:sudo\s+)?(?:\S*\/)?(?:ba|z|da)?sh\b|\|\s*(?:node|python3?)\b|(?:-o|-O|>)\s*\S+[^;&|]*(?:&&|;)\s*(?:chmod[^;&|]*(?:&&|;)\s*)?(?:(?:ba|z)?sh|node|python3?|\.\/))|(?:ba|z)?sh\s+<\(\s*(?:curl|wget)|\b(?:iwr|irm|Invoke-WebRequest|Invoke-Expression)\b/i;
const TAKES =
  /\b(?:curl|wget|nc|ncat)\b[^;|]*(?:\$\((?:env|printenv|whoami|hostname|id|cat)\b|`(?:env|printenv|whoami|hostname|id|cat)\b|@\/etc\/|@~?\/?\.(?:npmrc|ssh|aws))|\b(?:env|printenv)\s*\|[^;&]*\b(?:curl|wget|nc)\b/;

function verdictOf(file: string, hook: InstallHook, facts: ReadonlyMap<string, DependencyFacts>): Verdict | undefined {
  const { command } = hook;
  if (COLLECTS.test(command)) return { what: `${WORDS.collector}: ${command.slice(0, 120)}`, severity: 'critical' };
  if (TAKES.test(command))
    return { what: `sends what this machine knows away: ${command.slice(0, 120)}`, severity: 'critical' };
  if (ENCODED.test(command)) return { what: `${WORDS.encoded}: ${command.slice(0, 120)}`, severity: 'critical' };
  const signs = startedBy(command, posix.dirname(file), facts);
  if (signs !== undefined) {
    const isPlain = signs.signs.every(({ kind }) => kind === 'garbled' || kind === 'turned');
    return { what: `runs ${signs.file}, which ${sayings(signs.signs)}`, severity: isPlain ? 'high' : 'critical' };
  }
  if (FETCHED.test(command))
    return { what: `runs what it has just fetched: ${command.slice(0, 120)}`, severity: 'medium' };
  return undefined;
}

function sayings(signs: readonly Sign[]): string {
  return [...new Set(signs.map(({ kind }) => WORDS[kind]))].join(' and ');
}

/** The first file with signs that a command starts: directly, or through files that load it. */
function startedBy(
  command: string,
  folder: string,
  facts: ReadonlyMap<string, DependencyFacts>,
): { readonly file: string; readonly signs: readonly Sign[] } | undefined {
  let open = wordsOf(command).flatMap((word) => candidates(folder, word));
  const seen = new Set<string>();
  for (let step = 0; step < FOLLOWED_MAX; step += 1) {
    const next: string[] = [];
    for (const file of open) {
      if (seen.has(file)) continue;
      seen.add(file);
      const known = facts.get(file);
      if (known?.signs !== undefined && known.signs.length > 0) return { file, signs: known.signs };
      for (const name of known?.loads ?? []) next.push(...candidates(posix.dirname(file), name));
    }
    open = next;
  }
  return undefined;
}

/** Words of a command that may be files, also those inside of `node -e "require('./x')"`. */
function wordsOf(command: string): readonly string[] {
  return (command.match(/[\w@./-]+/g) ?? []).filter((word) => !word.startsWith('-') && !word.startsWith('/'));
}

function candidates(folder: string, word: string): readonly string[] {
  const path = posix.join(folder, word);
  if (path.startsWith('..')) return [];
  return [path, `${path}.js`, `${path}.cjs`, `${path}.mjs`, `${path}.py`, posix.join(path, 'index.js')];
}
