import { z } from 'zod';

/** Keys with dots between: `spec.template.spec`, `ingress.cidr_blocks`. Lists on the way are looked into, `*` is any key. */
export type Path = string;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const path = z.string().regex(/^([\w*$:/-]+(\.[\w*$:/-]+)*)?$/, 'is not a path of keys');

export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  /** At least one of the items at the path meets the condition. */
  | { readonly some: Path; readonly when: Condition }
  /** A value at the path is this one. Nothing there: no. */
  | { readonly path: Path; readonly is: string | number | boolean }
  /** No value at the path is this one. Nothing there: yes. */
  | { readonly path: Path; readonly isNot: string | number | boolean }
  | { readonly path: Path; readonly in: readonly (string | number | boolean)[] }
  | { readonly path: Path; readonly notIn: readonly (string | number | boolean)[] }
  /** A pattern of RE2, found anywhere in the value. */
  | { readonly path: Path; readonly matches: string }
  | { readonly path: Path; readonly exists: boolean }
  | { readonly path: Path; readonly below: number }
  | { readonly path: Path; readonly above: number };

const condition: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ all: z.array(condition).min(1) }),
    z.strictObject({ any: z.array(condition).min(1) }),
    z.strictObject({ not: condition }),
    z.strictObject({ some: path, when: condition }),
    z.strictObject({ path, is: scalar }),
    z.strictObject({ path, isNot: scalar }),
    z.strictObject({ path, in: z.array(scalar).min(1) }),
    z.strictObject({ path, notIn: z.array(scalar).min(1) }),
    z.strictObject({ path, matches: z.string() }),
    z.strictObject({ path, exists: z.boolean() }),
    z.strictObject({ path, below: z.number() }),
    z.strictObject({ path, above: z.number() }),
  ]),
);

const fix = z.union([
  /** Sets the value at a path below what is judged; what is missing on the way is added. */
  z.strictObject({
    set: path,
    to: z.union([scalar, z.array(scalar)]),
    title: z.string(),
    followUp: z.string().optional(),
  }),
  z.strictObject({ remove: path, title: z.string(), followUp: z.string().optional() }),
  z.strictObject({ none: z.string(), followUp: z.string().optional() }),
]);

/** How the message of a finding reads; `{name}` is what it is in, `{value}` the value at fault. */
const message = z.string();

const judged = { when: condition, at: path.optional(), each: path.optional(), message, fix };

/** A command of a shell: its name, words that must be there, flags of which one must be there or must not. */
const command = z.strictObject({
  name: z.array(z.string()).min(1),
  words: z.array(z.string()).default([]),
  anyFlag: z.array(z.string()).default([]),
  noFlag: z.array(z.string()).default([]),
});

export const ruleMatch = z.union([
  /** Terraform and OpenTofu: the blocks of these types. */
  z.strictObject({
    in: z.literal('terraform'),
    category: z.enum(['resource', 'data', 'module', 'provider', 'variable', 'terraform']).default('resource'),
    types: z.array(z.string()).min(1),
    ...judged,
  }),
  /** Kubernetes: objects of these kinds, the pods of all workloads or their containers. */
  z.strictObject({
    in: z.literal('kubernetes'),
    of: z.enum(['object', 'pod', 'container']),
    kinds: z.array(z.string()).default([]),
    ...judged,
  }),
  /** Compose: every service. */
  z.strictObject({ in: z.literal('compose'), ...judged }),
  /** Dockerfile: a command that a `RUN` runs. */
  z.strictObject({
    in: z.literal('docker'),
    run: command,
    message,
    fix: z.union([
      z.strictObject({ removeFlag: z.string() }),
      z.strictObject({ addFlag: z.string(), after: z.string() }),
      z.strictObject({ none: z.string(), followUp: z.string().optional() }),
    ]),
  }),
  /** By a check in code, named here. */
  z.strictObject({ in: z.enum(['terraform', 'kubernetes', 'compose', 'docker']), check: z.string() }),
]);

export type RuleMatch = z.output<typeof ruleMatch>;
export type JudgedMatch = Extract<RuleMatch, { when: Condition }>;
export type DockerRunMatch = Extract<RuleMatch, { run: unknown }>;
export type DataFix = z.output<typeof fix>;
