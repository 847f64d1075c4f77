import type { Edit } from '../finding/index.ts';
import { importEdit, type Piece, piecesOf, textOfSpan, unwrapped } from './fix-pieces.ts';
import type { CallExpr, Expr } from './ir.ts';
import type { Machine } from './machine.ts';

/** What a shell gives a meaning. A command with one of these needs the shell, or means something else than it seems. */
const SHELL = /[|&;<>()$`\\"'*?[\]#~={}%!\n]/;

/** The command as a list of arguments, for a call without a shell. A text says why not. */
export function commandEdits(machine: Machine, call: CallExpr, arg: Expr | undefined): readonly Edit[] | string {
  const definition = arg?.kind === 'name' ? machine.definitions.get(arg.slot) : arg;
  if (arg === undefined || definition === undefined || arg.kind === 'name' || call.args[0]?.value !== arg) {
    return 'The command is put together elsewhere.';
  }
  const pieces = piecesOf(machine, unwrapped(definition));
  const words = pieces === undefined ? undefined : wordsOf(machine, pieces);
  if (words === undefined) return 'The command uses the shell, or a value is only a part of an argument.';
  return machine.rules.language === 'javascript'
    ? scriptEdits(machine, call, words)
    : pythonEdits(machine, call, words);
}

/** The command taken apart at blanks; each value must be an argument of its own. */
function wordsOf(machine: Machine, pieces: readonly Piece[]): readonly string[] | undefined {
  const words: string[] = [];
  let isOpen = false;
  for (const piece of pieces) {
    if (piece.kind === 'value') {
      if (isOpen || words.length === 0) return undefined;
      words.push(textOfSpan(machine, piece.expr));
      isOpen = true;
      continue;
    }
    if (piece.text === '') continue;
    if (SHELL.test(piece.text) || (isOpen && !/^\s/.test(piece.text))) return undefined;
    for (const word of piece.text.split(/\s+/).filter(Boolean)) words.push(`'${word}'`);
    isOpen = !/\s$/.test(piece.text);
  }
  return words.length === 0 ? undefined : words;
}

const WITHOUT_SHELL: { readonly [name: string]: string } = { exec: 'execFile', execSync: 'execFileSync' };

function scriptEdits(machine: Machine, call: CallExpr, words: readonly string[]): readonly Edit[] | string {
  const file = machine.file.path;
  const { callee } = call;
  const [program = '', ...args] = words;
  const first = call.args[0]?.value;
  if (first === undefined) return 'The command is put together elsewhere.';
  const list = { file, start: first.start, end: first.end, text: `${program}, [${args.join(', ')}]` };
  const name = callee.kind === 'member' ? callee.property : callee.kind === 'name' ? callee.name : '';
  const other = WITHOUT_SHELL[name];
  if (other === undefined) return 'There is no call like it without a shell.';
  if (callee.kind === 'member') return [{ file, start: callee.nameStart, end: callee.end, text: other }, list];
  // The name comes from a list of imported names, which has to have the other one as well.
  const imported = new RegExp(
    `\\{[^{}]*\\b${name}\\b(?=[^{}]*\\}\\s*(?:=\\s*require\\(\\s*|from\\s*)['"](?:node:)?child_process['"])`,
  ).exec(machine.file.text);
  if (imported === null) return 'The function is imported in an unusual way.';
  const at = imported.index + imported[0].length;
  const isThere = new RegExp(`\\b${other}\\b`).test(machine.file.text.slice(imported.index, at + 80));
  return [
    { file, start: callee.start, end: callee.end, text: other },
    list,
    ...(isThere ? [] : [{ file, start: at, end: at, text: `, ${other}` }]),
  ];
}

function pythonEdits(machine: Machine, call: CallExpr, words: readonly string[]): readonly Edit[] | string {
  const file = machine.file.path;
  const { callee } = call;
  const list = `[${words.join(', ')}]`;
  if (callee.kind !== 'member') return 'The function is imported by its name alone.';
  const object = textOfSpan(machine, callee.object);
  if (object === 'os' && callee.property === 'system' && call.args.length === 1) {
    const imported = importEdit(machine, 'subprocess');
    return [
      { file, start: call.start, end: call.end, text: `subprocess.run(${list}).returncode` },
      ...(imported === undefined ? [] : [imported]),
    ];
  }
  const first = call.args[0]?.value;
  const shell = call.args.findIndex(({ name }) => name === 'shell');
  const before = call.args[shell - 1]?.value;
  const value = call.args[shell]?.value;
  if (object !== 'subprocess' || first === undefined || before === undefined || value === undefined) {
    return 'There is no call like it without a shell.';
  }
  return [
    { file, start: first.start, end: first.end, text: list },
    { file, start: before.end, end: value.end, text: '' },
  ];
}
