import { type FileView, type Match, viewOf } from '../finding/index.ts';
import { isSourceAllowed, type Source } from './allowlist.ts';
import { digestOfSecret } from './checks.ts';
import type { RuleSet, SecretRule } from './compile.ts';
import { entropyOf } from './entropy.ts';
import { sortOf } from './file-sort.ts';
import { fixOf } from './fix.ts';
import type { readIgnores } from './ignore.ts';
import { evidenceOf, redacted } from './redact.ts';
import { type Located, search } from './search.ts';

/** All that a scanner works with. */
export type Setup = {
  readonly rules: RuleSet;
  readonly isIgnored: ReturnType<typeof readIgnores>;
  /** Rules that go by the name of a file alone. */
  readonly pathRules: readonly SecretRule[];
  readonly opensArchives: boolean;
  readonly heedsMarks: boolean;
};

/** Hits before and after one that are redacted in its evidence. */
const NEIGHBOURS = 20;
/** Hits less exact than this are found by names and numbers, of which a path is full. */
const PATH_EXACTNESS_MIN = 3;

const SAMPLE_REMARK = ' It stands in a test or an example, where most are made up: that lowers its severity.';

export type MatchOptions = {
  readonly lineOf: (line: number) => number;
  readonly isFile: boolean;
  readonly inner?: string;
};

/** What was found in a text, as it is reported. */
export function matchesOf(
  setup: Setup,
  view: FileView,
  found: readonly Located[],
  { source, options }: { readonly source: Source; readonly options: MatchOptions },
): Match[] {
  const { isSample } = sortOf(source.path);
  return found.flatMap((hit, index) => {
    // In a test, and nothing but the place speaks against it: worth a look, not an alarm in the night.
    const isDoubtful = isSample && hit.confidence === 'low' && !hit.rule.isForeign;
    const place = view.placeAt(hit.start, hit.end);
    const line = options.lineOf(place.line);
    const question = { file: view.path, rules: namesOf(hit.rule), line, secret: hit.secret };
    const commit = source.commit === undefined ? {} : { commit: source.commit.sha };
    if (setup.isIgnored({ ...question, ...commit })) return [];
    // Those on the same line are among the neighbours: hits come in the order of the text.
    const others = found
      .slice(Math.max(0, index - NEIGHBOURS), index + NEIGHBOURS)
      .filter((other) => other !== hit && other.layer === undefined);
    return [
      {
        rule: hit.rule.rule.id,
        place: { ...place, line, endLine: options.lineOf(place.endLine) },
        message: `${messageOf(hit, options.inner)}${isDoubtful ? SAMPLE_REMARK : ''}`,
        ...(isDoubtful ? { severity: 'low' as const } : {}),
        evidence:
          hit.layer === undefined ? evidenceOf(view.text, hit, others) : evidenceOf(hit.layer.text, hit.layer, []),
        ...(options.inner === undefined ? {} : { scope: options.inner }),
        identity: identityOf(hit),
        confidence: hit.confidence,
        fix: fixOf(hit, view, options.isFile && hit.layer === undefined && options.inner === undefined),
      },
    ];
  });
}

/** What the path alone gives: files that are secrets by their name, and secrets that are part of one. */
export function matchesOfPath(setup: Setup, path: string, source: Source): Match[] {
  if (isSourceAllowed(setup.rules.allowlists, source)) return [];
  const named = setup.pathRules
    .filter((rule) => rule.path?.(path) === true && !isSourceAllowed(rule.allowlists, source))
    .filter((rule) => !setup.isIgnored({ file: path, rules: namesOf(rule), line: 0, secret: '' }))
    .map((rule) => ({
      rule: rule.rule.id,
      place: wholeOf(path),
      message: `${rule.rule.title}: the file by its name.`,
      evidence: path,
      confidence: rule.rule.confidence,
      fix: {
        kind: 'none' as const,
        reason: 'The file itself is the secret: take it out of the repository and ignore it.',
        followUp: rule.rotate.trim(),
      },
    }));
  return [...named, ...secretsInName(setup, path, source)];
}

function secretsInName(setup: Setup, path: string, source: Source): readonly Match[] {
  const found = search(setup.rules, Buffer.from(path), () => path, { source, sort: sortOf(path), heedsMarks: false });
  return found
    .filter((hit) => hit.exactness >= PATH_EXACTNESS_MIN && hit.layer === undefined)
    .filter((hit) => !setup.isIgnored({ file: path, rules: namesOf(hit.rule), line: 0, secret: hit.secret }))
    .map((hit) => ({
      rule: hit.rule.rule.id,
      place: wholeOf(path),
      message: `${hit.rule.rule.title}: ${redacted(hit.secret)}. It is in the name of the file.`,
      evidence: evidenceOf(path, hit, []),
      identity: identityOf(hit),
      confidence: hit.confidence,
      fix: {
        kind: 'none' as const,
        reason: 'The name of the file holds the secret: whoever lists the folder reads it. Rename it.',
        followUp: hit.rule.rotate.trim(),
      },
    }));
}

/** A secret in where a symbolic link leads. */
export function matchesOfLink(setup: Setup, path: string, target: string): Match[] {
  const source = { path };
  const found = search(setup.rules, Buffer.from(target), () => target, {
    source,
    sort: sortOf(path),
    heedsMarks: false,
  });
  const exact = found.filter((hit) => hit.exactness >= PATH_EXACTNESS_MIN || hit.rule.isForeign);
  const options = { lineOf: (line: number) => line, isFile: false };
  return matchesOf(setup, viewOf(path, target), exact, { source, options }).map((match) => ({
    ...match,
    message: `${match.message} It is in the target of a symbolic link.`,
  }));
}

export function wholeOf(file: string): Match['place'] {
  return { file, line: 1, column: 1, endLine: 1, endColumn: 1 };
}

/** The id, and what gitleaks calls it: ignore files and baselines were written with that. */
function namesOf(rule: SecretRule): readonly string[] {
  return [
    rule.rule.id,
    ...rule.rule.aliases
      .filter((alias) => /^(?:gitleaks|betterleaks)\//.test(alias))
      .map((alias) => alias.slice(alias.indexOf('/') + 1)),
  ];
}

function messageOf(hit: Located, inner: string | undefined): string {
  const what =
    hit.name === undefined || hit.exactness > 1
      ? hit.rule.rule.title
      : `${hit.rule.rule.title}, assigned to ${hit.name.slice(0, 60)}`;
  const where = hit.layer === undefined ? '' : ' It is encoded here, which hides it from nobody.';
  return `${what}: ${redacted(hit.secret)}.${where}${inner === undefined ? '' : ' It is packed in an archive.'}`;
}

/** What cannot be guessed is told apart by its digest; a password by what it is assigned to, which gives nothing away. */
function identityOf(hit: Located): string {
  const isRandom = hit.exactness >= 2 && hit.secret.length >= 20 && entropyOf(hit.secret) > 3;
  return isRandom ? digestOfSecret(hit.secret) : `${hit.name ?? ''} ${hit.secret.length}`;
}
