import { unreachable } from '../base/index.ts';
import type { FileView } from '../finding/index.ts';
import { renderJson } from './report-json.ts';
import { renderGithub, renderJunit, renderMarkdown } from './report-others.ts';
import { renderSarif } from './report-sarif.ts';
import type { ScanResult } from './run-scan.ts';

/** Forms of a report for other programs. The one for people is made by the command line. */
export type ReportFormat = 'json' | 'sarif' | 'junit' | 'markdown' | 'github';

export type ReportContext = {
  /** Version of this program. */
  readonly version: string;
  /** A scanned file, for the lines of its fixes; without it a SARIF report has no fixes. */
  readonly textOf?: (file: string) => FileView | undefined;
};

export function renderReport(format: ReportFormat, result: ScanResult, context: ReportContext): string {
  switch (format) {
    case 'json':
      return renderJson(result.findings);
    case 'sarif':
      return renderSarif(result, context);
    case 'junit':
      return renderJunit(result, context);
    case 'markdown':
      return renderMarkdown(result, context);
    case 'github':
      return renderGithub(result, context);
    default:
      return unreachable(format);
  }
}
