import type { Data } from '../base/index.ts';
import { type Reach, reachOf } from './influence-reach.ts';
import type { Influence } from './model.ts';

/** Nesting of one expression. Deeper ones count as influenced. */
const DEPTH_MAX = 64;

/**
 * Members of `github` that GitHub or the runner makes, so that no outsider chooses their text. All others count as
 * influenced, also the names of people: elsewhere than at GitHub a login may hold any character.
 */
const GITHUB_OWN = new Set([
  'action',
  'action_path',
  'action_ref',
  'action_repository',
  'action_status',
  'actor_id',
  'api_url',
  'env',
  'event_name',
  'event_path',
  'graphql_url',
  'job',
  'job_workflow_sha',
  'output',
  'path',
  'ref_protected',
  'ref_type',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'repositoryurl',
  'retention_days',
  'run_attempt',
  'run_id',
  'run_number',
  'secret_source',
  'server_url',
  'sha',
  'state',
  'step_summary',
  'token',
  'workflow',
  'workflow_sha',
  'workspace',
]);

/**
 * Last keys below `github.event` that the webhook schema gives a number, a boolean or an object name. Since an event may
 * come from a file, `isPlainEventValue` must look at the value too before it is spliced.
 */
const EVENT_TYPED = new Set([
  'additions',
  'after',
  'archived',
  'before',
  'changed_files',
  'comments',
  'commits',
  'created',
  'deleted',
  'deletions',
  'draft',
  'fork',
  'forced',
  'head_sha',
  'id',
  'locked',
  'merge_commit_sha',
  'merged',
  'number',
  'prerelease',
  'private',
  'review_comments',
  'run_attempt',
  'run_number',
  'sha',
]);

/** Members of an event below which anything may be: inputs and payloads of whoever dispatched, properties of repositories. */
const EVENT_FREE = new Set(['inputs', 'client_payload', 'payload', 'custom_properties']);

/** Functions whose result is a boolean or a hexadecimal digest, whatever they are given. */
export const PLAIN_FUNCTIONS = new Set([
  'contains',
  'startswith',
  'endswith',
  'success',
  'failure',
  'always',
  'cancelled',
  'hashfiles',
]);

/** Contexts that the workflow's author or the operator fills. */
const OWN_CONTEXTS = new Set(['secrets', 'vars', 'runner', 'job', 'strategy']);

/**
 * Whether the text that an expression gives can be chosen by an outsider. The expression is without `${{ }}`. What can't
 * be read counts as influenced. A `true` means: never make this text part of a script (K13).
 */
export function isInfluenced(expression: string, influence: Influence): boolean {
  return new Reader(expression, influence, { trustSchema: true }).read();
}

/**
 * The same for an expression whose value is known and goes on as data: into `env`, inputs, outputs, a matrix. Where only
 * the webhook schema promises a plain value, the value has to keep that promise, since who reads it later no longer sees
 * where it is from. `value` may be an object or a list; literal text around the expression may be in it.
 */
export function isInfluencedValue(expression: string, influence: Influence, value: Data): boolean {
  return isInfluenced(expression, influence) || (reliesOnSchema(expression) && !isWord(value));
}

/** A number and the like, or one word: as `pr-12` it is no more than a word wherever it is spliced. */
function isWord(value: Data): boolean {
  if (value === null || typeof value !== 'object') {
    return typeof value !== 'string' || /^(?:|\w[\w.:/@+-]{0,254})$/.test(value);
  }
  const entries = Object.entries(value);
  return entries.every(([name, member]) => isWord(name) && isWord(member));
}

/** Whether a value is what the schema of `EVENT_TYPED` members allows: nothing that any shell or language acts on. */
export function isPlainEventValue(value: string): boolean {
  return /^(?:\d{1,20}|true|false|[0-9a-f]{40}|[0-9a-f]{64}|)$/.test(value);
}

/**
 * Whether an expression that is not influenced is so only because the webhook schema promises a plain value: then the
 * value has to be looked at with `isPlainEventValue`.
 */
