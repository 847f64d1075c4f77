import { unreachable } from '../base/index.ts';
import { renderJson } from './report-json.ts';
import type { ScanResult } from './run-scan.ts';

/** Forms of a report for other programs. The one for people is made by the command line. */
export type ReportFormat = 'json';

export type ReportContext = {
  /** Version of this program. */
  readonly version: string;
};

export function renderReport(format: ReportFormat, result: ScanResult, _context: ReportContext): string {
  switch (format) {
    case 'json':
      return renderJson(result.findings);
    default:
      return unreachable(format);
  }
}
