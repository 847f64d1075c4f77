import type { z } from '@hono/zod-openapi';
import { fault } from './faults.ts';

const ISSUES_SHOWN_MAX = 5;

/** Throws `api/request-invalid`, which names places and never repeats values. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues
    .slice(0, ISSUES_SHOWN_MAX)
    .map(({ path, message }) => `${[where, ...path.map(String)].join('.')}: ${message}`);
  throw fault('request-invalid', issues.join('; '));
}
