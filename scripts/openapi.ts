/** Writes `docs/reference/openapi.json`, the description of `/api/v1`. A unit test compares. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument, ROUTES } from '../src/api/index.ts';

const path = 'docs/reference/openapi.json';
writeFileSync(join(import.meta.dirname, '..', path), `${JSON.stringify(openApiDocument(ROUTES), undefined, 1)}\n`);
process.stdout.write(`${path}\n`);
