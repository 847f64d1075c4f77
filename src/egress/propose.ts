import { Document, isMap, isSeq, parseDocument } from 'yaml';
import type { EgressRecord } from '../protocol/index.ts';
import { type EgressLists, readEgressFile } from './egress-file.ts';
import { fault } from './faults.ts';
import { compileAllowList } from './host.ts';
import type { MachineSettings } from './machine.ts';
import { PRESET_NAMES, presetCore, presetHosts } from './presets.ts';
import { EGRESS_FILE } from './refusal.ts';

/** Lines of a file that a difference is made for. The file itself is bounded far below. */
const LINES_MAX = 4000;
const CONTEXT_LINES = 3;

/**
 * Proposes what `.sallyport/egress.yml` lacks for what was reached: the exact hosts, with a set of hosts wherever all
 * that the set is about was used. Only adds; what is there stays, with its comments. `diff` is empty when nothing is
 * missing. Fault: `egress/file-invalid`.
 */
export function proposeEgress(
  records: readonly EgressRecord[],
  current: string | undefined,
  machine: MachineSettings = {},
): { readonly text: string; readonly diff: string } {
  const before = current ?? '';
  const reading = readEgressFile(before, EGRESS_FILE);
  if (!reading.ok) {
    const [first] = reading.diagnostics;
    throw fault('file-invalid', `${EGRESS_FILE}:${first?.line ?? 1}:${first?.column ?? 1}: ${first?.message ?? ''}`);
  }
  const addition = missing(records, reading.top, machine);
  const text = addition.presets.length + addition.allow.length === 0 ? before : append(before, addition);
  return { text, diff: unifiedDiff(before, text, { path: EGRESS_FILE, isNew: current === undefined }) };
}

const REACHING: ReadonlySet<string> = new Set([
  'transparent',
  'connect',
  'http',
  'socks5',
] satisfies EgressRecord['via'][]);

function missing(records: readonly EgressRecord[], top: EgressLists, machine: MachineSettings): EgressLists {
  const listed = top.presets.flatMap((name) => presetHosts(name, machine));
  const known = compileAllowList({ allow: [...listed, ...top.allow], allowPrivate: [] });
  const reached = records.filter((record) => record.verdict === 'allowed' && REACHING.has(record.via));
  const wanted = new Set(
    reached.filter((record) => !known.has(record.host, record.port)).map((record) => `${record.host}:${record.port}`),
  );
  const presets = PRESET_NAMES.filter((name) => presetCore(name, machine).every((entry) => wanted.has(entry)));
  const covered = new Set(presets.flatMap((name) => presetHosts(name, machine)));
  return { presets, allow: [...wanted].filter((entry) => !covered.has(entry)).sort() };
}

function append(before: string, addition: EgressLists): string {
  const parsed = parseDocument(before);
  const document = isMap(parsed.contents) ? parsed : new Document({});
  // A file of nothing but comments keeps them.
  document.commentBefore = parsed.commentBefore ?? (document === parsed ? null : parsed.comment);
  for (const key of ['presets', 'allow'] as const) {
    const entries = addition[key];
    if (entries.length === 0) continue;
    const list = document.get(key);
    if (isSeq(list)) for (const entry of entries) list.add(document.createNode(entry));
    else document.set(key, document.createNode(entries));
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

type Edit = { readonly sign: ' ' | '-' | '+'; readonly line: string };

/** A unified difference as `diff -u` and `git apply` know it. */
export function unifiedDiff(
  before: string,
  after: string,
  options: { readonly path: string; readonly isNew: boolean },
): string {
  if (before === after) return '';
  const [a, b] = [linesOf(before), linesOf(after)];
  if (a.length > LINES_MAX || b.length > LINES_MAX) throw fault('file-invalid', `more than ${LINES_MAX} lines`);
  const edits = compare(a, b);
  const header = [options.isNew ? '--- /dev/null' : `--- a/${options.path}`, `+++ b/${options.path}`];
  return `${[...header, ...hunks(edits)].join('\n')}\n`;
}

/** Common head and tail are set aside; between them everything is replaced line by line through a longest common part. */
function compare(a: readonly string[], b: readonly string[]): Edit[] {
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const next =
        a[i] === b[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
      common[i * width + j] = next;
    }
  }
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      edits.push({ sign: ' ', line: a[i] ?? '' });
      i += 1;
      j += 1;
    } else if (
      i < a.length &&
      (j >= b.length || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      edits.push({ sign: '-', line: a[i] ?? '' });
      i += 1;
    } else {
      edits.push({ sign: '+', line: b[j] ?? '' });
      j += 1;
    }
  }
  return edits;
}

function hunks(edits: readonly Edit[]): string[] {
  const output: string[] = [];
  const changed = edits.flatMap((edit, index) => (edit.sign === ' ' ? [] : [index]));
  let at = 0;
  while (at < changed.length) {
    let last = at;
    while ((changed[last + 1] ?? Infinity) - (changed[last] ?? 0) <= 2 * CONTEXT_LINES) last += 1;
    const start = Math.max(0, (changed[at] ?? 0) - CONTEXT_LINES);
    const end = Math.min(edits.length, (changed[last] ?? 0) + CONTEXT_LINES + 1);
    const part = edits.slice(start, end);
    const place = (skip: Edit['sign']) => {
      const from = edits.slice(0, start).filter((edit) => edit.sign !== skip).length;
      const count = part.filter((edit) => edit.sign !== skip).length;
      return `${count === 0 ? from : from + 1},${count}`;
    };
    output.push(`@@ -${place('+')} +${place('-')} @@`, ...part.map((edit) => `${edit.sign}${edit.line}`));
    at = last + 1;
  }
  return output;
}

function linesOf(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}
