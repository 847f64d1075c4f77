/** What the commands that talk to a server need of this machine. Given by `bin`. */
export type ClientTools = {
  /** Reaches a server. A redirect is not followed: what is meant for one server goes to no other. */
  fetch(url: string, init: ClientRequest): Promise<Response>;
  /** Addresses of the remotes of the repository that this folder is in, that of `origin` first; none without a repository. */
  remotes(directory: string): Promise<readonly string[]>;
  /** Runs git with what the person sees of it; `sign` answers git's question for a token. Answers the exit code. */
  git(args: readonly string[], options: { readonly cwd: string; readonly sign: GitSign }): Promise<number>;
  /** All of standard input, within bounds. */
  readInput(bytesMax: number): Promise<string>;
  /** Letters and digits that were never used before. */
  newId(): string;
  /** Of this machine: what a token is called. */
  readonly hostname: string;
};

export type ClientRequest = {
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string | ReadableStream<Uint8Array>;
  /** A body that is a stream goes one way. */
  readonly duplex?: 'half';
  readonly signal?: AbortSignal;
};

/** One server, and the token for it: reaches git by its environment, never by an argument or an address. */
export type GitSign = { readonly origin: string; readonly token: string };
