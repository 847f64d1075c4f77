import type { FileView, Fix, Match, Severity, Confidence, TraceStep } from '../finding/index.ts';
import type { ExpressionReader } from './expressions.ts';
import type { AuditRule } from './rule-schema.ts';
import type { Span } from './yaml-tree.ts';

/** A finding before it has a place in lines. */
export type Draft = {
  readonly rule: string;
  readonly span: Span;
  readonly message: string;
  readonly severity?: Severity;
  readonly confidence?: Confidence;
  readonly cwe?: number;
  /** The job or what else it is in. */
  readonly scope?: string;
  readonly identity?: string;
  readonly trace?: readonly { readonly span: Span; readonly message: string }[];
  readonly fix?: Fix;
  /** It is one only when the caller of this workflow hands the head of a change to this input. */
  readonly input?: string;
};

/** One file that is audited: what its checks see and where they report. */
export type AuditContext = {
  readonly file: FileView;
  readonly reader: ExpressionReader;
  readonly rules: ReadonlyMap<string, AuditRule>;
  readonly report: (draft: Draft) => void;
  readonly matches: Match[];
};

/** Findings of one file that are kept; a file with more is hostile or generated. */
export const FINDINGS_MAX = 2_000;

const NO_FIX: Fix = {
  kind: 'none',
  reason: 'What is meant here is for a person to say; the rule says how it is mended.',
};

export function createContext(
  file: FileView,
  reader: ExpressionReader,
  rules: ReadonlyMap<string, AuditRule>,
): AuditContext {
  const matches: Match[] = [];
  const seen = new Set<string>();
  const report = (draft: Draft) => {
    const rule = rules.get(draft.rule);
    const key = `${draft.rule} ${draft.span.start} ${draft.span.end}`;
    if (rule === undefined || seen.has(key) || matches.length >= FINDINGS_MAX) return;
    seen.add(key);
    matches.push(matchOf(draft, file));
  };
  return { file, reader, rules, report, matches };
}

function matchOf(draft: Draft, file: FileView): Match {
  const { rule, span, message, severity, confidence, cwe, scope, identity } = draft;
  const trace: readonly TraceStep[] = (draft.trace ?? []).map((step) => ({
    place: file.placeAt(step.span.start, step.span.end),
    message: step.message,
  }));
  return {
    rule,
    place: file.placeAt(span.start, span.end),
    message,
    evidence: file.text.slice(span.start, Math.min(span.end, span.start + 300)),
    fix: draft.fix ?? NO_FIX,
    ...(trace.length === 0 ? {} : { trace }),
    ...(severity === undefined ? {} : { severity }),
    ...(confidence === undefined ? {} : { confidence }),
    ...(cwe === undefined ? {} : { cwe }),
    ...(scope === undefined ? {} : { scope }),
    ...(identity === undefined ? {} : { identity }),
  };
}
