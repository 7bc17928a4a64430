import { expect, it } from 'vitest';
import { type FoundCluster, isInternalTopic } from '../../../../src/operations/import/cluster.js';
import { pipelineFiles } from '../../../../src/operations/import/files.js';

const SOURCE = 'io.debezium.connector.postgresql.PostgresConnector';
const found = (more: Partial<FoundCluster> = {}): FoundCluster => ({
  topics: [{ name: 'orders', partitions: 3, replicas: 3, config: { 'cleanup.policy': 'compact' } }],
  subjects: [],
  connectors: [],
  internal: { topics: 0, subjects: 0 },
  ...more,
});
const connector = (name: string, config: Readonly<Record<string, string>>) => ({ name, config, topics: undefined });
const postgres = (host: string, more: Readonly<Record<string, string>> = {}) => ({
  'connector.class': SOURCE,
  'database.hostname': host,
  'database.port': '5432',
  'database.user': 'cdc',
  'database.password': 'hunter2',
  'database.dbname': 'shop',
  ...more,
});
const fileOf = (cluster: FoundCluster): string => pipelineFiles('shop', cluster, []).files.get('evpipe.yaml') ?? '';

it('puts no secret into the file: a variable stands in for it, and a note says which', () => {
  const { files, secrets, notes } = pipelineFiles(
    'shop',
    found({
      connectors: [
        connector('sink', {
          'connector.class': 'io.confluent.connect.jdbc.JdbcSinkConnector',
          'connection.password': 'hunter2',
          'connection.url': 'jdbc:postgresql://me:hunter2@db/shop',
          'producer.override.sasl.jaas.config': 'PlainLoginModule required password="hunter2";',
          'value.converter.basic.auth.user.info': 'me:hunter2',
          'ssl.key': '${file:/run/secrets.properties:key}',
          'ssl.keystore.password': '$'.concat('{env:STORE}'),
        }),
        connector('source', postgres('db', { 'slot.name': 'mine' })),
      ],
    }),
    [],
  );
  const text = files.get('evpipe.yaml') ?? '';
  expect(text).not.toContain('hunter2');
  expect(text).toContain('connection.password: ${SINK_CONNECTION_PASSWORD}');
  expect(text).toContain('ssl.keystore.password: ${env:STORE}');
  expect([...secrets.keys()].sort()).toEqual([
    'SINK_CONNECTION_PASSWORD',
    'SINK_CONNECTION_URL',
    'SINK_PRODUCER_OVERRIDE_SASL_JAAS_CONFIG',
    'SINK_VALUE_CONVERTER_BASIC_AUTH_USER_INFO',
  ]);
  expect(notes).toContain('set SINK_CONNECTION_PASSWORD: connection.password of connector sink is left out');
  expect(text).toMatch(/source:\n +database: shop\n/);
  expect(text).toContain('slot.name: mine');
});

it('tells databases of one name on two hosts apart', () => {
  const text = fileOf(
    found({
      connectors: [connector('a', postgres('one')), connector('b', postgres('two')), connector('c', postgres('one'))],
    }),
  );
  expect(text).toContain('databases:\n  shop: {}\n  shop-2: {}\n');
  expect(text).toMatch(/b:\n +database: shop-2\n/);
  expect(text).toMatch(/c:\n +database: shop\n/);
});

it('leaves replicas to the cluster, and compatibility to a person where subjects differ', () => {
  const subject = { type: 'AVRO', schema: '"string"', references: [] } as const;
  const { files, notes } = pipelineFiles(
    'shop',
    found({
      subjects: [
        { ...subject, name: 'a-value', compatibility: 'FULL' },
        { ...subject, name: 'b/c-value', compatibility: undefined },
      ],
    }),
    [],
  );
  expect(files.get('evpipe.yaml')).not.toMatch(/replication|compatibility:/);
  expect(notes).toEqual(['compatibility is left out, subjects differ: a-value FULL']);
  expect(files.get('schemas/b_c-value.avsc')).toBe('"string"\n');
});

it.each([
  ['_schemas', true],
  ['__consumer_offsets', true],
  ['__debezium-heartbeat.shop', true],
  ['connect-configs', true],
  ['shop-connect-status', true],
  ['_confluent-ksql-default_query_CTAS_A_1-Aggregate-changelog', true],
  ['default_ksql_processing_log', true],
  ['_evpipe_shop', true],
  ['connect-the-dots', false],
  ['orders', false],
  ['_orders', false],
])('knows whether topic %s belongs to a server: %s', (name, internal) => {
  expect(isInternalTopic(name)).toBe(internal);
});
