import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningKafka, startKafka } from '../../../../src/embedded/kafka/index.js';
import { startKsqldb } from '../../../../src/embedded/ksqldb/server.js';
import { silentLog } from '../../../../src/support/log.js';

let folder: string;
let broker: RunningKafka;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-engines-'));
  broker = await startKafka({ dataDir: folder });
});

afterAll(async () => {
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
});

const startEngine = async (serviceId: string) =>
  startKsqldb({
    host: '127.0.0.1',
    port: await getPort({ host: '127.0.0.1' }),
    kafka: { bootstrapServers: broker.bootstrapServers },
    serviceId,
    isShared: true,
    log: silentLog,
  });

it('does not start a second engine of a service on a Kafka that is shared, and says which one runs', async () => {
  const first = await startEngine('orders_');
  await expect(startEngine('orders_')).rejects.toMatchObject({
    code: 'EVPIPE_KSQLDB_SERVICE_TAKEN',
    message: expect.stringContaining(`service orders_ has a ksqlDB engine already, at 127.0.0.1:${first.port}:`),
  });
  expect((await fetch(`http://127.0.0.1:${first.port}/info`)).status).toBe(200);
  const other = await startEngine('other_');
  await other.stop();
  await first.stop();
  const successor = await startEngine('orders_');
  await successor.stop();
});
