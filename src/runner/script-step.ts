import { excerpt } from '../base/index.ts';
import { INSIDE } from '../sandbox/index.ts';
import {
  evaluateText,
  type HoistPart,
  hoistScript,
  isInfluenced,
  type Maybe,
  type RunStep,
  type Template,
} from '../workflow/index.ts';
import { fault } from './faults.ts';
import { isTreeInfluenced } from './frame.ts';
import { launch } from './launch.ts';
import type { Session } from './session.ts';
import { type Shell, shellOf } from './shell.ts';
import { type Ended, endOf, explainEnv, type StepContext } from './step-context.ts';

/** Runs a `run:` step: the script goes into a file that this process alone sees, and the shell runs it. */
export async function runScript(session: Session, context: StepContext, step: RunStep): Promise<Ended> {
  const { frame, key, variables } = context;
  const defaults = frame.isJob ? await scriptDefaults(session, context) : {};
  const shellLine = step.shell === undefined ? defaults.shell : await shellText(session, context, step.shell);
  const folder =
    step.workingDirectory === undefined
      ? defaults.workingDirectory
      : await frame.text(step.workingDirectory, variables, key);
  const number = session.nextNumber();
  const { extension, command: shown } = shellOf(shellLine, '{0}');
  const scriptPath = `${INSIDE.commands}/${number}.${extension}`;
  const shell = shellOf(shellLine, scriptPath);
  const hoisted = await hoist(session, context, step.run, shell.syntax);
  const text = hoisted.script.endsWith('\n') ? hoisted.script : `${hoisted.script}\n`;
  const file = await session.pod.privateFile(`${number}-script`, shell.wrap?.(text) ?? text);
  explainScript(session, context, hoisted.display, shellLine === 'python' ? 'python {0}' : shown.join(' '));
  const fed = context.fed || hoisted.fed;
  const end = await launch(session, {
    step: key,
    command: shell.command,
    cwd: folderOf(session, folder),
    github: frame.githubContext(key),
    variables,
    additions: hoisted.env,
    mounts: [...frame.mounts, { host: file.path, inside: scriptPath, writable: false }],
    writer: 'script',
    fed,
    secretsFollow: context.secretsFollow,
    ...(context.timeoutMs === undefined ? {} : { timeoutMs: context.timeoutMs }),
  });
  return endOf(session, key, end, fed);
}

/** A shell is a command line that is run as it is: no quoting makes text of an outsider harmless there (K13). */
async function shellText(session: Session, context: StepContext, shell: Maybe<string>): Promise<string> {
  const { frame, key, variables } = context;
  const text = await frame.text(shell, variables, key);
  if (typeof shell !== 'string' && isTreeInfluenced(shell, frame.influence(variables), text)) {
    const { line, column } = shell.at;
    const place = `${frame.isJob ? session.lease.workflowPath : key}:${line}:${column}`;
    throw fault('script-unsafe', `${place}: the shell is made of text that an outsider can write: name a fixed one`);
  }
  return text;
}

function folderOf(session: Session, folder: string | undefined): string {
  const { workspace } = session.paths;
  if (folder === undefined || folder === '') return workspace;
  return folder.startsWith('/') ? folder : `${workspace}/${folder.replace(/^(\.\/)+/, '')}`;
}

async function scriptDefaults(
  session: Session,
  context: StepContext,
): Promise<{ shell?: string; workingDirectory?: string }> {
  const { frame, key, variables } = context;
  const { workflowDefaults, job } = session.lease;
  const shell = job.definition.defaults?.shell ?? workflowDefaults?.shell;
  const folder = job.definition.defaults?.workingDirectory ?? workflowDefaults?.workingDirectory;
  return {
    ...(shell === undefined ? {} : { shell: await shellText(session, context, shell) }),
    ...(folder === undefined ? {} : { workingDirectory: await frame.text(folder, variables, key) }),
  };
}

export type Hoisted = {
  readonly script: string;
  /** What the log shows: the values as text. */
  readonly display: string;
  readonly env: { readonly [name: string]: string };
  readonly fed: boolean;
};

/** Evaluates a script; what an outsider could have written becomes data (K13), or the step is refused. */
export async function hoist(
  session: Session,
  context: StepContext,
  script: Template | string,
  syntax: Shell['syntax'],
): Promise<Hoisted> {
  if (typeof script === 'string') return { script, display: script, env: {}, fed: false };
  const { frame, key, variables } = context;
  const influence = frame.influence(variables);
  const scope = frame.scope(variables, key);
  const parts: HoistPart[] = [];
  for (const part of script.parts) {
    if ('literal' in part) {
      parts.push({ literal: part.literal });
      continue;
    }
    const value = await evaluateText({ kind: 'template', parts: [part], at: part.at }, scope);
    const { expression, at } = part;
    parts.push({ value, expression, influenced: isInfluenced(expression, influence), at });
  }
  const hoisting = hoistScript(parts, syntax);
  if (hoisting.ok) {
    const fed = parts.some((part) => 'influenced' in part && part.influenced);
    return { script: hoisting.script, display: hoisting.display, env: hoisting.env, fed };
  }
  const file = frame.isJob ? session.lease.workflowPath : key;
  const lines = hoisting.refusals.map(
    ({ at, expression, reason, fix }) =>
      `${file}:${at.line}:${at.column}: \${{ ${excerpt(expression)} }} ${reason} ${fix}`,
  );
  throw fault('script-unsafe', lines.join('\n'));
}

function explainScript(session: Session, context: StepContext, script: string, command: string): void {
  const { key, added } = context;
  const lines = script.replace(/\n+$/, '').split('\n');
  session.say(key, `Run ${lines[0] ?? ''}`, 'group');
  for (const line of lines) session.say(key, line, 'command');
  session.say(key, `shell: ${command}`);
  explainEnv(session, key, added);
  session.say(key, '', 'endgroup');
}
