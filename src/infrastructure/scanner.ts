import { digestOfValue } from '../base/index.ts';
import {
  type FileOutcome,
  type FileView,
  type Gap,
  type Match,
  type Rule,
  type RulePack,
  type Scanner,
  type TreeOutcome,
} from '../finding/index.ts';
import { COMPOSE, DOCKER, OBJECT, POD, TERRAFORM, TREE_CHECKS } from './checks.ts';
import { readCompose } from './compose.ts';
import { judgeRun } from './docker-run-checks.ts';
import { readDockerfile } from './docker-read.ts';
import { fault } from './faults.ts';
import { judgeSubject, type Subject } from './judged.ts';
import { namedKind, yamlKind } from './kind-of-file.ts';
import { isTemplate, type KubernetesObject, readKubernetes } from './kubernetes.ts';
import { containerName } from './kubernetes-pod-checks.ts';
import pack from './pack.json' with { type: 'json' };
import { matchOf, type Report } from './report.ts';
import { type RuleMatch, ruleMatch } from './rule-schema.ts';
import { addressOf, readModules, type TerraformModule } from './terraform-module.ts';
import { dockerFacts, judgeTree, kubernetesFacts, type TreeFacts } from './tree-checks.ts';
import type { Tree } from './tree.ts';

export type InfrastructureSettings = {
  /** Ids of rules that are not asked. */
  readonly disabled?: readonly string[];
  /** A team's own rules, read by `parseRuleFile` with `ruleMatch`. */
  readonly rules?: readonly (Rule & { readonly match: unknown })[];
};

/** What the look at the whole tree needs of one file. The text of Terraform: values come from other files of its folder. */
export type InfrastructureFacts = TreeFacts | { readonly kind: 'terraform'; readonly text: string };

/** Longer files are not read. Code units; the largest that people write by hand are a tenth of it. */
const TEXT_LENGTH_MAX = 2 * 1024 * 1024;

type Loaded = Rule & { readonly match: RuleMatch };

export function createInfrastructureScanner(settings: InfrastructureSettings = {}): Scanner<InfrastructureFacts> {
  const disabled = new Set(settings.disabled ?? []);
  const all = [...(pack as unknown as RulePack).rules, ...(settings.rules ?? [])];
  const rules = all.filter(({ id }) => !disabled.has(id)).map(load);
  const judge = judgeOf(rules);
  return {
    kind: 'infrastructure',
    rules,
    settings: digestOfValue([pack.digest, [...disabled].sort(), settings.rules ?? []]),
    wants: (path, bytes) => bytes > 0 && namedKind(path) !== undefined,
    scanFile: (file) => scanFile(file, judge),
    finish: (facts) => finish(facts, judge),
  };
}

function load({ match, ...rule }: Rule & { readonly match: unknown }): Loaded {
  const parsed = ruleMatch.parse(match);
  if ('check' in parsed) {
    const known = { docker: [DOCKER], compose: [COMPOSE], kubernetes: [POD, OBJECT], terraform: [TERRAFORM] }[
      parsed.in
    ];
    const isKnown = TREE_CHECKS.has(parsed.check) || known.some((table) => Object.hasOwn(table, parsed.check));
    if (!isKnown) throw fault('check-unknown', `the rule ${rule.id} names the check ${parsed.check}`);
  }
  return { ...rule, match: parsed };
}

type Judge = ReturnType<typeof judgeOf>;

function judgeOf(rules: readonly Loaded[]) {
  const of = (kind: RuleMatch['in']) => rules.filter(({ match }) => match.in === kind);
  const named = (check: string) => rules.find(({ match }) => 'check' in match && match.check === check)?.id;
  return {
    docker: of('docker'),
    compose: of('compose'),
    kubernetes: of('kubernetes'),
    terraform: of('terraform'),
    named,
  };
}

