import { z } from 'zod';
import { excerpt } from '../base/index.ts';
import { type Finding, type Gap, KINDS } from '../finding/index.ts';
import type { ScannedFinding, ScanOutcome } from '../findings/index.ts';
import { gitEnvironment, SERVING } from '../git/index.ts';
import { runScan, type ScanResult, type SuppressedFinding } from '../scan/index.ts';

/** Address space of each git that reads objects. */
const GIT_MEMORY_BYTES_MAX = 2 * 1024 ** 3;
const TRACE_MAX = 60;
const GAPS_MAX = 999;

/** What the server asks of the process that scans. */
export const scanOrder = z.strictObject({
  gitDir: z.string(),
  gitPath: z.string(),
  commit: z.string(),
  /** The default branch: what is new against it is told, and its settings count. Nothing: everything, by its own settings. */
  base: z.string().exactOptional(),
  /** Reports of other tools. */
  reports: z.array(z.strictObject({ name: z.string(), text: z.string() })),
  cacheFile: z.string(),
  buildId: z.string(),
  threads: z.int().min(1),
  advisoriesFolder: z.string(),
  now: z.number(),
  /** More make it an incomplete scan. */
  findingsMax: z.int(),
});
export type ScanOrder = Readonly<z.infer<typeof scanOrder>>;

/** Scans one commit of a bare repository with the engine of `sallyport scan`. */
export async function scanCommit(order: unknown): Promise<ScanOutcome> {
  const { gitDir, gitPath, commit, base, reports, cacheFile, buildId, threads, advisoriesFolder, now, findingsMax } =
    scanOrder.parse(order);
  const result = await runScan(
    {
      root: gitDir,
      paths: [],
      kinds: [...KINDS],
      mode: base === undefined ? { kind: 'tree', commit } : { kind: 'change', base, head: commit },
      gate: base,
      everything: false,
      history: false,
      imports: reports,
      gaps: [],
      baseline: new Set(),
      options: {},
    },
    {
      git: {
        path: gitPath,
        env: gitEnvironment([...SERVING, ['safe.directory', gitDir]]),
        memoryBytesMax: GIT_MEMORY_BYTES_MAX,
      },
      cacheFile,
      buildId,
      threads,
      today: new Date(now).toISOString().slice(0, 10),
      signal: new AbortController().signal,
      onProgress: () => undefined,
      machine: { advisoriesFolder, now },
    },
  );
  return outcomeOf(result, findingsMax);
}

function outcomeOf(result: ScanResult, findingsMax: number): ScanOutcome {
  const all = [
    ...result.findings.map((finding) => scannedOf(finding, result)),
    ...result.suppressed.map(({ finding, ...why }) => ({
      ...scannedOf(finding, result),
      suppressed: suppressedOf(why),
    })),
  ];
  const gaps: Gap[] = result.gaps.slice(0, GAPS_MAX).map(gapOf);
  if (all.length > findingsMax) {
    gaps.push({ code: 'code-too-complex', reason: `${all.length} findings: only the first ${findingsMax} are kept` });
  }
  return {
    findings: all.slice(0, findingsMax),
    gaps,
    notes: result.notes.slice(0, 200).map((note) => excerpt(note, 1900)),
    files: result.files,
  };
}

const suppressedOf = ({ reason, owner, expires, by }: Omit<SuppressedFinding, 'finding'>) => ({
  reason: excerpt(reason, 1900),
  owner: excerpt(owner, 1900),
  expires: excerpt(expires, 30),
  by,
});

function gapOf({ code, file, line, reason, help }: Gap): Gap {
  return {
    code,
    ...(file === undefined ? {} : { file: excerpt(file, 4000) }),
    ...(line === undefined ? {} : { line }),
    reason: excerpt(reason, 4300),
    ...(help === undefined ? {} : { help: excerpt(help, 900) }),
  };
}

function scannedOf(finding: Finding, { sources }: ScanResult): ScannedFinding {
  const shown = sources.excerptOf(finding);
  return {
    fingerprint: finding.fingerprint,
    rule: excerpt(finding.rule, 290),
    kind: finding.kind,
    severity: finding.severity,
    confidence: finding.confidence,
    title: excerpt(finding.title, 490),
    message: excerpt(finding.message, 1900),
    rank: finding.priority.rank,
    ...(finding.tool === undefined ? {} : { tool: excerpt(finding.tool, 190) }),
    detail: {
      ...(finding.cwe === undefined ? {} : { cwe: finding.cwe }),
      place: finding.place,
      evidence: excerpt(finding.evidence, 900),
      trace: finding.trace.slice(0, TRACE_MAX).map(({ place, message }) => ({ place, message: excerpt(message, 900) })),
      ...(finding.subject === undefined
        ? {}
        : {
            subject: {
              purl: excerpt(finding.subject.purl, 900),
              advisories: finding.subject.advisories.slice(0, 100).map((id) => excerpt(id, 190)),
            },
          }),
      priority: excerpt(finding.priority.reason, 900),
      fix: fixOf(finding, shown?.change),
      page: excerpt(finding.page, 290),
      ...(shown === undefined ? {} : { line: excerpt(shown.line, 1900) }),
    },
  };
}

type Change = { readonly line: number; readonly removed: readonly string[]; readonly added: readonly string[] };

function fixOf({ fix }: Finding, change: Change | undefined): ScannedFinding['detail']['fix'] {
  const lines = (from: readonly string[]) => from.slice(0, 20).map((line) => excerpt(line, 1900));
  return {
    kind: fix.kind,
    title: excerpt(fix.kind === 'none' ? fix.reason : fix.title, 900),
    ...(fix.followUp === undefined ? {} : { followUp: excerpt(fix.followUp, 1900) }),
    ...(change === undefined
      ? {}
      : { change: { line: change.line, removed: lines(change.removed), added: lines(change.added) } }),
  };
}
