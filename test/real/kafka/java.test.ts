import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { kafkaJava } from '../../matrix/kafka-java.js';
import { kafkaTools } from '../../matrix/kafka-tools.js';
import { Recorded } from '../../support/recorded.js';
import { type BrokerUnderTest, pem, startOurs, startReal } from './brokers.js';
import { type JavaClients, startJavaClients } from './java.js';

let folder: string;
let java: JavaClients;
let certificate: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-java-'));
  certificate = await pem('cert.pem');
  java = await startJavaClients(folder);
});

afterAll(async () => {
  await java?.stop();
  await rm(folder, { recursive: true, force: true });
});

const brokers = [
  ['the real broker', startReal, true],
  ['the embedded broker', startOurs, false],
] as const;

describe.each(brokers)("Apache's clients and tools on %s", (name, start, real) => {
  let broker: BrokerUnderTest;
  beforeAll(async () => {
    broker = await start(join(folder, name.replaceAll(' ', '-')));
  });
  afterAll(() => broker?.stop());

  kafkaJava(new Recorded('java', { real }), () => ({ java, broker, certificate }));
  kafkaTools(new Recorded('tools', { real }), () => ({ java, bootstrapServers: broker.bootstrapServers }));
});
