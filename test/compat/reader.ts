import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isScalar, LineCounter, parse, parseDocument, visit } from 'yaml';
import {
  createReader,
  type Diagnostic,
  loadCalls,
  permissionsForAll,
  type Permissions,
  type Reading,
  type WorkflowReader,
  type WorkflowTree,
} from '../../src/workflow/index.ts';
import type { Comparison } from './corpora.ts';
import { differences } from './golden-compare.ts';
import { type Golden, goldenOf } from './golden-form.ts';

/** Goldens of the 195 that must agree. */
const READER_MIN = 185;

/** Where we differ from the goldens on purpose, by what a difference looks like. */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/Anchors are not currently supported/, 'anchors are read, as GitHub does today'],
  [
    /You may only define one of/,
    'a filter and its -ignore form together are refused, as GitHub does when the event comes',
  ],
  [/Unexpected value 'unknown-key'/, 'an unknown key is refused, never ignored'],
  [/not enough info to determine/, 'the golden is of a parser that hides wait, wait-all and cancel'],
  [/Actual 'docker:\/\/'/, 'an empty image is refused'],
  [/Actual 'org with space/, 'an owner or repository that can not exist is refused when it is read'],
  [/Missing closing "quote/, 'text in quotes that is indented less than YAML allows is refused'],
  [
    /Maximum object size exceeded|max-result-size/,
    'our bound of 10 MiB counts what is read, file by file; the golden also counts what its converter makes of it',
  ],
];

type Options = {
  readonly skip?: readonly string[];
  readonly 'include-source'?: boolean;
  readonly 'permissions-policy'?: string;
  readonly 'max-depth'?: number;
  readonly 'max-file-size'?: number;
  readonly 'max-job-limit'?: number;
  readonly 'max-nested-reusable-workflows-depth'?: number;
  readonly 'skip-reusable-workflows'?: boolean;
};

/** Reads GitHub's workflow reader goldens with our reader and compares what comes out. */
export async function compareReader(corpora: string): Promise<Comparison> {
  const folder = join(corpora, 'actions-testdata/workflow-parser/testdata/reader');
  const files = readdirSync(folder).filter((name) => name.endsWith('.yml'));
  const notes: string[] = [];
  let passed = 0;
  await using shared = closing(createReader());
  for (const file of files) {
    const found = await compareFile(join(folder, file), shared.reader);
    if (found.length === 0) passed++;
    else {
      const reason = REASONS.find(([pattern]) => found.some((line) => pattern.test(line)))?.[1] ?? 'not explained';
      notes.push(
        `${file}: ${reason}\n${found
          .slice(0, 8)
          .map((line) => `    ${line}`)
          .join('\n')}`,
      );
    }
  }
  return { summary: `reader: ${passed}/${files.length}`, holds: passed >= READER_MIN, notes };
}

function closing(reader: WorkflowReader) {
  return { reader, [Symbol.asyncDispose]: () => reader.close() };
}

async function compareFile(file: string, shared: WorkflowReader): Promise<readonly string[]> {
  const documents = readFileSync(file, 'utf8').split(/\r?\n---\r?\n/);
  const options = (parse(documents[0] ?? '') ?? {}) as Options;
  const wanted = JSON.parse(documents.at(-1) ?? 'null') as { readonly [key: string]: Golden };
  const sources = new Map([[`.github/workflows/${basename(file)}`, documents[1] ?? '']]);
  for (let index = 2; index < documents.length - 1; index += 2)
    sources.set(documents[index] ?? '', documents[index + 1] ?? '');
  const outcome = await readTree(`.github/workflows/${basename(file)}`, sources, options, shared);
  if (!outcome.ok) return errorDifferences(wanted['errors'], outcome.errors, sources);
  const skipped = (options.skip ?? []).map((name) => name.toLowerCase());
  const withEvents = skipped.includes('go') && skipped.includes('c#');
  const { 'file-table': _files, ...document } = wanted;
  return differences(document, goldenOf(outcome.value, withEvents));
}

async function readTree(
  path: string,
  sources: ReadonlyMap<string, string>,
  options: Options,
  shared: WorkflowReader,
): Promise<Reading<WorkflowTree>> {
  const { 'max-depth': depth, 'max-file-size': bytes } = options;
  const limits = {
    ...(depth === undefined ? {} : { depthMax: depth - 1 }),
    ...(bytes === undefined ? {} : { bytesMax: bytes }),
  };
  if (Object.keys(limits).length === 0) return readWith(shared, path, sources, options);
  await using own = closing(createReader({ limits }));
  return await readWith(own.reader, path, sources, options);
}

async function readWith(
  reader: WorkflowReader,
  path: string,
  sources: ReadonlyMap<string, string>,
  options: Options,
): Promise<Reading<WorkflowTree>> {
  const reading = await reader.readWorkflow(path, sources.get(path) ?? '');
  if (!reading.ok) return reading;
  if (options['skip-reusable-workflows']) return { ok: true, value: { workflow: reading.value, calls: new Map() } };
  return await loadCalls(reading.value, {
    resolve: (job) => reader.readWorkflow(job.uses, sources.get(job.uses) ?? ''),
    defaultPermissions: policy(options['permissions-policy']),
    ...(options['max-job-limit'] === undefined ? {} : { jobsMax: options['max-job-limit'] }),
    ...(options['max-nested-reusable-workflows-depth'] === undefined
      ? {}
      : { depthMax: options['max-nested-reusable-workflows-depth'] }),
  });
}

/** GitHub's two settings for workflows that say nothing. */
function policy(name: string | undefined): Permissions {
  return name === 'LimitedRead' ? { contents: 'read', packages: 'read' } : permissionsForAll('write');
}

/** Errors that GitHub reports for a file as a whole, or for the run. */
const WITHOUT_POSITION = new Set([
  'workflow/file-too-large',
  'workflow/yaml-depth-exceeded',
  'workflow/yaml-nodes-exceeded',
]);
const WITHOUT_FILE = new Set(['workflow/call-depth', 'workflow/call-jobs']);
const CUT = '[...]';
const CUT_CHARACTERS_MIN = 300;

function errorDifferences(
  wanted: Golden | undefined,
  errors: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
): readonly string[] {
  const expected = Array.isArray(wanted)
    ? (wanted as readonly { readonly Message: string }[]).map(({ Message }) => normalized(Message))
    : [];
  const actual = errors.map((error) => normalized(messageOf(error, sources)));
  return [
    ...expected
      .filter((message) => !actual.some((other) => isSame(message, other)))
      .map((message) => `missing: ${message}`),
    ...actual
      .filter((message) => !expected.some((other) => isSame(other, message)))
      .map((message) => `more: ${message}`),
  ];
}

/** Both sides cut long messages, at different places. */
function isSame(wanted: string, actual: string): boolean {
  if (!wanted.endsWith(CUT)) return wanted === actual;
  const [left, right] = [wanted.slice(0, -CUT.length), actual.replace(/…$/, '')];
  const length = Math.min(left.length, right.length);
  return length >= CUT_CHARACTERS_MIN && left.slice(0, length) === right.slice(0, length);
}

function messageOf(error: Diagnostic, sources: ReadonlyMap<string, string>): string {
  if (WITHOUT_FILE.has(error.code)) return error.message;
  if (WITHOUT_POSITION.has(error.code) || error.message.startsWith('Unexpected tag'))
    return `${error.file}: ${error.message}`;
  const at = scalarStart(sources.get(error.file) ?? '', error);
  return `${error.file} (Line: ${at.line}, Col: ${at.column}): ${error.message}`;
}

/** GitHub points at the start of a value where we point at the expression in it. */
function scalarStart(text: string, place: { readonly line: number; readonly column: number }) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, logLevel: 'silent' });
  const offset = (lines.lineStarts[place.line - 1] ?? 0) + place.column - 1;
  let start = offset;
  visit(document, (_key, node) => {
    if (isScalar(node) && node.range && node.range[0] <= offset && offset < node.range[1]) start = node.range[0];
  });
  const { line, col } = lines.linePos(start);
  return { line, column: col };
}

/** Evens out what is no difference: a doubled word, scopes that the goldens do not know yet, and positions that stand inside of the message. */
function normalized(message: string): string {
  const inner = /^(.*?): (.*) on line (\d+) and column (\d+)(.*)$/.exec(message);
  const moved = inner === null ? message : `${inner[1]} (Line: ${inner[3]}, Col: ${inner[4]}): ${inner[2]}${inner[5]}`;
  return moved
    .replace("or '_' and and must", "or '_' and must")
    .replaceAll(/(?:, )?(?:artifact-metadata|attestations|models): (?:read|write|none)/g, '');
}
