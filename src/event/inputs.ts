import { type Data, type DataObject, excerpt } from '../base/index.ts';
import type { InputDefinition } from '../workflow/index.ts';

/** GitHub's bound on the inputs of workflow_dispatch. */
export const DISPATCH_INPUTS_MAX = 25;
/** GitHub's bound on the text of all inputs together. */
export const DISPATCH_INPUT_CHARACTERS_MAX = 65_535;

export type CheckedInputs =
  | { readonly ok: true; readonly inputs: DataObject; readonly texts: { readonly [name: string]: string } }
  | { readonly ok: false; readonly problems: readonly { readonly input: string; readonly message: string }[] };

/**
 * Checks inputs as they were typed against a workflow's definitions. Names are compared without case, as GitHub does.
 * Gives them twice: with their types (the `inputs` context) and as text (`github.event.inputs`).
 */
export function checkDispatchInputs(
  definitions: readonly InputDefinition[],
  given: { readonly [name: string]: string },
): CheckedInputs {
  const problems: { input: string; message: string }[] = [];
  if (Object.keys(given).length > DISPATCH_INPUTS_MAX) {
    problems.push({ input: '', message: `more than ${DISPATCH_INPUTS_MAX} inputs were given` });
  }
  const length = Object.values(given).reduce((sum, text) => sum + text.length, 0);
  if (length > DISPATCH_INPUT_CHARACTERS_MAX) {
    problems.push({ input: '', message: `the inputs have more than ${DISPATCH_INPUT_CHARACTERS_MAX} characters` });
  }
  const names = new Map(definitions.map((definition) => [definition.name.toLowerCase(), definition]));
  for (const name of Object.keys(given)) {
    if (!names.has(name.toLowerCase())) {
      const known = definitions.map((definition) => definition.name).join(', ') || 'none';
      problems.push({ input: name, message: `the workflow has no input ${excerpt(name, 100)}; it has: ${known}` });
    }
  }
  const byName = new Map(Object.entries(given).map(([name, text]) => [name.toLowerCase(), text]));
  const inputs: Record<string, Data> = {};
  const texts: Record<string, string> = {};
  for (const definition of definitions) {
    const result = checkInput(definition, byName.get(definition.name.toLowerCase()));
    if ('message' in result) problems.push({ input: definition.name, message: result.message });
    else if (result.value !== undefined) {
      inputs[definition.name] = result.value;
      texts[definition.name] = typeof result.value === 'string' ? result.value : JSON.stringify(result.value);
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, inputs, texts };
}

function checkInput(definition: InputDefinition, given: string | undefined): { value?: Data } | { message: string } {
  const text = given ?? literalOf(definition.default);
  if (text === undefined || text === '') {
    if (definition.required) return { message: `the input ${definition.name} is required and was not given` };
    if (given === undefined) return { value: emptyOf(definition) };
  }
  switch (definition.type) {
    case 'boolean':
      if (text === 'true' || text === 'false') return { value: text === 'true' };
      return { message: `the input ${definition.name} is ${quote(text)}; it has to be true or false` };
    case 'number': {
      const number = Number(text);
      if (text !== undefined && text.trim() !== '' && Number.isFinite(number)) return { value: number };
      return { message: `the input ${definition.name} is ${quote(text)}; it has to be a number` };
    }
    case 'choice':
      if (definition.options?.includes(text ?? '') === true) return { value: text ?? '' };
      return {
        message: `the input ${definition.name} is ${quote(text)}; it has to be one of: ${definition.options?.join(', ') ?? 'nothing'}`,
      };
    default:
      return { value: text ?? '' };
  }
}

function emptyOf(definition: InputDefinition): Data {
  if (definition.type === 'boolean') return false;
  if (definition.type === 'number') return 0;
  if (definition.type === 'choice') return definition.options?.[0] ?? '';
  return '';
}

function literalOf(value: InputDefinition['default']): string | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return undefined;
}

function quote(text: string | undefined): string {
  return JSON.stringify(excerpt(text ?? '', 100));
}
