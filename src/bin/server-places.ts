import { join } from 'node:path';

/** Where the parts of a server lie in the folder of its data. */
export type ServerPlaces = {
  readonly data: string;
  readonly git: string;
  /** Logs of jobs. */
  readonly logs: string;
  readonly blobs: string;
  readonly results: string;
  readonly keeper: string;
  readonly witness: string;
  readonly postgres: string;
  readonly publicKeys: string;
  readonly runner: string;
  /** Files on their way in. */
  readonly uploads: string;
  /** Kept results of scans: made again by themselves. */
  readonly scans: string;
  /** The key that addresses and secrets of receivers are sealed with. */
  readonly notify: string;
};

export function serverPlaces(data: string): ServerPlaces {
  return {
    data,
    git: join(data, 'git'),
    logs: join(data, 'logs'),
    blobs: join(data, 'blobs'),
    results: join(data, 'results'),
    keeper: join(data, 'keeper'),
    witness: join(data, 'witness'),
    postgres: join(data, 'postgres'),
    publicKeys: join(data, 'public-keys.json'),
    runner: join(data, 'runner'),
    uploads: join(data, 'uploads'),
    scans: join(data, 'scans'),
    notify: join(data, 'notify'),
  };
}
