import { checkImage } from './check-uses.ts';
import { checkScriptText } from './check-steps.ts';
import type { AuditContext } from './context.ts';
import { none } from './fixes.ts';
import { blockNames, type GroovyString, readGroovy } from './groovy.ts';
import { isPlainSecret } from './other-shared.ts';
import type { Scalar } from './yaml-tree.ts';

/** What whoever opens a change, or starts the job, chooses. */
const CHOSEN =
  /^(?:params\.\w+|env\.(?:CHANGE_(?:TITLE|BRANCH|AUTHOR\w*|FORK|URL|TARGET)|BRANCH_NAME|TAG_NAME|GIT_BRANCH|ghprb\w+|gitlab(?:SourceBranch|MergeRequestTitle|MergeRequestDescription|UserName|UserEmail|Branch)|BITBUCKET_\w+)|(?:CHANGE_(?:TITLE|BRANCH|AUTHOR\w*|FORK)|BRANCH_NAME|TAG_NAME|ghprb\w+|gitlab(?:SourceBranch|MergeRequestTitle|MergeRequestDescription)))\b/;
const SHELLS = /^(?:sh|bat|powershell|pwsh)$/;

/** A Jenkinsfile, declarative or scripted, as far as its strings and blocks say. */
export function auditJenkins(context: AuditContext): void {
  const groovy = readGroovy(context.file.text);
  const secrets = new Set(groovy.strings.flatMap((string) => credentialVariables(string)));
  const choices = new Set(
    groovy.strings
      .filter(({ call, argument }) => /^(?:choice|booleanParam)$/.test(call) && argument === 'name')
      .map(({ text }) => text),
  );
  for (const string of groovy.strings) {
    if (SHELLS.test(string.call) && (string.argument === '' || string.argument === 'script'))
      checkShell(context, string, { secrets, choices });
    checkAgent(context, string);
    checkLibrary(context, string);
    checkSecret(context, string);
  }
  checkStages(context, groovy.strings);
}

function scopeOf(string: GroovyString): string {
  return string.stage === '' ? 'pipeline' : `stages.${string.stage}`;
}

function credentialVariables(string: GroovyString): readonly string[] {
  if (
    /^(?:variable|passwordVariable|usernameVariable|keyFileVariable|passphraseVariable|tokenVariable)$/.test(
      string.argument,
    )
  )
    return string.argument === 'usernameVariable' ? [] : [string.text];
  if (string.call === 'credentials' && string.assigned !== '') return [string.assigned, `${string.assigned}_PSW`];
  return [];
}

function checkShell(
  context: AuditContext,
  string: GroovyString,
  known: { readonly secrets: ReadonlySet<string>; readonly choices: ReadonlySet<string> },
): void {
  const scope = scopeOf(string);
  for (const part of string.interpolations) {
    const span = { start: part.start, end: part.end };
    const secret = [...known.secrets].find((name) => part.text === name || part.text === `env.${name}`);
    if (secret !== undefined) {
      context.report({
        rule: 'secret-exposure',
        span,
        message: `Groovy puts \`${secret}\` into the command: it stands in the process list and in the log of what is run`,
        severity: 'medium',
        scope,
        identity: secret,
        fix: none(
          'the whole string may need other quotes',
          'Write the string in single quotes, so that the shell takes the variable.',
        ),
      });
      continue;
    }
    if (!CHOSEN.test(part.text) || known.choices.has(part.text.replace(/^params\./, ''))) continue;
    context.report({
      rule: 'variable-injection',
      span,
      message: `Groovy puts \`${part.text}\` into the script before any shell can quote it`,
      severity: part.text.startsWith('params.') ? 'medium' : 'high',
      scope,
      identity: part.text,
      fix: none(
        'the whole string may need other quotes',
        'Write the string in single quotes and use the variable of the environment, quoted.',
      ),
    });
  }
  const scalar: Scalar = {
    kind: 'scalar',
    text: string.text,
    style: 'plain',
    isNull: false,
    start: string.start,
    end: string.end,
  };
  checkScriptText(context, scalar, { scope, title: scope, shell: 'bash' });
}

