import type { SecretRule } from './compile.ts';
import { compileFinder, type Finder } from './finder.ts';

/** Where a text comes from. */
export type Source = {
  readonly path: string;
  readonly commit?: {
    readonly sha: string;
    readonly author?: string;
    readonly email?: string;
    readonly date?: string;
    readonly message?: string;
  };
};

/** As a configuration writes it: patterns are text. Plain data, it crosses threads. */
export type AllowlistSettings = {
  readonly isAnd: boolean;
  readonly commits: readonly string[];
  readonly paths: readonly string[];
  readonly regexes: readonly string[];
  readonly regexTarget: 'secret' | 'match' | 'line';
  readonly stopwords: readonly string[];
};

/** What is allowed to stand where it stands. */
export type Allowlist = {
  readonly isAnd: boolean;
  readonly commits: ReadonlySet<string>;
  readonly paths: readonly Finder[];
  readonly regexes: readonly Finder[];
  readonly regexTarget: 'secret' | 'match' | 'line';
  readonly stopwords: readonly string[];
};

export function compileAllowlist(settings: AllowlistSettings): Allowlist {
  const compile = (source: string) => compileFinder(source, [], { isTrusted: false });
  return {
    ...settings,
    commits: new Set(settings.commits.map((sha) => sha.trim().toLowerCase())),
    paths: settings.paths.map(compile),
    regexes: settings.regexes.map(compile),
    stopwords: settings.stopwords.map((word) => word.toLowerCase()),
  };
}

/** Whether a list allows all of a file or of a commit. One that asks for more than path and commit waits for the finding. */
export function isSourceAllowed(lists: readonly Allowlist[], source: Source): boolean {
  return lists.some((list) => {
    const isCommit = list.commits.has(source.commit?.sha.toLowerCase() ?? '');
    const isPath = list.paths.some((path) => path.test(source.path));
    if (!list.isAnd) return isCommit || isPath;
    if (list.regexes.length > 0 || list.stopwords.length > 0) return false;
    return (list.commits.size === 0 || isCommit) && (list.paths.length === 0 || isPath);
  });
}

type Finding = { readonly secret: string; readonly matchStart: number; readonly matchEnd: number };
type Input = { readonly text: () => string; readonly source: Source };

/** Whether one of the rule's lists allows the finding, or its filter drops it. */
export function isFindingAllowed(rule: SecretRule, finding: Finding, input: Input): boolean {
  return isAllowedBy(rule.allowlists, finding, input);
}

export function isAllowedBy(lists: readonly Allowlist[], finding: Finding, input: Input): boolean {
  return lists.some((list) => {
    const target =
      list.regexTarget === 'line'
        ? lineOf(input.text(), finding)
        : list.regexTarget === 'match'
          ? input.text().slice(finding.matchStart, finding.matchEnd)
          : finding.secret;
    const lower = finding.secret.toLowerCase();
    const checks: boolean[] = [];
    if (list.commits.size > 0) checks.push(list.commits.has(input.source.commit?.sha.toLowerCase() ?? ''));
    if (list.paths.length > 0) checks.push(list.paths.some((path) => path.test(input.source.path)));
    if (list.regexes.length > 0) checks.push(list.regexes.some((regex) => regex.test(target)));
    if (list.stopwords.length > 0) checks.push(list.stopwords.some((word) => lower.includes(word)));
    return list.isAnd ? checks.every(Boolean) : checks.some(Boolean);
  });
}

/** How far a line is looked at on each side of a finding, in characters: lines of generated files have no end. */
const LINE_REACH_MAX = 4_096;

/** The lines on which a finding stands, or as much of them as is looked at. */
export function lineOf(text: string, finding: { readonly matchStart: number; readonly matchEnd: number }): string {
  const before = text.slice(Math.max(0, finding.matchStart - LINE_REACH_MAX), finding.matchStart);
  const after = text.slice(finding.matchEnd, finding.matchEnd + LINE_REACH_MAX);
  const end = after.indexOf('\n');
  return (
    before.slice(before.lastIndexOf('\n') + 1) +
    text.slice(finding.matchStart, finding.matchEnd) +
    (end === -1 ? after : after.slice(0, end))
  );
}
