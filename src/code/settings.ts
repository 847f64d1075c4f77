import type { FileView, Match, TraceStep } from '../finding/index.ts';
import { type CallValues, meetsAll, meetsValue, selectArguments } from './arguments.ts';
import type { Constant } from './ir.ts';
import type { Machine } from './machine.ts';
import { assignSilently, isPlace } from './places.ts';
import type { Condition } from './rule-schema.ts';
import { constantOf, lowerConfidence, type Value } from './value.ts';

/** The largest file of settings that is read, in bytes. */
const SETTINGS_BYTES_MAX = 256 * 1024;
/** The longest value that may be the name of an algorithm or a mode, in UTF-16 code units. */
const SETTING_LENGTH_MAX = 80;
/** The most uses of settings that one file tells of. */
export const SETTING_USES_MAX = 500;

const ENDING = '.properties';

/** What a value is that a program looks up in a file of settings. */
export type Setting = {
  /** The file as the program names it; without it, any. */
  readonly file?: string;
  readonly key: string;
  /** What is taken where the key is not set. */
  readonly otherwise?: Constant;
};

/** A setting that decides whether a place is a flaw. */
export type SettingUse = { readonly setting: Setting; readonly when: Condition; readonly match: Match };

/**
 * What a file of settings has that may matter: only values that some rule asks for, so that no secret leaves the file.
 * Keys with other values are known by name.
 */
export type SettingsFacts = {
  readonly language: 'properties';
  readonly entries: { readonly [key: string]: Entry };
};

type Entry = { readonly value?: string; readonly place: TraceStep['place'] };

export function isSettingsFile(path: string): boolean {
  return path.endsWith(ENDING);
}

/** Marks what calls give that open a file of settings, load it and look up a key. */
export function withSetting(machine: Machine, value: Value, { call, receiver, args }: CallValues): Value {
  if (machine.rules.language !== 'java') return value;
  const { callee } = call;
  const name = callee.kind === 'member' ? callee.property : callee.kind === 'name' ? callee.name : '';
  const first = args[0]?.value;
  const text = first?.constant?.value;
  if (typeof text === 'string') {
    if (name === 'getBundle') return { ...value, resource: `${text.replaceAll('.', '/')}${ENDING}` };
    if (text.endsWith(ENDING)) return { ...value, resource: text };
    if (!isLookUp(name, receiver) || receiver.fields?.has(text) === true) return value;
    const otherwise = args[1]?.value.constant?.value;
    const setting: Setting = {
      ...(receiver.resource === undefined ? {} : { file: receiver.resource }),
      key: text,
      ...(otherwise === undefined ? {} : { otherwise }),
    };
    const { constant: _, ...unknown } = value;
    return { ...unknown, setting };
  }
  if (first?.resource !== undefined && name === 'load' && callee.kind === 'member' && isPlace(callee.object))
    assignSilently(machine, callee.object, { ...receiver, resource: first.resource });
  const resource = first?.resource ?? receiver.resource;
  return resource === undefined ? value : { ...value, resource };
}

function isLookUp(name: string, receiver: Value): boolean {
  if (name === 'getString') return receiver.resource !== undefined;
  return name === 'getProperty' && !receiver.paths.includes('java.lang.System');
}

/** The condition that alone is left to decide, and the setting that decides it. */
export function decidingSetting(
  values: CallValues,
  conditions: readonly Condition[] | undefined,
  text: string,
): { readonly when: Condition; readonly setting: Setting } | undefined {
  const open = (conditions ?? []).filter((condition) => condition.setting === true && condition.field === undefined);
  for (const when of open) {
    const setting = selectArguments(values, when.arg)[0]?.value.setting;
    if (
      setting !== undefined &&
      meetsAll(
        values,
        conditions?.filter((one) => one !== when),
        text,
      )
    )
      return { when, setting };
  }
  return undefined;
}

/** Reads a file of settings: `key=value`, `key: value` or `key value`, one a line. */
export function readSettings(file: FileView, conditions: readonly Condition[]): SettingsFacts | undefined {
  if (file.bytes.length > SETTINGS_BYTES_MAX) return undefined;
  const entries = new Map<string, Entry>();
  let start = 0;
  for (const line of file.text.split('\n')) {
    const { key, value } = entryOf(line);
    if (key !== '') {
      const isAsked =
        value.length <= SETTING_LENGTH_MAX && conditions.some((condition) => meetsValue(constantOf(value), condition));
      if (isAsked || looksLikeName(key))
        entries.set(key, { ...(isAsked ? { value } : {}), place: file.placeAt(start, start + line.trimEnd().length) });
    }
    start += line.length + 1;
  }
  return { language: 'properties', entries: Object.fromEntries(entries) };
}

