/** Writes `web/src/api-types.ts`, the types of `/api/v1` for the pages. A unit test compares. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument, ROUTES } from '../src/api/index.ts';
import { renderApiTypes } from '../test/pages/api-types.ts';

const path = 'web/src/api-types.ts';
const document = JSON.parse(JSON.stringify(openApiDocument(ROUTES)));
writeFileSync(join(import.meta.dirname, '..', path), renderApiTypes(document));
process.stdout.write(`${path}\n`);
