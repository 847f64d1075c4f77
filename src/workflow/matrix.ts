import { type Data, type DataObject, excerpt, isDataObject } from '../base/index.ts';
import { fault } from './faults.ts';
import { JOB_NAME_CHARACTERS_MAX, MATRIX_COMBINATIONS_MAX, MATRIX_JOBS_MAX } from './limits.ts';
import { numberText } from './reader-tokens.ts';
import { looselyEqual } from './expressions-data.ts';

/** One job of a matrix: its `matrix` context, and the values that are shown behind the job's name. */
export type MatrixJob = { readonly values: DataObject; readonly segments: readonly string[] };

/**
 * The combinations of a matrix as GitHub makes them: vectors multiplied, the first one slowest; then `exclude`; then
 * `include`, which adds to the combinations that it matches and becomes one of its own otherwise. At most 256.
 */
export function expandMatrix(matrix: Data): readonly DataObject[] {
  return matrixJobs(matrix).map(({ values }) => values);
}

/** The same with the parts of each job's name. */
export function matrixJobs(matrix: Data): readonly MatrixJob[] {
  const { vectors, include, exclude } = parts(matrix);
  const vectorNames = new Set(vectors.map(([name]) => name.toLowerCase()));
  const includes = include.map((item) => splitInclude(item, vectorNames));
  const jobs: MatrixJob[] = [];
  const add = (job: MatrixJob) => {
    if (jobs.length >= MATRIX_JOBS_MAX) {
      throw fault('matrix-too-large', `the matrix gives more than ${MATRIX_JOBS_MAX} jobs`);
    }
    jobs.push(job);
  };
  for (const combination of combinations(vectors)) {
    if (exclude.some((filter) => isMatch(filter, combination))) continue;
    let extra: DataObject = {};
    for (const item of includes) {
      if (!isMatch(item.filter, combination)) continue;
      item.used = true;
      extra = { ...extra, ...item.extra };
    }
    add({ values: { ...combination, ...extra }, segments: segmentsOf(combination) });
  }
  for (const { used, whole } of includes) if (!used) add({ values: whole, segments: segmentsOf(whole) });
  return jobs;
}

/** The name of a matrix job as GitHub shows it: `build (18, linux)`, at most 100 characters. */
export function matrixJobName(jobName: string, segments: readonly string[]): string {
  const shown = segments.filter((segment) => segment !== '');
  const name = shown.length === 0 ? jobName : `${jobName} (${shown.join(', ')})`;
  return name.length > JOB_NAME_CHARACTERS_MAX ? `${name.slice(0, JOB_NAME_CHARACTERS_MAX - 3)}...` : name;
}

type Vector = readonly [name: string, values: readonly Data[]];

function parts(matrix: Data): {
  vectors: readonly Vector[];
  include: readonly DataObject[];
  exclude: readonly DataObject[];
} {
  if (!isDataObject(matrix)) throw fault('matrix-invalid', `the matrix is ${describe(matrix)}, not a mapping`);
  const vectors: Vector[] = [];
  let include: readonly DataObject[] = [];
  let exclude: readonly DataObject[] = [];
  for (const [name, value] of Object.entries(matrix)) {
    if (!Array.isArray(value))
      throw fault('matrix-invalid', `matrix.${excerpt(name, 50)} is ${describe(value)}, not a list`);
    const list: readonly Data[] = value;
    if (name === 'include') include = filters(name, list);
    else if (name === 'exclude') exclude = filters(name, list);
    else if (list.length === 0)
      throw fault('matrix-invalid', `Matrix vector '${excerpt(name, 50)}' does not contain any values`);
    else vectors.push([name, list]);
  }
  if (vectors.length === 0 && include.length === 0)
    throw fault('matrix-invalid', 'Matrix must define at least one vector');
  checkExclude(exclude, vectors);
  return { vectors, include, exclude };
}

function filters(name: string, list: readonly Data[]): readonly DataObject[] {
  return list.map((item) => {
    if (!isDataObject(item) || Object.keys(item).length === 0) {
      throw fault('matrix-invalid', `an item of matrix.${name} is ${describe(item)}, not a mapping with values`);
    }
    return item;
  });
}

function checkExclude(exclude: readonly DataObject[], vectors: readonly Vector[]): void {
  const names = new Set(vectors.map(([name]) => name.toLowerCase()));
  for (const key of exclude.flatMap((item) => Object.keys(item))) {
    if (!names.has(key.toLowerCase())) {
      throw fault(
        'matrix-invalid',
        `Matrix exclude key '${excerpt(key, 50)}' does not match any key within the matrix`,
      );
    }
  }
}

function splitInclude(item: DataObject, vectorNames: ReadonlySet<string>) {
  const entries = Object.entries(item);
  return {
    whole: item,
    filter: Object.fromEntries(entries.filter(([key]) => vectorNames.has(key.toLowerCase()))),
    extra: Object.fromEntries(entries.filter(([key]) => !vectorNames.has(key.toLowerCase()))),
    used: false,
  };
}

function* combinations(vectors: readonly Vector[]): Generator<DataObject> {
  if (vectors.length === 0) return;
  const size = vectors.reduce((product, [, values]) => product * values.length, 1);
  if (size > MATRIX_COMBINATIONS_MAX) {
    throw fault(
      'matrix-too-large',
      `the matrix has ${size} combinations; ${MATRIX_COMBINATIONS_MAX} are allowed before exclude`,
    );
  }
  for (let index = 0; index < size; index++) {
    let block = size;
    yield Object.fromEntries(
      vectors.map(([name, values]) => {
        block /= values.length;
        return [name, values[Math.floor(index / block) % values.length] ?? null] as const;
      }),
    );
  }
}

/** Whether each leaf of the filter loosely equals the value at the same path, as the expression `==` compares. */
function isMatch(filter: Data, value: Data | undefined): boolean {
  if (Array.isArray(filter)) {
    const list: readonly Data[] = filter;
    return list.every((item, index) => isMatch(item, Array.isArray(value) ? value[index] : undefined));
  }
  if (isDataObject(filter)) {
    return Object.entries(filter).every(([key, item]) =>
      isMatch(item, isDataObject(value) ? ownMember(value, key) : undefined),
    );
  }
  return looselyEqual(filter, value ?? null);
}

function ownMember(object: DataObject, key: string): Data | undefined {
  if (Object.hasOwn(object, key)) return object[key];
  const name = Object.keys(object).find((candidate) => candidate.toLowerCase() === key.toLowerCase());
  return name === undefined ? undefined : object[name];
}

/** The plain values in the combination, at any depth. */
function segmentsOf(value: Data): readonly string[] {
  if (typeof value === 'number') return [numberText(value)];
  if (typeof value === 'boolean') return [String(value)];
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (value === null) return [];
  const inner: readonly Data[] = Object.values(value);
  return inner.flatMap((item) => segmentsOf(item));
}

function describe(value: Data): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping without values' : `the ${typeof value} ${excerpt(String(value), 50)}`;
}
