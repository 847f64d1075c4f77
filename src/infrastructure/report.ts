import { excerpt } from '../base/index.ts';
import type { FileView, Fix, Match, Severity } from '../finding/index.ts';
import type { Span } from './tree.ts';

/** What a check says; `matchOf` gives it its rule and place. */
export type Report = {
  readonly span: Span;
  readonly message: string;
  readonly fix: Fix;
  /** The resource, container or stage that it is in. */
  readonly scope?: string;
  /** Other than the line that it is at: where that line holds a secret. */
  readonly evidence?: string;
  readonly identity?: string;
  readonly severity?: Severity;
};

const EVIDENCE_LENGTH_MAX = 200;

export function matchOf(rule: string, file: FileView, report: Report): Match {
  const { span, message, fix, scope, identity, severity } = report;
  const place = file.placeAt(span.start, span.end);
  return {
    rule,
    place,
    message: excerpt(message),
    evidence: report.evidence ?? excerpt(file.lineText(place.line).trim(), EVIDENCE_LENGTH_MAX),
    fix,
    ...(scope === undefined ? {} : { scope }),
    // The line itself changes with every other mend of it; what is said of it does not.
    identity: identity ?? message,
    ...(severity === undefined ? {} : { severity }),
  };
}

export function none(reason: string, followUp?: string): Fix {
  return { kind: 'none', reason, ...(followUp === undefined ? {} : { followUp }) };
}
