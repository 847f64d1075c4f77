import type { Fix } from '../finding/index.ts';
import { isKnownActionOwner, nearestAction, parseUses, type UsesReference } from '../workflow/index.ts';
import type { AuditContext } from './context.ts';
import { none } from './fixes.ts';
import { inputOf, nameOfAction } from './model.ts';
import { compareVersions } from './versions.ts';
import { at, entriesOf, listOf, type Scalar, type Span, textOf, textsOf, type YamlNode } from './yaml-tree.ts';

/** One `uses:`, of a step or of a job. */
export type Use = {
  readonly scalar: Scalar;
  readonly action: UsesReference | undefined;
  readonly name: string;
  readonly with: YamlNode | undefined;
  readonly scope: string;
  readonly isWorkflow: boolean;
  /** The comment behind it, without `#`. */
  readonly comment: string;
};

export type Remote = Extract<UsesReference, { kind: 'remote' }>;

export const SHA = /^[0-9a-f]{40}$|^[0-9a-f]{64}$/i;

export function useOf(
  context: AuditContext,
  scalar: Scalar,
  place: { readonly with: YamlNode | undefined; readonly scope: string; readonly isWorkflow: boolean },
): Use {
  const action = parseUses(scalar.text.trim());
  const { text } = context.file;
  const end = text.indexOf('\n', scalar.end);
  const rest = text.slice(scalar.end, end < 0 ? text.length : end);
  const comment = /^['"]?\s+#\s*(.*)$/.exec(rest.trimEnd())?.[1] ?? '';
  return { scalar, action, name: nameOfAction(action), comment, ...place };
}

/** `owner/repo` of a remote one, lower case. */
export function repositoryOf({ owner, repo }: Remote): string {
  return `${owner}/${repo}`.toLowerCase();
}

export type Policy = { readonly allow?: readonly string[] | undefined; readonly deny?: readonly string[] | undefined };

export function checkUse(context: AuditContext, use: Use, policy: Policy): void {
  const { action } = use;
  if (action === undefined) return;
  if (action.kind === 'local' || action.kind === 'self') checkLocal(context, use, action);
  if (action.kind === 'docker') checkDocker(context, use, action.image);
  if (action.kind !== 'remote') return;
  checkPolicy(context, use, action, policy);
  checkKnown(context, use, action);
  checkPin(context, use, action);
  checkObfuscated(context, use, action);
  checkTools(context, use);
}

function pinFix(context: AuditContext, use: Use): Fix {
  return {
    kind: 'request',
    title: `Pin ${use.scalar.text} to the commit of its tag`,
    request: {
      type: 'pin-action',
      file: context.file.path,
      start: use.scalar.start,
      end: use.scalar.end,
      uses: use.scalar.text,
    },
  };
}

/** Owners whose tags GitHub itself protects. */
const FIRST_PARTY = new Set(['actions', 'github']);

function checkPin(context: AuditContext, use: Use, action: Remote): void {
  const { ref } = action;
  if (ref.includes('${{')) return;
  if (SHA.test(ref)) {
    checkComment(context, use, action);
    return;
  }
  const isShort = /^[0-9a-f]{7,39}$/i.test(ref) && /[0-9]/.test(ref) && !/^v?\d+$/.test(ref);
  if (isShort) {
    context.report({
      rule: 'ref-confusion',
      span: use.scalar,
      message: `\`${ref}\` looks like a commit but is not a whole one: a branch or a tag of this name would be taken instead`,
      scope: use.scope,
      identity: use.scalar.text,
      fix: pinFix(context, use),
    });
    return;
  }
  const isBranch =
    /^(?:main|master|develop|dev|trunk|latest|HEAD|stable|nightly|edge|release\/.*|refs\/heads\/.*|gh-pages|next|beta)$/i.test(
      ref,
    );
  const isOfficial = FIRST_PARTY.has(action.owner.toLowerCase());
  const isOwn = use.isWorkflow || isKnownActionOwner(action.owner);
  if (!isOwn) {
    context.report({
      rule: 'unverified-creator',
      span: use.scalar,
      message: `\`${action.owner}\` is not among the owners that many rely on, and \`${ref}\` is what they say it is`,
      scope: use.scope,
      identity: use.scalar.text,
      fix: pinFix(context, use),
    });
  }
  context.report({
    rule: 'unpinned-uses',
    span: use.scalar,
    message: isBranch
      ? `\`${use.scalar.text}\` runs whatever is on that branch at the time`
      : `\`${use.scalar.text}\` is a tag: its owner, or who takes over their account, can move it to other code`,
    severity: isBranch ? 'medium' : isOfficial ? 'info' : 'low',
    confidence: 'high',
    scope: use.scope,
    identity: use.scalar.text,
    fix: pinFix(context, use),
  });
}

/** Whether a comment names a version, as `v4.2.2` or `tag=v4`. */
export function versionOfComment(comment: string): string | undefined {
  return /(?:^|[\s=@:])v?(\d+(?:\.\d+){0,3}(?:[-+][\w.]+)?)\b/.exec(comment.trim())?.[0].replace(/^[\s=@:]/, '');
}

function checkComment(context: AuditContext, use: Use, action: Remote): void {
  const version = versionOfComment(use.comment);
  if (version !== undefined) return;
  const names = /^[\w./-]+/.exec(use.comment)?.[0];
  context.report({
    rule: 'stale-action-refs',
    span: use.scalar,
    message:
      names === undefined
        ? `Nothing says which release of \`${action.owner}/${action.repo}\` this commit is: nobody sees when it is old`
        : `\`${names}\` is no release: the commit is somewhere on a branch, and updates pass it by`,
    scope: use.scope,
    identity: use.scalar.text,
  });
}

function checkKnown(context: AuditContext, use: Use, action: Remote): void {
  const repository = repositoryOf(action);
  const archived = context.rules.get('archived-uses')?.match.names ?? [];
  if (archived.includes(repository)) {
    context.report({
      rule: 'archived-uses',
      span: use.scalar,
      message: `\`${repository}\` is archived: no flaw of it will be mended`,
      scope: use.scope,
      identity: use.scalar.text,
      fix: none(
        'which action takes its place is a choice',
        'Replace it by a maintained one, or by a few lines of script.',
      ),
    });
  }
  for (const rule of ['known-vulnerable-actions', 'impostor-commit']) {
    const advisory = context.rules
      .get(rule)
      ?.match.advisories.find((one) => one.action === repository && isAffected(one, use, action));
    if (advisory === undefined) continue;
    context.report({
      rule,
      span: use.scalar,
      message: `${repository}@${action.ref.slice(0, 40)}: ${advisory.what} (${advisory.id})${advisory.fixed === undefined ? '' : `; mended in ${advisory.fixed}`}`,
      scope: use.scope,
      identity: `${advisory.id} ${use.scalar.text}`,
      fix: none(
        'a newer release may behave differently',
        advisory.fixed === undefined
          ? 'Replace the action, and change every secret that its runs could read.'
          : `Move to ${advisory.fixed} or later, pinned to its commit.`,
      ),
    });
  }
  const official = nearestAction(action);
  if (official !== undefined) {
    context.report({
      rule: 'typosquat-uses',
      span: use.scalar,
      message: `\`${action.owner}/${action.repo}\` is one letter away from \`${official}\`: is that one meant?`,
      scope: use.scope,
      identity: use.scalar.text,
    });
  }
  const superfluous = context.rules
    .get('superfluous-actions')
    ?.match.names.find((entry) => entry.split(' ')[0] === use.name);
  if (superfluous !== undefined) {
    context.report({
      rule: 'superfluous-actions',
      span: use.scalar,
      message: `\`${use.name}\` does what the runner already has: ${superfluous.slice(superfluous.indexOf(' ') + 1)}`,
      scope: use.scope,
      identity: use.scalar.text,
    });
  }
}

/** Whether the ref is in the range. A commit is looked up by itself, and by the version in its comment. */
function isAffected(
  advisory: {
    readonly from?: string | undefined;
    readonly fixed?: string | undefined;
    readonly refs: readonly string[];
  },
  use: Use,
  action: Remote,
): boolean {
  const ref = action.ref.toLowerCase();
  if (advisory.refs.includes(ref)) return true;
  const written = SHA.test(ref) ? versionOfComment(use.comment) : ref;
  if (written === undefined || !/^v?\d+(?:\.\d+){0,3}$/.test(written)) return false;
  if (advisory.fixed === undefined && advisory.from === undefined) return false;
  // `v4` is the newest of its line: affected when the whole line is.
  const precision = written.replace(/^v/, '').split('.').length;
  if (advisory.fixed !== undefined && compareVersions(written, advisory.fixed, precision) >= 0) return false;
  return advisory.from === undefined || compareVersions(written, advisory.from, precision) >= 0;
}

function checkObfuscated(context: AuditContext, use: Use, action: Remote): void {
  const written = use.scalar.text.trim();
  const plain = `${action.owner}/${action.repo}${action.path === '' ? '' : `/${action.path}`}@${action.ref}`;
  if (written === plain) return;
  context.report({
    rule: 'obfuscation',
    span: use.scalar,
    message: `\`${written.slice(0, 120)}\` is a roundabout way to write \`${plain.slice(0, 120)}\`: reviews and policies that compare names miss it`,
    scope: use.scope,
    identity: written,
    fix: {
      kind: 'edit',
      title: `Write ${plain}`,
      edits: [{ file: context.file.path, start: use.scalar.start, end: use.scalar.end, text: plain }],
    },
  });
}

function checkLocal(context: AuditContext, use: Use, action: Extract<UsesReference, { kind: 'local' | 'self' }>): void {
  if (action.kind !== 'local') return;
  context.report({
    rule: 'self-repository',
    span: use.scalar,
    message: `\`${use.scalar.text}\` is read from the workspace, which steps before it can change`,
    scope: use.scope,
    identity: use.scalar.text,
  });
}

function checkDocker(context: AuditContext, use: Use, image: string): void {
  if (image.includes('${{') || /@sha256:[0-9a-f]{64}$/.test(image)) return;
  const tag = /:([\w.-]+)$/.exec(image)?.[1];
  context.report({
    rule: 'unpinned-images',
    span: use.scalar,
    message: `The image \`${image}\` is not pinned to a digest: other bytes can come under the same name`,
    severity: tag === undefined || tag === 'latest' ? 'medium' : 'low',
    scope: use.scope,
    identity: image,
    fix: {
      kind: 'request',
      title: `Pin ${image} to its digest`,
      request: {
        type: 'pin-image',
        file: context.file.path,
        start: use.scalar.start,
        end: use.scalar.end,
        image: use.scalar.text,
      },
    },
  });
}

/** Actions that fetch a program of their own: the newest, unless an input names a version. */
const TOOL_VERSIONS: { readonly [action: string]: string } = {
  '1password/load-secrets-action': 'version',
  'aquasecurity/setup-trivy': 'version',
  'astral-sh/ruff-action': 'version',
  'golangci/golangci-lint-action': 'version',
  'goreleaser/goreleaser-action': 'version',
  'gitleaks/gitleaks-action': '',
  'helm/kind-action': '',
  'aquasecurity/trivy-action': '',
};

function checkTools(context: AuditContext, use: Use): void {
  const input = TOOL_VERSIONS[use.name];
  if (input === undefined || input === '') return;
  const version = inputOf({ with: use.with }, input);
  if (version !== undefined && !/^(?:latest|\*|~> .*)$/.test(version)) return;
  // Ruff and golangci-lint read the version from the project's own files.
  if (version === undefined && (use.name === 'astral-sh/ruff-action' || use.name === 'golangci/golangci-lint-action'))
    return;
  context.report({
    rule: 'unpinned-tools',
    span: use.scalar,
    message: `\`${use.name}\` fetches the newest release of its program at each run: no version is set in \`${input}\``,
    scope: use.scope,
    identity: use.scalar.text,
  });
}

function checkPolicy(context: AuditContext, use: Use, action: Remote, policy: Policy): void {
  const repository = repositoryOf(action);
  const matches = (patterns: readonly string[]) =>
    patterns.some((pattern) => {
      const wanted = pattern.toLowerCase();
      return wanted.endsWith('/*') ? repository.startsWith(wanted.slice(0, -1)) : wanted === repository;
    });
  const isRefused =
    (policy.allow !== undefined && !matches(policy.allow)) || (policy.deny !== undefined && matches(policy.deny));
  if (!isRefused) return;
  context.report({
    rule: 'forbidden-uses',
    span: use.scalar,
    message: `\`${repository}\` is not among the actions that the settings allow`,
    scope: use.scope,
    identity: use.scalar.text,
  });
}

/** Images of jobs: `container:` and `services:`, and hard-coded credentials for them. */
export function checkImages(context: AuditContext, job: { readonly id: string; readonly body: YamlNode }): void {
  const scope = `jobs.${job.id}`;
  const container = at(job.body, 'container');
  const matrix = at(job.body, 'strategy', 'matrix');
  checkContainer(context, container, { scope, matrix });
  for (const { value } of entriesOf(at(job.body, 'services'))) checkContainer(context, value, { scope, matrix });
}

function checkContainer(
  context: AuditContext,
  node: YamlNode | undefined,
  { scope, matrix }: { readonly scope: string; readonly matrix: YamlNode | undefined },
): void {
  const image = node?.kind === 'scalar' ? node : at(node, 'image');
  const text = textOf(image);
  if (image?.kind === 'scalar' && text !== undefined) {
    const name = /^\$\{\{\s*matrix\.([\w-]+)\s*\}\}$/.exec(text)?.[1];
    if (name === undefined) checkImage(context, image, scope);
    else for (const value of matrixValues(matrix, name)) checkImage(context, { ...image, text: value }, scope);
  }
  const password = at(node, 'credentials', 'password');
  const written = textOf(password);
  if (password !== undefined && written !== undefined && written.trim() !== '' && !written.includes('${{')) {
    context.report({
      rule: 'hardcoded-container-credentials',
      span: password,
      message: 'The password of a registry is written in the file: whoever can read the repository can use it',
      scope,
      identity: 'password',
      fix: none(
        'the password has to be changed first',
        'Change it at the registry, store the new one as a secret and name that here.',
      ),
    });
  }
  const options = at(node, 'options');
  if (
    /--privileged\b|\/var\/run\/docker\.sock|--(?:pid|net|network|ipc)[= ]host\b|--cap-add[= ](?:SYS_ADMIN|ALL)\b/.test(
      textOf(options) ?? '',
    ) &&
    options !== undefined
  ) {
    context.report({
      rule: 'privileged-container',
      span: options,
      message: 'The container has the rights of its host: what runs inside can leave it',
      scope,
      identity: textOf(options) ?? '',
    });
  }
}

/** What a name of the matrix stands for, as far as it is written out; a list among its values is taken apart. */
export function matrixValues(matrix: YamlNode | undefined, name: string): readonly string[] {
  return [
    ...listOf(at(matrix, name)).flatMap(textsOf),
    ...listOf(at(matrix, 'include')).flatMap((one) => textsOf(at(one, name))),
  ];
}

export function checkImage(context: AuditContext, image: Span & { readonly text: string }, scope: string): void {
  const { text } = image;
  if (text === '' || /\$|<</.test(text) || /@sha256:[0-9a-f]{64}$/.test(text)) return;
  const tag = /:([\w.-]+)$/.exec(text)?.[1];
  const isLoose = tag === undefined || /^(?:latest|main|master|edge|nightly|stable)$/.test(tag);
  context.report({
    rule: 'unpinned-images',
    span: image,
    message: isLoose
      ? `The image \`${text}\` is whatever was pushed last under that name`
      : `The image \`${text}\` is not pinned to a digest: other bytes can come under the same name`,
    severity: isLoose ? 'medium' : 'info',
    confidence: 'high',
    scope,
    identity: text,
    fix: {
      kind: 'request',
      title: `Pin ${text} to its digest`,
      request: { type: 'pin-image', file: context.file.path, start: image.start, end: image.end, image: text },
    },
  });
}
