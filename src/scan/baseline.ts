import type { Finding } from '../finding/index.ts';
import { fault } from './faults.ts';

const FORMAT = 'sallyport baseline 1';
/** Entries of a baseline. */
const ENTRIES_MAX = 1_000_000;

/** The findings of today, to be left out from now on. Sorted: the difference of two of these is the difference of findings. */
export function formatBaseline(findings: readonly Finding[]): string {
  const entries = findings
    .map(({ fingerprint, rule, place }) => ({ fingerprint, rule, file: place.file }))
    .sort((a, b) => compare(a.file, b.file) || compare(a.rule, b.rule) || compare(a.fingerprint, b.fingerprint));
  const lines = entries.map((entry) => `  ${JSON.stringify(entry)}`);
  return `{"format": "${FORMAT}", "findings": [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n`}]}\n`;
}

/** The fingerprints that a baseline lists. */
export function parseBaseline(text: string, file: string): ReadonlySet<string> {
  const invalid = (reason: string) => fault('baseline-invalid', `${file}: ${reason}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw fault('baseline-invalid', `${file} is not JSON`, { cause: thrown });
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== FORMAT) {
    throw invalid(`it does not say that it is a ${FORMAT}`);
  }
  const findings: unknown = 'findings' in value ? value.findings : undefined;
  if (!Array.isArray(findings) || findings.length > ENTRIES_MAX) throw invalid('it has no list of findings');
  return new Set(
    findings.map((entry: unknown) => {
      const fingerprint: unknown =
        typeof entry === 'object' && entry !== null && 'fingerprint' in entry ? entry.fingerprint : undefined;
      if (typeof fingerprint !== 'string' || !/^[0-9a-f]{32}$/.test(fingerprint)) {
        throw invalid('an entry has no fingerprint');
      }
      return fingerprint;
    }),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
