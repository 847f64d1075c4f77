import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { reasonOf } from '../../../src/base/index.ts';
import type { Operation, Schema } from './requests.ts';

/** What is looked at of an answer. */
export type Answered = { readonly status: number; readonly type: string; readonly text: string };

/** Judges answers by the description of the API. */
export function judgeOf(document: Schema): (operation: Operation, answer: Answered) => string | undefined {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  ajvFormats.default(ajv);
  ajv.addSchema(document, 'api');
  return (operation, { status, type, text }) => {
    // A path of dots is another path by the time that it arrives.
    if (operation.responses.length === 0 || !type.includes('json') || type.includes('ndjson')) return undefined;
    if (text === '') return `${status} ${type} without a body`;
    const place = operation.responses.includes(String(status)) ? String(status) : 'default';
    const media = type.includes('problem') ? 'application/problem+json' : type.split(';')[0];
    const pointer = ['paths', operation.path, operation.method, 'responses', place, 'content', media ?? '', 'schema'];
    const schema = `api#/${pointer
      .map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))
      .map(encodeURIComponent)
      .join('/')}`;
    let validate: ValidateFunction | undefined;
    try {
      validate = ajv.getSchema(schema);
    } catch (thrown) {
      return `no schema for ${status} ${media}: ${reasonOf(thrown)}`;
    }
    if (validate === undefined) return `the answer ${status} ${media} is not described`;
    return validate(JSON.parse(text))
      ? undefined
      : `${status} ${text.slice(0, 300)} is not as described: ${ajv.errorsText(validate.errors)}`;
  };
}
