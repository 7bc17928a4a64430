import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import { startConnect } from '../../../../src/embedded/connect/server.js';
import { workerGroup } from '../../../../src/embedded/connect/worker/worker-group.js';
import { type RunningKafka, startKafka } from '../../../../src/embedded/kafka/index.js';
import { silentLog } from '../../../../src/support/log.js';

let folder: string;
let broker: RunningKafka;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-workers-'));
  broker = await startKafka({ dataDir: folder });
});

afterAll(async () => {
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
});

const startWorker = (group: string) =>
  startConnect({
    host: '127.0.0.1',
    port: 0,
    kafka: { bootstrapServers: broker.bootstrapServers },
    workerConfig: { 'group.id': group },
  });

it('does not start a second worker in a group, and says which one runs', async () => {
  const first = await startWorker('shared');
  await expect(startWorker('shared')).rejects.toMatchObject({
    code: 'EVPIPE_CONNECT_GROUP_TAKEN',
    message: expect.stringContaining(`group shared has a Connect worker already, at http://127.0.0.1:${first.port}/`),
  });
  expect((await fetch(`http://127.0.0.1:${first.port}/connectors`)).status).toBe(200);
  const other = await startWorker('another');
  await other.stop();
  await first.stop();
  const successor = await startWorker('shared');
  await successor.stop();
});

it('gives a worker that is started again its place at once, and tells the one that was thought dead', async () => {
  const kafka = connectKafka({ bootstrapServers: broker.bootstrapServers, clientId: 'test' });
  const lost: unknown[] = [];
  const memberOf = (onLost: (failure: unknown) => void) =>
    workerGroup({ kafka, group: 'restarted', workerId: '127.0.0.1:8083', log: silentLog, onLost });
  let tell = (_failure: unknown): void => {};
  const told = new Promise<unknown>((resolve) => {
    tell = resolve;
  });
  const thoughtDead = memberOf(tell);
  await thoughtDead.enter();
  const again = memberOf((failure) => lost.push(failure));
  await again.enter();
  expect(await told).toMatchObject({ code: 'EVPIPE_KAFKA_FENCED_INSTANCE_ID' });
  expect(lost).toEqual([]);
  await again.leave();
  await kafka.close();
});