function scanFile(file: FileView, judge: Judge): FileOutcome<InfrastructureFacts> {
  const kind = namedKind(file.path);
  if (kind === 'dockerignore') return { matches: [], facts: { kind: 'dockerignore' } };
  const inner = kind === 'yaml' ? yamlKind(file.path, file.bytes) : kind;
  if (inner === undefined || inner === 'cloudformation') return { matches: [] };
  if (file.text.length > TEXT_LENGTH_MAX && inner !== 'state') return tooLarge(file, inner);
  if (inner === 'docker') return scanDocker(file, judge);
  if (inner === 'kubernetes') return scanKubernetes(file, judge);
  if (inner === 'compose') return scanCompose(file, judge);
  if (inner === 'state') return scanState(file, judge);
  return { matches: [], facts: { kind: 'terraform', text: file.text } };
}

/** A large file of YAML is seldom a manifest: data that mentions one is no gap. */
function tooLarge(file: FileView, kind: string): FileOutcome<InfrastructureFacts> {
  if (kind === 'kubernetes' && !/^(?:apiVersion|kind):/m.test(file.text.slice(0, 10_000))) return { matches: [] };
  return {
    matches: [],
    gaps: [
      {
        code: 'file-too-large',
        file: file.path,
        reason: `${file.path} is larger than ${TEXT_LENGTH_MAX} characters and was not read.`,
      },
    ],
  };
}

function unreadable(file: FileView, reason: string, offset = 0): Gap {
  return {
    code: 'unreadable-infrastructure',
    file: file.path,
    line: file.placeAt(offset, offset).line,
    reason: `${file.path} could not be read: ${reason}.`,
    help: 'Correct its syntax.',
  };
}

function scanDocker(file: FileView, judge: Judge): FileOutcome<InfrastructureFacts> {
  const docker = readDockerfile(file);
  if (docker.stages.length === 0) return { matches: [] };
  const matches: Match[] = [];
  for (const { id, match } of judge.docker) {
    const reports =
      'check' in match ? DOCKER[match.check]?.(docker) : 'run' in match ? judgeRun(docker, match) : undefined;
    for (const report of reports ?? [])
      matches.push(matchOf(id, file, { scope: docker.stages.at(-1)?.image ?? '', ...report }));
  }
  const facts = dockerFacts(docker, judge.named('no-dockerignore'));
  return facts === undefined ? { matches } : { matches, facts };
}

function scanCompose(file: FileView, judge: Judge): FileOutcome<InfrastructureFacts> {
  const { services, problem } = readCompose(file);
  const matches: Match[] = [];
  for (const service of services) {
    const subject: Subject = {
      file,
      tree: service.isPartial ? opened(service.tree) : service.tree,
      name: service.name,
      head: service.head,
    };
    for (const { id, match } of judge.compose) {
      const reports =
        'check' in match ? COMPOSE[match.check]?.(service) : 'when' in match ? judgeSubject(subject, match) : undefined;
      for (const report of reports ?? []) matches.push(matchOf(id, file, report));
    }
  }
  return problem === undefined || isTemplate(file.text) ? { matches } : { matches, gaps: [unreadable(file, problem)] };
}

