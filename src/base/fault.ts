/** What a domain says of one of its fault codes. */
export type FaultEntry = {
  /** The HTTP status that a door answers with. */
  readonly status: number;
  /** One line: what the person should do next. */
  readonly help: string;
};

export type FaultOptions = {
  /** What went wrong underneath. */
  readonly cause?: unknown;
  /** Where in a file of the person it went wrong. */
  readonly at?: SourceSpot;
};

/** A place in a file that somebody wrote. Lines and columns count from 1. */
export type SourceSpot = { readonly file?: string; readonly line: number; readonly column: number };

/**
 * A failure with a stable code. Callers look at `code`, never at the message. Messages name what failed and the
 * offending value, cut short; never a secret.
 */
export class Fault extends Error {
  readonly code: string;
  readonly status: number;
  readonly help: string;
  readonly at: SourceSpot | undefined;

  constructor(code: string, entry: FaultEntry, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.status = entry.status;
    this.help = entry.help;
    this.at = options.at;
  }
}

export function isFault(value: unknown, code?: string): value is Fault {
  return value instanceof Fault && (code === undefined || value.code === code);
}

/** Every code that a loaded domain has declared, for the generated reference page. */
const declared = new Map<string, FaultEntry>();

/**
 * Declares the faults of a domain and returns the function that makes them:
 * `const fault = faultsOf('workflow', {...}); throw fault('too-large', 'ci.yml has 600,000 bytes');`
 */
export function faultsOf<const Table extends Record<string, FaultEntry>>(
  domain: string,
  table: Table,
): (name: keyof Table & string, message: string, options?: FaultOptions) => Fault {
  for (const [name, entry] of Object.entries(table)) declared.set(`${domain}/${name}`, entry);
  return (name, message, options) => {
    const entry = table[name];
    assert(entry !== undefined, `fault ${domain}/${name} is not declared`);
    return new Fault(`${domain}/${name}`, entry, message, options);
  };
}

/** The declared faults, sorted by code. */
export function declaredFaults(): readonly (readonly [code: string, entry: FaultEntry])[] {
  return [...declared].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A programmer's error: ends the request or the job. Nothing catches it to go on. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** The end of a `switch` over a union: a new member makes this a type error. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${JSON.stringify(value)}`);
}

/** Thrown by `assert` and `unreachable` only. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Cuts a value for a message. */
export function excerpt(text: string, charactersMax = 200): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}…`;
}

/** The text of something that was thrown, for a log line or the message of a fault. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
