import type { Finding } from '../finding/index.ts';

/**
 * One array of findings. The keys up to `fix` are a contract; those after it tell more. Nothing of a file but the evidence, which
 * is redacted, is in it.
 */
export function renderJson(findings: readonly Finding[]): string {
  return findings.length === 0
    ? '[]\n'
    : `[\n${findings.map((one) => `  ${JSON.stringify(jsonFinding(one))}`).join(',\n')}\n]\n`;
}

function jsonFinding(finding: Finding): unknown {
  const { place } = finding;
  return {
    rule: finding.rule,
    cwe: finding.cwe === undefined ? null : `CWE-${finding.cwe}`,
    severity: finding.severity,
    confidence: finding.confidence,
    file: place.file,
    line: place.line,
    column: place.column,
    endLine: place.endLine,
    message: finding.message,
    fingerprint: finding.fingerprint,
    fix: finding.fix,
    endColumn: place.endColumn,
    kind: finding.kind,
    title: finding.title,
    evidence: finding.evidence,
    trace: finding.trace,
    priority: finding.priority,
    page: finding.page,
    ...(finding.subject === undefined ? {} : { subject: finding.subject }),
    ...(finding.tool === undefined ? {} : { tool: finding.tool }),
    ...(finding.commit === undefined ? {} : { commit: finding.commit }),
  };
}
