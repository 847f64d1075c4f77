/** Addresses of pages. Each part is one part of a path, whatever is in it. */

type Place = { readonly owner: string; readonly name: string };

const part = encodeURIComponent;
const base = ({ owner, name }: Place) => `/${part(owner)}/${part(name)}`;

export const runsPath = (place: Place) => `${base(place)}/runs`;
export const runPath = (place: Place, run: number, attempt?: number) =>
  `${runsPath(place)}/${run}${attempt === undefined ? '' : `?attempt=${attempt}`}`;
export const jobPath = (place: Place, run: number, job: number, line?: number) =>
  `${runsPath(place)}/${run}/jobs/${job}${line === undefined ? '' : `#L${line + 1}`}`;
export const commitPath = (place: Place, sha: string) => `${base(place)}/commit/${part(sha)}`;
export const dispatchPath = (place: Place) => `${base(place)}/dispatch`;

/** A file at a commit, at a line. Nothing for what is no path inside of the repository: a tool may have told any text. */
export function filePath(place: Place, ref: string, file: string, line?: number): string | undefined {
  const parts = file.replace(/^\.\//, '').split('/');
  if (parts.some((one) => one === '' || one === '.' || one === '..')) return undefined;
  const anchor = line === undefined || line < 1 ? '' : `#L${line}`;
  return `${base(place)}/blob/${part(ref)}/${parts.map(part).join('/')}${anchor}`;
}

const api = (place: Place) => `/api/v1/repositories/${part(place.owner)}/${part(place.name)}`;
export const artifactUrl = (place: Place, id: number) => `${api(place)}/artifacts/${id}/archive`;
export const logTextUrl = (place: Place, run: number, job: number) => `${api(place)}/runs/${run}/jobs/${job}/text`;
export const runEventsUrl = (place: Place, run: number, attempt: number) =>
  `${api(place)}/runs/${run}/events?attempt=${attempt}`;

/** `refs/heads/main` is `main` to people. */
export const shortRef = (ref: string) => ref.replace(/^refs\/(?:heads|tags)\//, '');
export const shortSha = (sha: string) => sha.slice(0, 8);
