import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConnect } from '../../../src/clients/connect/client.js';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import { connectPostgres, type PostgresClient } from '../../../src/clients/postgres/client.js';
import type { CheckReport } from '../../../src/consistency/report.js';
import { verifyConsistency } from '../../../src/kinds/check/verify-consistency.js';
import type { Session } from '../../../src/kinds/session.js';
import { waitUntil } from '../../../src/support/retry.js';
import { Servers } from '../operations/addressed-session.js';

/** A connector brings the events of an outbox to the status topic, and a service keeps the last status of each order. */
const FILE = `
databases: { shop: {}, board: {} }
topics: { shop.public.event: { partitions: 1 } }
connectors:
  events: { database: shop, config: { connector.class: io.debezium.connector.postgresql.PostgresConnector, topic.prefix: shop, table.include.list: public.event, slot.name: events, publication.name: events } }
services:
  shop: { command: [node], outbox: { database: shop, table: event, reports: [orders] } }
  board: { command: [node], consumes: { group: board, topics: [shop.public.event] }, writes: { database: board, tables: [status] } }
checks:
  orders:
    stages:
      topic: shop.public.event
      key: order_id
      field: status
      transitions: [[100, 200]]
      final: [100, 200]
      within: 5s
      keys: { database: shop, table: orders, column: id }
      view: { database: board, table: status, key: id, status: status }
`;

const WAIT = { timeoutMs: 30_000 };

let servers: Servers;
let session: Session;
let kafka: KafkaClient;
let connect: ReturnType<typeof openConnect>;
let shop: PostgresClient;
let board: PostgresClient;

beforeAll(async () => {
  servers = await Servers.start();
  [shop, board] = await Promise.all([
    servers.database(
      'shop',
      'CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE event (id int PRIMARY KEY, order_id int, status int)',
    ),
    servers.database('board', 'CREATE TABLE status (id int PRIMARY KEY, status int)'),
  ]);
  connect = openConnect({ url: await servers.startConnect() });
  kafka = connectKafka({ bootstrapServers: servers.kafka.bootstrapServers, clientId: 'test' });
  await kafka.createTopic({ name: 'shop.public.event', partitions: 1, config: {} });
  session = servers.session(FILE, ['shop', 'board']);
});

afterAll(async () => {
  await session?.close();
  connect?.close();
  await kafka?.close();
  await Promise.all([shop?.close(), board?.close()]);
  await servers?.remove();
});

async function verdict(deadlineMs: number): Promise<CheckReport> {
  const [report] = await verifyConsistency(session, { deadlineMs, waitingFor: () => {} });
  if (report === undefined) throw new Error('no report');
  return report;
}

const config = (): Record<string, string> => ({
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'database.hostname': '127.0.0.1',
  'database.port': String(servers.postgres.port),
  'database.user': 'postgres',
  'database.password': servers.postgres.password,
  'database.dbname': 'shop',
  'plugin.name': 'pgoutput',
  'topic.prefix': 'shop',
  'slot.name': 'events',
  'publication.name': 'events',
  'publication.autocreate.mode': 'filtered',
  'table.include.list': 'public.event',
  'heartbeat.interval.ms': '100',
  'message.prefix.exclude.list': 'evpipe',
  transforms: 'unwrap',
  'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
});

describe('a check of stages', () => {
  it('is empty, not consistent, where there is no key', async () => {
    expect(await verdict(2_000)).toMatchObject({ verdict: 'empty', sourceRows: 0 });
  });

  /**
   * PostgreSQL makes a slot once all transactions that run have ended: Connect calls a connector RUNNING meanwhile, and
   * that was taken for having nothing left to do.
   */
  it('calls an order lagging whose event a running connector has not come to, and says inconsistent only behind it', async () => {
    const other = await connectPostgres({ url: servers.postgres.urlOf('shop') });
    await other.execute('BEGIN; SELECT pg_current_xact_id()');
    await connect.putConfig('events', config());
    await waitUntil(
      'the connector to run',
      async () => ((await connect.status('events'))?.tasks[0]?.state === 'RUNNING' ? true : undefined),
      WAIT,
    );
    await shop.execute('INSERT INTO orders VALUES (1); INSERT INTO event VALUES (1, 1, 100)');
    const held = await verdict(2_000);
    expect(held, JSON.stringify(held)).toMatchObject({
      verdict: 'lagging',
      why: expect.stringContaining('events is '),
      missing: 1,
      findings: [{ kind: 'missing', key: ['1'], unproven: 'lagging' }],
      way: [{ kind: 'connector', name: 'events', passed: false }],
    });
    await other.execute('COMMIT');
    await other.close();
    await board.execute('INSERT INTO status VALUES (1, 100)');
    const arrived = await verdict(30_000);
    expect(arrived, JSON.stringify(arrived)).toMatchObject({ verdict: 'consistent', sourceRows: 1 });

    await shop.execute('INSERT INTO orders VALUES (2)');
    await kafka.commitOffsets('board', [{ topic: 'shop.public.event', partition: 0, offset: 1n }]);
    const lost = await verdict(4_000);
    expect(lost, JSON.stringify(lost)).toMatchObject({
      verdict: 'inconsistent',
      findings: [{ kind: 'missing', key: ['2'] }],
      way: [{ passed: true }, { passed: true }],
    });
    await shop.execute('DELETE FROM orders WHERE id = 2');
  });

  it('waits for the group that fills the view, and names what is behind', async () => {
    await shop.execute('INSERT INTO event VALUES (2, 1, 200)');
    await waitUntil(
      'the event',
      async () => ((await kafka.offsets('shop.public.event', 'latest'))[0]?.offset === 2n ? true : undefined),
      WAIT,
    );
    const late = await verdict(2_000);
    expect(late, JSON.stringify(late)).toMatchObject({
      verdict: 'lagging',
      why: expect.stringContaining('board is 1 record behind'),
      findings: [{ kind: 'different', unproven: 'lagging', columns: [{ source: '200', replica: '100' }] }],
    });
    await kafka.commitOffsets('board', [{ topic: 'shop.public.event', partition: 0, offset: 2n }]);
    expect(await verdict(4_000)).toMatchObject({ verdict: 'inconsistent', different: 1 });
    await board.execute('UPDATE status SET status = 200');
    expect(await verdict(4_000)).toMatchObject({ verdict: 'consistent' });
  });
});
