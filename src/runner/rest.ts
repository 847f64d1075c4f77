import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Secret } from '../base/index.ts';
import type { Artifact, ResultsHandler, ResultsScope, ResultsStore } from '../results/index.ts';
import { answer, hasToken } from './gateway-http.ts';

/** The repository of the run, as REST tells it. Ids are GitHub's when they are known. */
export type RestRepository = {
  readonly owner: string;
  readonly name: string;
  readonly id: string;
  readonly ownerId: string;
  /** `main` when not known. */
  readonly defaultBranch?: string;
  readonly private?: boolean;
};

type RestParts = {
  readonly options: {
    readonly repository: RestRepository;
    readonly results: ResultsStore;
    readonly scope: ResultsScope;
  };
  readonly serverUrl: string;
  readonly jobToken: Secret;
  readonly results: ResultsHandler;
};

type Call = { readonly url: URL; readonly request: IncomingMessage; readonly response: ServerResponse };

/** Artifacts of one page, as GitHub has it. */
const PAGE_MAX = 100;

/**
 * The calls of GitHub's REST API that the official actions need during a job, read-only and of this run alone. `path`
 * is without `/api/v3`. All others are answered with 501 and a reason.
 */
export async function serveRest(parts: RestParts, path: string, call: Call): Promise<void> {
  const { request, response } = call;
  if (!hasToken(request, parts.jobToken)) {
    return answer(response, 401, { message: 'Bad credentials: the token of the running job is needed' });
  }
  const { owner, name } = parts.options.repository;
  const [, asked, rest = ''] = /^\/repos\/([^/]+\/[^/]+)(\/.*)?$/.exec(path) ?? [];
  if (asked === undefined || request.method !== 'GET') return refuse(call, path);
  if (asked.toLowerCase() !== `${owner}/${name}`.toLowerCase()) {
    return answer(response, 404, { message: `Not Found: only ${owner}/${name}, the repository of this run, is known` });
  }
  if (rest === '') return answer(response, 200, repositoryJson(parts));
  if (rest === '/hash-algorithm') return answer(response, 200, { hash_algorithm: 'sha1' });

  const run = /^\/actions\/runs\/([0-9]{1,15})\/artifacts$/.exec(rest)?.[1];
  if (run !== undefined) return listArtifacts(parts, call, Number(run));
  const artifact = /^\/actions\/artifacts\/([0-9]{1,15})(\/zip)?$/.exec(rest);
  if (artifact !== null)
    return oneArtifact(parts, call, { id: Number(artifact[1]), isDownload: artifact[2] === '/zip' });
  return refuse(call, path);
}

function repositoryJson({ options: { repository }, serverUrl }: RestParts) {
  const { owner, name } = repository;
  return {
    id: Number(repository.id) || 0,
    name,
    full_name: `${owner}/${name}`,
    private: repository.private ?? true,
    owner: { login: owner, id: Number(repository.ownerId) || 0 },
    html_url: `${serverUrl}/${owner}/${name}`,
    clone_url: `${serverUrl}/${owner}/${name}.git`,
    url: `${serverUrl}/api/v3/repos/${owner}/${name}`,
    default_branch: repository.defaultBranch ?? 'main',
  };
}

async function listArtifacts(parts: RestParts, { url, response }: Call, runId: number): Promise<void> {
  if (runId !== parts.options.scope.runId) return answer(response, 404, { message: 'Not Found: another run' });
  const name = url.searchParams.get('name');
  const all = await parts.options.results.artifacts.list(parts.options.scope, name === null ? {} : { name });
  const size = clampedNumber(url.searchParams.get('per_page'), 30, PAGE_MAX);
  const page = clampedNumber(url.searchParams.get('page'), 1, 1_000_000);
  const artifacts = all.slice((page - 1) * size, page * size).map((artifact) => artifactJson(parts, artifact));
  answer(response, 200, { total_count: all.length, artifacts });
}

async function oneArtifact(
  parts: RestParts,
  { response }: Call,
  { id, isDownload }: { readonly id: number; readonly isDownload: boolean },
): Promise<void> {
  const [artifact] = await parts.options.results.artifacts.list(parts.options.scope, { id });
  if (artifact === undefined) return answer(response, 404, { message: 'Not Found: this run has no such artifact' });
  if (!isDownload) return answer(response, 200, artifactJson(parts, artifact));
  response.setHeader('location', parts.results.artifactUrl(artifact.id));
  answer(response, 302, {});
}

function artifactJson({ options: { repository }, serverUrl }: RestParts, artifact: Artifact) {
  const url = `${serverUrl}/api/v3/repos/${repository.owner}/${repository.name}/actions/artifacts/${artifact.id}`;
  return {
    id: artifact.id,
    name: artifact.name,
    size_in_bytes: artifact.bytes,
    digest: artifact.digest,
    url,
    archive_download_url: `${url}/zip`,
    expired: false,
    created_at: new Date(artifact.createdAt).toISOString(),
    expires_at: new Date(artifact.expiresAt).toISOString(),
    workflow_run: { id: artifact.runId },
  };
}

/** Out of range is the nearest end, as GitHub has it for pages. */
function clampedNumber(text: string | null, whenAbsent: number, max: number): number {
  const value = text === null ? whenAbsent : Number(text);
  return Number.isInteger(value) ? Math.min(Math.max(value, 1), max) : whenAbsent;
}

function refuse({ request, response }: Call, path: string): void {
  answer(response, 501, {
    message:
      `${request.method} ${path.slice(0, 200)} is not offered: a local run serves the repository and the artifacts of ` +
      'the run, read-only. Use a token of the real server for other calls, and allow its host in .sallyport/egress.yml.',
  });
}
