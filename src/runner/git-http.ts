import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../base/index.ts';
import {
  type GitLimits,
  gitEnvironment,
  gitLimits,
  protocolOf,
  refuse,
  type RunningGit,
  SERVING,
  serveGit,
  slotsOf,
} from '../git/index.ts';

export type GitHttpOptions = {
  /** A bare repository on this machine. */
  readonly source: { readonly gitDir: string };
  /** Path of the git program. */
  readonly gitPath: string;
  readonly log: Log;
  readonly limits?: Partial<GitLimits>;
};

export type GitHttp = {
  /** Answers a request below the repository's path: `/info/refs`, `/git-upload-pack` and the refused rest. */
  handle(subPath: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Ends what still runs. Idempotent. */
  close(): void;
};

/**
 * Serves one repository read-only over git's smart HTTP protocol, versions 0 and 2. The process sees none of the host's environment
 * and configuration, and only this repository. The job chooses the bytes that it reads, nothing else.
 */
export function createGitHttp({ source, gitPath, log, limits: changes }: GitHttpOptions): GitHttp {
  const limits = gitLimits(changes);
  const running = new Set<RunningGit>();
  const slots = slotsOf(limits);
  let isClosed = false;
  const env = gitEnvironment([
    ...SERVING,
    ['safe.directory', source.gitDir],
    // checkout fetches the commit of the run by its id, also when no branch points there any more.
    ['uploadpack.allowReachableSHA1InWant', 'true'],
    ['uploadpack.allowAnySHA1InWant', 'true'],
    ['uploadpack.allowFilter', 'true'],
  ]);

  async function run(kind: 'refs' | 'exchange', protocol: 0 | 2, request: IncomingMessage, response: ServerResponse) {
    const release = await slots.take();
    try {
      if (release === undefined || isClosed) {
        refuse(response, 503, 'too many fetches at once; try again', { 'retry-after': '5' });
        return;
      }
      const git = { program: gitPath, service: 'upload-pack', kind, gitDir: source.gitDir } as const;
      await serveGit({ ...git, env, protocol, request, response, limits, log }, running);
    } finally {
      release?.();
    }
  }

  return {
    async handle(subPath, url, request, response) {
      const service = url.searchParams.get('service');
      const protocol = protocolOf(request);
      if (protocol === undefined) return refuse(response, 400, 'git protocol versions 0 and 2 are served');
      if (subPath === '/git-receive-pack' || service === 'git-receive-pack') {
        return refuse(response, 403, 'this repository is served read-only: a job can not push to it');
      }
      if (subPath === '/info/refs' && request.method === 'GET') {
        if (service === 'git-upload-pack') return run('refs', protocol, request, response);
        return refuse(response, 403, 'the dumb HTTP protocol is not served: use a newer git');
      }
      if (subPath === '/git-upload-pack' && request.method === 'POST') {
        return run('exchange', protocol, request, response);
      }
      return refuse(response, 404, 'there is nothing at this address of the repository');
    },
    close() {
      isClosed = true;
      for (const git of running) git.end('closed');
    },
  };
}