function checkAgent(context: AuditContext, string: GroovyString): void {
  const isImage =
    (string.call === 'image' && (string.blocks.includes('docker') || string.receiver.endsWith('docker'))) ||
    (string.call === 'docker' && string.argument === '' && string.blocks.at(-1) === 'agent') ||
    (string.argument === 'image' && string.blocks.includes('docker'));
  if (isImage && string.interpolations.length === 0)
    checkImage(
      context,
      { ...string, start: string.start + string.quote, end: string.end - string.quote },
      scopeOf(string),
    );
  const isArgs =
    string.call === 'args' || string.argument === 'args' || (string.call === 'inside' && string.receiver !== '');
  if (isArgs && /--privileged\b|\/var\/run\/docker\.sock|--(?:pid|net|network|ipc)[= ]host\b/.test(string.text)) {
    context.report({
      rule: 'privileged-container',
      span: string,
      message: 'The container has the rights of its host: what runs inside can leave it',
      scope: scopeOf(string),
      identity: string.text.slice(0, 80),
    });
  }
}

function checkLibrary(context: AuditContext, string: GroovyString): void {
  if (
    string.call !== 'Library' &&
    !(string.call === 'library' && (string.argument === '' || string.argument === 'identifier'))
  )
    return;
  const version = /@(.+)$/.exec(string.text)?.[1];
  if (version !== undefined && (/^[0-9a-f]{40}$/.test(version) || version.includes('$'))) return;
  const isLoose = version === undefined || /^(?:main|master|develop|HEAD|trunk)$/.test(version);
  context.report({
    rule: 'unpinned-includes',
    span: string,
    message: `The library \`${string.text}\` is taken from ${version === undefined ? 'its default branch' : `\`${version}\``}, which can change`,
    severity: isLoose ? 'medium' : 'low',
    scope: 'libraries',
    identity: string.text,
    fix: none('the commit has to be asked for', "Name a commit: `@Library('name@<commit>')`."),
  });
}

function checkSecret(context: AuditContext, string: GroovyString): void {
  if (
    string.assigned === '' ||
    string.call !== '' ||
    !isPlainSecret(string.assigned, string.text) ||
    string.interpolations.length > 0
  )
    return;
  context.report({
    rule: 'plaintext-secret',
    span: string,
    message: `\`${string.assigned}\` is written in the file: whoever can read the repository, or had it once, can use it`,
    scope: scopeOf(string),
    identity: string.assigned,
    fix: none(
      'the value has to be changed where it is good for, first',
      "Change it, store it as a credential and use `credentials('id')`.",
    ),
  });
}

const DEPLOYS =
  /\bkubectl\s+(?:apply|rollout|set)\b|\bhelm\s+(?:upgrade|install)\b|\bterraform\s+apply\b|\baws\s+(?:s3\s+(?:sync|cp)|ecs\s+update|cloudformation\s+deploy)\b|\bansible-playbook\b|\bserverless\s+deploy\b/;

/** Stages of one file that are looked at as a whole. */
const STAGES_MAX = 200;

/** A stage for production that every branch goes through. */
function checkStages(context: AuditContext, strings: readonly GroovyString[]): void {
  for (const stage of strings.filter(({ call }) => call === 'stage').slice(0, STAGES_MAX)) {
    if (!/\bprod(?:uction)?\b|\blive\b/i.test(stage.text) || !/deploy|release|rollout|ship/i.test(stage.text)) continue;
    const inside = strings.filter((one) => one.stage === stage.text && one !== stage);
    if (!inside.some((one) => SHELLS.test(one.call) && DEPLOYS.test(one.text))) continue;
    const names = blockNames(context.file.text, stage.end);
    if (/\bwhen\b|\binput\b/.test(names) || /\bif\s*\(/.test(names)) continue;
    context.report({
      rule: 'unprotected-deployment',
      span: stage,
      message: `The stage \`${stage.text}\` deploys in every run, of every branch, and nobody is asked`,
      scope: `stages.${stage.text}`,
      identity: stage.text,
    });
  }
}
