import type { Severity } from '../finding/index.ts';
import { normaliseName } from './names.ts';
import { sortEvents } from './ranges.ts';
import type { AdvisoryRecord, AffectedImport, AffectedPackage } from './record.ts';
import { scoreOf, severityOfScore, severityOfWord } from './severity.ts';

/** Longest summary that is kept, in UTF-16 code units: enough for a sentence. */
const SUMMARY_LENGTH_MAX = 240;
/** Events, versions and symbols that one package of a record may have. */
const LIST_LENGTH_MAX = 100_000;

type Fields = { readonly [key: string]: unknown };

function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, LIST_LENGTH_MAX) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

function texts(value: unknown): readonly string[] {
  return list(value).flatMap((item) => text(item) ?? []);
}

/**
 * Reads a record in OSV's form. Lenient, since databases add fields of their own; what it can't use it leaves out. Answers
 * `withdrawn` for a record that no longer stands, and nothing for what is no record.
 */
export function readOsv(value: unknown): AdvisoryRecord | 'withdrawn' | undefined {
  const record = fields(value);
  const id = text(record?.['id']);
  if (record === undefined || id === undefined || id === '' || id.length > 200) return undefined;
  if (text(record['withdrawn']) !== undefined) return 'withdrawn';
  const own = fields(record['database_specific']);
  const parts = list(record['affected'])
    .map(fields)
    .filter((part) => part !== undefined);
  const affected = parts.flatMap((part) => readAffected(part) ?? []);
  const severity = severityOf(record, own, parts);
  const aliases = [...new Set([...texts(record['aliases']), ...texts(record['related']).filter(isSameFlaw(id))])];
  const isMalicious = id.startsWith('MAL-') || aliases.some((alias) => alias.startsWith('MAL-'));
  return {
    advisory: {
      id,
      aliases: aliases.filter((alias) => alias !== id).sort(),
      summary: summaryOf(record, id),
      severity: severity.severity,
      score: severity.score,
      vector: severity.vector,
      cwes: cwesOf(own, parts),
      modified: text(record['modified']) ?? '',
      isMalicious,
      informational: informationalOf(parts),
      epss: undefined,
      exploitedSince: undefined,
    },
    affected,
  };
}

/** Some databases put the CVE of their own record among the related ones only. */
function isSameFlaw(id: string): (other: string) => boolean {
  const number = /^(?:UBUNTU|DEBIAN|ALPINE)-(CVE-.*)$/.exec(id)?.[1];
  return (other) => other === number;
}

function summaryOf(record: Fields, id: string): string {
  const summary =
    text(record['summary'])?.trim() ||
    text(record['details'])
      ?.trim()
      .split(/\n|(?<=\.) /)[0] ||
    id;
  const line = summary.replaceAll(/\s+/g, ' ');
  return line.length > SUMMARY_LENGTH_MAX ? `${line.slice(0, SUMMARY_LENGTH_MAX)}…` : line;
}

type Graded = { readonly severity?: Severity; readonly score?: number; readonly vector?: string };

/** The newest CVSS that has a score; then what the database says in words. */
function severityOf(
  record: Fields,
  own: Fields | undefined,
  parts: readonly Fields[],
): { [key in keyof Graded]-?: Graded[key] | undefined } {
  const vectors = [record, ...parts].flatMap((part) =>
    list(part['severity']).flatMap((entry) => {
      const { type, score } = fields(entry) ?? {};
      return typeof score === 'string' && typeof type === 'string' ? [{ type, vector: score }] : [];
    }),
  );
  const word = [own?.['severity'], ...parts.map((part) => fields(part['database_specific'])?.['severity'])]
    .flatMap((value) => text(value) ?? [])
    .map(severityOfWord)
    .find((value) => value !== undefined);
  for (const type of ['CVSS_V4', 'CVSS_V3', 'CVSS_V2']) {
    for (const { vector } of vectors.filter((entry) => entry.type === type)) {
      const score = scoreOf(vector);
      if (score !== undefined) return { severity: word ?? severityOfScore(score), score, vector };
    }
  }
  const ubuntu = vectors.map(({ vector }) => severityOfWord(vector)).find((value) => value !== undefined);
  return { severity: word ?? ubuntu, score: undefined, vector: undefined };
}

function cwesOf(own: Fields | undefined, parts: readonly Fields[]): readonly number[] {
  const named = [own, ...parts.map((part) => fields(part['database_specific']))].flatMap((place) => [
    ...texts(place?.['cwe_ids']),
    ...list(place?.['cwes']).flatMap((cwe) => text(fields(cwe)?.['cweId']) ?? text(cwe) ?? []),
  ]);
  const numbers = named.flatMap((name) => /^CWE-(\d{1,5})$/.exec(name)?.[1] ?? []).map(Number);
  return [...new Set(numbers)];
}

function informationalOf(parts: readonly Fields[]): string | undefined {
  return parts.flatMap((part) => text(fields(part['database_specific'])?.['informational']) ?? [])[0];
}

function readAffected(part: Fields): AffectedPackage | undefined {
  const { ecosystem: rawEcosystem, name: rawName } = fields(part['package']) ?? {};
  const [ecosystem, name] = [text(rawEcosystem), text(rawName)];
  if (ecosystem === undefined || name === undefined || ecosystem === '' || name === '') return undefined;
  const ranges = list(part['ranges']).flatMap((range) => {
    const { type, events } = fields(range) ?? {};
    // Commits have no order that the record tells; the versions that it lists stand for them.
    if (type !== 'SEMVER' && type !== 'ECOSYSTEM') return [];
    const read = list(events).flatMap(readEvent);
    return read.length === 0 ? [] : [sortEvents(ecosystem, withLastKnown(read, range))];
  });
  return {
    ecosystem,
    name: normaliseName(ecosystem, name),
    ranges,
    versions: texts(part['versions']),
    imports: list(fields(part['ecosystem_specific'])?.['imports']).flatMap(readImport),
  };
}

/** GitHub's records say in a field of their own up to which version a flaw without a fix is known. */
function withLastKnown(events: readonly string[], range: unknown): readonly string[] {
  if (events.some((event) => !event.startsWith('+'))) return events;
  const bound = text(fields(fields(range)?.['database_specific'])?.['last_known_affected_version_range']);
  const found = /^(<=?)\s*(\S+)$/.exec(bound ?? '');
  if (found?.[2] === undefined) return events;
  return [...events, `${found[1] === '<' ? '<' : '='}${found[2]}`];
}

function readEvent(event: unknown): readonly string[] {
  const { introduced, fixed, last_affected: last, limit } = fields(event) ?? {};
  const entries = [
    ['+', text(introduced)],
    ['-', text(fixed)],
    ['=', text(last)],
    ['<', text(limit)],
  ] as const;
  return entries.flatMap(([sign, version]) =>
    version === undefined || version === '' || (sign === '<' && version === '*') ? [] : [sign + version],
  );
}

function readImport(value: unknown): readonly AffectedImport[] {
  const { path, symbols } = fields(value) ?? {};
  const name = text(path);
  return name === undefined ? [] : [{ path: name, symbols: texts(symbols) }];
}
