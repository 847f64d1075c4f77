import { faultsOf } from '../base/index.ts';

export const fault = faultsOf('scan', {
  'no-repository': { status: 400, help: 'Run it in a git repository: this option compares or reads commits.' },
  'suppressions-invalid': {
    status: 400,
    help: 'Mend the file at the place that is named; docs/reference/scan.md describes its form.',
  },
  'baseline-invalid': { status: 400, help: 'Write it anew with --write-baseline FILE.' },
  'import-invalid': {
    status: 400,
    help: 'Give the JSON or SARIF file as the tool wrote it; docs/reference/scan.md lists the tools.',
  },
  'import-too-large': { status: 413, help: 'Give a smaller report, or one for each folder.' },
});
