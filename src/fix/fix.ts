import { assert } from '../base/index.ts';
import type { Edit, Finding, FixRequest } from '../finding/index.ts';
import { applyEdits, isConflict, type Overlay } from './apply.ts';
import { type Objection, objectionTo, type ScanState } from './state.ts';

/** A fix may uncover the next one (a raised package brings another). More rounds than this are a quarrel of two rules. */
export const ROUNDS_MAX = 6;

/** How often the tree is scanned again in all. Each split of a failing group costs two. */
export const RESCANS_MAX = 400;

/** Edits that carry out requests together, or why one can't be carried out. */
export type Resolution =
  | { readonly ok: true; readonly edits: readonly Edit[] }
  | { readonly ok: false; readonly reason: string };

export type FixTools = {
  /** The text of a file of the tree as it was scanned first; nothing for a file that is not there. */
  readText(path: string): Promise<string | undefined>;
  /** Scans the tree with these texts in place. */
  rescan(overlay: Overlay): Promise<ScanState>;
  /**
   * Carries requests out that belong together (the packages of one lockfile; a single action or image), on top of these texts.
   * What fails for one of several may succeed for the others: it is asked again with fewer.
   */
  resolve(requests: readonly FixRequest[], overlay: Overlay): Promise<Resolution>;
  /** Why a changed text can't stand by itself: it no longer parses. */
  objection(path: string, before: string, after: string): string | undefined;
  onProgress?(progress: { readonly mended: number; readonly open: number }): void;
};

export type MendedFinding = { readonly finding: Finding; readonly title: string; readonly followUp?: string };
export type ExplainedFinding = { readonly finding: Finding; readonly reason: string; readonly followUp?: string };

export type FixResult = {
  /** The texts that differ from the tree, each verified. */
  readonly overlay: Overlay;
  readonly mended: readonly MendedFinding[];
  /** What was not mended, each with the reason. */
  readonly explained: readonly ExplainedFinding[];
  /** The scan of the tree with the overlay. */
  readonly after: ScanState;
};

/** A change that stands or falls as one, and the findings that it removes. */
type Unit = {
  readonly findings: readonly Finding[];
  readonly edits: readonly Edit[];
  readonly requests: readonly FixRequest[];
};

/**
 * Mends what can be mended, in rounds: all fixes that do not touch each other are applied at once, the tree is scanned again, and
 * they stay only when their findings are gone, none is new and every file still parses. A group that fails is split until the
 * ones that are at fault are left out, with the reason.
 *
 * Nothing is written: the caller gets texts. `leaveOut` gives the reason why a finding is not touched, for trying
 * a smaller set after tests failed.
 */
export async function fixFindings(
  first: ScanState,
  tools: FixTools,
  leaveOut: (finding: Finding) => string | undefined = () => undefined,
): Promise<FixResult> {
  const work = new Work(first, tools);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const units = unitsOf(
      work.state.findings.filter((finding) => leaveOut(finding) === undefined && !work.isRefused(finding)),
    );
    const chosen = withoutConflicts(units);
    if (chosen.length === 0 || !(await work.tryAll(chosen))) break;
  }
  return work.result(leaveOut);
}

class Work {
  readonly #tools: FixTools;
  readonly #refused = new Map<string, string>();
  readonly #mended: MendedFinding[] = [];
  readonly #originals = new Map<string, string | undefined>();
  #overlay: Overlay = new Map();
  #rescans = 0;
  state: ScanState;

  constructor(first: ScanState, tools: FixTools) {
    this.state = first;
    this.#tools = tools;
  }

  isRefused(finding: Finding): boolean {
    return this.#refused.has(refusalKey(finding));
  }

  /** Answers whether anything was taken. The units' offsets are those of the texts at the start. */
  async tryAll(units: readonly Unit[]): Promise<boolean> {
    const base = { overlay: this.#overlay, state: this.state };
    const taken: Unit[] = [];
    const open: (readonly Unit[])[] = [units];
    for (let group = open.pop(); group !== undefined; group = open.pop()) {
      const objection = await this.#attempt(base, [...taken, ...group]);
      if (objection === undefined) {
        taken.push(...group);
      } else if (group.length > 1) {
        open.push(...split(group, objection));
      } else {
        this.#refuse(group[0], objection.reason);
      }
    }
    for (const { findings } of taken) {
      for (const finding of findings) {
        assert(finding.fix.kind !== 'none', 'a finding without a fix was mended');
        const { title, followUp } = finding.fix;
        this.#mended.push({ finding, title, ...(followUp === undefined ? {} : { followUp }) });
      }
    }
    return taken.length > 0;
  }

  /** Applies the units to the texts at the start of the round. Without an objection the outcome is kept. */
  async #attempt(
    base: { readonly overlay: Overlay; readonly state: ScanState },
    units: readonly Unit[],
  ): Promise<Objection | undefined> {
    const changed = await this.#apply(base.overlay, units);
    if ('reason' in changed) return changed;
    if (this.#rescans >= RESCANS_MAX)
      return { reason: `the limit of ${RESCANS_MAX} scans is reached`, files: new Set() };
    this.#rescans += 1;
    const state = await this.#tools.rescan(changed.overlay);
    const mended = units.flatMap(({ findings }) => findings);
    const objection = objectionTo(base.state, state, mended);
    if (objection !== undefined) return objection;
    this.#overlay = changed.overlay;
    this.state = state;
    this.#tools.onProgress?.({ mended: this.#mended.length + mended.length, open: state.findings.length });
    return undefined;
  }

  async #apply(base: Overlay, units: readonly Unit[]): Promise<{ readonly overlay: Overlay } | Objection> {
    const overlay = new Map(base);
    const requests = units.flatMap((unit) => unit.requests);
    // Pins are ranges of the texts at the start, as the edits are. A tool that writes a lockfile comes last: it sees the
    // manifests as they will be.
    const edits = units.flatMap((unit) => unit.edits);
    for (const request of requests) {
      if (request.type === 'bump') continue;
      const resolution = await this.#tools.resolve([request], base);
      if (!resolution.ok) return { reason: resolution.reason, files: new Set([request.file]) };
      edits.push(...resolution.edits);
    }
    const objection = await this.#applyEdits(overlay, edits);
    if (objection !== undefined) return objection;
    const bumps = requests.filter((request) => request.type === 'bump');
    for (const group of Map.groupBy(bumps, ({ ecosystem, file }) => `${ecosystem}\n${file}`).values()) {
      const resolution = await this.#tools.resolve(group, overlay);
      if (!resolution.ok) return { reason: resolution.reason, files: new Set(group.map(({ file }) => file)) };
      const refused = await this.#applyEdits(overlay, resolution.edits);
      if (refused !== undefined) return refused;
    }
    return { overlay };
  }

