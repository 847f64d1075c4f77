import { type Data, type DataObject, excerpt, isDataObject, reasonOf } from '../base/index.ts';
import { fault } from './faults.ts';

/** GitHub sends no more than 25 MB. */
export const PAYLOAD_BYTES_MAX = 25 * 1024 * 1024;
/** Deeper JSON is nothing that GitHub sends. */
export const PAYLOAD_DEPTH_MAX = 64;

/**
 * Reads the body of a GitHub webhook: one JSON object. Shape: docs.github.com, "Webhook events and payloads"; only what the
 * event is built from is checked, the rest is handed on as `github.event`. Fault: `event/payload-invalid`.
 */
export function parsePayload(text: string): DataObject {
  if (Buffer.byteLength(text) > PAYLOAD_BYTES_MAX) {
    throw fault('payload-too-large', `the payload has more than ${PAYLOAD_BYTES_MAX} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw fault('payload-invalid', `the payload is not JSON: ${excerpt(reasonOf(thrown))}`, { cause: thrown });
  }
  const data = dataOf(value, 0);
  if (!isDataObject(data)) throw fault('payload-invalid', 'the payload is not a JSON object');
  return data;
}

function dataOf(value: unknown, depth: number): Data {
  if (depth > PAYLOAD_DEPTH_MAX) {
    throw fault('payload-invalid', `the payload is nested deeper than ${PAYLOAD_DEPTH_MAX} levels`);
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') {
    return value;
  }
  if (Array.isArray(value)) return value.map((item) => dataOf(item, depth + 1));
  if (typeof value === 'object') {
    // No prototype: a member called __proto__ is a member like any other.
    const copy: Record<string, Data> = Object.create(null);
    for (const [key, member] of Object.entries(value)) copy[key] = dataOf(member, depth + 1);
    return copy;
  }
  throw fault('payload-invalid', `the payload holds a value of type ${typeof value}`);
}

/** The value at a path of member names, or nothing. */
export function at(value: Data | undefined, ...path: readonly string[]): Data | undefined {
  let current = value;
  for (const name of path) {
    if (!isDataObject(current) || !Object.hasOwn(current, name)) return undefined;
    current = current[name];
  }
  return current;
}

/** The text at a path; absent, null and empty give nothing; another type is a fault. */
export function textAt(payload: DataObject, ...path: readonly string[]): string | undefined {
  const value = at(payload, ...path);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') {
    throw fault('payload-invalid', `${path.join('.')} is ${excerpt(JSON.stringify(value), 50)}, a text was expected`);
  }
  return value;
}

/** The positive integer at a path. */
export function numberAt(payload: DataObject, ...path: readonly string[]): number | undefined {
  const value = at(payload, ...path);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw fault(
      'payload-invalid',
      `${path.join('.')} is ${excerpt(JSON.stringify(value), 50)}, a positive whole number was expected`,
    );
  }
  return value;
}
