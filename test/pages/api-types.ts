/**
 * Types of TypeScript from our own OpenAPI document, in the shape that openapi-fetch reads. It knows the words of JSON Schema that our
 * schemas use, and stops at any other: a type that says less than the document is worse than none.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Schema = { readonly [word: string]: Json };

type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
};

type Content = { readonly [type: string]: { readonly schema: Schema } };

type Operation = {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: { readonly [status: string]: { readonly content?: Content } };
};

export type OpenApi = {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
  readonly components: { readonly schemas: { readonly [name: string]: Schema } };
};

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const PLACES = ['query', 'header', 'path', 'cookie'];
/** Words that narrow a value without changing its type. */
const SILENT = new Set(
  'format minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum pattern default example examples description minItems maxItems uniqueItems title propertyNames'.split(
    ' ',
  ),
);

/** The whole file. */
export function renderApiTypes(document: OpenApi): string {
  const paths = Object.entries(document.paths).map(([path, methods]) => `  ${quoted(path)}: ${pathType(methods)};\n`);
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) => `    ${key(name)}: ${typeOf(schema, 2)};\n`,
  );
  return `/** Made from docs/reference/openapi.json by \`node scripts/api-types.ts\`. */
export type paths = {
${paths.join('')}};

export type components = {
  schemas: {
${schemas.join('')}  };
};
`;
}

function pathType(methods: { readonly [method: string]: Operation }): string {
  const members = METHODS.map((method) => {
    const operation = methods[method];
    return operation === undefined ? `    ${method}?: never;` : operationText(method, operation);
  });
  return `{
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
${members.join('\n')}
  }`;
}

function operationText(method: string, operation: Operation): string {
  const about = [operation.summary, operation.description].filter((text) => text !== undefined).join('. ');
  return `${about === '' ? '' : `    /** ${about.replaceAll('*/', '* /')} */\n`}    ${method}: {
      parameters: {
${PLACES.map((place) => `        ${parametersText(place, operation.parameters ?? [])};`).join('\n')}
      };
${bodyText(operation)}
      responses: {
${Object.entries(operation.responses)
  .map(([status, { content }]) => `        ${status}: { headers: Headers; content${contentText(content)} };`)
  .join('\n')}
      };
    };`;
}

function parametersText(place: string, parameters: readonly Parameter[]): string {
  const own = parameters.filter((parameter) => parameter.in === place);
  if (own.length === 0) return `${place}?: never`;
  const isNeeded = own.some(({ required }) => required === true);
  const members = own.map(
    ({ name, required, schema }) =>
      `${key(name)}${required === true ? '' : '?'}: ${typeOf(schema, 5)}${required === true ? '' : ' | undefined'}`,
  );
  return `${place}${isNeeded ? '' : '?'}: { ${members.join('; ')} }`;
}

function bodyText({ requestBody }: Operation): string {
  if (requestBody === undefined) return '      requestBody?: never;';
  return `      requestBody${requestBody.required === true ? '' : '?'}: { content${contentText(requestBody.content)} };`;
}

function contentText(content: Content | undefined): string {
  if (content === undefined) return '?: never';
  const members = Object.entries(content).map(([type, { schema }]) => `${quoted(type)}: ${typeOf(schema, 5)}`);
  return `: { ${members.join('; ')} }`;
}

/** The type of one schema. Throws at a word that it does not know. */
export function typeOf(schema: Schema, depth = 0): string {
  for (const word of ['anyOf', 'oneOf', 'allOf'] as const) {
    const members = schema[word];
    if (Array.isArray(members)) {
      return members.map((one) => `(${typeOf(one as Schema, depth)})`).join(word === 'allOf' ? ' & ' : ' | ');
    }
  }
  const { $ref: ref, enum: values, const: constant, type } = schema;
  if (typeof ref === 'string') return `components['schemas'][${quoted(ref.split('/').at(-1) ?? '')}]`;
  if (Array.isArray(values)) return values.map(literal).join(' | ');
  if (constant !== undefined) return literal(constant);
  requireKnown(schema);
  if (Array.isArray(type)) return type.map((one: Json) => typeOf({ ...schema, type: one }, depth)).join(' | ');
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `(${schema['items'] === undefined ? 'unknown' : typeOf(schema['items'] as Schema, depth)})[]`;
    case 'object':
      return objectType(schema, depth);
    case undefined:
      return 'unknown';
    default:
      throw new TypeError(`the type ${JSON.stringify(type)} is not known`);
  }
}

function requireKnown(schema: Schema): void {
  const known = new Set(['type', 'items', 'properties', 'required', 'additionalProperties', ...SILENT]);
  const unknown = Object.keys(schema).find((word) => !known.has(word));
  if (unknown !== undefined) throw new TypeError(`the word ${unknown} of a schema is not known`);
}

function objectType(schema: Schema, depth: number): string {
  const properties = (schema['properties'] ?? {}) as { readonly [name: string]: Schema };
  const required = new Set((schema['required'] ?? []) as readonly string[]);
  const members = Object.entries(properties).map(
    ([name, one]) => `${key(name)}${required.has(name) ? '' : '?'}: ${typeOf(one, depth + 1)}`,
  );
  const rest = schema['additionalProperties'];
  if (typeof rest === 'object' && rest !== null && !Array.isArray(rest)) {
    members.push(`[name: string]: ${typeOf(rest as Schema, depth + 1)}`);
  }
  if (members.length === 0) return rest === false ? 'Record<string, never>' : 'Record<string, unknown>';
  return `{ ${members.join('; ')} }`;
}

const literal = (value: Json) => (typeof value === 'string' ? quoted(value) : JSON.stringify(value));
const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const key = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name));
