import type { AuditContext } from './context.ts';
import { insertAfter, none } from './fixes.ts';
import { at, entryOf, listOf, type Mapping, scalarAt, textOf, type YamlNode } from './yaml-tree.ts';

/** Days after which most malicious releases have been found and taken down. */
const COOLDOWN_DAYS_MIN = 7;

export function checkDependabot(context: AuditContext, root: YamlNode): void {
  for (const update of listOf(at(root, 'updates'))) {
    if (update.kind !== 'mapping') continue;
    const ecosystem = scalarAt(update, 'package-ecosystem');
    const scope = `updates.${ecosystem?.text ?? ''}:${textOf(at(update, 'directory')) ?? ''}`;
    checkCooldown(context, update, scope);
    const code = scalarAt(update, 'insecure-external-code-execution');
    if (code?.text === 'allow') {
      context.report({
        rule: 'dependabot-execution',
        span: code,
        message:
          'Updates may run code of the packages that they look at, with the credentials of the registries at hand',
        scope,
        identity: 'allow',
        fix: {
          kind: 'edit',
          title: 'Deny it',
          edits: [{ file: context.file.path, start: code.start, end: code.end, text: 'deny' }],
        },
      });
    }
  }
}

function checkCooldown(context: AuditContext, update: Mapping, scope: string): void {
  const ecosystem = entryOf(update, 'package-ecosystem');
  const cooldown = at(update, 'cooldown');
  if (ecosystem === undefined || at(update, 'multi-ecosystem-group') !== undefined) return;
  const days = scalarAt(cooldown, 'default-days');
  if (cooldown === undefined) {
    const edit = insertAfter(context, ecosystem, {
      key: 'cooldown',
      block: [`default-days: ${COOLDOWN_DAYS_MIN}`],
      isFlow: update.isFlow,
    });
    context.report({
      rule: 'dependabot-cooldown',
      span: ecosystem.value,
      message: 'New releases are proposed the moment they appear, before anyone could find out that one is malicious',
      scope,
      identity: 'cooldown',
      fix: { kind: 'edit', title: `Wait ${COOLDOWN_DAYS_MIN} days`, edits: [edit] },
    });
  } else if (days === undefined || Number(days.text) < COOLDOWN_DAYS_MIN) {
    context.report({
      rule: 'dependabot-cooldown',
      span: days ?? cooldown,
      message: `${days === undefined ? 'No' : days.text} days are too short for others to find out that a release is malicious`,
      severity: 'info',
      scope,
      identity: 'cooldown',
      fix:
        days === undefined
          ? none('the other settings of the cooldown may be meant so', 'Add `default-days: 7`.')
          : {
              kind: 'edit',
              title: `Wait ${COOLDOWN_DAYS_MIN} days`,
              edits: [{ file: context.file.path, start: days.start, end: days.end, text: String(COOLDOWN_DAYS_MIN) }],
            },
    });
  }
}

/** `.pre-commit-config.yaml`: where hooks come from. */
export function checkPreCommit(context: AuditContext, root: YamlNode): void {
  for (const hook of listOf(at(root, 'repos'))) {
    const repo = scalarAt(hook, 'repo');
    if (repo === undefined || !/^(?:http|git):\/\//.test(repo.text)) continue;
    context.report({
      rule: 'insecure-url-scheme',
      span: repo,
      message: `Hooks are fetched from \`${repo.text.slice(0, 120)}\` without protection: anyone on the way can change them`,
      identity: repo.text,
      fix: repo.text.startsWith('http://')
        ? {
            kind: 'edit',
            title: 'Fetch it by https',
            edits: [
              {
                file: context.file.path,
                start: repo.start,
                end: repo.end,
                text: context.file.text.slice(repo.start, repo.end).replace('http://', 'https://'),
              },
            ],
          }
        : none('the server may answer elsewhere by https'),
    });
  }
}
