import { isAbsolute, relative } from 'node:path/posix';
import { excerpt, isFault } from '../base/index.ts';
import { EVIDENCE_MAX, type Gap, type Match, type Rule } from '../finding/index.ts';
import { fault } from './faults.ts';
import { IMPORTED_MAX, type Imported } from './import-model.ts';
import { isSarif, readSarif } from './import-sarif.ts';
import { readToolReport } from './import-tools.ts';

/** The largest report that is read. */
export const IMPORT_BYTES_MAX = 256 * 1024 * 1024;

export type Report = {
  /** Of the file, for messages. */
  readonly name: string;
  readonly text: string;
  /** The tool, when it is known otherwise than by the report. */
  readonly tool?: string;
  /** Where the tool saw the tree, when that was elsewhere. */
  readonly root?: string;
};

/** Findings of other tools as ours: with the rules that they bring. */
export type ImportResult = {
  readonly matches: readonly Match[];
  readonly rules: readonly Rule[];
  /** By the place of the match: the tool. */
  readonly tools: ReadonlyMap<Match['place'], string>;
  /** Tools whose reports can't be read. */
  readonly gaps: readonly Gap[];
};

/**
 * Reads reports. A text that no tool wrote is refused when a person named it; of a tool that was run it is a gap. `root`: absolute paths
 * in them are below it.
 */
export function importReports(reports: readonly Report[], root: string, own: ReadonlyMap<string, Rule>): ImportResult {
  const aliases = new Map([...own.values()].flatMap((rule) => rule.aliases.map((alias) => [alias, rule])));
  const rules = new Map<string, Rule>();
  const matches: Match[] = [];
  const tools = new Map<Match['place'], string>();
  const gaps: Gap[] = [];
  for (const report of reports) {
    for (const found of readOrTell(report, gaps)) {
      if (matches.length >= IMPORTED_MAX) throw fault('import-too-large', `more than ${IMPORTED_MAX} findings`);
      const one = report.tool === undefined ? found : { ...found, tool: report.tool };
      const rule = aliases.get(`${one.tool}/${one.rule}`) ?? rules.get(`${one.tool}/${one.rule}`) ?? foreignRule(one);
      if (!own.has(rule.id)) rules.set(rule.id, rule);
      const match = matchOf(one, rule.id, report.root ?? root);
      matches.push(match);
      tools.set(match.place, one.tool);
    }
  }
  return { matches, rules: [...rules.values()], tools, gaps };
}

function readOrTell(report: Report, gaps: Gap[]): readonly Imported[] {
  try {
    return readReport(report);
  } catch (thrown) {
    if (report.tool === undefined || !isFault(thrown)) throw thrown;
    gaps.push({ code: 'tool-failed', reason: `${report.tool} wrote what is no report of it: ${thrown.message}` });
    return [];
  }
}

function readReport({ name, text }: Report): readonly Imported[] {
  if (text.length > IMPORT_BYTES_MAX)
    throw fault('import-too-large', `${name} has more than ${IMPORT_BYTES_MAX} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (thrown) {
    throw fault('import-invalid', `${name} is not JSON`, { cause: thrown });
  }
  // gitleaks has found nothing.
  if (value === null || (Array.isArray(value) && value.length === 0)) return [];
  const found = isSarif(value) ? readSarif(value) : readToolReport(value);
  if (found === undefined) throw fault('import-invalid', `${name} is of no tool that is known`);
  return found.filter(({ rule, file }) => rule !== '' && file !== '');
}

function foreignRule({ tool, rule, kind, title, severity, confidence, cwe, remedy }: Imported): Rule {
  return {
    id: `${tool}/${rule}`,
    kind,
    title: excerpt(title.replaceAll(/\s+/g, ' '), 120),
    severity,
    confidence,
    ...(cwe === undefined ? {} : { cwe }),
    why: `${tool} reports it.`,
    lesson: `See what ${tool} says of ${rule}.`,
    remedy: remedy === undefined || remedy === '' ? `See what ${tool} says of ${rule}.` : remedy,
    aliases: [],
    references: [],
    examples: [],
  };
}

function matchOf(one: Imported, rule: string, root: string): Match {
  const { line, column, endLine, endColumn, severity, confidence, cwe, purl, advisories, remedy } = one;
  const isSecret = one.kind === 'secrets' || SECRET_WEAKNESSES.has(cwe ?? 0) || SECRET_RULE.test(one.rule);
  const words = one.message.replaceAll(/\s+/g, ' ').trim();
  return {
    rule,
    place: { file: pathBelow(one.file, root), line, column, endLine, endColumn },
    message: excerpt(isSecret ? redacted(words) : words, 500),
    evidence: isSecret ? '[redacted]' : excerpt(one.evidence.trim(), EVIDENCE_MAX),
    identity: one.identity ?? (isSecret ? `${line}` : one.evidence || words),
    severity,
    confidence,
    ...(cwe === undefined ? {} : { cwe }),
    ...(purl === undefined || advisories === undefined ? {} : { subject: { purl, advisories } }),
    fix: {
      kind: 'none',
      reason: `it was found by ${one.tool}`,
      ...(remedy === undefined || remedy === '' ? {} : { followUp: excerpt(remedy, 500) }),
    },
  };
}

const SECRET_WEAKNESSES: ReadonlySet<number> = new Set([259, 321, 798]);
const SECRET_RULE = /secret|passw|credential|api[-_]?key|token|B10[567]|G101/i;

/** Tools quote what they have found: of a secret that may be the secret. */
function redacted(message: string): string {
  return message.replaceAll(/'[^']*'|"[^"]*"|`[^`]*`|[A-Za-z0-9+/=_-]{20,}/g, '[redacted]');
}

/** The path below the root, as we write it. One that leads elsewhere is shown as it is, and is no file of the tree. */
function pathBelow(file: string, root: string): string {
  const path = file.startsWith('file://')
    ? decoded(file.slice('file://'.length))
    : /^[a-z]+:\/\//i.test(file)
      ? file
      : decoded(file);
  const plain = path.replaceAll('\\', '/');
  const below =
    isAbsolute(plain) && (plain === root || plain.startsWith(`${root}/`))
      ? relative(root, plain)
      : plain.replace(/^\/+/, '');
  const parts: string[] = [];
  for (const part of below.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/').slice(0, 4096);
}

/** URIs escape what paths need not. */
function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // A path with a per cent sign of its own.
    return text;
  }
}
