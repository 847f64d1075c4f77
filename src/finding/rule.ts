import type { Confidence, Kind, Severity } from './model.ts';

/** An input that a rule must find, or must not. The rule's test table and the examples of its page. */
export type RuleExample = {
  /** Says what is shown, when that is not plain. */
  readonly name?: string;
  /** Path that the text stands at: it decides which scanner looks. Without one, the kind's usual name. */
  readonly file?: string;
  readonly text: string;
  /** Further files that belong to it, path to text. */
  readonly files?: { readonly [path: string]: string };
  /** Lines at which the rule must report; for an example of `good`, none. */
  readonly lines: readonly number[];
  /** The text after the fix, where the rule has one. */
  readonly fixed?: string;
};

/** What every rule says of itself; how it looks is the matter of its kind. */
export type Rule = {
  /** Kebab-case, one for all kinds. The name of its file `rules/<kind>/<id>.yml` and of its page. */
  readonly id: string;
  readonly kind: Kind;
  /** One line, a statement of what is wrong. */
  readonly title: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly cwe?: number;
  /** Why it matters: what an attacker does with it. */
  readonly why: string;
  /** What a reviewer should look for. */
  readonly lesson: string;
  /** How it is mended, in words. */
  readonly remedy: string;
  /** Control that makes the attack impossible when the workflow runs here: `K13`, and how. */
  readonly prevention?: { readonly control: string; readonly how: string };
  /** Names of the same rule in other tools: `zizmor/template-injection`, `bandit/B608`. */
  readonly aliases: readonly string[];
  readonly references: readonly string[];
  readonly examples: readonly RuleExample[];
};

/** The rules of a kind as they are shipped. `Match` is what the kind adds to each: its patterns, names, checks. */
export type RulePack<Matching = unknown> = {
  readonly kind: Kind;
  /** Over all that decides what is found: part of the key of cached results. */
  readonly digest: string;
  readonly rules: readonly (Rule & { readonly match: Matching })[];
};

/** Path of the page of a rule, below the project's folder. */
export function pageOf(rule: { readonly kind: Kind; readonly id: string }): string {
  return `docs/rules/${rule.kind}/${rule.id}.md`;
}
