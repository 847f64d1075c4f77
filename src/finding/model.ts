/** What is scanned for, and by which of the scanners; the last: what is wrong with the suppressions themselves. */
export const KINDS = ['secrets', 'code', 'dependencies', 'workflows', 'infrastructure', 'suppressions'] as const;
export type Kind = (typeof KINDS)[number];

/** The worst first. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** How sure a scanner is that the flaw is one. The surest first. */
export const CONFIDENCES = ['high', 'medium', 'low'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/**
 * Where in a file. Lines and columns count from 1, columns in UTF-16 code units; the end is exclusive. A finding about a
 * whole file is at 1:1 to 1:1.
 */
export type Place = {
  /** Path below the scanned root, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
};

/** One station on the way from a source to a sink, or another place that belongs to a finding. */
export type TraceStep = { readonly place: Place; readonly message: string };

/** Replaces the text from `start` to `end`: offsets in UTF-16 code units of the file's text as it was scanned. */
export type Edit = { readonly file: string; readonly start: number; readonly end: number; readonly text: string };

/** What has to be asked or run to make a fix: the folder `fix` does it, a scanner never does. */
export type FixRequest =
  /** Pin `uses:` of an action or a reusable workflow to the commit of its tag. */
  | {
      readonly type: 'pin-action';
      readonly file: string;
      readonly start: number;
      readonly end: number;
      readonly uses: string;
    }
  /** Pin an image to its digest. */
  | {
      readonly type: 'pin-image';
      readonly file: string;
      readonly start: number;
      readonly end: number;
      readonly image: string;
    }
  /** Raise a package to the smallest version that clears all its advisories. */
  | {
      readonly type: 'bump';
      /** Ecosystem as OSV spells it: `npm`, `PyPI`, `Go`, … */
      readonly ecosystem: string;
      readonly name: string;
      readonly from: string;
      readonly to: string;
      /** The lockfile or manifest that names it, and the manifest beside it. */
      readonly file: string;
      readonly isDirect: boolean;
    };

export type Fix =
  /** Ready: applying the edits removes the finding. `followUp` is what a person still has to do, such as to rotate a key. */
  | { readonly kind: 'edit'; readonly title: string; readonly edits: readonly Edit[]; readonly followUp?: string }
  | { readonly kind: 'request'; readonly title: string; readonly request: FixRequest; readonly followUp?: string }
  /** There is none that is safe, and why; `followUp` says what a person can do. */
  | { readonly kind: 'none'; readonly reason: string; readonly followUp?: string };

/** Why a finding comes before others. Sorted by `rank`, smaller first. */
export type Priority = { readonly rank: number; readonly reason: string };

/** A package that a finding is about. */
export type PackageSubject = {
  /** `pkg:npm/lodash@4.17.20`. */
  readonly purl: string;
  /** Ids of the advisory and its aliases: `GHSA-…`, `CVE-…`. */
  readonly advisories: readonly string[];
};

/** What a scanner says. `completeFindings` makes findings of it with what the rule says. */
export type Match = {
  /** Id of the rule. */
  readonly rule: string;
  readonly place: Place;
  /** One sentence: what is wrong here. Never a secret. */
  readonly message: string;
  /** The code that shows it, cut short; secrets are redacted before they come here. */
  readonly evidence: string;
  /** What the flaw is in, as long as it stays itself when lines move: a function, a job, a resource. */
  readonly scope?: string;
  /** What tells this finding from others of its rule and scope; without it, the evidence. Survives reformatting. */
  readonly identity?: string;
  readonly severity?: Severity;
  readonly confidence?: Confidence;
  /** Other than the rule's own: a number such as 89. */
  readonly cwe?: number;
  readonly trace?: readonly TraceStep[];
  readonly subject?: PackageSubject;
  readonly priority?: Priority;
  readonly fix: Fix;
};

export type Finding = {
  readonly rule: string;
  readonly kind: Kind;
  /** One line: the rule's. */
  readonly title: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** The number of the weakness in CWE, where there is one. */
  readonly cwe?: number;
  readonly message: string;
  readonly place: Place;
  readonly evidence: string;
  readonly trace: readonly TraceStep[];
  readonly subject?: PackageSubject;
  /** 32 hexadecimal digits. Stays when lines move or the code around is changed. */
  readonly fingerprint: string;
  readonly priority: Priority;
  readonly fix: Fix;
  /** The rule's page, below the project's folder. */
  readonly page: string;
  /** The tool that found it, when it was imported. */
  readonly tool?: string;
  /** The commit that brought it, when it was found in the history: the place is in the file as it was then. */
  readonly commit?: { readonly id: string; readonly author: string; readonly date: string };
};