  async #applyEdits(overlay: Map<string, string>, edits: readonly Edit[]): Promise<Objection | undefined> {
    for (const [file, own] of Map.groupBy(edits, (edit) => edit.file)) {
      const before = overlay.get(file) ?? (await this.#original(file));
      const after = before === undefined ? undefined : applyEdits(before, own);
      if (before === undefined || after === undefined) {
        return { reason: `the edits do not fit ${file}`, files: new Set([file]) };
      }
      const reason = this.#tools.objection(file, before, after);
      if (reason !== undefined) return { reason, files: new Set([file]) };
      overlay.set(file, after);
    }
    return undefined;
  }

  async #original(file: string): Promise<string | undefined> {
    if (!this.#originals.has(file)) this.#originals.set(file, await this.#tools.readText(file));
    return this.#originals.get(file);
  }

  #refuse(unit: Unit | undefined, reason: string): void {
    for (const finding of unit?.findings ?? []) this.#refused.set(refusalKey(finding), reason);
  }

  async result(leaveOut: (finding: Finding) => string | undefined): Promise<FixResult> {
    const overlay = new Map<string, string>();
    for (const [file, text] of [...this.#overlay].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (text !== (await this.#original(file))) overlay.set(file, text);
    }
    const explained = this.state.findings.map((finding): ExplainedFinding => {
      const { fix } = finding;
      const followUp = fix.followUp === undefined ? {} : { followUp: fix.followUp };
      const refused = this.#refused.get(refusalKey(finding));
      if (refused !== undefined) return { finding, reason: refused, ...followUp };
      if (fix.kind === 'none') return { finding, reason: fix.reason, ...followUp };
      const left = leaveOut(finding);
      if (left !== undefined) return { finding, reason: left, ...followUp };
      return { finding, reason: 'its fix conflicts with another one; run the command again', ...followUp };
    });
    return { overlay, mended: this.#mended, explained, after: this.state };
  }
}

/** Stays when an edit above moves the finding. */
function refusalKey({ fingerprint, rule, place }: Finding): string {
  return `${fingerprint}\n${rule}\n${place.file}`;
}

/** One unit for each fix; findings with the very same fix share it. */
function unitsOf(findings: readonly Finding[]): readonly Unit[] {
  const units = new Map<string, { findings: Finding[]; edits: readonly Edit[]; requests: readonly FixRequest[] }>();
  for (const finding of findings) {
    const { fix } = finding;
    if (fix.kind === 'none') continue;
    const key = JSON.stringify(fix.kind === 'edit' ? fix.edits : fix.request);
    const known = units.get(key);
    if (known !== undefined) known.findings.push(finding);
    else if (fix.kind === 'edit') units.set(key, { findings: [finding], edits: fix.edits, requests: [] });
    else units.set(key, { findings: [finding], edits: [], requests: [fix.request] });
  }
  return [...units.values()];
}

/** In the order of priority; what touches an earlier one waits for the next round. */
function withoutConflicts(units: readonly Unit[]): readonly Unit[] {
  const taken = new Map<string, Edit[]>();
  return units.filter(({ edits, requests }) => {
    const touched = [...edits, ...requests.flatMap(rangeOf)];
    const isFree = touched.every((edit) => !(taken.get(edit.file) ?? []).some((other) => isConflict(edit, other)));
    if (isFree) {
      for (const edit of touched) taken.set(edit.file, [...(taken.get(edit.file) ?? []), edit]);
    }
    return isFree;
  });
}

/** The range that a request is about; an edit by others there would move it. */
function rangeOf(request: FixRequest): readonly Edit[] {
  if (request.type === 'bump') return [];
  const { file, start, end } = request;
  return [{ file, start, end, text: JSON.stringify(request) }];
}

/** Those in the files of the objection against the others; else halves. The last of the answer is tried first. */
function split(group: readonly Unit[], { files }: Objection): readonly (readonly Unit[])[] {
  const isSuspect = ({ edits, requests }: Unit) => [...edits, ...requests].some(({ file }) => files.has(file));
  const suspects = group.filter(isSuspect);
  if (suspects.length > 0 && suspects.length < group.length) {
    return [suspects, group.filter((unit) => !isSuspect(unit))];
  }
  const middle = Math.ceil(group.length / 2);
  return [group.slice(middle), group.slice(0, middle)];
}
