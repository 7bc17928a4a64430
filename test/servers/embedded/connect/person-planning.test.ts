import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSchemaRegistry } from '../../../../src/embedded/schema-registry/server.js';
import type { RunningServer } from '../../../../src/support/child.js';
import { silentLog } from '../../../../src/support/log.js';
import { json, World } from './world.js';

let world: World;
let registry: RunningServer;
beforeAll(async () => {
  world = await World.start();
  registry = await startSchemaRegistry({
    host: '127.0.0.1',
    port: 0,
    bootstrapServers: world.bootstrapServers,
    log: silentLog,
  });
});
afterAll(async () => {
  await registry?.stop();
  await world?.stop();
});

/** The two connectors of pipelines/person-planning. */
const OUTBOX = {
  'table.include.list': 'public.events_outboxitem',
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'io.debezium.converters.BinaryDataConverter',
  'value.converter.delegate.converter.type': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.delegate.converter.type.schemas.enable': 'false',
  transforms: 'outbox',
  'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
  'transforms.outbox.route.by.field': 'topic',
  'transforms.outbox.route.topic.replacement': '${routedByValue}',
  'transforms.outbox.table.field.event.key': 'message_key',
  'transforms.outbox.table.field.event.payload': 'payload',
  'transforms.outbox.table.fields.additional.placement':
    'id:header:ce_id,timestamp:header:ce_time,event_type:header:ce_type,source:header:ce_source,content_type:header:content-type',
};

const cdc = (registryUrl: string) => ({
  'table.include.list': 'public.accounting_balancesheet',
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'io.confluent.connect.avro.AvroConverter',
  'value.converter.schema.registry.url': registryUrl,
  predicates: 'heartbeat',
  'predicates.heartbeat.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
  'predicates.heartbeat.pattern': '__debezium-heartbeat\\..*',
  transforms: 'reroute,extractKey,unwrap',
  'transforms.reroute.type': 'io.debezium.transforms.ByLogicalTableRouter',
  'transforms.reroute.predicate': 'heartbeat',
  'transforms.reroute.negate': 'true',
  'transforms.reroute.topic.regex': '(.*)',
  'transforms.reroute.topic.replacement': 'private_accounting_bal_sheet_cdc',
  'transforms.extractKey.type': 'org.apache.kafka.connect.transforms.ExtractField$Key',
  'transforms.extractKey.predicate': 'heartbeat',
  'transforms.extractKey.negate': 'true',
  'transforms.extractKey.field': 'id',
  'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
});

const ID = '6f2c1a52-6f2e-4b61-9f6d-111111111111';

describe('the connectors of person-planning', () => {
  it('an outbox row becomes an event: payload byte for byte, plain key, headers as text', async () => {
    const database = await world.database(
      `CREATE TABLE events_outboxitem (id uuid PRIMARY KEY, topic text NOT NULL, message_key text NOT NULL, timestamp timestamptz NOT NULL,
       event_type text NOT NULL, source text NOT NULL, content_type text NOT NULL DEFAULT 'application/avro', payload bytea)`,
    );
    await world.run('person-outbox', world.config(database, OUTBOX));
    await database.client.query(
      `INSERT INTO events_outboxitem VALUES ('${ID}', 'public_person_entity_events', 'key-1', '2026-11-21T02:31:12.23343Z', 'person.created', '/person', DEFAULT, '\\x0000000001ff'),
       (gen_random_uuid(), 'public_person_entity_events', 'key-1', now(), 'person.deleted', '/person', DEFAULT, NULL)`,
    );
    const [event, deletion] = await world.records('public_person_entity_events', 2);
    expect(event?.key?.toString()).toBe('key-1');
    expect(event?.value?.toString('hex')).toBe('0000000001ff');
    expect(deletion?.value).toBeNull();
    const headers = Object.fromEntries((event?.headers ?? []).map(([name, value]) => [name, value?.toString()]));
    expect(headers).toMatchObject({
      id: ID,
      ce_id: ID,
      ce_time: '2026-11-21T02:31:12.233430Z',
      ce_type: 'person.created',
      ce_source: '/person',
      'content-type': 'application/avro',
    });
    const [heartbeat] = await world.records(`__debezium-heartbeat.${database.name}`, 1);
    expect(json(heartbeat?.value ?? null)).toEqual({ ts_ms: expect.any(Number) });
    await world.taskState('person-outbox', 'RUNNING');
  });

  it('a balance sheet becomes an Avro row under its id, its deletion a tombstone', async () => {
    const database = await world.database(
      `CREATE TABLE accounting_balancesheet (id uuid PRIMARY KEY, person_id uuid NOT NULL, date_calculated date NOT NULL, assets bigint NOT NULL, liabilities bigint NOT NULL)`,
    );
    await world.run('accounting-cdc', world.config(database, cdc(`http://127.0.0.1:${registry.port}`)));
    await database.client.query(
      `INSERT INTO accounting_balancesheet VALUES ('${ID}', '${ID}', '2024-02-29', 9007199254740993, -5)`,
    );
    await database.client.query('DELETE FROM accounting_balancesheet');
    const [row, deletion] = await world.records('private_accounting_bal_sheet_cdc', 2);
    expect(row?.key?.toString()).toBe(ID);
    expect(deletion?.key?.toString()).toBe(ID);
    expect(deletion?.value).toBeNull();
    const length = Buffer.from([72]).toString('latin1') + ID;
    expect(row?.value?.subarray(5).toString('latin1')).toContain(length + length);
    const subject = await fetch(
      `http://127.0.0.1:${registry.port}/subjects/private_accounting_bal_sheet_cdc-value/versions/latest`,
    );
    const { schema } = (await subject.json()) as { schema: string };
    expect(JSON.parse(schema)).toEqual({
      type: 'record',
      name: 'Value',
      namespace: 'private_accounting_bal_sheet_cdc',
      fields: [
        { name: 'id', type: { type: 'string', 'connect.version': 1, 'connect.name': 'io.debezium.data.Uuid' } },
        { name: 'person_id', type: { type: 'string', 'connect.version': 1, 'connect.name': 'io.debezium.data.Uuid' } },
        {
          name: 'date_calculated',
          type: { type: 'int', 'connect.version': 1, 'connect.name': 'io.debezium.time.Date' },
        },
        { name: 'assets', type: 'long' },
        { name: 'liabilities', type: 'long' },
      ],
      'connect.name': 'private_accounting_bal_sheet_cdc.Value',
    });
  });
});
