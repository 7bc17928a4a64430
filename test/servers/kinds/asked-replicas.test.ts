import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import { startConnect } from '../../../src/embedded/connect/server.js';
import { startKafka } from '../../../src/embedded/kafka/index.js';
import { startKsqldb } from '../../../src/embedded/ksqldb/server.js';
import { startSchemaRegistry } from '../../../src/embedded/schema-registry/server.js';
import { Lifetime } from '../../../src/support/lifetime.js';
import { silentLog } from '../../../src/support/log.js';
import { type Ran, runIn } from '../../support/command-line.js';

/** One broker, and a stream and a connector that ask for three replicas of the topics that they make. */
const life = new Lifetime();
let folder: string;
let bootstrapServers: string;

const KSQL = `CREATE STREAM PARCELS (id INT)
  WITH (KAFKA_TOPIC = 'parcels', VALUE_FORMAT = 'JSON', PARTITIONS = 1, REPLICAS = 3);
CREATE STREAM FEW (id INT) WITH (KAFKA_TOPIC = 'few', VALUE_FORMAT = 'JSON', PARTITIONS = 1, REPLICAS = 1);
`;
const CONNECTOR = {
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'topic.creation.default.replication.factor': 3,
  'topic.creation.default.partitions': 1,
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-replicas-'));
  life.onEnd(() => rmSync(folder, { recursive: true, force: true }));
  const kafka = await startKafka({ dataDir: join(folder, 'kafka') });
  life.onEnd(() => kafka.stop());
  ({ bootstrapServers } = kafka);
  const at = { host: '127.0.0.1', port: 0, kafka: { bootstrapServers }, log: silentLog };
  const connect = await startConnect(at);
  life.onEnd(() => connect.stop());
  const registry = await startSchemaRegistry({ ...at, bootstrapServers });
  life.onEnd(() => registry.stop());
  const ksqldb = await startKsqldb(at);
  life.onEnd(() => ksqldb.stop());
  mkdirSync(join(folder, 'ksql'));
  writeFileSync(join(folder, 'ksql/V000001__parcels.sql'), KSQL);
  const urlOf = ({ port }: { readonly port: number }) => ({ url: `http://127.0.0.1:${port}` });
  const target = {
    kafka: { bootstrapServers },
    schemaRegistry: urlOf(registry),
    connect: urlOf(connect),
    ksqldb: urlOf(ksqldb),
  };
  const connectors = { outbox: { config: CONNECTOR } };
  const file = { version: 1, name: 'shop', connectors, ksqldb: { migrations: 'ksql' }, targets: { here: target } };
  writeFileSync(join(folder, 'evpipe.yaml'), JSON.stringify(file, null, 1));
  writeFileSync(join(folder, 'streams.yaml'), JSON.stringify({ connectors: { outbox: null } }));
});

afterAll(() => life.end());

const run = (...argv: string[]): Promise<Ran> => runIn(folder, process.env, ...argv, '--target', 'here');

it('is refused by plan and up, at its place, before ksqldb and Connect are asked for it', async () => {
  for (const argv of [['plan'], ['up', '--no-verify']]) {
    const { code, out, err } = await run(...argv, '-f', 'evpipe.yaml', '-f', 'streams.yaml');
    expect(out + err).toContain('stream PARCELS wants 3 replicas, but there are fewer brokers');
    expect(out + err).toContain('ksql/V000001__parcels.sql:1');
    expect(code, out + err).toBe(1);
  }
  const { out } = await run('plan');
  expect(out).toContain('connector outbox wants 3 replicas, but there are fewer brokers');
  expect(out).toMatch(/evpipe\.yaml:\d+/);
  expect(out).not.toContain('stream FEW wants');
  const kafka = connectKafka({ bootstrapServers, clientId: 'test' });
  expect((await kafka.listTopics()).map(({ name }) => name)).not.toContain('parcels');
  await kafka.close();
});

it('is shown by doctor', async () => {
  const { out } = await run('doctor');
  expect(out).toMatch(/stream PARCELS +wants 3 replicas, but there are fewer brokers/);
  expect(out).toMatch(/connector outbox +wants 3 replicas/);
});
