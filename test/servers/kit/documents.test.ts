import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { documentStoreBehaviour } from '../../matrix/documents.js';

let folder: string;
let server: RunningPostgres;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-documents-'));
  server = await startPostgres({ dataDir: join(folder, 'pg') });
});
afterAll(async () => {
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe('a document store in PostgreSQL', () => {
  documentStoreBehaviour({ store: () => server.url, postgres: () => server.url });
});
