import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { EngineEvent } from '../engine/index.ts';
import { harmless } from './harmless.ts';

const EGRESS_FILE = '.sallyport/egress.yml';
/** Hosts that a proposal may hold: a job that reaches more does not need a list but another look. */
const HOSTS_MAX = 1_000;

/** Watches what jobs reach while everything public is allowed, and proposes the list that would have been enough. */
export class EgressLearner {
  readonly #hosts = new Set<string>();
  #leftOut = 0;

  look(event: EngineEvent): void {
    if (event.kind !== 'job' || event.event.kind !== 'egress') return;
    const { record } = event.event;
    if (record.verdict !== 'allowed' || record.via === 'dns' || record.via === 'gateway' || record.port === 0) return;
    if (this.#hosts.size >= HOSTS_MAX) this.#leftOut += 1;
    else this.#hosts.add(`${record.host}:${record.port}`);
  }

  /** A unified diff of `.sallyport/egress.yml`, to be read by a person before it is applied. */
  propose(directory: string): readonly string[] {
    const before = readText(join(directory, EGRESS_FILE));
    const listed = listedIn(before ?? '');
    const missing = [...this.#hosts].filter((host) => !listed.has(host)).sort();
    if (missing.length === 0) return ['', `Learned: the jobs reached nothing that ${EGRESS_FILE} would have to list.`];
    const more = this.#leftOut > 0 ? [`# … and ${this.#leftOut} more connections`] : [];
    return [
      '',
      `Learned: ${EGRESS_FILE} would need these lines; read each before you apply it.`,
      ...diff(before, missing),
      ...more,
    ];
  }
}

function listedIn(text: string): ReadonlySet<string> {
  const document: unknown = parse(text);
  const allow = typeof document === 'object' && document !== null && 'allow' in document ? document.allow : [];
  return new Set(Array.isArray(allow) ? allow.map(String) : []);
}

function diff(before: string | undefined, hosts: readonly string[]): readonly string[] {
  const added = hosts.map((host) => `+  - ${JSON.stringify(harmless(host, false))}`);
  if (before === undefined || before.trim() === '') {
    return ['--- /dev/null', `+++ b/${EGRESS_FILE}`, `@@ -0,0 +1,${added.length + 1} @@`, '+allow:', ...added];
  }
  const head = [`--- a/${EGRESS_FILE}`, `+++ b/${EGRESS_FILE}`];
  const lines = before.replace(/\n$/, '').split('\n');
  const at = lines.findIndex((line) => /^allow:\s*(#.*)?$/.test(line));
  if (at < 0) {
    const last = lines.at(-1) ?? '';
    const count = lines.length;
    return [...head, `@@ -${count},1 +${count},${added.length + 2} @@`, ` ${last}`, '+allow:', ...added];
  }
  const indent = /^(\s*)-/.exec(lines[at + 1] ?? '')?.[1] ?? '  ';
  const own = hosts.map((host) => `+${indent}- ${JSON.stringify(harmless(host, false))}`);
  return [...head, `@@ -${at + 1},1 +${at + 1},${own.length + 1} @@`, ` ${lines[at] ?? ''}`, ...own];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A repository without the file is the usual case; one that can't be read has stopped the run before.
    return undefined;
  }
}
