import { z } from 'zod';
import { LANGUAGES } from './ir.ts';
import { PATTERN } from './pattern.ts';

const pattern = z.string().regex(PATTERN, 'is not a path pattern');
const oneOrMore = <T extends z.ZodType>(schema: T) => z.union([schema, z.array(schema).min(1)]);
const patterns = oneOrMore(pattern);
const constant = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** An argument by its position from 0, by its keyword, or either: `[1, shell]`. */
const argument = oneOrMore(z.union([z.int().min(0), z.string().min(1)]));

/**
 * What must hold of an argument of the call, as far as it is known when the code runs. All conditions of a list must
 * hold. What is not known meets only `present` and `dynamic`.
 */
const condition = z.strictObject({
  arg: argument,
  /** A field of the argument, where it is an object: `httpOnly`; `a.b` for one below. */
  field: z.string().min(1).optional(),
  /** It is one of these constants. */
  is: oneOrMore(constant).optional(),
  /** It is known and none of these, or not given. */
  not: oneOrMore(constant).optional(),
  /** Its text meets this regular expression (RE2). */
  matches: z.string().min(1).optional(),
  /** It is known and its text does not meet this regular expression. */
  differs: z.string().min(1).optional(),
  /** Its text is known to begin so: a regular expression (RE2) for the beginning. */
  starts: z.string().min(1).optional(),
  /** It is not made of constants of the program alone. */
  outside: z.literal(true).optional(),
  /** It is not given. With `field`: the object is known and lacks the field. */
  absent: z.literal(true).optional(),
  present: z.literal(true).optional(),
  /** It is text with a part that is not constant. */
  dynamic: z.literal(true).optional(),
  /** Its expression is written so: a regular expression (RE2). */
  written: z.string().min(1).optional(),
  /** It has one of these paths: `jwt.algorithms.none`. */
  path: patterns.optional(),
  /** It has none of these paths: what these functions give is of no harm here. */
  otherThan: patterns.optional(),
  /** At most this number. */
  below: z.number().optional(),
  /** Where the program looks the argument up in a `.properties` file of the tree, what is set there counts. */
  setting: z.literal(true).optional(),
});

const confidence = z.enum(['high', 'medium', 'low']);

/** Where a value must not arrive, or a place that is wrong as it stands. */
const sink = z.strictObject({
  /** The called function; constructors too. */
  call: patterns.optional(),
  /** The argument that must not be reached; without it, any. `receiver` is what the method is called on. */
  arg: argument.optional(),
  /** Only this field of the argument. */
  field: z.string().min(1).optional(),
  /** Only where the value as a whole comes from outside, not where one of its fields does. */
  whole: z.literal(true).optional(),
  /** The argument is what a client is answered with: of a tuple the first item counts, an object becomes JSON. */
  answer: z.literal(true).optional(),
  /**
   * A comparison with `==`. One side is a value of one of these paths, or one that the program knows and whose name ends in
   * one of these words; the other side is what must not arrive.
   */
  compares: z.strictObject({ paths: patterns.optional(), named: z.array(z.string().min(1)).optional() }).optional(),
  /** A function whose name is put together of pieces, so that nobody finds it. */
  hidden: patterns.optional(),
  /** A route without a test of who asks, among routes that have one. */
  route: z.literal('unguarded').optional(),
  /** A property that is written. */
  assign: patterns.optional(),
  /** A variable, a property, a key or a keyword with one of these words in its name is given the value. */
  named: z.array(z.string().min(1)).min(1).optional(),
  /** What a handler of requests returns: `html` for those whose answer a browser shows as a page. */
  returns: z.enum(['html']).optional(),
  when: z.array(condition).optional(),
  confidence: confidence.optional(),
  /** What becomes of the value here, in place of the rule's. */
  becomes: z.string().min(1).optional(),
});

/** Where a value from outside comes in: a group of the models by name, or one's own. */
const source = z.union([
  z.string().regex(/^[a-z-]+$/, 'is not the name of a group of sources'),
  z.strictObject({
    /** What is called; its result is the source. */
    call: patterns.optional(),
    /** What is read. */
    read: patterns.optional(),
    /** How it is called in messages: `the queue's message`. */
    label: z.string().min(1),
  }),
]);

