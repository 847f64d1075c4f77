import type { Machine } from './commands.ts';
import { placesOf } from './places.ts';

/** This process, as its commands see it. */
export function machineOf(argv: readonly string[]): Machine {
  return {
    env: process.env,
    places: placesOf(process.env, process.geteuid?.() ?? -1),
    writeError: (text) => process.stderr.write(text),
    isDebug: argv.includes('--debug'),
  };
}