export function reliesOnSchema(expression: string): boolean {
  return new Reader(expression, NOTHING, { trustSchema: false }).read();
}

/** Only `github` counts. */
const NOTHING: Influence = {
  level: 'branch',
  env: new Set(),
  inputs: new Set(),
  steps: new Set(),
  needs: new Set(),
  matrix: false,
};

type Token = { readonly kind: 'name' | 'text' | 'number' | 'sign' | 'end'; readonly text: string };

function tokensOf(expression: string): Token[] | undefined {
  const tokens: Token[] = [];
  const pattern =
    /\s*(?:'((?:[^']|'')*)'|([A-Za-z_][\w-]*)|([-+]?(?:\d[\w.+-]*|\.\d[\w.+-]*))|(&&|\|\||[=!<>]=|[()[\],.*!<>]))/gy;
  let at = 0;
  while (at < expression.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(expression);
    if (match === null) return expression.slice(at).trim() === '' ? tokens : undefined;
    const [, text, name, number, sign] = match;
    if (text !== undefined) tokens.push({ kind: 'text', text: text.replaceAll("''", "'") });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name.toLowerCase() });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else tokens.push({ kind: 'sign', text: sign ?? '' });
    at = pattern.lastIndex;
  }
  return tokens;
}

const END: Token = { kind: 'end', text: '' };
/** Thrown inside `Reader` only, for what it does not understand. */
const UNREADABLE = Symbol('unreadable');

/** Reads an expression with GitHub's precedence and computes whether its result is influenced. */
class Reader {
  readonly #tokens: readonly Token[] | undefined;
  readonly #influence: Influence;
  readonly #trustsSchema: boolean;
  #at = 0;
  #depth = 0;

  constructor(expression: string, influence: Influence, options: { readonly trustSchema: boolean }) {
    this.#tokens = tokensOf(expression);
    this.#influence = influence;
    this.#trustsSchema = options.trustSchema;
  }

  read(): boolean {
    try {
      const result = this.#or();
      return this.#peek().kind !== 'end' || result;
    } catch (thrown) {
      // What can't be read is taken as the worst.
      if (thrown === UNREADABLE) return true;
      throw thrown;
    }
  }

  #peek(): Token {
    if (this.#tokens === undefined) throw UNREADABLE;
    return this.#tokens[this.#at] ?? END;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #takes(sign: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'sign' || token.text !== sign) return false;
    this.#at += 1;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#takes(sign)) throw UNREADABLE;
  }

  #or(): boolean {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw UNREADABLE;
    let result = this.#and();
    while (this.#takes('||')) result = this.#and() || result;
    this.#depth -= 1;
    return result;
  }

  /** `a && b` gives b, or an a that is false: '', 0, false or null, which no outsider can fill with text. */
  #and(): boolean {
    let result = this.#comparison();
    while (this.#takes('&&')) result = this.#comparison();
    return result;
  }

  #comparison(): boolean {
    let result = this.#unary();
    while (['==', '!=', '<', '<=', '>', '>='].some((sign) => this.#takes(sign))) {
      this.#unary();
      result = false;
    }
    return result;
  }

  #unary(): boolean {
    let isNegated = false;
    while (this.#takes('!')) isNegated = true;
    const result = this.#postfix();
    return isNegated ? false : result;
  }

  #postfix(): boolean {
    const token = this.#next();
    if (token.kind === 'text' || token.kind === 'number') return false;
    if (token.kind === 'sign' && token.text === '(') {
      const inner = this.#or();
      this.#expect(')');
      return this.#path([]).influenced || inner;
    }
    if (token.kind !== 'name') throw UNREADABLE;
    if (this.#takes('(')) return this.#call(token.text);
    if (['true', 'false', 'null', 'nan', 'infinity'].includes(token.text)) return false;
    const path: string[] = [];
    const { influenced } = this.#path(path);
    return influenced || this.#isContextInfluenced(token.text, path);
  }

