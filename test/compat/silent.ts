import { parseDocument } from 'yaml';
import type { Workflow } from '../../src/workflow/index.ts';
import { type Plain, sourceOfWorkflow } from './model-source.ts';

/**
 * What stands in a workflow file and is not in the model: walks the YAML as an independent parser sees it beside the model
 * written back as YAML. Each finding is a path; none is a bug of the reader.
 */
export function silentlyDropped(text: string, workflow: Workflow): readonly string[] {
  const document = parseDocument(text, { merge: false, uniqueKeys: false });
  const source = document.toJS({ maxAliasCount: 100_000 }) as Plain;
  const dropped: string[] = [];
  compare(source, sourceOfWorkflow(workflow), [], dropped);
  return dropped;
}

type Mapping = { readonly [key: string]: Plain | undefined };

function compare(
  source: Plain | undefined,
  model: Plain | undefined,
  path: readonly string[],
  dropped: string[],
): void {
  const [left, right] = [normal(source, path), model];
  if (left === undefined || left === null || left === '') return;
  const note = (why: string) => dropped.push(`${path.join('.')}: ${why}`);
  if (Array.isArray(left)) {
    const list: readonly Plain[] = left;
    const other = listOf(right);
    if (other === undefined) note('the list is not in the model');
    else if (other.length !== list.length) note(`${list.length} items became ${other.length}`);
    else for (const [index, item] of list.entries()) compare(item, other[index], [...path, String(index)], dropped);
    return;
  }
  if (isMapping(left)) {
    if (!isMapping(right)) {
      if (Object.keys(left).length > 0) note('the mapping is not in the model');
      return;
    }
    for (const [key, value] of Object.entries(left)) {
      if (value === null || value === undefined) {
        if (isStructural(path) && !Object.hasOwn(right, key)) note(`${key} is not in the model`);
        continue;
      }
      const found = memberOf(right, key);
      if (found === undefined && !isEmpty(value)) note(`${key} is not in the model`);
      else compare(value, found, [...path, key], dropped);
    }
    return;
  }
  if (Array.isArray(right) && right.length === 1) compare(left, right[0] as Plain, path, dropped);
  else if (!isSame(left, right, path)) note(`${JSON.stringify(left)} became ${JSON.stringify(right)}`);
}

/** Brings the short forms of a key into the longest one. */
function normal(value: Plain | undefined, path: readonly string[]): Plain | undefined {
  const [first, second] = path;
  const last = path.at(-1);
  const isOfJob = first === 'jobs' && path.length === 3;
  if (path.length === 1 && first === 'on') {
    if (typeof value === 'string') return { [value]: {} };
    if (Array.isArray(value)) return Object.fromEntries((value as readonly string[]).map((event) => [event, {}]));
  }
  if (path.length === 2 && first === 'on' && value === null) return {};
  if (first === 'on' && path.length === 3 && second !== 'schedule' && typeof value === 'string') return [value];
  if ((isOfJob || path.length === 1) && last === 'concurrency' && typeof value === 'string') return { group: value };
  if (isOfJob && last === 'needs' && typeof value === 'string') return [value];
  if (isOfJob && last === 'environment' && typeof value === 'string') return { name: value };
  if (isOfJob && last === 'runs-on' && isMapping(value) && value['group'] === undefined) return value['labels'];
  if (last === 'permissions' && typeof value === 'string' && (path.length === 1 || isOfJob)) return {};
  return value;
}

/** A value that means the same as leaving the key out. */
function isEmpty(value: Plain): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === '' || (isMapping(value) && Object.keys(value).length === 0);
}

/** Keys whose mere presence says something: events, jobs. */
function isStructural(path: readonly string[]): boolean {
  return path.length === 1 && (path[0] === 'on' || path[0] === 'jobs');
}

/** Scopes that are `none` may be left out of the model's permissions: they are none there, too. */
function memberOf(mapping: Mapping, key: string): Plain | undefined {
  if (Object.hasOwn(mapping, key)) return mapping[key];
  const name = Object.keys(mapping).find((candidate) => text(candidate) === text(key));
  return name === undefined ? undefined : mapping[name];
}

function isSame(source: Plain, model: Plain | undefined, path: readonly string[]): boolean {
  const last = path.at(-1);
  const [wanted, got] = [text(source), text(model)];
  if (last === 'if') {
    const inner = /^\$\{\{([\s\S]*)\}\}$/.exec(wanted)?.[1]?.trim() ?? wanted;
    const squeezed = (value: string) => value.replaceAll(/\s+/g, '');
    return squeezed(got).includes(squeezed(inner)) || squeezed(wanted).split('${{').length > 1;
  }
  if (path.includes('permissions') && wanted === 'none') return model === undefined || got === 'none';
  if (path.at(-2) === 'needs') return wanted.toLowerCase() === got.toLowerCase();
  return wanted === got;
}

function text(value: Plain | undefined): string {
  return (
    (typeof value === 'object' ? JSON.stringify(value) : String(value))
      .replaceAll(/\$\{\{\s*/g, '${{ ')
      .replaceAll(/\s*\}\}/g, ' }}')
      // An expression that is only a text is that text.
      .replaceAll(/\$\{\{ '((?:[^']|'')*)' \}\}/g, (_, inner: string) => inner.replaceAll("''", "'"))
      .trim()
  );
}

function listOf(value: Plain | undefined): readonly Plain[] | undefined {
  if (Array.isArray(value)) return value as readonly Plain[];
  return value === undefined || value === null ? undefined : [value];
}

function isMapping(value: Plain | undefined): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
