import type { RE2JS } from 're2js';
import { assert } from '../base/index.ts';

let engine: typeof RE2JS | undefined;

/** Loads the engine of linear time. Only patterns from outside need it, and it takes as long to load as a small scan. */
export async function loadLinear(): Promise<void> {
  engine ??= (await import('re2js')).RE2JS;
}

/** Compiles a pattern in Go's syntax. Whoever hands in a configuration has loaded the engine. */
export function compileLinear(source: string): RE2JS {
  assert(engine !== undefined, 'the engine of linear time is loaded before a configuration is used');
  return engine.compile(source);
}
