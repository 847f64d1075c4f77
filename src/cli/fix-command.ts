import type { CliDependencies, ScanCommandRequest } from './door.ts';
import { fault } from './faults.ts';
import type { ScanOptions } from './scan-options.ts';

/** `sallyport scan --fix`. */
export function fix(
  _request: ScanCommandRequest,
  _options: ScanOptions,
  _dependencies: CliDependencies,
): Promise<number> {
  return Promise.reject(fault('fix-missing', 'this version applies no fixes yet'));
}