  #call(name: string): boolean {
    let isAnyInfluenced = false;
    if (!this.#takes(')')) {
      do isAnyInfluenced = this.#or() || isAnyInfluenced;
      while (this.#takes(','));
      this.#expect(')');
    }
    const { influenced } = this.#path([]);
    if (PLAIN_FUNCTIONS.has(name)) return influenced;
    return isAnyInfluenced || influenced;
  }

  /** What follows a value: `.name`, `.*`, `['name']`, `[0]`, `[computed]`. A computed member could be any: '*'. */
  #path(path: string[]): { influenced: boolean } {
    for (;;) {
      if (this.#takes('.')) {
        const token = this.#next();
        if (token.kind === 'name') path.push(token.text);
        else if (token.kind === 'sign' && token.text === '*') path.push('*');
        else throw UNREADABLE;
      } else if (this.#takes('[')) {
        const token = this.#peek();
        const isLone = this.#tokens?.[this.#at + 1]?.text === ']' && this.#tokens[this.#at + 1]?.kind === 'sign';
        if (isLone && (token.kind === 'text' || token.kind === 'number')) path.push(this.#next().text.toLowerCase());
        else if (isLone && token.kind === 'sign' && token.text === '*') path.push(this.#next().text);
        else {
          // Which member is chosen depends on the inner value: any could be; its own text does not come out.
          this.#or();
          path.push('*');
        }
        this.#expect(']');
      } else return { influenced: false };
    }
  }

  #isContextInfluenced(context: string, path: readonly string[]): boolean {
    const [first = '*', second = '*'] = path;
    const has = (set: ReadonlySet<string>, name: string) =>
      set.has('*') || (name === '*' ? set.size > 0 : set.has(name));
    const isUntrusted = this.#influence.level === 'untrusted';
    switch (context) {
      case 'github':
        return isGithubInfluenced(path, this.#trustsSchema);
      case 'inputs':
        return has(this.#influence.inputs, first);
      case 'env':
        return has(this.#influence.env, first.toUpperCase());
      case 'steps':
        if (second === 'outcome' || second === 'conclusion') return false;
        return isUntrusted || has(this.#influence.steps, first);
      case 'needs':
      case 'jobs':
        if (second === 'result') return false;
        return isUntrusted || has(this.#influence.needs, first);
      case 'matrix':
        return this.#influence.matrix;
      default:
        return !OWN_CONTEXTS.has(context);
    }
  }
}

function isGithubInfluenced(path: readonly string[], trustsSchema: boolean): boolean {
  const [first = '*'] = path;
  return first === 'event' ? !(trustsSchema && isTypedMember(path)) : !GITHUB_OWN.has(first);
}

/**
 * How freely an outsider chooses the text of a member of `github`, for those who judge a workflow that runs at GitHub.
 * `none` is what K13 splices; the other three are what it hands over as data. `shaped`: GitHub allows no character in it
 * that a shell acts on (logins, addresses, dates). `member`: whoever chooses it may write to the repository (names of its
 * branches and tags, inputs of a dispatch). `free`: any text, by anyone.
 */
export type GithubReach = 'none' | Reach;

/** The path below `github`, lower case; an empty one is the whole context. */
export function githubReach(path: readonly string[]): GithubReach {
  if (!isGithubInfluenced(path, true)) return 'none';
  // A filter gives a list of what the schema promises: nothing a shell acts on, though K13 does not rely on it.
  const isFree = path.some((key) => EVENT_FREE.has(key));
  if (path[0] === 'event' && path.includes('*') && EVENT_TYPED.has(path.at(-1) ?? '') && !isFree) return 'shaped';
  return reachOf(path);
}

/** `event.…` ends in a member that is a number, a boolean or an object name by the schema, reached by plain names. */
function isTypedMember(path: readonly string[]): boolean {
  const last = path.at(-1);
  if (last === undefined || path.length < 2 || path.includes('*')) return false;
  if (path.some((member) => EVENT_FREE.has(member))) return false;
  // A push has a list of commits there, with their messages; a change has their number.
  if ((last === 'commits' || last === 'comments') && path.at(-2) !== 'pull_request' && path.at(-2) !== 'issue') {
    return false;
  }
  return EVENT_TYPED.has(last);
}
