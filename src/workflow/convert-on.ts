import { isTrue, literalEntries, maybeText, member, present, textOf, textsOf } from './convert-values.ts';
import { compilePatterns } from './filter.ts';
import type { InputDefinition, Position, SecretDefinition, Trigger } from './model.ts';
import type { Problems } from './reader-problems.ts';
import { literalText, type Token, treeOf } from './reader-tokens.ts';
import { checkSchedule } from './schedule.ts';

/** Converts `on:` in its three forms. */
export function convertOn(token: Token | undefined, problems: Problems): readonly Trigger[] {
  if (token === undefined) return [];
  switch (token.kind) {
    case 'sequence':
      return token.items.map((item) => bareTrigger(item, problems));
    case 'mapping':
      return literalEntries(token).map(({ name, key, value }) => triggerOf(name, key.at, value, problems));
    default:
      return [bareTrigger(token, problems)];
  }
}

function bareTrigger(token: Token, problems: Problems): Trigger {
  const event = textOf(token) ?? '';
  if (event === 'schedule') {
    problems.add(
      'key-missing',
      token.at,
      'The event schedule needs at least one cron',
      'Write `schedule: [{cron: "…"}]`.',
    );
  }
  return { event, at: token.at };
}

function triggerOf(event: string, at: Position, value: Token, problems: Problems): Trigger {
  if (event === 'schedule') return { event, schedule: scheduleOf(value, problems), at };
  const list = (name: string) => textsOf(member(value, name));
  const trigger = present({
    event,
    types: list('types'),
    branches: list('branches'),
    branchesIgnore: list('branches-ignore'),
    tags: list('tags'),
    tagsIgnore: list('tags-ignore'),
    paths: list('paths'),
    pathsIgnore: list('paths-ignore'),
    workflows: list('workflows'),
    names: list('names'),
    versions: list('versions'),
    inputs: inputsOf(member(value, 'inputs'), problems),
    secrets: secretsOf(member(value, 'secrets')),
    outputs: outputsOf(member(value, 'outputs')),
    at,
  });
  checkFilters(value, problems);
  return trigger;
}

function checkFilters(value: Token, problems: Problems): void {
  for (const name of ['branches', 'tags', 'paths']) {
    const [only, ignored] = [member(value, name), member(value, `${name}-ignore`)];
    for (const filter of [only, ignored]) {
      if (filter === undefined) continue;
      const wrong = compilePatterns(textsOf(filter) ?? []);
      if (!wrong.ok) {
        const at = filter.kind === 'sequence' ? (filter.items[wrong.index]?.at ?? filter.at) : filter.at;
        problems.add('pattern-invalid', at, wrong.message);
      }
    }
    if (only !== undefined && ignored !== undefined) {
      const message = `You may only define one of \`${name}\` and \`${name}-ignore\` for a single event`;
      problems.add('filters-conflict', ignored.at, message);
    }
  }
}

function scheduleOf(value: Token, problems: Problems): NonNullable<Trigger['schedule']> {
  const items = value.kind === 'sequence' ? value.items : [];
  if (items.length === 0) {
    problems.add(
      'key-missing',
      value.at,
      'The event schedule needs at least one cron',
      'Write `schedule: [{cron: "…"}]`.',
    );
  }
  return items.map((item) => {
    const [cronToken, zoneToken] = [member(item, 'cron'), member(item, 'timezone')];
    const cron = textOf(cronToken) ?? '';
    const timezone = textOf(zoneToken);
    const wrong = checkSchedule(cron, timezone);
    if (wrong !== undefined) {
      const at = (wrong.part === 'cron' ? cronToken : zoneToken)?.at ?? item.at;
      problems.add('schedule-invalid', at, wrong.message, wrong.remedy);
    }
    return present({ cron, timezone });
  });
}

const INPUT_TYPES = ['string', 'boolean', 'number', 'choice', 'environment'] as const;

function inputsOf(token: Token | undefined, problems: Problems): readonly InputDefinition[] | undefined {
  if (token === undefined) return undefined;
  return literalEntries(token).map(({ name, key, value }) => {
    const written = textOf(member(value, 'type'));
    const type = INPUT_TYPES.find((known) => known === written) ?? 'string';
    const options = member(value, 'options');
    const fallback = member(value, 'default');
    const input = present({
      name,
      type,
      description: textOf(member(value, 'description')),
      required: isTrue(member(value, 'required')),
      default: fallback === undefined || fallback.kind === 'null' ? undefined : treeOf(fallback),
      options: textsOf(options),
      at: key.at,
    });
    checkInput(input, fallback ?? value, problems);
    return input;
  });
}

function checkInput(input: InputDefinition, at: Token, problems: Problems): void {
  const { name, type, options } = input;
  if (type === 'choice' && (options === undefined || options.length === 0)) {
    problems.add('key-missing', input.at, `The input '${name}' of type choice has no options`, 'Add `options:`.');
  }
  if (at.kind === 'mapping' || at.kind === 'template' || at.kind === 'sequence' || at.kind === 'insert') return;
  const text = literalText(at);
  const fits =
    input.default === undefined ||
    (type === 'boolean'
      ? at.kind === 'boolean' || text === 'true' || text === 'false'
      : type !== 'number' || isNumberText(text));
  if (!fits) problems.add('value-unexpected', at.at, `Unexpected value '${text}'`, `Write a ${type}.`);
  if (type === 'choice' && input.default !== undefined && options !== undefined && !options.includes(text)) {
    problems.add('value-unexpected', at.at, `The default '${text}' of the input '${name}' is none of its options`);
  }
}

function isNumberText(text: string): boolean {
  return text.trim() !== '' && !Number.isNaN(Number(text));
}

function secretsOf(token: Token | undefined): readonly SecretDefinition[] | undefined {
  if (token === undefined) return undefined;
  return literalEntries(token).map(({ name, key, value }) =>
    present({
      name,
      required: isTrue(member(value, 'required')),
      description: textOf(member(value, 'description')),
      at: key.at,
    }),
  );
}

function outputsOf(token: Token | undefined): Trigger['outputs'] {
  if (token === undefined) return undefined;
  return literalEntries(token).map(({ name, key, value }) =>
    present({
      name,
      description: textOf(member(value, 'description')),
      value: maybeText(member(value, 'value')) ?? '',
      at: key.at,
    }),
  );
}
