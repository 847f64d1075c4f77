import type { Match } from '../finding/index.ts';
import type { Dockerfile } from './docker-read.ts';
import { entryOf } from './tree.ts';
import type { KubernetesObject } from './kubernetes.ts';
import { matchOf, none } from './report.ts';

/** What the look at all files needs. A match that depends on other files is made with its file and waits here. */
export type TreeFacts =
  | { readonly kind: 'dockerignore' }
  | { readonly kind: 'docker'; readonly waiting: Match }
  | { readonly kind: 'kubernetes'; readonly hasPolicy: boolean; readonly waiting?: Match };

/** The whole folder is copied in: what must not be in the image has to be ignored. */
export function dockerFacts(docker: Dockerfile, rule: string | undefined): TreeFacts | undefined {
  const copy = docker.instructions.find(
    ({ keyword, flags, words }) =>
      (keyword === 'COPY' || keyword === 'ADD') &&
      !flags.some(({ text }) => text.startsWith('--from=')) &&
      words.length > 1 &&
      words.slice(0, -1).some(({ text }) => text === '.' || text === './' || text === '*'),
  );
  if (copy === undefined || rule === undefined) return undefined;
  const report = {
    span: copy,
    message:
      'The whole folder goes into the image, with .git, .env and what else lies there: there is no .dockerignore.',
    fix: none(
      'What the build needs is not known here.',
      'Add a .dockerignore that lists at least .git, .env* and keys.',
    ),
  };
  return { kind: 'docker', waiting: matchOf(rule, docker.file, report) };
}

export function kubernetesFacts(objects: readonly KubernetesObject[], rule: string | undefined): TreeFacts | undefined {
  const hasPolicy = objects.some(({ kind }) => kind === 'NetworkPolicy');
  const workload = objects.find(({ pod, isPartial }) => pod !== undefined && !isPartial && pod.spec.isOpen !== true);
  if (!hasPolicy && workload === undefined) return undefined;
  if (workload === undefined || rule === undefined) return { kind: 'kubernetes', hasPolicy };
  const kind = entryOf(workload.tree, 'kind');
  const report = {
    span: kind ?? workload.tree,
    message: 'No NetworkPolicy anywhere here: every pod of the cluster reaches every other one.',
    fix: none(
      'Who talks to whom is not known here.',
      'Add a NetworkPolicy that denies by default, and one for each way that is needed.',
    ),
  };
  return { kind: 'kubernetes', hasPolicy, waiting: matchOf(rule, workload.file, report) };
}

export function* judgeTree(facts: ReadonlyMap<string, TreeFacts>): Iterable<Match> {
  const ignoring = new Set<string>();
  let hasPolicy = false;
  for (const [path, fact] of facts) {
    if (fact.kind === 'dockerignore') ignoring.add(path);
    if (fact.kind === 'kubernetes' && fact.hasPolicy) hasPolicy = true;
  }
  let isSaid = false;
  for (const [path, fact] of facts) {
    if (fact.kind === 'docker' && !isIgnoring(path, ignoring)) yield fact.waiting;
    // Once for all: it is about the cluster, not about each workload.
    if (fact.kind === 'kubernetes' && fact.waiting !== undefined && !hasPolicy && !isSaid) {
      isSaid = true;
      yield fact.waiting;
    }
  }
}

/** The context may be any folder above. */
function isIgnoring(path: string, ignoring: ReadonlySet<string>): boolean {
  if (ignoring.has(`${path}.dockerignore`)) return true;
  for (let at = path.lastIndexOf('/'); ; at = path.lastIndexOf('/', at - 1)) {
    const folder = path.slice(0, at + 1);
    if (ignoring.has(`${folder}.dockerignore`)) return true;
    if (at <= 0) return ignoring.has('.dockerignore');
  }
}
