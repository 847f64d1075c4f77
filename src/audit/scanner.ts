import { createHash } from 'node:crypto';
import type { FileOutcome, FileView, Gap, Scanner } from '../finding/index.ts';
import { FILE_BYTES_MAX } from '../workflow/index.ts';
import { auditAction, auditWorkflow } from './audit-workflow.ts';
import { checkDependabot, checkPreCommit } from './check-dependabot.ts';
import type { Policy } from './check-uses.ts';
import { type AuditContext, createContext } from './context.ts';
import { createExpressionReader } from './expressions.ts';
import { type AuditFacts, NO_FACTS } from './facts.ts';
import { kindOfFile, type FileKind } from './files.ts';
import { finish } from './finish.ts';
import { auditAzure } from './other-azure.ts';
import { auditCircle } from './other-circleci.ts';
import { auditGitlab } from './other-gitlab.ts';
import { auditJenkins } from './other-jenkins.ts';
import pack from './pack.json' with { type: 'json' };
import { type AuditRule, packSchema } from './rule-schema.ts';
import { at, entriesOf, readTree, textOf, textsOf, type YamlNode } from './yaml-tree.ts';

export type AuditSettings = {
  /** Actions that may be used, `owner/repo` or `owner/*`; without it all may. */
  readonly allowActions?: readonly string[];
  readonly denyActions?: readonly string[];
  /** Ids of rules that are left out. */
  readonly withoutRules?: readonly string[];
};

/** The shipped rules. */
export function auditRules(): readonly AuditRule[] {
  return packSchema.parse(pack.rules);
}

/** The auditor of workflows and of the pipelines of other CI systems. It answers the same in every thread. */
export function createAuditScanner(settings: AuditSettings = {}): Scanner<AuditFacts> {
  const without = new Set(settings.withoutRules ?? []);
  const rules = auditRules().filter(({ id }) => !without.has(id));
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const policy: Policy = { allow: settings.allowActions, deny: settings.denyActions };
  const digest = createHash('sha256')
    .update(JSON.stringify([pack.digest, settings]))
    .digest('hex')
    .slice(0, 32);
  return {
    kind: 'workflows',
    rules,
    settings: digest,
    wants: (path, bytes) => bytes > 0 && kindOfFile(path) !== undefined,
    scanFile: (file) => scanFile(file, byId, policy),
    finish,
  };
}

function scanFile(file: FileView, rules: ReadonlyMap<string, AuditRule>, policy: Policy): FileOutcome<AuditFacts> {
  const kind = kindOfFile(file.path);
  if (kind === undefined) return { matches: [] };
  if (file.bytes.length > FILE_BYTES_MAX) {
    if (kind === 'yaml') return { matches: [] };
    const reason = `${file.path} has more than ${FILE_BYTES_MAX} bytes and was not audited`;
    return { matches: [], gaps: [{ code: 'file-too-large', file: file.path, reason, help: 'Split the file.' }] };
  }
  if (kind === 'yaml' && !looksLikeWorkflow(file.text)) return { matches: [] };
  const context = createContext(file, createExpressionReader(file.text), rules);
  if (kind === 'jenkins') {
    auditJenkins(context);
    return { matches: context.matches };
  }
  const tree = readTree(file.text, { documents: kind === 'gitlab' });
  const gaps: Gap[] = [];
  if (tree.problem !== undefined && kind !== 'yaml') {
    gaps.push({
      code: 'unreadable-workflow',
      file: file.path,
      line: tree.problem.line,
      reason: `${file.path} could not be read whole: ${tree.problem.message}`,
      help: 'Correct the YAML at this line.',
    });
  }
  const facts = tree.root === undefined ? undefined : audit(context, kind, tree.root, policy);
  return {
    matches: context.matches,
    ...(facts === undefined ? {} : { facts }),
    ...(gaps.length === 0 ? {} : { gaps }),
  };
}

/** A file outside of `.github/workflows` that is one all the same: a template, a folder of another server. */
function looksLikeWorkflow(text: string): boolean {
  return /^(?:on|"on"|'on'|true)\s*:/m.test(text) && /^jobs\s*:/m.test(text);
}

function audit(context: AuditContext, kind: FileKind, root: YamlNode, policy: Policy): AuditFacts | undefined {
  switch (kind) {
    case 'workflow':
    case 'yaml':
      return auditWorkflow(context, root, policy);
    case 'action':
      return auditAction(context, root, policy);
    case 'dependabot':
      checkDependabot(context, root);
      return undefined;
    case 'pre-commit':
      checkPreCommit(context, root);
      return undefined;
    case 'lock':
      return lockFacts(root);
    case 'gitlab':
      auditGitlab(context, root);
      return undefined;
    case 'circleci':
      auditCircle(context, root);
      return undefined;
    case 'azure':
      auditAzure(context, root);
      return undefined;
    case 'jenkins':
      return undefined;
  }
}

/** What the lock pins, as far as it can be read. The engine reads it strictly when it runs. */
function lockFacts(root: YamlNode): AuditFacts {
  const dependencies: { [key: string]: string } = {};
  for (const { key, value } of entriesOf(at(root, 'dependencies'))) {
    const commit = textOf(at(value, 'commit'))
      ?.replace(/^sha1-/, '')
      .toLowerCase();
    if (commit !== undefined && /^[0-9a-f]{40}$/.test(commit)) dependencies[key.text] = commit;
  }
  const workflows = entriesOf(at(root, 'workflows'))
    .filter(({ value }) => textsOf(value).length > 0)
    .map(({ key }) => key.text);
  return { ...NO_FACTS, kind: 'lock', lock: { workflows, dependencies } };
}
