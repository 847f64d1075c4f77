import type { Match, TraceStep } from '../finding/index.ts';
import type { SinkTarget } from './machine.ts';
import { lowerConfidence, type Origin } from './value.ts';

type SourceOrigin = Extract<Origin, { kind: 'source' }>;

/** The finding of a value that came from a source and arrived at a sink. Its message names both ends. */
export function sinkMatch(
  taint: { readonly origin: SourceOrigin; readonly steps: readonly TraceStep[]; readonly doubts: number },
  target: SinkTarget,
): Match {
  const { label, at } = taint.origin;
  const from = at.file === target.place.file ? `line ${at.line}` : `${at.file}:${at.line}`;
  return {
    rule: target.rule,
    place: target.place,
    message: `${label[0]?.toUpperCase() ?? ''}${label.slice(1)} (${from}) reaches ${target.what} and becomes ${target.becomes}.`,
    evidence: target.evidence,
    ...(target.scope === '' ? {} : { scope: target.scope }),
    confidence: lowerConfidence(target.confidence ?? 'medium', Math.min(taint.doubts, 1)),
    trace: [...taint.steps, { place: target.place, message: `arrives at ${target.what}` }],
    fix: target.fix,
  };
}
