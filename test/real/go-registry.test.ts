import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSchemaRegistry } from '../../src/embedded/schema-registry/server.js';
import { silentLog } from '../../src/support/log.js';
import { freshName, startTestKafka, type TestKafka } from '../support/kafka.js';
import { repositoryFolder } from './stack/repository.js';

let kafka: TestKafka;
let registry: Awaited<ReturnType<typeof startSchemaRegistry>>;

beforeAll(async () => {
  kafka = await startTestKafka();
  const { bootstrapServers } = kafka;
  registry = await startSchemaRegistry({ host: '127.0.0.1', port: 0, bootstrapServers, log: silentLog });
});

afterAll(async () => {
  await registry?.stop();
  await kafka?.stop();
});

it('serves franz-go’s registry client: versions, look-ups, compatibility, references, levels, soft deletes', async () => {
  const subject = freshName('orders');
  const { stdout } = await promisify(execFile)('go', ['run', '.', `http://127.0.0.1:${registry.port}`, subject], {
    cwd: fileURLToPath(new URL('go-registry', import.meta.url)),
    env: {
      ...process.env,
      GOMODCACHE: join(repositoryFolder, '.real-stack/go-modules'),
      GOFLAGS: '-modcacherw',
    },
  });
  expect(JSON.parse(stdout)).toEqual({
    versions: [1, 2, 1],
    same: true,
    compatible: false,
    references: 1,
    level: 'FULL',
    read: 250,
    text: '{"type":"record","name":"Order","fields":[{"name":"id","type":"string"},{"name":"cents","type":"long"}]}',
    left: [subject, `${subject}-money`, `${subject}-priced`],
  });
});
