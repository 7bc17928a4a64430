import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import getPort from 'get-port';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { coded, type RecordedFrame } from '../../support/recorded-frame.js';
import { startRecordingProxy } from '../../support/recording-proxy.js';
import { type RealKafka, startRealKafka } from '../stack/kafka.js';
import { repositoryFolder } from '../stack/repository.js';
import { type JavaClients, startJavaClients } from './java.js';

/**
 * What real clients and the real broker say to each other, through a proxy that keeps it. With EVPIPE_RECORD=1 one small
 * frame of each kind goes to test/fixtures/kafka/frames.json, which the unit tests read.
 */

const run = promisify(execFile);
const FRAME_BYTES_MAX = 3000;
/** What differs between clients, by methods of test/real/kafka/java. */
const SCENARIOS = [
  'Transactions.offsets',
  'Transactions.administration',
  'Records.deleteRecords',
  'Administration.topics',
  'Administration.configs',
  'Administration.cluster',
  'Administration.quotas',
  'Administration.scramUsers',
];

let folder: string;
let broker: RealKafka;
let proxy: { stop(): Promise<void> };
let java: JavaClients;
let address: string;
const frames: RecordedFrame[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-frames-'));
  const port = await getPort({ host: '127.0.0.1' });
  address = `127.0.0.1:${port}`;
  const brokerPort = await getPort({ host: '127.0.0.1' });
  proxy = await startRecordingProxy({ port, brokerPort, seen: (frame) => frames.push(frame) });
  broker = await startRealKafka({
    dataDir: join(folder, 'kafka'),
    port: brokerPort,
    config: { 'advertised.listeners': `PLAINTEXT://${address}` },
  });
  java = await startJavaClients(folder);
});

afterAll(async () => {
  await java?.stop();
  await proxy?.stop();
  await broker?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('our codec reads and writes what real clients and the real broker exchange, byte for byte', async () => {
  for (const name of SCENARIOS) await java.scenario(name, address);
  for (const protocol of ['classic', 'consumer']) await java.scenario('Groups.administration', address, { protocol });
  await run('sh', ['-c', `echo hello | kcat -b ${address} -P -t kcat -z zstd && kcat -b ${address} -C -t kcat -e -q`]);
  await run('sh', ['-c', `kcat -b ${address} -G kcat-group -e -q -X auto.offset.reset=earliest kcat`]);
  const kafka = new Kafka({ brokers: [address], clientId: 'kafkajs', logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ transactionalId: 'tx', idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: 'kcat', messages: [{ key: 'k', value: 'v', headers: { h: 'x' } }] });
  await transaction.sendOffsets({
    consumerGroupId: 'g',
    topics: [{ topic: 'kcat', partitions: [{ partition: 0, offset: '1' }] }],
  });
  await transaction.commit();
  await producer.disconnect();
  const consumer = kafka.consumer({ groupId: 'kafkajs-group' });
  await consumer.connect();
  await consumer.subscribe({ topic: 'kcat', fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.run({ eachMessage: async () => resolve() }).catch(reject);
  });
  await consumer.disconnect();

  const different = frames.filter(
    (frame) => coded(frame)?.toString('base64') !== frame.bytes && coded(frame) !== undefined,
  );
  expect(different.map(({ api, version, direction }) => `${api} ${version} ${direction}`)).toEqual([]);
  const kinds = new Map<string, RecordedFrame>();
  for (const frame of frames) {
    const kind = `${frame.api} ${frame.version} ${frame.direction}`;
    // The longest says most, as long as it is short enough to be kept.
    const kept = kinds.get(kind);
    const fits = frame.bytes.length <= FRAME_BYTES_MAX && coded(frame) !== undefined;
    if (fits && (kept?.bytes.length ?? 0) < frame.bytes.length) kinds.set(kind, frame);
  }
  expect(kinds.size).toBeGreaterThan(100);
  if (process.env.EVPIPE_RECORD === '1') {
    const text = `${JSON.stringify([...kinds.values()], null, 1)}\n`;
    await writeFile(join(repositoryFolder, 'test/fixtures/kafka/frames.json'), text);
  }
});
