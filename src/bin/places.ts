import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = { readonly [name: string]: string | undefined };

/** Where Sallyport keeps things on this machine. */
export type Places = {
  /** Records of runs and what a running job needs: `$XDG_STATE_HOME/sallyport`. */
  readonly state: string;
  /** What is made again by itself: `$XDG_CACHE_HOME/sallyport`. */
  readonly cache: string;
};

/**
 * The XDG folders of the person, or those of the system for root. A relative path in the variables is ignored, as the
 * XDG specification asks.
 */
export function placesOf(env: Environment, uid: number): Places {
  const named = (name: string) => {
    const path = env[name];
    return path !== undefined && isAbsolute(path) ? join(path, 'sallyport') : undefined;
  };
  const home = env['HOME'] !== undefined && isAbsolute(env['HOME']) ? env['HOME'] : homedir();
  const isRoot = uid === 0;
  return {
    state: named('XDG_STATE_HOME') ?? (isRoot ? '/var/lib/sallyport' : join(home, '.local/state/sallyport')),
    cache: named('XDG_CACHE_HOME') ?? (isRoot ? '/var/cache/sallyport' : join(home, '.cache/sallyport')),
  };
}