const clean = z.strictObject({
  call: patterns,
  /** The argument whose value is clean behind the call, too; without it, only the result is. */
  arg: argument.optional(),
  when: z.array(condition).optional(),
});

const propagator = z.strictObject({
  call: patterns,
  from: argument,
  /** `result`, `receiver`, or an argument. */
  to: argument,
});

const fix = z.union([
  /** Another function in place of the called one: the last name of the callee, or the whole of it. */
  z.strictObject({
    kind: z.literal('replace-callee'),
    with: z.string(),
    whole: z.boolean().optional(),
    from: z.string().optional(),
    import: z.string().optional(),
    note: z.string().optional(),
  }),
  /** A keyword argument (Python) or a field of the object argument (JavaScript) is given this text. */
  z.strictObject({
    kind: z.literal('set-argument'),
    name: z.string(),
    text: z.string(),
    arg: z.int().min(0).optional(),
    note: z.string().optional(),
  }),
  /** A constant argument is another one. */
  z.strictObject({
    kind: z.literal('replace-argument'),
    arg: z.int().min(0),
    text: z.string(),
    note: z.string().optional(),
  }),
  /** The value that arrives is wrapped in a call. */
  z.strictObject({
    kind: z.literal('wrap'),
    with: z.string(),
    import: z.string().optional(),
    note: z.string().optional(),
  }),
  /** The whole call is replaced; `{0}` is the text of its first argument. */
  z.strictObject({
    kind: z.literal('replace-call'),
    text: z.string(),
    import: z.string().optional(),
    note: z.string().optional(),
  }),
  /** The written property has another name. */
  z.strictObject({ kind: z.literal('replace-property'), with: z.string(), note: z.string().optional() }),
  /** Values of a statement become parameters, where the driver is known. */
  z.strictObject({
    kind: z.literal('parameterise'),

    note: z.string().optional(),
  }),
  /** Where the value comes from, the text at its beginning is another one. */
  z.strictObject({
    kind: z.literal('replace-source'),
    from: z.string().min(1),
    with: z.string(),
    note: z.string().optional(),
  }),
  /** `exec` of a program and arguments becomes a list without a shell. */
  z.strictObject({ kind: z.literal('argument-list'), note: z.string().optional() }),
]);

/** How a rule of code finds: by flow, when it has `sources`, else by what stands at one place. */
export const ruleMatch = z
  .strictObject({
    languages: z.array(z.enum(LANGUAGES)).min(1),
    sources: z.array(source).min(1).optional(),
    sinks: z.array(sink).min(1),
    sanitizers: z.array(clean).optional(),
    propagators: z.array(propagator).optional(),
    /** What the value is dangerous for; sanitizers of the models count by this name: `sql`, `shell`, `html`, … */
    flaw: z
      .string()
      .regex(/^[a-z-]+$/)
      .optional(),
    /** Flow: what becomes of the value: `part of an SQL statement`. Else: the whole message. */
    message: z.string().min(1),
    /** Words of which a file must have one, in place of those that the patterns name. */
    words: z.array(z.string().min(2)).optional(),
    /** Files that are not looked at: parts of their path. */
    except: z.array(z.string().min(1)).optional(),
    fix: fix.optional(),
    /** Why there is no fix, where there is none, and what a person does. */
    unfixed: z.string().min(1).optional(),
  })
  .refine(({ sources, flaw }) => sources === undefined || flaw !== undefined, 'a rule with sources needs `flaw`');

export type RuleMatch = z.infer<typeof ruleMatch>;
export type SinkSpec = z.infer<typeof sink>;
export type SourceSpec = z.infer<typeof source>;
export type Condition = z.infer<typeof condition>;
export type FixSpec = z.infer<typeof fix>;
export type ArgumentSpec = z.infer<typeof argument>;
export type CleanSpec = z.infer<typeof clean>;
export type PropagatorSpec = z.infer<typeof propagator>;
