import { environment, Refusal, variable } from './program.ts';
import { findTool, runTool, type ToolRun } from './run-tool.ts';

/**
 * Git for programs that may hold a token. Neither the configuration of the home folder nor `GIT_*` or loader variables
 * count in a call that carries the token: an earlier step of the job could have set them to send it elsewhere.
 */
export type Git = {
  readonly folder: string;
  /** Without a token, with the configuration of the home folder, as a person's own git. */
  plain(args: readonly string[], options?: { readonly show?: boolean }): Promise<ToolRun>;
  /** With the token for addresses below the server's, in the environment of this process alone. */
  withToken(args: readonly string[], options?: { readonly show?: boolean }): Promise<ToolRun>;
};

export function openGit(folder: string, credentials: { readonly serverUrl: string; readonly token: string }): Git {
  const path = findTool('git');
  if (path === undefined) throw new Refusal('git is not there: checkout needs git 2.28 or later');
  const always = { GIT_TERMINAL_PROMPT: '0', GIT_LFS_SKIP_SMUDGE: '1' };
  const clean: { [name: string]: string } = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: variable('HOME'),
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ALLOW_PROTOCOL: 'http:https',
    GIT_HTTP_USER_AGENT: 'sallyport-checkout',
  };
  for (const name of [
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'SSL_CERT_FILE',
  ]) {
    if (variable(name) !== '') clean[name] = variable(name);
  }
  return {
    folder,
    plain: (args, options = {}) =>
      runTool(path, args, { cwd: folder, env: { ...environmentForHooks(), ...always }, ...options }),
    withToken: (args, options = {}) =>
      runTool(path, args, {
        cwd: folder,
        env: { ...clean, ...always, ...tokenVariables(credentials.serverUrl, credentials.token) },
        ...options,
      }),
  };
}

/** Hooks and filters of the person's own configuration run in a plain call: inputs and tokens are not for them. */
function environmentForHooks(): { [name: string]: string } {
  return Object.fromEntries(Object.entries(environment()).filter(([name]) => !/^(?:INPUT|STATE|ACTIONS)_/.test(name)));
}

/** `http.<server>/.extraheader` as variables: nothing of the token reaches a file or a command line. */
function tokenVariables(serverUrl: string, token: string): { [name: string]: string } {
  if (token === '') return {};
  const basic = Buffer.from(`x-access-token:${token}`, 'utf8').toString('base64');
  return {
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: `http.${serverUrl}/.extraheader`,
    GIT_CONFIG_VALUE_0: `AUTHORIZATION: basic ${basic}`,
    // A redirect could take the header along to another server.
    GIT_CONFIG_KEY_1: 'http.followRedirects',
    GIT_CONFIG_VALUE_1: 'false',
  };
}

/** Runs git and refuses on any exit code but 0. */
export async function must(run: Promise<ToolRun>, what: string): Promise<string> {
  const result = await run;
  if (result.code !== 0)
    throw new Refusal(`${what} failed (git exit code ${result.code}): ${lastLines(result.stderr)}`);
  return result.stdout.trim();
}

export function lastLines(text: string): string {
  return text.split('\n').slice(-6).join('\n').slice(-1000);
}
