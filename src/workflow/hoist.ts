import type { Position } from './model.ts';

/** What runs the script, as far as quoting goes. */
export type ShellKind = 'bash' | 'sh' | 'dash' | 'zsh' | 'pwsh' | 'powershell' | 'python' | 'javascript' | 'unknown';

/** A piece of a script: text as written, or an expression with its value. */
export type HoistPart =
  | { readonly literal: string }
  | { readonly value: string; readonly expression: string; readonly influenced: boolean; readonly at: Position };

export type HoistRefusal = {
  readonly at: Position;
  readonly expression: string;
  readonly reason: string;
  readonly fix: string;
};

export type Hoisting =
  | {
      readonly ok: true;
      readonly script: string;
      readonly env: { readonly [name: string]: string };
      /** For the log: the script as GitHub would show it, with the values in place. Never run this. */
      readonly display: string;
    }
  | { readonly ok: false; readonly refusals: readonly HoistRefusal[] };

/** A piece of a script before any value is known. */
export type ScriptPart =
  | { readonly literal: string }
  | { readonly expression: string; readonly influenced: boolean; readonly at: Position };

const FIX = 'Set a variable under `env:` of the step with this expression, and use it in the script in quotes, as "$NAME".';

/** Puts the values of a script in their places, those of outsiders as data (K13). */
export function hoistScript(parts: readonly HoistPart[], shell: ShellKind): Hoisting {
  const display = parts.map((part) => ('literal' in part ? part.literal : part.value)).join('');
  const refusals = checkScript(parts, shell);
  if (refusals.length > 0) return { ok: false, refusals };
  return { ok: true, script: display, env: {}, display };
}

/** What `hoistScript` would refuse whatever the values are. */
export function checkScript(parts: readonly ScriptPart[], shell: ShellKind): readonly HoistRefusal[] {
  return parts.flatMap((part) =>
    'literal' in part || !part.influenced
      ? []
      : [{ at: part.at, expression: part.expression, reason: `scripts of ${shell} are not hoisted yet`, fix: FIX }],
  );
}
