import { Secret } from './secret.ts';

export type LogFields = { readonly [key: string]: unknown };

/** The operator's log. Messages are static; what varies goes into the fields. */
export type Log = {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
};

/** A log that writes one JSON object a line. */
export function jsonLog(write: (line: string) => void, now: () => number): Log {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields }, hideSecrets)}\n`);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A log that says nothing, for tests and for quiet commands. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

function hideSecrets(_key: string, value: unknown): unknown {
  if (value instanceof Secret) return '[secret]';
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}
