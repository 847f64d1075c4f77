import type { Command } from './script.ts';
import { join, type Source, type Taint } from './taint.ts';

/** Marks the n-th expression of a script in the text that commands are read from. */
export const MARK_OPEN = '\ue000';
export const MARK_CLOSE = '\ue001';
const MARK = /\ue000(\d+)\ue001/g;

export type ScriptFacts = {
  /** Shell variables: those of the environment and those that the script itself sets. */
  readonly variables: ReadonlyMap<string, Taint>;
  readonly taintOf: (raw: string) => Taint;
};

export type ScriptInputs = {
  readonly env: ReadonlyMap<string, Taint>;
  /** The taint of the n-th expression of the script. */
  readonly expressions: readonly Taint[];
  /** The files of the workspace come from an outsider: what is read of them does. */
  readonly files: Source | undefined;
  readonly isPowershell: boolean;
};

/** What comes out of these is a number, a digest or chosen by a pattern: no text that anything acts on. */
const FILTERS =
  /\btr\s+-(?:cd|dc)\b|\bsed\s+(?:-\w+\s+)*['"]?s.\[\^|\bwc\s+-|sha\d*sum|md5sum|\bbase64\b|\bsha\b|printf\s+['"]?%q|\bjq\b[^|]*(?:@sh|@uri|@base64|\.(?:number|id|sha|length)\b)|\bawk\b[^|]*NR\b|\b(?:expr|bc)\b|\|\s*(?:md5|cksum|xxd)\b|\bslugify\b/;

/** What these print is an outsider's, wherever they run: texts of changes, messages of commits, names of files. */
const COMMAND_SOURCES: readonly (readonly [RegExp, Omit<Source, 'kind'>])[] = [
  [
    /\bgh\s+(?:pr|issue)\s+(?:view|list)\b.*--json[ =]\S*\b(?:title|body|headRefName|comments|author|commits|files|labels)\b/,
    { text: 'gh pr view', isMultiline: true },
  ],
  [/\bgh\s+(?:pr|issue)\s+view\b(?!.*--json)/, { text: 'gh pr view', isMultiline: true }],
  [/\bgh\s+pr\s+diff\b.*--name-only/, { text: 'gh pr diff --name-only', isMultiline: true }],
  [
    /\bgh\s+api\b.*\/(?:pulls|issues)\/[^|]*(?:\.(?:title|body|message|head\.ref|head\.label)|--jq\s+['"]?\.\[\]\.(?:body|filename))/,
    { text: 'gh api', isMultiline: true },
  ],
  [
    /\bjq\b.*\.(?:pull_request|issue|comment|review|discussion|head_commit|workflow_run)\S*\.(?:title|body|message|ref|label|head_branch|name|email)\b.*GITHUB_EVENT_PATH/,
    { text: 'GITHUB_EVENT_PATH', isMultiline: true },
  ],
  [
    /GITHUB_EVENT_PATH.*\bjq\b.*\.(?:pull_request|issue|comment|review|discussion|head_commit|workflow_run)\S*\.(?:title|body|message|ref|label|head_branch|name|email)\b/,
    { text: 'GITHUB_EVENT_PATH', isMultiline: true },
  ],
];

const MESSAGES = /\bgit\s+(?:log|show)\b.*(?:%s|%B|%b|%an|%ae|--format|--pretty|--oneline)/;
/** The subject of one commit has no line break. */
const ONE_SUBJECT = /(?:\s-1\b|-n\s*1\b|\bgit\s+show\b).*%s(?!.*%[Bb])/;

/** Messages of commits: of the change where its code lies there, else of what was pushed or proposed. */
function messageSource(raw: string, files: Source | undefined): Taint {
  if (!MESSAGES.test(raw)) return [];
  const events = [
    'pull_request',
    'push',
    ...(files === undefined ? [] : ['pull_request_target', 'workflow_run', 'issue_comment']),
  ];
  return [{ kind: 'outside', text: 'the message of a commit', isMultiline: !ONE_SUBJECT.test(raw), events }];
}

const CHANGE_FILES = /\bgit\s+(?:diff|diff-tree|show)\b.*--name-(?:only|status)/;
const READERS =
  /(?:^|[\s(`$])(?:cat|head|tail|less|sed|awk|jq|yq|grep|cut|tr|source|Get-Content|type|sort|uniq|xargs\s+-a)\s|\$\(<|<\s*[\w./]|readFileSync|\bread\b/;

/** Default variables of the runner that hold names of branches. */
const DEFAULTS: { readonly [name: string]: Source } = {
  GITHUB_HEAD_REF: {
    kind: 'outside',
    text: 'GITHUB_HEAD_REF',
    isMultiline: false,
    events: ['pull_request', 'pull_request_target', 'pull_request_review', 'pull_request_review_comment'],
  },
};

/** Follows variables through the commands of a script, in order, once. */
export function readScript(commands: readonly Command[], inputs: ScriptInputs): ScriptFacts {
  const variables = new Map<string, Taint>(inputs.env);
  for (const [name, source] of Object.entries(DEFAULTS)) if (!variables.has(name)) variables.set(name, [source]);
  const taintOf = (raw: string) => taintOfRaw(raw, variables, inputs);
  for (const command of commands) {
    for (const [name, raw] of assignmentsOf(command)) {
      const taint = taintOf(raw);
      if (taint.length > 0) variables.set(name, taint);
      else variables.delete(name);
    }
    checkOf(command, variables);
  }
  return { variables, taintOf };
}

/** `[[ $X =~ ^[0-9]+$ ]]`: what passes an anchored pattern is no text of the outsider's choice any more. */
function checkOf(command: Command, variables: Map<string, Taint>): void {
  const match = /\$\{?(\w+)\}?"?\s+=~\s+\^/.exec(command.raw);
  if (match?.[1] !== undefined && command.raw.includes('$', match.index + match[0].length)) variables.delete(match[1]);
}

function assignmentsOf(command: Command): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  const raw = command.raw.replace(/^(?:export|local|readonly|declare(?:\s+-\w+)*)\s+/, '');
  const assignment = /^\$?([A-Za-z_]\w*)\s*\+?=\s*(?!=)([\s\S]*)$/.exec(raw);
  if (assignment?.[1] !== undefined) found.push([assignment[1], assignment[2] ?? '']);
  const loop = /^for\s+(\w+)\s+in\s+([\s\S]*)$/.exec(raw);
  if (loop?.[1] !== undefined) found.push([loop[1], loop[2] ?? '']);
  const read = /^(?:while\s+(?:IFS=\S*\s+)?)?read\s+(?:-\w+\s+)*([A-Za-z_]\w*)\s*<<<?\s*([\s\S]*)$/.exec(raw);
  if (read?.[1] !== undefined) found.push([read[1], read[2] ?? '']);
  return found;
}

/** `grep -o` with a pattern of digits and the like; one with `.` or `[^…]` lets anything through. */
function isFiltered(raw: string): boolean {
  if (FILTERS.test(raw)) return true;
  const pattern = /\bgrep\s+-\w*o\w*\s+(?:-\w+\s+)*(['"])(.*?)\1/.exec(raw)?.[2];
  return pattern !== undefined && !/(?<!\\)\.|\[\^|\\S|\\W/.test(pattern);
}

/** What makes several lines of one: each match of `grep -o` has its own, and `\n` becomes a break. */
const BREAKS_LINES = /\bgrep\s+-\w*o|\btr\b.*\\n|\becho\s+-e|%b|\bxargs\s+-n|\bfold\b/;

function taintOfRaw(raw: string, variables: ReadonlyMap<string, Taint>, inputs: ScriptInputs): Taint {
  if (isFiltered(raw)) return [];
  const found: Taint[] = [];
  for (const match of raw.matchAll(MARK)) found.push(inputs.expressions[Number(match[1])] ?? []);
  const text = inputs.isPowershell ? raw : withoutSingleQuoted(raw);
  for (const match of text.matchAll(/\$(?:env:|\{env:|\{#?)?([A-Za-z_]\w*)/g))
    found.push(variables.get(match[1] ?? '') ?? []);
  for (const match of raw.matchAll(/(?:process\.env\.|os\.environ(?:\.get)?[[(]['"]|ENV\[['"])([A-Za-z_]\w*)/g)) {
    found.push(variables.get(match[1] ?? '') ?? []);
  }
  for (const [pattern, source] of COMMAND_SOURCES) if (pattern.test(raw)) found.push([{ kind: 'outside', ...source }]);
  found.push(messageSource(raw, inputs.files));
  if (CHANGE_FILES.test(raw)) {
    found.push([
      {
        kind: 'outside',
        text: 'names of changed files',
        isMultiline: true,
        events: ['pull_request', 'pull_request_target', 'workflow_run', 'issue_comment'],
      },
    ]);
  }
  if (inputs.files !== undefined && READERS.test(raw)) found.push([inputs.files]);
  const taint = join(found);
  return BREAKS_LINES.test(raw) ? taint.map((source) => ({ ...source, isMultiline: true })) : taint;
}

/** What stands in single quotes is no reference to a variable, unless double quotes are around: `"'$X'"`. */
function withoutSingleQuoted(raw: string): string {
  if (!raw.includes("'")) return raw;
  let result = '';
  let isDouble = false;
  for (let at = 0; at < raw.length; at += 1) {
    const character = raw[at] ?? '';
    if (character === '\\') {
      result += character + (raw[at + 1] ?? '');
      at += 1;
    } else if (character === "'" && !isDouble) {
      const end = raw.indexOf("'", at + 1);
      if (end < 0) break;
      at = end;
    } else {
      if (character === '"') isDouble = !isDouble;
      result += character;
    }
  }
  return result;
}
