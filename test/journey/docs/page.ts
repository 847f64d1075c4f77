/**
 * What a page of the documentation shows to be done, as steps. A comment right before a block says how it is meant:
 *
 *   <!-- hidden\nCOMMANDS\n-->       commands that the reader does not need to see, run at this place
 *   <!-- background until TEXT -->   the block goes on running; the next step begins when it has printed TEXT
 *   <!-- exits 1 -->                 the block ends with this status
 *   <!-- file PATH -->               the block, of whatever language, is what this file holds
 *   <!-- not run: REASON -->         the block can't be run by a test
 *   <!-- with TEXT as VARIABLE -->   from here on TEXT in a command stands for the shell variable
 *
 * Every block in `sh` is run unless it says that it is not.
 */
export type Step = { readonly line: number } & (
  | { readonly kind: 'run'; readonly script: string; readonly exits: number; readonly isHidden: boolean }
  | { readonly kind: 'background'; readonly script: string; readonly until: string }
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | { readonly kind: 'not-run'; readonly reason: string }
  | { readonly kind: 'with'; readonly text: string; readonly variable: string }
);

type Mark = { readonly kind: 'run' | 'background' | 'file' | 'not-run'; readonly value: string };

const FENCE = /^(`{3,})(\w*)\s*$/;

/** Throws when a comment is not understood or leads to no block: a slip must not leave a command out. */
export function stepsOf(text: string): readonly Step[] {
  const lines = text.split('\n');
  const steps: Step[] = [];
  let mark: (Mark & { readonly line: number }) | undefined;
  for (let at = 0; at < lines.length; at += 1) {
    const line = at + 1;
    const comment = /^<!-- ?(.*)$/.exec(lines[at] ?? '')?.[1];
    if (comment !== undefined) {
      const end = lines.findIndex((later, index) => index >= at && later.trimEnd().endsWith('-->'));
      if (end === -1) throw new Error(`line ${line}: the comment has no end`);
      const body = [comment, ...lines.slice(at + 1, end + 1)].join('\n').replace(/\s*-->\s*$/, '');
      at = end;
      const read = readComment(body, line);
      if (read === undefined) continue;
      if ('line' in read) steps.push(read);
      else mark = { ...read, line };
      continue;
    }
    const [, fence, language = ''] = FENCE.exec(lines[at] ?? '') ?? [];
    if (fence === undefined) {
      if (mark !== undefined && lines[at]?.trim() !== '') throw new Error(`line ${mark.line}: no block follows`);
      continue;
    }
    const end = lines.indexOf(fence, at + 1);
    if (end === -1) throw new Error(`line ${line}: the block has no end`);
    const block = `${lines.slice(at + 1, end).join('\n')}\n`;
    at = end;
    if (mark !== undefined || language === 'sh') steps.push(stepOf(block, line, mark));
    mark = undefined;
  }
  if (mark !== undefined) throw new Error(`line ${mark.line}: no block follows`);
  return steps;
}

function readComment(body: string, line: number): Step | Mark | undefined {
  const [first = '', ...rest] = body.split('\n');
  const [, word = '', value = ''] = /^(hidden|background until|exits|file|not run|with)\b:? ?(.*)$/.exec(first) ?? [];
  switch (word) {
    case 'hidden':
      return { line, kind: 'run', script: `${rest.join('\n')}\n`, exits: 0, isHidden: true };
    case 'background until':
      return { kind: 'background', value };
    case 'exits':
      return { kind: 'run', value };
    case 'file':
      return { kind: 'file', value };
    case 'not run':
      return { kind: 'not-run', value };
    case 'with': {
      const [, text = '', variable = ''] = /^(\S+) as ([A-Z_]+)$/.exec(value) ?? [];
      if (text === '') throw new Error(`line ${line}: write <!-- with TEXT as VARIABLE -->`);
      return { line, kind: 'with', text, variable };
    }
    default:
      return undefined;
  }
}

function stepOf(block: string, line: number, mark: Mark | undefined): Step {
  switch (mark?.kind) {
    case 'background':
      return { line, kind: 'background', script: block, until: mark.value };
    case 'file':
      return { line, kind: 'file', path: mark.value, text: block };
    case 'not-run':
      return { line, kind: 'not-run', reason: mark.value };
    case 'run':
      return { line, kind: 'run', script: block, exits: Number(mark.value), isHidden: false };
    case undefined:
      return { line, kind: 'run', script: block, exits: 0, isHidden: false };
  }
}
