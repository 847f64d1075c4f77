import { z } from 'zod';
import { KINDS, SEVERITIES, CONFIDENCES } from '../finding/index.ts';

/** Findings of one scan. More make it an incomplete one. */
export const FINDINGS_MAX = 10_000;
const TRACE_MAX = 60;
const GAPS_MAX = 1000;

const text = (charactersMax: number) => z.string().max(charactersMax);
const place = z.strictObject({
  file: text(4096),
  line: z.int().min(0),
  column: z.int().min(0),
  endLine: z.int().min(0),
  endColumn: z.int().min(0),
});
const change = z.strictObject({
  line: z.int().min(0),
  removed: z.array(text(2000)).max(20),
  added: z.array(text(2000)).max(20),
});

const detail = z.strictObject({
  cwe: z.int().exactOptional(),
  place,
  evidence: text(1000),
  trace: z.array(z.strictObject({ place, message: text(1000) })).max(TRACE_MAX),
  subject: z.strictObject({ purl: text(1000), advisories: z.array(text(200)).max(100) }).exactOptional(),
  priority: text(1000),
  fix: z.strictObject({
    kind: z.enum(['edit', 'request', 'none']),
    title: text(1000),
    followUp: text(2000).exactOptional(),
    /** Lines that the fix takes out and puts in; secrets in them are masked. */
    change: change.exactOptional(),
  }),
  page: text(300),
  /** The line, with secrets masked. */
  line: text(2000).exactOptional(),
});
export type FindingDetail = Readonly<z.infer<typeof detail>>;

const suppressed = z.strictObject({
  reason: text(2000),
  owner: text(2000),
  expires: text(40),
  by: z.enum(['comment', 'file']),
});
export type Suppressed = Readonly<z.infer<typeof suppressed>>;

const finding = z.strictObject({
  fingerprint: z.string().regex(/^[0-9a-f]{32}$/),
  rule: text(300),
  kind: z.enum(KINDS),
  severity: z.enum(SEVERITIES),
  confidence: z.enum(CONFIDENCES),
  title: text(500),
  message: text(2000),
  rank: z.int(),
  tool: text(200).exactOptional(),
  suppressed: suppressed.exactOptional(),
  detail,
});
export type ScannedFinding = Readonly<z.infer<typeof finding>>;

const gap = z.strictObject({
  code: text(100),
  file: text(4096).exactOptional(),
  line: z.int().exactOptional(),
  reason: text(4400),
  help: text(1000).exactOptional(),
});

/** What the process that scans says. It has read what strangers wrote: nothing of it is believed beyond this form. */
export const outcomeSchema = z.strictObject({
  findings: z.array(finding).max(FINDINGS_MAX),
  gaps: z.array(gap).max(GAPS_MAX),
  notes: z.array(text(2000)).max(200),
  files: z.int().min(0),
});
export type ScanOutcome = Readonly<z.infer<typeof outcomeSchema>>;
