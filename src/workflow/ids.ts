import { ID_CHARACTERS_MAX } from './limits.ts';
import type { ProblemCode } from './reader-problems.ts';

/** Ids of one scope: those that were written, and those that are made up for what has none. Case does not count. */
export class Ids {
  readonly #taken = new Set<string>();

  /** Takes a written id, or says what is wrong with it. */
  take(id: string): { readonly code: ProblemCode; readonly message: string } | undefined {
    if (!isId(id)) {
      return {
        code: 'id-invalid',
        message: `The identifier '${id}' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. IDs must start with a letter or '_' and must be less than ${ID_CHARACTERS_MAX} characters.`,
      };
    }
    if (id.startsWith('__')) {
      return { code: 'id-invalid', message: `The identifier '${id}' is invalid. IDs starting with '__' are reserved.` };
    }
    if (this.#taken.has(id.toLowerCase())) {
      return {
        code: 'id-duplicate',
        message: `The identifier '${id}' may not be used more than once within the same scope.`,
      };
    }
    this.#taken.add(id.toLowerCase());
    return undefined;
  }

  /** Makes an id out of a text: `actions/checkout` gives `__actions_checkout`, then `__actions_checkout_2`. */
  make(text: string): string {
    const base = `__${text.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`;
    for (let attempt = 1; ; attempt++) {
      const suffix = attempt === 1 ? '' : `_${attempt}`;
      const id = base.slice(0, ID_CHARACTERS_MAX - suffix.length) + suffix;
      if (!this.#taken.has(id.toLowerCase())) {
        this.#taken.add(id.toLowerCase());
        return id;
      }
    }
  }
}

export function isId(id: string): boolean {
  return id.length < ID_CHARACTERS_MAX && /^[A-Za-z_][A-Za-z0-9_-]*$/.test(id);
}
