import type { Finding, Kind, Match, Place, Rule } from '../finding/index.ts';
import { globMatches } from './glob.ts';
import type { InlineFacts, InlineSuppression } from './inline.ts';
import { type FileSuppression, SUPPRESSIONS_FILE } from './suppression-file.ts';

export type SuppressedFinding = {
  readonly finding: Finding;
  readonly reason: string;
  readonly owner: string;
  readonly expires: string;
  /** Where it is suppressed: beside the code, or in the file of suppressions. */
  readonly by: 'comment' | 'file';
};

export type SuppressOptions = {
  readonly file: readonly FileSuppression[];
  /** Comments by path. */
  readonly inline: ReadonlyMap<string, InlineFacts>;
  /** Comments that a change brings in gate mode: they have no effect. */
  readonly isInert: (path: string, comment: InlineSuppression) => boolean;
  /** Comments that were there before, when only what is new is reported. */
  readonly isOld: (path: string, comment: InlineSuppression) => boolean;
  /** `YYYY-MM-DD` */
  readonly today: string;
  readonly rules: ReadonlyMap<string, Rule>;
  /** Kinds that were scanned for, all files: what suppresses nothing of these is unused. Empty: not everything was scanned. */
  readonly complete: ReadonlySet<Kind>;
  /** Whether every kind was scanned for: then a rule that nobody knows is misspelt. */
  readonly isEverything: boolean;
};

export type SuppressResult = {
  readonly kept: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** What is wrong with the suppressions themselves. */
  readonly matches: readonly Match[];
};

type Entry = {
  readonly place: Place;
  readonly rules: readonly string[];
  readonly reason: string | undefined;
  readonly owner: string | undefined;
  readonly expires: string | undefined;
  readonly by: 'comment' | 'file';
  readonly evidence: string;
  readonly isInert: boolean;
  readonly isOld: boolean;
  readonly covers: (finding: Finding) => boolean;
};

/** Takes out what is suppressed, and judges the suppressions: incomplete, expired, unused, brought by the change itself. */
export function suppress(findings: readonly Finding[], options: SuppressOptions): SuppressResult {
  const entries = [...fileEntries(options), ...inlineEntries(options)];
  const active = entries.filter((entry) => !entry.isInert && problemOf(entry, options.today) === undefined);
  const used = new Set<Entry>();
  const kept: Finding[] = [];
  const suppressed: SuppressedFinding[] = [];
  for (const finding of findings) {
    const entry = active.find((one) => one.covers(finding));
    if (entry === undefined) {
      kept.push(finding);
      continue;
    }
    used.add(entry);
    const { reason = '', owner = '', expires = '', by } = entry;
    suppressed.push({ finding, reason, owner, expires, by });
  }
  const matches = entries.flatMap((entry): readonly Match[] => {
    if (entry.isOld) return [];
    if (entry.isInert)
      return [
        matchOf(
          entry,
          'settings-from-change',
          `this suppression comes with the change that it judges: it has no effect`,
        ),
      ];
    const problem = problemOf(entry, options.today);
    if (problem !== undefined) return [matchOf(entry, problem.rule, problem.message)];
    return used.has(entry) || !isJudged(entry, options)
      ? []
      : [matchOf(entry, 'suppression-unused', unusedMessage(entry, options))];
  });
  return { kept, suppressed, matches };
}

function fileEntries({ file, rules }: SuppressOptions): readonly Entry[] {
  return file.map((one) => ({
    place: placeOf(SUPPRESSIONS_FILE, one.line, one.column),
    rules: one.rule === undefined ? [] : [one.rule],
    reason: one.reason,
    owner: one.owner,
    expires: one.expires,
    by: 'file',
    evidence: [one.rule, one.fingerprint, one.path].filter((part) => part !== undefined).join(' '),
    isInert: false,
    isOld: false,
    covers: (finding) =>
      (one.fingerprint === undefined || one.fingerprint === finding.fingerprint) &&
      (one.rule === undefined || isNamed(finding, one.rule, rules)) &&
      (one.path === undefined || globMatches(one.path, finding.place.file)),
  }));
}

function inlineEntries({ inline, isInert, isOld, rules }: SuppressOptions): readonly Entry[] {
  return [...inline].flatMap(([path, comments]) => {
    const alone = new Set(comments.filter(({ isAlone }) => isAlone).map(({ line }) => line));
    return comments.map((comment): Entry => {
      // Comments may stand one below the other: each is about the first line after them.
      let next = comment.line + 1;
      while (comment.isAlone && alone.has(next)) next += 1;
      return {
        place: placeOf(path, comment.line, comment.column),
        rules: comment.rules,
        reason: comment.reason,
        owner: comment.owner,
        expires: comment.expires,
        by: 'comment',
        evidence: comment.text,
        isInert: isInert(path, comment),
        isOld: isOld(path, comment),
        covers: (finding) => {
          const { file, line, endLine } = finding.place;
          if (file !== path || !comment.rules.some((rule) => isNamed(finding, rule, rules))) return false;
          return (line <= comment.line && comment.line <= endLine) || (comment.isAlone && line === next);
        },
      };
    });
  });
}

/** By the rule's own id, or by the name that it has in another tool. */
function isNamed(finding: Finding, name: string, rules: ReadonlyMap<string, Rule>): boolean {
  return finding.rule === name || rules.get(finding.rule)?.aliases.includes(name) === true;
}

function problemOf(
  { reason, owner, expires }: Entry,
  today: string,
): { readonly rule: string; readonly message: string } | undefined {
  const missing = [
    ...(reason === undefined ? ['a reason'] : []),
    ...(owner === undefined ? ['an owner'] : []),
    ...(expires === undefined ? ['an end (until YYYY-MM-DD)'] : []),
  ];
  if (missing.length > 0) {
    return {
      rule: 'suppression-incomplete',
      message: `this suppression lacks ${missing.join(' and ')}: it has no effect`,
    };
  }
  if (expires !== undefined && expires < today) {
    return { rule: 'suppression-expired', message: `this suppression has ended on ${expires}: it has no effect` };
  }
  return undefined;
}

/** Whether all was scanned that it could be about. A fingerprint alone can be of any kind. */
function isJudged({ rules: names }: Entry, { rules, complete, isEverything }: SuppressOptions): boolean {
  if (complete.size === 0) return false;
  return names.length === 0
    ? isEverything
    : names.every((name) => {
        const rule = rules.get(name) ?? [...rules.values()].find(({ aliases }) => aliases.includes(name));
        return rule === undefined ? isEverything : complete.has(rule.kind);
      });
}

function unusedMessage({ rules: names }: Entry, { rules }: SuppressOptions): string {
  const unknown = names.find(
    (name) => !rules.has(name) && ![...rules.values()].some((rule) => rule.aliases.includes(name)),
  );
  const tail = unknown === undefined ? '' : `: there is no rule ${JSON.stringify(unknown.slice(0, 100))}`;
  return `this suppression suppresses nothing${tail}`;
}

function matchOf(entry: Entry, rule: string, message: string): Match {
  const reason = 'it says what a person decided';
  return {
    rule,
    place: entry.place,
    message,
    evidence: entry.evidence,
    fix: { kind: 'none', reason, followUp: 'Remove or mend it.' },
  };
}

function placeOf(file: string, line: number, column: number): Place {
  return { file, line, column, endLine: line, endColumn: column };
}
