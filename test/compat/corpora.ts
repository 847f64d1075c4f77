import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What a comparison found. The bar is judged by `main.ts`. */
export type Comparison = {
  /** The last line, as `expressions: 1015/1015`. */
  readonly summary: string;
  readonly holds: boolean;
  /** What did not agree, a line or more each. */
  readonly notes: readonly string[];
};

/** Where GitHub's own test vectors lie, from `--corpora DIR` or SALLYPORT_CORPORA; nothing when they are not there. */
export function corporaFolder(args: readonly string[], environment: NodeJS.ProcessEnv): string | undefined {
  const flag = args.indexOf('--corpora');
  const folder = flag >= 0 ? args[flag + 1] : environment['SALLYPORT_CORPORA'];
  return folder !== undefined && existsSync(join(folder, 'actions-testdata')) ? folder : undefined;
}