function scanKubernetes(file: FileView, judge: Judge): FileOutcome<InfrastructureFacts> {
  const { objects, problem } = readKubernetes(file);
  const matches: Match[] = [];
  for (const object of objects) {
    for (const { id, match } of judge.kubernetes) {
      for (const report of judgeObject(object, match)) {
        // Equal names in two namespaces are two things.
        matches.push(matchOf(id, file, { ...report, scope: `${object.namespace ?? ''}/${report.scope ?? ''}` }));
      }
    }
  }
  const facts = kubernetesFacts(objects, judge.named('network-policy-missing'));
  const isTemplated = /\{%|<%|\$\{\{|@@/.test(file.text);
  return {
    matches,
    ...(facts === undefined ? {} : { facts }),
    ...(problem === undefined || isTemplated ? {} : { gaps: [unreadable(file, problem)] }),
  };
}

function* judgeObject(object: KubernetesObject, match: RuleMatch): Iterable<Report> {
  const { file, pod } = object;
  const name = `${object.kind}/${object.name}`;
  if ('check' in match) {
    if (pod !== undefined) yield* POD[match.check]?.(pod) ?? [];
    yield* OBJECT[match.check]?.(object) ?? [];
    return;
  }
  if (!('of' in match) || (match.kinds.length > 0 && !match.kinds.includes(object.kind))) return;
  const whole = (tree: Tree) => (object.isPartial ? opened(tree) : tree);
  if (match.of === 'object') yield* judgeSubject({ file, tree: whole(object.tree), name }, match);
  else if (pod !== undefined && match.of === 'pod')
    yield* judgeSubject({ file, tree: whole(pod.spec), name, head: pod.head }, match);
  else if (pod !== undefined) {
    for (const container of pod.containers) {
      if (container.kind === 'container' || !isAboutRunning(match)) {
        yield* judgeSubject({ file, tree: whole(container.tree), name: containerName(pod, container) }, match);
      }
    }
  }
}

/** Probes are for what keeps running: init containers have none. */
function isAboutRunning(match: Extract<RuleMatch, { of: unknown }>): boolean {
  return JSON.stringify(match.when).includes('Probe');
}

/** A part of something: that an entry is absent says nothing. */
function opened(tree: Tree): Tree {
  if (tree.kind === 'map')
    return { ...tree, isOpen: true, entries: tree.entries.map((entry) => ({ ...entry, value: opened(entry.value) })) };
  return tree.kind === 'list' ? { ...tree, items: tree.items.map(opened) } : tree;
}

function scanState(file: FileView, judge: Judge): FileOutcome<InfrastructureFacts> {
  const rule = judge.named('state-committed');
  if (rule === undefined || !/"terraform_version"|"serial"/.test(file.text.slice(0, 2_000))) return { matches: [] };
  const report: Report = {
    span: { start: 0, end: 0 },
    message: 'The state of Terraform lies in the repository, with every secret that it manages in plain text.',
    evidence: file.path,
    fix: {
      kind: 'none',
      reason: 'Secrets in it are known to everyone who had the repository.',
      followUp: 'Move the state to a backend with encryption and locks, rotate what is in it, and ignore *.tfstate.',
    },
  };
  return { matches: [matchOf(rule, file, report)] };
}

function finish(facts: ReadonlyMap<string, InfrastructureFacts>, judge: Judge): TreeOutcome {
  const folders = new Map<string, Map<string, string>>();
  const rest = new Map<string, TreeFacts>();
  for (const [path, fact] of facts) {
    if (fact.kind !== 'terraform') {
      rest.set(path, fact);
      continue;
    }
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    const files = folders.get(folder) ?? new Map<string, string>();
    folders.set(folder, files.set(path, fact.text));
  }
  const matches = [...judgeTree(rest)];
  const gaps: Gap[] = [];
  for (const [folder, files] of folders) {
    for (const module of readModules(folder, files)) {
      gaps.push(...module.problems.map(({ file, reason, offset }) => unreadable(file, reason, offset)));
      matches.push(...judgeModule(module, judge));
    }
  }
  return { matches, gaps };
}

function judgeModule(module: TerraformModule, judge: Judge): readonly Match[] {
  const matches: Match[] = [];
  const byType = Map.groupBy(module.declared, ({ category, type }) => `${category}.${type}`);
  for (const { id, match } of judge.terraform) {
    if ('check' in match) {
      for (const report of TERRAFORM[match.check]?.(module) ?? []) matches.push(matchOf(id, report.in.file, report));
    } else if ('types' in match) {
      for (const declared of match.types.flatMap((type) => byType.get(`${match.category}.${type}`) ?? [])) {
        const subject: Subject = { file: declared.file, tree: declared.tree, name: addressOf(declared) };
        for (const report of judgeSubject(subject, match)) matches.push(matchOf(id, declared.file, report));
      }
    }
  }
  return matches;
}
