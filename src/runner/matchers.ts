import { RE2JS } from 're2js';
import { z } from 'zod';
import { excerpt, reasonOf } from '../base/index.ts';
import type { Annotation, AnnotationLevel } from '../protocol/index.ts';
import { fault } from './faults.ts';

/** Bytes of one file of matchers. */
export const MATCHER_FILE_BYTES_MAX = 256 * 1024;
/** Matchers that are active at once. */
export const MATCHERS_MAX = 100;
/** Patterns of one matcher: lines that one problem may span. */
export const MATCHER_PATTERNS_MAX = 20;
/** Characters of one regular expression. */
export const PATTERN_CHARACTERS_MAX = 2_000;
/** Capturing groups of one regular expression. */
export const PATTERN_GROUPS_MAX = 50;
/** Characters of a line that are looked at. Longer lines are no messages of a compiler. */
export const MATCHED_CHARACTERS_MAX = 8_192;

const groupSchema = z.number().int().min(0).max(PATTERN_GROUPS_MAX).nullish();
const patternSchema = z.object({
  regexp: z.string().max(PATTERN_CHARACTERS_MAX).nullish(),
  file: groupSchema,
  line: groupSchema,
  column: groupSchema,
  severity: groupSchema,
  code: groupSchema,
  message: groupSchema,
  fromPath: groupSchema,
  loop: z.boolean().nullish(),
});
/** Keys that GitHub does not know are common in these files (`kind`, `applyTo` of editors) and mean nothing. */
const fileSchema = z.object({
  problemMatcher: z
    .array(
      z.object({
        owner: z.string().min(1).max(256),
        severity: z.string().max(16).nullish(),
        fromPath: z.string().max(4096).nullish(),
        pattern: z.array(patternSchema).min(1).max(MATCHER_PATTERNS_MAX),
      }),
    )
    .max(MATCHERS_MAX)
    .nullish(),
});

type MatcherConfig = NonNullable<z.infer<typeof fileSchema>['problemMatcher']>[number];
type PatternConfig = z.infer<typeof patternSchema>;

const FIELDS = ['file', 'line', 'column', 'severity', 'code', 'message', 'fromPath'] as const;
type Field = (typeof FIELDS)[number];
type Found = { readonly [name in Field]?: string };

type Pattern = { readonly regexp: RE2JS; readonly config: PatternConfig };
type Matcher = {
  readonly owner: string;
  readonly severity: string;
  readonly fromPath: string;
  readonly patterns: readonly Pattern[];
  /** What the first n patterns found on the lines before, by index. */
  state: (Found | undefined)[];
};

/**
 * The problem matchers of one job. Their patterns come from files that a step wrote, so they run on an engine whose time
 * is linear in the line, whatever the pattern. Not shared between jobs.
 * Source of the semantics: actions/runner, IssueMatcher.cs and OutputManager.cs.
 */
export class MatcherSet {
  #matchers: Matcher[] = [];

  /** Adds the matchers of a file's text, before those that are there; same owners are replaced. Returns the owners. */
  add(json: string): readonly string[] {
    const configs = parseMatchers(json);
    const added = configs.map((config) => makeMatcher(config));
    const owners = new Set(added.map((matcher) => matcher.owner.toLowerCase()));
    const kept = this.#matchers.filter((matcher) => !owners.has(matcher.owner.toLowerCase()));
    if (added.length + kept.length > MATCHERS_MAX) {
      throw fault('matcher-invalid', `the job has more than ${MATCHERS_MAX} problem matchers`);
    }
    // The one that came last is asked first.
    this.#matchers = [...added.reverse(), ...kept];
    return added.map((matcher) => matcher.owner);
  }

  remove(owner: string): void {
    this.#matchers = this.#matchers.filter((matcher) => matcher.owner.toLowerCase() !== owner.toLowerCase());
  }

  /** Removes the owners that a file's text names. */
  removeFile(json: string): void {
    for (const { owner } of parseMatchers(json)) this.remove(owner);
  }

