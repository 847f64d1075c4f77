import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair, type YAMLMap } from 'yaml';
import { excerpt, isFault } from '../base/index.ts';
import type { EgressPolicy } from '../protocol/index.ts';
import { parseRule } from './host.ts';
import type { MachineSettings } from './machine.ts';
import { isPresetName, PRESET_NAMES, type PresetName, presetHosts } from './presets.ts';

/** Characters of the file, entries of one list, and names under `jobs:` or `environments:`. */
export const EGRESS_FILE_CHARACTERS_MAX = 65_536;
const ENTRIES_MAX = 500;
const NAMES_MAX = 200;
const DIAGNOSTICS_MAX = 50;

export type EgressDiagnostic = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
};

/** What one place of the file adds. */
export type EgressLists = { readonly presets: readonly PresetName[]; readonly allow: readonly string[] };

export type EgressFileReading =
  | {
      readonly ok: true;
      /** What a job may reach: the top of the file, the job's own part and its environment's part together. */
      policyFor(
        job: string,
        options?: {
          readonly environment?: string | undefined;
          readonly machine?: MachineSettings | undefined;
          /** The operator's, never the repository's. */
          readonly allowPrivate?: readonly string[] | undefined;
        },
      ): EgressPolicy;
      readonly top: EgressLists;
      readonly jobs: ReadonlyMap<string, EgressLists>;
      readonly environments: ReadonlyMap<string, EgressLists>;
    }
  | { readonly ok: false; readonly diagnostics: readonly EgressDiagnostic[] };

/**
 * Reads `.sallyport/egress.yml`: `presets:` and `allow:` at the top, and the same two under `jobs: NAME:` and
 * `environments: NAME:`. Strict: unknown keys, aliases, tags and several documents are refused with their place.
 */
export function readEgressFile(text: string, file: string): EgressFileReading {
  const lines = new LineCounter();
  const diagnostics: EgressDiagnostic[] = [];
  const complain: Complain = (offset, message) => {
    const { line, col } = lines.linePos(offset);
    if (diagnostics.length < DIAGNOSTICS_MAX) {
      diagnostics.push({ file, line: Math.max(1, line), column: Math.max(1, col), message });
    }
  };
  if (text.length > EGRESS_FILE_CHARACTERS_MAX) {
    complain(0, `the file has ${text.length} characters, at most ${EGRESS_FILE_CHARACTERS_MAX} are read`);
    return { ok: false, diagnostics };
  }
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', merge: false, prettyErrors: false });
  for (const error of [...document.errors, ...document.warnings]) complain(error.pos[0], firstLine(error.message));
  const { contents } = document;
  const isEmpty = contents === null || (isScalar(contents) && contents.value === null);
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  if (!isEmpty && !isMap(contents)) complain(offsetOf(contents), 'the file must be a mapping');
  const members = isMap(contents)
    ? readMap(contents, ['presets', 'allow', 'jobs', 'environments'], complain)
    : new Map();
  const top = readLists(members, complain);
  const jobs = readNamed(members.get('jobs'), complain);
  const environments = readNamed(members.get('environments'), complain);
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  const policyFor: Extract<EgressFileReading, { ok: true }>['policyFor'] = (job, options = {}) => {
    const { environment, machine, allowPrivate = [] } = options;
    const parts = [top, jobs.get(job), environment === undefined ? undefined : environments.get(environment)];
    const lists = parts.filter((part) => part !== undefined);
    const presets = lists.flatMap((part) => part.presets).flatMap((name) => presetHosts(name, machine));
    return { allow: [...new Set([...presets, ...lists.flatMap((part) => part.allow)])], allowPrivate };
  };
  return { ok: true, policyFor, top, jobs, environments };
}

type Complain = (offset: number, message: string) => void;
type Members = ReadonlyMap<string, { readonly offset: number; readonly value: unknown }>;

function readMap(map: YAMLMap, keys: readonly string[] | undefined, complain: Complain): Members {
  const members = new Map<string, { offset: number; value: unknown }>();
  for (const pair of map.items as readonly Pair[]) {
    const offset = offsetOf(pair.key);
    if (!isScalar(pair.key) || typeof pair.key.value !== 'string') complain(offset, 'a key must be plain text');
    else if (keys !== undefined && !keys.includes(pair.key.value)) {
      complain(offset, `unknown key "${excerpt(pair.key.value, 60)}"; known: ${keys.join(', ')}`);
    } else members.set(pair.key.value, { offset, value: pair.value });
  }
  refuseDecoration(map, complain);
  return members;
}

function readLists(members: Members, complain: Complain): EgressLists {
  const presets: PresetName[] = [];
  const allow: string[] = [];
  for (const { text, offset } of readTexts(members.get('presets'), 'presets', complain)) {
    if (isPresetName(text)) presets.push(text);
    else complain(offset, `unknown preset "${excerpt(text, 60)}"; known: ${PRESET_NAMES.join(', ')}`);
  }
  for (const { text, offset } of readTexts(members.get('allow'), 'allow', complain)) {
    try {
      const rule = parseRule(text);
      allow.push(`${rule.below ? '*.' : ''}${rule.host}:${rule.port}`);
    } catch (error) {
      if (!isFault(error, 'egress/rule-invalid')) throw error;
      complain(offset, `${error.message}. ${error.help}`);
    }
  }
  return { presets, allow };
}

function readTexts(
  member: { readonly offset: number; readonly value: unknown } | undefined,
  key: string,
  complain: Complain,
): { text: string; offset: number }[] {
  if (member === undefined) return [];
  const { value } = member;
  if (!isSeq(value)) {
    complain(member.offset, `"${key}" must be a list, as in ${key}: [${key === 'allow' ? '"host:443"' : 'npm'}]`);
    return [];
  }
  refuseDecoration(value, complain);
  if (value.items.length > ENTRIES_MAX) {
    complain(member.offset, `"${key}" has ${value.items.length} entries, at most ${ENTRIES_MAX}`);
    return [];
  }
  return value.items.flatMap((item) => {
    if (isScalar(item) && typeof item.value === 'string' && item.anchor === undefined && item.tag === undefined) {
      return [{ text: item.value, offset: offsetOf(item) }];
    }
    complain(offsetOf(item), `an entry of "${key}" must be plain text`);
    return [];
  });
}

function readNamed(
  member: { offset: number; value: unknown } | undefined,
  complain: Complain,
): Map<string, EgressLists> {
  const named = new Map<string, EgressLists>();
  if (member === undefined) return named;
  if (!isMap(member.value) || member.value.items.length > NAMES_MAX) {
    complain(member.offset, `this must be a mapping from names to presets and allow, with at most ${NAMES_MAX} names`);
    return named;
  }
  for (const [name, { offset, value }] of readMap(member.value, undefined, complain)) {
    if (isMap(value)) named.set(name, readLists(readMap(value, ['presets', 'allow'], complain), complain));
    else complain(offset, `"${excerpt(name, 60)}" must hold presets: and allow:`);
  }
  return named;
}

/** Anchors and tags have no use here, and could make a file mean more than it shows. */
function refuseDecoration(
  node: { anchor?: string | undefined; tag?: string | undefined } & Node,
  complain: Complain,
): void {
  if (node.anchor !== undefined) complain(offsetOf(node), 'anchors are not used in this file');
}

function offsetOf(node: unknown): number {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return 0;
  const [start]: unknown[] = node.range;
  return typeof start === 'number' ? start : 0;
}

function firstLine(text: string): string {
  return excerpt(text.split('\n')[0] ?? '');
}
