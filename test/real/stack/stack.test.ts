import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { type Consumer, Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres } from '../../../src/clients/postgres/client.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { waitUntil } from '../../../src/support/retry.js';
import { type RealStack, startRealStack } from './stack.js';

let stack: RealStack;
let postgres: RunningPostgres;
let consumer: Consumer | undefined;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: mkdtempSync(join(tmpdir(), 'evpipe-real-postgres-')) });
  stack = await startRealStack({
    kafka: true,
    registry: true,
    connect: { env: { DATABASE_PASSWORD: postgres.password } },
  });
});

afterAll(async () => {
  await consumer?.disconnect();
  await stack?.stop();
  await postgres?.remove();
});

const kafka = (): Kafka =>
  new Kafka({ clientId: 'test', brokers: [stack.kafka.bootstrapServers], logLevel: logLevel.NOTHING });

/** The first `count` messages of the topic, which may not exist yet, by a group of its own. */
async function consume(topic: string, count: number): Promise<readonly KafkaMessage[]> {
  const admin = kafka().admin();
  await admin.connect();
  await waitUntil(`the topic ${topic}`, async () => (await admin.listTopics()).includes(topic) || undefined, {
    timeoutMs: 60_000,
  });
  await admin.disconnect();

  const messages: KafkaMessage[] = [];
  consumer = kafka().consumer({ groupId: `group-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void messages.push(message) });
  await waitUntil(`${count} messages of ${topic}`, async () => messages.length >= count || undefined, {
    timeoutMs: 60_000,
  });
  await consumer.disconnect();
  return messages;
}

describe('the real stack', () => {
  it('gives back what a client produced', async () => {
    const producer = kafka().producer();
    await producer.connect();
    await producer.send({ topic: 'greetings', messages: [{ key: 'k', value: 'hello', headers: { a: 'b' } }] });
    await producer.disconnect();
    const [message] = await consume('greetings', 1);
    expect([String(message?.key), String(message?.value), String(message?.headers?.a)]).toEqual(['k', 'hello', 'b']);
  });

  it('has the connectors and the converters that pipelines name', async () => {
    const response = await fetch(`${stack.connect.url}/connector-plugins?connectorsOnly=false`);
    const plugins = ((await response.json()) as Array<{ class: string }>).map((plugin) => plugin.class);
    expect(plugins).toEqual(
      expect.arrayContaining([
        'io.debezium.connector.postgresql.PostgresConnector',
        'io.debezium.connector.jdbc.JdbcSinkConnector',
        'io.debezium.transforms.outbox.EventRouter',
        'io.confluent.connect.avro.AvroConverter',
      ]),
    );
  });

  it("captures a table in Confluent's Avro framing, under the subject a Confluent client looks for", async () => {
    const database = await connectPostgres({ url: postgres.url });
    await database.execute('CREATE TABLE pizza (id int PRIMARY KEY, name text NOT NULL, price numeric(5,2))');
    await database.execute(`INSERT INTO pizza VALUES (1, 'Margherita', 7.50)`);
    await database.close();
    const config = {
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'database.hostname': '127.0.0.1',
      'database.port': String(postgres.port),
      'database.user': 'postgres',
      'database.password': '${env:DATABASE_PASSWORD}',
      'database.dbname': 'postgres',
      'plugin.name': 'pgoutput',
      'topic.prefix': 'shop',
      'table.include.list': 'public.pizza',
      'value.converter': 'io.confluent.connect.avro.AvroConverter',
      'value.converter.schema.registry.url': stack.registry.url,
      transforms: 'unwrap',
      'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
      'decimal.handling.mode': 'string',
    };
    const created = await fetch(`${stack.connect.url}/connectors/shop/config`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(config),
    });
    expect([created.status, created.ok ? '' : await created.text()]).toEqual([201, '']);

    const [message] = await consume('shop.public.pizza', 1);
    const registry = new SchemaRegistry({ host: stack.registry.url });
    expect(await registry.decode(message?.value ?? Buffer.alloc(0))).toMatchObject({ id: 1, name: 'Margherita' });
    const subjects = await (await fetch(`${stack.registry.url}/subjects`)).json();
    expect(subjects).toEqual(['shop.public.pizza-value']);
  });
});
