import { checkImage } from './check-uses.ts';
import { checkScriptText } from './check-steps.ts';
import type { AuditContext } from './context.ts';
import { none } from './fixes.ts';
import { commandsOf } from './script.ts';
import { type Entry, entriesOf, listOf, type Scalar, scalarAt, textOf, type YamlNode } from './yaml-tree.ts';

const SECRET_NAME =
  /(?:^|[_.-])(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_KEY|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|SIGNING_?KEY|ENCRYPTION_?KEY|CREDENTIALS?|AUTH_KEY|PWD)$/i;
/** Names that only speak of secrets: where they lie, how long they live. */
const NO_SECRET_NAME =
  /(?:_FILE|_PATH|_NAME|_URL|_ENDPOINT|_TTL|_ID|_USER|_HEADER|_TYPE|_LENGTH|_ENABLED|_EXPIR\w*)$|PUBLIC|TOKENIZER|DOCKER_TLS/i;
/** Values that stand for one, or that a test makes up for a service that lives as long as the job. */
const PLACEHOLDER =
  /^(?:|true|false|null|none|yes|no|\d{1,5}|x+|\*+|\.+|-|changeme|change_me|example|dummy|test\w*|fake\w*|placeholder|redacted|postgres\w*|mysql|root\w*|admin|password|passwd|pass|secret|guest|user|sa|minio\w*|rabbitmq|redis|mongo\w*|default|foo|bar|foobar|local\w*|ci|todo|unused|sample\w*|mock\w*|your[-_ ].*|<.*>|my[-_]?(?:secret|password|token)\w*|super[-_]?secret\w*|not[-_ ].*|development|inherit|write|read|.*\$.*|.*\{\{.*|.*<<.*|arn:.*|vault:.*|op:\/\/.*|\/.*|~\/.*|https?:\/\/[^@]*)$/i;

/** A password or a key that is written in the file. */
export function checkPlainSecrets(context: AuditContext, env: YamlNode | undefined, scope: string): void {
  for (const entry of entriesOf(env)) checkPlainSecret(context, entry, scope);
}

export function checkPlainSecret(context: AuditContext, { key, value }: Entry, scope: string): void {
  const scalar = value.kind === 'scalar' ? value : scalarAt(value, 'value');
  const text = textOf(scalar)?.trim();
  if (scalar === undefined || text === undefined || !isPlainSecret(key.text, text)) return;
  context.report({
    rule: 'plaintext-secret',
    span: scalar,
    message: `\`${key.text}\` is written in the file: whoever can read the repository, or had it once, can use it`,
    scope,
    identity: key.text,
    fix: none(
      'the value has to be changed where it is good for, first',
      'Change it, store the new one as a protected, masked variable or secret, and name that here.',
    ),
  });
}

export function isPlainSecret(name: string, text: string): boolean {
  return (
    SECRET_NAME.test(name) &&
    !NO_SECRET_NAME.test(name) &&
    text.length >= 6 &&
    !PLACEHOLDER.test(text) &&
    !/\s/.test(text)
  );
}

export function checkImageOf(context: AuditContext, node: YamlNode | undefined, scope: string): void {
  const image = node?.kind === 'scalar' ? node : (scalarAt(node, 'name') ?? scalarAt(node, 'image'));
  if (image !== undefined && !image.isNull) checkImage(context, image, scope);
}

/** Texts of outsiders in the variables of a system that are harmless as data and not when they are evaluated. */
export function checkEvaluated(
  context: AuditContext,
  run: Scalar,
  place: { readonly scope: string; readonly variables: RegExp },
): void {
  if (!place.variables.test(run.text)) return;
  for (const command of commandsOf(run.text)) {
    const variable = place.variables.exec(command.raw)?.[0];
    if (variable === undefined) continue;
    const [program = ''] = command.words;
    const isEvaluated =
      /^(?:eval|iex|Invoke-Expression)$/i.test(program) ||
      /\b(?:ba|z|da)?sh\s+(?:-\w+\s+)*-\w*c\s+"/.test(command.raw) ||
      (/^(?:ssh|su|docker|kubectl)$/.test(program) &&
        new RegExp(`"[^"]*${variable.replaceAll(/[$(){}.[\]\\]/g, '\\$&')}`).test(command.raw) &&
        /^ssh$|^su$/.test(program));
    if (!isEvaluated) continue;
    context.report({
      rule: 'variable-injection',
      span: context.reader.lineSpan(run, command.line),
      message: `\`${variable}\`, which whoever proposes a change can choose, is evaluated by \`${program}\` as code`,
      scope: place.scope,
      identity: `${variable} ${program}`,
    });
  }
}

/** A text that the system itself puts into the script before any shell sees it. */
export function checkSpliced(
  context: AuditContext,
  run: Scalar,
  place: { readonly scope: string; readonly pattern: RegExp; readonly severity?: 'high' | 'medium' | 'low' },
): void {
  for (const [index, line] of run.text.split('\n').entries()) {
    const match = place.pattern.exec(line);
    if (match === null) continue;
    const span = context.reader.lineSpan(run, index);
    const found = context.file.text.indexOf(match[0], span.start);
    const start = found >= 0 && found <= span.end ? found : span.start;
    context.report({
      rule: 'variable-injection',
      span: { start, end: found >= 0 && found <= span.end ? start + match[0].length : span.end },
      message: `\`${match[0]}\` becomes part of the script before any shell can quote it`,
      ...(place.severity === undefined ? {} : { severity: place.severity }),
      scope: place.scope,
      identity: match[0],
      fix: none(
        'how the script has to be quoted is not known here',
        "Map it to a variable of the step's environment and use that, quoted.",
      ),
    });
  }
}

export function scriptsOf(node: YamlNode | undefined): readonly Scalar[] {
  return listOf(node).flatMap((item) =>
    item.kind === 'scalar' ? [item] : item.kind === 'sequence' ? scriptsOf(item) : [],
  );
}

export function checkOtherScript(context: AuditContext, run: Scalar, scope: string): void {
  checkScriptText(context, run, { scope, title: scope, shell: 'bash' });
}

export function checkPrivileged(context: AuditContext, node: Scalar | undefined, scope: string): void {
  if (
    node === undefined ||
    !/--privileged\b|\/var\/run\/docker\.sock|--(?:pid|net|network|ipc)[= ]host\b|--cap-add[= ](?:SYS_ADMIN|ALL)\b/.test(
      node.text,
    )
  )
    return;
  context.report({
    rule: 'privileged-container',
    span: node,
    message: 'The container has the rights of its host: what runs inside can leave it',
    scope,
    identity: node.text.slice(0, 80),
  });
}
