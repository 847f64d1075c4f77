import { fault } from './faults.ts';
import { formsOf } from './mask-forms.ts';

/** Secrets of one job, with those that steps add by `add-mask`. */
export const SECRETS_MAX = 2_000;
/** Bytes of one secret. */
export const SECRET_BYTES_MAX = 64 * 1024;
/** Bytes of all forms of all secrets together: bounds memory and the time to take up a new secret. */
export const FORM_BYTES_MAX = 4 * 1024 * 1024;
/** Shorter texts are not masked: the holes would destroy the log and tell the secret by what is missing. */
export const SECRET_CHARACTERS_MIN = 3;

/** Source: ECMA-48, 5.4, control sequences; here those that end in a letter. */
const COLOURS = /\u001b\[[0-?]*[ -/]*[@-~]/g;
const MASK = Buffer.from('***');

/** `too-short`: not masked, and the person should be told so. */
export type MaskAddition = 'added' | 'known' | 'too-short';

/** Bytes may be split anywhere: what could be the beginning of a secret is held back until more comes or the end. */
export type MaskStream = { push(chunk: Buffer): Buffer; end(): Buffer };

/** Replaces secrets by `***`. Masking is a courtesy to people, not a wall: a program can always disguise a secret. */
export type Masker = {
  /** Masks it from now on, in all forms. Streams that are open take it up with their next bytes. */
  add(secret: string): MaskAddition;
  stream(): MaskStream;
  maskBytes(bytes: Buffer): Buffer;
  maskText(text: string): string;
  /** The longest form, in bytes: what a caller that cuts long lines must keep back. */
  bytesMax(): number;
};

/** Faults of `add`: `runner/masks-exceeded`. The caller must end the job, since the secret would be shown. */
export function createMasker(secrets: readonly string[] = []): Masker {
  const known = new Set<string>();
  const forms = new Set<string>();
  let formBytes = 0;
  let bytesMax = 0;
  const tiers: Tier[] = [];
  let fresh: Buffer[] = [];
  const current = (): readonly Automaton[] => {
    if (fresh.length > 0) addTier(tiers, fresh);
    fresh = [];
    return tiers.map(({ automaton }) => automaton);
  };
  const add = (secret: string): MaskAddition => {
    if (secret.trim().length < SECRET_CHARACTERS_MIN) return 'too-short';
    if (known.has(secret)) return 'known';
    if (Buffer.byteLength(secret) > SECRET_BYTES_MAX) {
      throw fault('masks-exceeded', `a text to mask has more than ${SECRET_BYTES_MAX} bytes`);
    }
    if (known.size >= SECRETS_MAX) throw fault('masks-exceeded', `the job masks more than ${SECRETS_MAX} texts`);
    for (const form of formsOf(secret)) {
      if (forms.has(form)) continue;
      const bytes = Buffer.from(form);
      formBytes += bytes.length;
      if (formBytes > FORM_BYTES_MAX) {
        throw fault('masks-exceeded', `the forms of all texts to mask have more than ${FORM_BYTES_MAX} bytes`);
      }
      bytesMax = Math.max(bytesMax, bytes.length);
      forms.add(form);
      fresh.push(bytes);
    }
    known.add(secret);
    return 'added';
  };
  const maskBytes = (bytes: Buffer): Buffer => {
    if (forms.size === 0) return bytes;
    return scan(current(), bytes, { covered: 0, isEnd: true }).output;
  };
  for (const secret of secrets) add(secret);
  return {
    add,
    maskBytes,
    maskText: (text) => {
      if (forms.size === 0 || text.length < SECRET_CHARACTERS_MIN) return text;
      // Programs colour parts of what they print: a terminal shows the parts of a secret side by side.
      const plain = text.includes('\u001b[') ? text.replaceAll(COLOURS, '') : text;
      const bytes = Buffer.from(plain);
      const masked = maskBytes(bytes);
      if (plain === text) return masked === bytes ? text : masked.toString('utf8');
      const own = maskBytes(Buffer.from(text)).toString('utf8');
      const isSplit = masked !== bytes && masked.toString('utf8') !== own.replaceAll(COLOURS, '');
      return isSplit ? masked.toString('utf8') : own;
    },
    bytesMax: () => bytesMax,
    stream: () => openStream(current),
  };
}

/** Forms that were taken up together, or with what was joined to them. */
type Tier = { readonly forms: readonly Buffer[]; readonly bytes: number; readonly automaton: Automaton };

/**
 * A step can add secrets and print lines in turn. One automaton for all of them would be built anew each time, which keeps
 * the runner busy for minutes: so tiers, each more than twice as large as the next, and a form is built in few of them.
 */
function addTier(tiers: Tier[], fresh: readonly Buffer[]): void {
  const forms = [...fresh];
  let bytes = forms.reduce((sum, form) => sum + form.length, 0);
  for (let last = tiers.at(-1); last !== undefined && last.bytes <= 2 * bytes; last = tiers.at(-1)) {
    forms.push(...last.forms);
    bytes += last.bytes;
    tiers.pop();
  }
  tiers.push({ forms, bytes, automaton: buildAutomaton(forms) });
}

function openStream(current: () => readonly Automaton[]): MaskStream {
  let held = Buffer.alloc(0);
  // How many of the held bytes lie under a mask that was already printed.
  let covered = 0;
  const run = (chunk: Buffer, isEnd: boolean): Buffer => {
    const automata = current();
    if (automata.length === 0 && held.length === 0) return chunk;
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const result = scan(automata, bytes, { covered, isEnd });
    // A copy: the caller may use its chunk again.
    held = Buffer.from(result.held);
    covered = result.covered;
    return result.output;
  };
  return { push: (chunk) => run(chunk, false), end: () => run(Buffer.alloc(0), true) };
}

/**
 * An Aho-Corasick automaton over bytes, and in front of it a filter by the first two and first four bytes of all forms,
 * which ordinary log text almost never passes. Children of a node are a linked list.
 */
type Automaton = {
  readonly pairs: Uint8Array;
  readonly quads: Uint8Array;
  readonly root: Int32Array;
  readonly child: Int32Array;
  readonly sibling: Int32Array;
  readonly byte: Uint8Array;
  readonly fail: Int32Array;
  readonly depth: Int32Array;
  /** Length of the longest form that ends at the node, 0 for none. */
  readonly ends: Int32Array;
};

function quadOf(bytes: Uint8Array, at: number): number {
  const word =
    (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
  return Math.imul(word, 0x9e3779b1) >>> 14;
}

function buildAutomaton(patterns: readonly Buffer[]): Automaton {
  const nodesMax = 1 + patterns.reduce((sum, pattern) => sum + pattern.length, 0);
  const automaton: Automaton = {
    pairs: new Uint8Array(65_536),
    quads: new Uint8Array(1 << 18),
    root: new Int32Array(256),
    child: new Int32Array(nodesMax),
    sibling: new Int32Array(nodesMax),
    byte: new Uint8Array(nodesMax),
    fail: new Int32Array(nodesMax),
    depth: new Int32Array(nodesMax),
    ends: new Int32Array(nodesMax),
  };
  const { pairs, quads, root, child, sibling, byte, depth, ends } = automaton;
  let nodes = 1;
  for (const pattern of patterns) {
    let node = 0;
    for (const value of pattern) {
      let next = childOf(automaton, node, value);
      if (next === 0) {
        next = nodes++;
        byte[next] = value;
        depth[next] = (depth[node] ?? 0) + 1;
        if (node === 0) root[value] = next;
        else {
          sibling[next] = child[node] ?? 0;
          child[node] = next;
        }
      }
      node = next;
    }
    ends[node] = pattern.length;
    const pair = ((pattern[0] ?? 0) << 8) | (pattern[1] ?? 0);
    // 2: too short for the second filter.
    pairs[pair] = Math.max(pairs[pair] ?? 0, pattern.length < 4 ? 2 : 1);
    if (pattern.length >= 4) quads[quadOf(pattern, 0)] = 1;
  }
  linkFailures(automaton, nodes);
  return automaton;
}

/** Breadth first, so that the failure node of a node, which is less deep, is complete before it. */
function linkFailures(automaton: Automaton, nodes: number): void {
  const { root, child, sibling, byte, fail, ends } = automaton;
  const queue = new Int32Array(nodes);
  let tail = 0;
  for (const node of root) if (node !== 0) queue[tail++] = node;
  for (let head = 0; head < tail; head++) {
    const node = queue[head] ?? 0;
    for (let next = child[node] ?? 0; next !== 0; next = sibling[next] ?? 0) {
      const failure = step(automaton, fail[node] ?? 0, byte[next] ?? 0);
      fail[next] = failure;
      if (ends[next] === 0) ends[next] = ends[failure] ?? 0;
      queue[tail++] = next;
    }
  }
}

function childOf(automaton: Automaton, node: number, value: number): number {
  if (node === 0) return automaton.root[value] ?? 0;
  let next = automaton.child[node] ?? 0;
  while (next !== 0 && automaton.byte[next] !== value) next = automaton.sibling[next] ?? 0;
  return next;
}

function step(automaton: Automaton, from: number, value: number): number {
  for (let node = from; ; node = automaton.fail[node] ?? 0) {
    const next = childOf(automaton, node, value);
    if (next !== 0 || node === 0) return next;
  }
}

/** The first place at or after `from` where a form could begin. The last three bytes are always such places. */
function candidate(automaton: Automaton, bytes: Uint8Array, from: number): number {
  const { pairs, quads } = automaton;
  const last = bytes.length - 3;
  let at = from;
  while (at < last) {
    const kind = pairs[((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)];
    if (kind !== 0 && (kind === 2 || quads[quadOf(bytes, at)] === 1)) return at;
    at += 1;
  }
  return at;
}

type Scan = { readonly output: Buffer; readonly held: Buffer; readonly covered: number };

/**
 * Masks `bytes`, whose first `covered` ones lie under a mask that was printed before. Forms that overlap or touch become
 * one mask. At the end of a stream nothing is held back.
 */
function scan(
  automata: readonly Automaton[],
  bytes: Buffer,
  state: { readonly covered: number; readonly isEnd: boolean },
): Scan {
  const size = bytes.length;
  // Places to mask, in order. One that starts below zero was already printed.
  let places: Place[] = state.covered > 0 ? [{ start: -1, end: state.covered }] : [];
  let keepFrom = size;
  for (const automaton of automata) {
    const found = find(automaton, bytes);
    places = places.length === 0 ? found.places : merged(places, found.places);
    if (!state.isEnd) keepFrom = Math.min(keepFrom, found.openFrom);
  }
  if (places.length === 0 && keepFrom === size) return { output: bytes, held: EMPTY, covered: 0 };
  const pieces: Buffer[] = [];
  let written = 0;
  for (const { start, end } of places) {
    // What begins in the held bytes is found again, then perhaps as part of something longer.
    if (start >= keepFrom) break;
    if (start > written) pieces.push(bytes.subarray(written, start));
    if (start >= 0) pieces.push(MASK);
    written = end;
  }
  if (keepFrom > written) pieces.push(bytes.subarray(written, keepFrom));
  return { output: Buffer.concat(pieces), held: bytes.subarray(keepFrom), covered: Math.max(0, written - keepFrom) };
}

type Place = { readonly start: number; readonly end: number };

/** Where forms are, in order, and where the bytes begin that could become one with what comes next. */
function find(automaton: Automaton, bytes: Buffer): { readonly places: Place[]; readonly openFrom: number } {
  const { ends, depth } = automaton;
  const size = bytes.length;
  const places: Place[] = [];
  let node = 0;
  let at = 0;
  while (at < size) {
    if (node === 0) {
      at = candidate(automaton, bytes, at);
      if (at >= size) break;
    }
    node = step(automaton, node, bytes[at] ?? 0);
    at += 1;
    const length = ends[node] ?? 0;
    if (length > 0) cover(places, at - length, at);
  }
  return { places, openFrom: size - (depth[node] ?? 0) };
}

function merged(some: readonly Place[], others: readonly Place[]): Place[] {
  const places: Place[] = [];
  for (const { start, end } of [...some, ...others].sort((a, b) => a.start - b.start)) {
    const last = places.at(-1);
    if (last === undefined || start > last.end) places.push({ start, end });
    else places[places.length - 1] = { start: last.start, end: Math.max(last.end, end) };
  }
  return places;
}

/** Adds a place, joined with those that it overlaps or touches. A long form can swallow several earlier ones. */
function cover(places: Place[], from: number, end: number): void {
  let start = from;
  for (let last = places.at(-1); last !== undefined && start <= last.end; last = places.at(-1)) {
    start = Math.min(start, last.start);
    places.pop();
  }
  places.push({ start, end });
}

const EMPTY = Buffer.alloc(0);