const SEPARATOR = /[=:\s]/;

function entryOf(line: string): { readonly key: string; readonly value: string } {
  const text = line.trim();
  if (text.startsWith('#') || text.startsWith('!')) return { key: '', value: '' };
  const at = text.search(SEPARATOR);
  if (at <= 0) return { key: '', value: '' };
  const rest = text.slice(at).trimStart();
  return { key: text.slice(0, at), value: /^[=:]/.test(rest) ? rest.slice(1).trim() : rest };
}

/** Names of keys that settings of algorithms have; others are texts for people, of which there may be thousands. */
function looksLikeName(key: string): boolean {
  return /alg|hash|digest|cipher|crypt|mode|transform/i.test(key);
}

/** Files of settings by their last name, and by the keys that they have. */
type Index = {
  readonly files: ReadonlyMap<string, SettingsFacts>;
  readonly byName: ReadonlyMap<string, readonly string[]>;
  readonly byKey: ReadonlyMap<string, readonly string[]>;
};

/** Looks up what each setting is, in the file that it is of, and reports what is a flaw with it. */
export function linkSettings(
  uses: ReadonlyMap<string, readonly SettingUse[]>,
  files: ReadonlyMap<string, SettingsFacts>,
): readonly Match[] {
  if (uses.size === 0) return [];
  const byName = Map.groupBy(files.keys(), lastName);
  const byKey = new Map<string, string[]>();
  for (const [path, { entries }] of files) {
    for (const key of Object.keys(entries)) byKey.set(key, [...(byKey.get(key) ?? []), path]);
  }
  const index: Index = { files, byName, byKey };
  return [...uses].flatMap(([from, list]) => list.flatMap((use) => linkUse(from, use, index)));
}

function linkUse(from: string, { setting, when, match }: SettingUse, index: Index): readonly Match[] {
  const { file, key, otherwise } = setting;
  const meant = file === undefined ? (index.byKey.get(key) ?? []) : filesMeant(from, file, index);
  const found = meant.flatMap((path) => {
    const entries = index.files.get(path)?.entries ?? {};
    const entry = Object.hasOwn(entries, key) ? entries[key] : undefined;
    return entry === undefined ? [] : [entry];
  });
  // Of several files nobody says which is taken.
  if (file === undefined && found.length > 1) return [];
  const isSure = file !== undefined && meant.length === 1;
  const weak = found.find(({ value }) => value !== undefined && meetsValue(constantOf(value), when));
  if (weak !== undefined) return [matchOfEntry(match, key, weak, isSure)];
  // Where the file is known and does not have the key, the default is what runs.
  const isDefault = isSure && found.length === 0 && looksLikeName(key) && otherwise !== undefined;
  return isDefault && meetsValue(constantOf(otherwise), when)
    ? [{ ...match, message: `${match.message} (\`${key}\` is not set, so the default counts.)` }]
    : [];
}

function matchOfEntry(match: Match, key: string, { value, place }: Entry, isSure: boolean): Match {
  const where = `\`${key}\` is \`${value ?? ''}\` in ${place.file}:${place.line}`;
  return {
    ...match,
    message: `${match.message} (${where}.)`,
    ...(isSure ? {} : { confidence: lowerConfidence(match.confidence ?? 'medium', 1) }),
    trace: [
      { place, message: 'set here' },
      { place: match.place, message: 'used here' },
    ],
    fix: { kind: 'none', reason: `The value is set in another file: ${where}.`, followUp: 'Set a strong one there.' },
  };
}

/** The files that a name may mean: those nearest to the one that names it. */
function filesMeant(from: string, file: string, { byName }: Index): readonly string[] {
  const name = file.replace(/^(?:classpath:|file:)?(?:\.?\/)*/, '');
  const named = (byName.get(lastName(name)) ?? []).filter((path) => path === name || path.endsWith(`/${name}`));
  const near = Math.max(...named.map((path) => sharedFolders(from, path)));
  return named.filter((path) => sharedFolders(from, path) === near);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function sharedFolders(a: string, b: string): number {
  const [one, other] = [a.split('/').slice(0, -1), b.split('/').slice(0, -1)];
  const differs = one.findIndex((folder, at) => folder !== other[at]);
  return differs === -1 ? one.length : differs;
}