  /** One line of output, without its end. The first matcher that finds a problem wins and resets the others. */
  push(line: string): Annotation | undefined {
    if (this.#matchers.length === 0 || line.length > MATCHED_CHARACTERS_MAX) return undefined;
    const text = stripAnsi(line);
    for (const matcher of this.#matchers) {
      const found = match(matcher, text);
      if (found === undefined) continue;
      for (const other of this.#matchers) if (other !== matcher) other.state = [];
      const annotation = annotationOf(found);
      if (annotation !== undefined) return annotation;
    }
    return undefined;
  }
}

/** Removes colours and other control sequences. */
export function stripAnsi(text: string): string {
  if (!text.includes('\u001b')) return text;
  // CSI sequences, then operating system commands as hyperlinks. The classes are disjoint: no backtracking.
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\u001b(?:\[[0-9;:?<=>]*[ -/]*[@-~]?|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g, '');
}

function parseMatchers(json: string): readonly MatcherConfig[] {
  if (json.length > MATCHER_FILE_BYTES_MAX) {
    throw fault('matcher-invalid', `the problem matcher file has more than ${MATCHER_FILE_BYTES_MAX} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(json.startsWith('\ufeff') ? json.slice(1) : json);
  } catch (cause) {
    throw fault('matcher-invalid', `the problem matcher file is not JSON: ${excerpt(reasonOf(cause))}`, { cause });
  }
  // `pattern` may be a single one, as editors allow it.
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw fault('matcher-invalid', `problem matcher: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const configs = parsed.data.problemMatcher ?? [];
  const owners = new Set<string>();
  for (const config of configs) {
    const owner = config.owner.toLowerCase();
    if (owners.has(owner))
      throw fault('matcher-invalid', `two problem matchers have the owner ${excerpt(config.owner, 50)}`);
    owners.add(owner);
  }
  return configs;
}

function makeMatcher(config: MatcherConfig): Matcher {
  const name = excerpt(config.owner, 50);
  const severity = (config.severity ?? '').toLowerCase();
  if (!['', 'error', 'warning', 'notice'].includes(severity)) {
    throw fault('matcher-invalid', `problem matcher ${name} has the severity ${excerpt(severity, 20)}`);
  }
  const taken = new Set<Field>();
  const patterns = config.pattern.map((pattern, index) => {
    const isLast = index === config.pattern.length - 1;
    if (pattern.loop === true && (index === 0 || !isLast)) {
      throw fault('matcher-invalid', `problem matcher ${name}: only the last of several patterns may loop`);
    }
    if (pattern.loop === true && typeof pattern.message !== 'number') {
      throw fault('matcher-invalid', `problem matcher ${name}: the pattern that loops must set message`);
    }
    const regexp = compile(pattern.regexp ?? '', name);
    for (const field of FIELDS) {
      const group = pattern[field];
      if (group === null || group === undefined) continue;
      if (taken.has(field)) throw fault('matcher-invalid', `problem matcher ${name} sets ${field} twice`);
      if (group > regexp.groupCount())
        throw fault('matcher-invalid', `problem matcher ${name}: ${field} is group ${group}`);
      taken.add(field);
    }
    return { regexp, config: pattern };
  });
  if (!taken.has('message')) throw fault('matcher-invalid', `problem matcher ${name} must set message`);
  return { owner: config.owner, severity, fromPath: config.fromPath ?? '', patterns, state: [] };
}

function compile(source: string, owner: string): RE2JS {
  let regexp: RE2JS;
  try {
    // ECMAScript writes named groups and slashes as RE2 does not.
    regexp = RE2JS.compile(RE2JS.translateRegExp(source));
  } catch (cause) {
    throw fault('matcher-invalid', `problem matcher ${owner}: ${excerpt(reasonOf(cause))}`, { cause });
  }
  if (regexp.groupCount() > PATTERN_GROUPS_MAX) {
    throw fault('matcher-invalid', `problem matcher ${owner} has more than ${PATTERN_GROUPS_MAX} groups`);
  }
  return regexp;
}

/** From the last pattern to the first, so that one line moves each running match by one pattern at most. */
function match(matcher: Matcher, line: string): Found | undefined {
  const last = matcher.patterns.length - 1;
  for (let index = last; index >= 0; index--) {
    const running = index === 0 ? {} : matcher.state[index - 1];
    const pattern = matcher.patterns[index];
    if (running === undefined || pattern === undefined) continue;
    const found = find(pattern, line);
    if (index < last) {
      matcher.state[index] = found && { ...found, ...running };
      continue;
    }
    if (found === undefined) {
      if (index > 0) matcher.state[index - 1] = undefined;
      continue;
    }
    matcher.state = [];
    if (pattern.config.loop === true && index > 0) matcher.state[index - 1] = running;
    const whole: Found = { ...found, ...running };
    return {
      ...whole,
      ...((whole.severity ?? '') === '' ? { severity: matcher.severity } : {}),
      ...((whole.fromPath ?? '') === '' ? { fromPath: matcher.fromPath } : {}),
    };
  }
  return undefined;
}

function find(pattern: Pattern, line: string): Found | undefined {
  const matcher = pattern.regexp.matcher(line);
  if (!matcher.find()) return undefined;
  const found: { [name in Field]?: string } = {};
  for (const field of FIELDS) {
    const group = pattern.config[field];
    if (group !== null && group !== undefined) found[field] = matcher.group(group) ?? '';
  }
  return found;
}

function annotationOf(found: Found): Annotation | undefined {
  const message = found.message ?? '';
  const level = levelOf(found.severity ?? '');
  if (message.trim() === '' || level === undefined) return undefined;
  const line = numberOf(found.line);
  const column = numberOf(found.column);
  const code = (found.code ?? '').trim();
  const file = fileOf((found.file ?? '').trim(), (found.fromPath ?? '').trim());
  return {
    level,
    message,
    ...(code === '' ? {} : { title: code }),
    ...(file === '' ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}

/** A relative file is meant from the folder of the project file that the line names. A name only: nothing is opened. */
function fileOf(file: string, fromPath: string): string {
  if (file === '' || file.startsWith('/') || fromPath === '') return file;
  const slash = fromPath.lastIndexOf('/');
  return slash === -1 ? file : `${fromPath.slice(0, slash)}/${file}`;
}

function levelOf(severity: string): AnnotationLevel | undefined {
  const lower = severity.toLowerCase();
  if (lower === '') return 'error';
  return lower === 'error' || lower === 'warning' || lower === 'notice' ? lower : undefined;
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
