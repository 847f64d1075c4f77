import { convertSteps } from './convert-steps.ts';
import { conditionOf, isTrue, literalEntries, maybeText, member, present, textOf } from './convert-values.ts';
import type { ActionManifest } from './model.ts';
import type { Problems } from './reader-problems.ts';
import { type Token, treeOf } from './reader-tokens.ts';

const NODE_RUNTIMES = ['node12', 'node16', 'node20', 'node24'];

/** Makes a manifest of an `action.yml` that the schema let pass. It counts only when no problem was added. */
export function convertAction(root: Token, problems: Problems): ActionManifest {
  return present({
    name: textOf(member(root, 'name')),
    description: textOf(member(root, 'description')),
    inputs: literalEntries(member(root, 'inputs')).map(({ name, value }) => {
      const fallback = member(value, 'default');
      return present({
        name,
        required: isTrue(member(value, 'required')),
        default: fallback === undefined || fallback.kind === 'null' ? undefined : treeOf(fallback),
        deprecationMessage: textOf(member(value, 'deprecationMessage')),
      });
    }),
    outputs: literalEntries(member(root, 'outputs')).map(({ name, value }) =>
      present({ name, value: maybeText(member(value, 'value')) }),
    ),
    runs: runsOf(member(root, 'runs'), root, problems),
  });
}

function runsOf(runs: Token | undefined, root: Token, problems: Problems): ActionManifest['runs'] {
  const using = member(runs, 'using');
  const name = textOf(using) ?? '';
  if (name === 'composite') {
    if (member(runs, 'steps') === undefined) missing('steps', runs ?? root, problems);
    return { kind: 'composite', steps: convertSteps(member(runs, 'steps'), 'composite', problems) };
  }
  if (name === 'docker') {
    const image = textOf(member(runs, 'image'));
    if (image === undefined) missing('image', runs ?? root, problems);
    return { kind: 'docker', image: image ?? '' };
  }
  const runtime = name.toLowerCase();
  if (runs === undefined || using === undefined) missing(runs === undefined ? 'runs' : 'using', runs ?? root, problems);
  else if (!NODE_RUNTIMES.includes(runtime)) {
    const remedy = `Write one of ${[...NODE_RUNTIMES, 'composite', 'docker'].join(', ')}.`;
    problems.add('value-unexpected', using.at, `Unexpected value '${name}'`, remedy);
  } else if (textOf(member(runs, 'main')) === undefined) missing('main', runs, problems);
  const at = runs?.at ?? root.at;
  const condition = (key: string) => {
    const token = member(runs, key);
    // Without its own condition a pre or post step always runs.
    return token === undefined
      ? { kind: 'condition' as const, expression: 'always()', at }
      : conditionOf(token, 'action', at, problems);
  };
  return present({
    kind: 'javascript',
    using: runtime,
    main: textOf(member(runs, 'main')) ?? '',
    pre: textOf(member(runs, 'pre')),
    preIf: condition('pre-if'),
    post: textOf(member(runs, 'post')),
    postIf: condition('post-if'),
  });
}

function missing(key: string, token: Token, problems: Problems): void {
  problems.add('key-missing', token.at, `Required property is missing: ${key}`, `Add \`${key}:\`.`);
}
