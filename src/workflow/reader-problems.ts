import { excerpt } from '../base/index.ts';
import { FILE_ERRORS } from './faults.ts';
import { DIAGNOSTICS_MAX } from './limits.ts';
import type { Diagnostic, Position } from './model.ts';

export type ProblemCode = keyof typeof FILE_ERRORS;

/** Characters of a message. */
const MESSAGE_CHARACTERS_MAX = 500;

/** Ends the reading of a file at once: what comes after could not be understood. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly at: Position;

  constructor(code: ProblemCode, at: Position, message: string) {
    super(message);
    this.name = 'Problem';
    this.code = code;
    this.at = at;
  }
}

/** Collects what is wrong with one file. */
export class Problems {
  readonly #file: string;
  readonly #found: Diagnostic[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  get count(): number {
    return this.#found.length;
  }

  add(code: ProblemCode, at: Position, message: string, remedy?: string): void {
    if (this.#found.length < DIAGNOSTICS_MAX) this.#found.push(diagnosticOf(this.#file, code, at, message, remedy));
  }

  all(): readonly Diagnostic[] {
    return this.#found;
  }
}

/** One thing wrong, with the remedy of its code when there is no better one. */
export function diagnosticOf(
  file: string,
  code: ProblemCode,
  at: Position,
  message: string,
  remedy: string = FILE_ERRORS[code].help,
): Diagnostic {
  return {
    file,
    line: at.line,
    column: at.column,
    code: `workflow/${code}`,
    message: excerpt(message, MESSAGE_CHARACTERS_MAX),
    remedy,
  };
}
