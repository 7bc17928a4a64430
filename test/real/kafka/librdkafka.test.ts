import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { kafkaKafkajs } from '../../matrix/kafka-kafkajs.js';
import { kafkaKcat, kafkaLibrdkafka } from '../../matrix/kafka-librdkafka.js';
import { Recorded } from '../../support/recorded.js';
import { type BrokerUnderTest, pem, startOurs, startReal } from './brokers.js';
import { librdkafkaScenarios, prepareLibrdkafka, type ScenarioResults } from './librdkafka.js';

let folder: string;
let packages: string;
let certificate: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-librdkafka-'));
  [packages, certificate] = await Promise.all([prepareLibrdkafka(), pem('cert.pem')]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const brokers = [
  ['the real broker', startReal, true],
  ['the embedded broker', startOurs, false],
] as const;

describe.each(brokers)('librdkafka, kcat and kafkajs on %s', (name, start, real) => {
  let broker: BrokerUnderTest;
  let results: ScenarioResults;
  beforeAll(async () => {
    broker = await start(join(folder, name.replaceAll(' ', '-')));
    results = await librdkafkaScenarios(packages, broker, certificate);
  });
  afterAll(() => broker?.stop());

  kafkaLibrdkafka(new Recorded('librdkafka', { real }), () => results);
  kafkaKcat(() => broker.bootstrapServers);
  kafkaKafkajs(() => broker);
});
