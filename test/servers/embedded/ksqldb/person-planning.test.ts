import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AvroOutput } from '../../../../src/protocol/avro/output.js';
import { waitUntil } from '../../../../src/support/retry.js';
import { type KsqlStack, startStack } from './stack.js';

const ROW_SCHEMA = {
  type: 'record',
  name: 'Value',
  namespace: 'cdc',
  fields: [
    { name: 'id', type: { type: 'string', 'connect.name': 'io.debezium.data.Uuid' } },
    { name: 'person_id', type: 'string' },
    { name: 'date_calculated', type: { type: 'int', 'connect.name': 'io.debezium.time.Date' } },
    { name: 'assets', type: 'long' },
    { name: 'liabilities', type: 'long' },
  ],
};

const CREATE_ROWS =
  "CREATE STREAM balance_sheet_rows (`key` VARCHAR KEY) WITH (KAFKA_TOPIC = 'cdc', VALUE_FORMAT = 'AVRO');";

const CREATE_EVENTS = `SET 'auto.offset.reset' = 'earliest';
CREATE STREAM balance_sheet_events WITH (KAFKA_TOPIC = 'public', VALUE_FORMAT = 'AVRO') AS SELECT
  \`key\`,
  '1.0' AS \`specversion\`,
  UUID() AS \`id\`,
  FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'yyyy-MM-dd''T''HH:mm:ss.SSSX') AS \`time\`,
  STRUCT(
    \`id\` := ID,
    \`date_calculated\` := FORMAT_DATE(FROM_DAYS(DATE_CALCULATED), 'yyyy-MM-dd'),
    \`assets\` := ASSETS
  ) AS \`data\`
FROM balance_sheet_rows
EMIT CHANGES;`;

describe('the streams of person-planning', () => {
  let stack: KsqlStack;
  let schemaId = 0;

  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.end());

  const rowBytes = (assets: bigint): Buffer => {
    const output = new AvroOutput();
    output.byte(0);
    output.uint32BE(schemaId);
    output.text('sheet-1');
    output.text('person-1');
    output.long(20_000);
    output.long(assets);
    output.long(5n);
    return output.finish();
  };

  it('says which subject is missing before it can infer columns', async () => {
    const { status, body } = await stack.ksql(CREATE_ROWS);
    expect(status).toBe(400);
    expect(body).toMatchObject({ '@type': 'statement_error', error_code: 40001, statementText: CREATE_ROWS });
    expect(body.message).toContain(
      "Schema for message values on topic 'cdc' does not exist in the Schema Registry.\nSubject: cdc-value",
    );
  });

  it('infers columns, makes the sink with its schema before it answers, and passes rows and tombstones', async () => {
    await stack.kafka.createTopic({ name: 'cdc', partitions: 3 });
    const registered = await fetch(`${stack.registryUrl}/subjects/cdc-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(['null', ROW_SCHEMA]) }),
    });
    expect(registered.status).toBe(200);
    const bare = await fetch(`${stack.registryUrl}/subjects/bare-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(ROW_SCHEMA) }),
    });
    schemaId = ((await bare.json()) as { id: number }).id;
    expect(await stack.ksql(CREATE_ROWS)).toMatchObject({ status: 200 });
    const { body: described } = await stack.ksql('DESCRIBE balance_sheet_rows;');
    expect(described[0].sourceDescription.fields.map(({ name }: { name: string }) => name)).toEqual([
      'key',
      'ID',
      'PERSON_ID',
      'DATE_CALCULATED',
      'ASSETS',
      'LIABILITIES',
    ]);

    const created = await stack.ksql(CREATE_EVENTS);
    expect(created.body).toMatchObject([
      {
        '@type': 'currentStatus',
        commandStatus: { status: 'SUCCESS', message: 'Created query with ID CSAS_BALANCE_SHEET_EVENTS_1' },
      },
    ]);
    expect((await stack.kafka.describeTopic('public'))?.partitions).toHaveLength(3);
    const subject = await fetch(`${stack.registryUrl}/subjects/public-value/versions/latest`);
    const { schema } = (await subject.json()) as { schema: string };
    expect(JSON.parse(schema)).toMatchObject({
      name: 'KsqlDataSourceSchema',
      namespace: 'io.confluent.ksql.avro_schemas',
    });

    const producer = stack.kafka.producer();
    const timestampMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    await producer.send([{ topic: 'cdc', key: Buffer.from('sheet-1'), value: rowBytes(2n ** 60n), timestampMs }]);
    await producer.send([{ topic: 'cdc', key: Buffer.from('sheet-1'), value: null, timestampMs }]);
    await producer.close();
    const [event, deletion] = await stack.consume('public', 2);
    expect(event?.key?.toString()).toBe('sheet-1');
    expect(event?.timestampMs).toBe(timestampMs);
    expect(deletion?.value).toBeNull();
    expect(deletion?.key?.toString()).toBe('sheet-1');

    const read = await stack.post('/query', { ksql: 'SELECT * FROM balance_sheet_events;' });
    const rows = JSON.parse(read.text);
    expect(rows[0].header.schema).toBe(
      '`key` STRING, `specversion` STRING, `id` STRING, `time` STRING, `data` STRUCT<`id` STRING, `date_calculated` STRING, `assets` BIGINT>',
    );
    expect(rows[1].row.columns).toEqual([
      'sheet-1',
      '1.0',
      expect.stringMatching(/^[0-9a-f-]{36}$/),
      '2026-01-02T03:04:05.678Z',
      { id: 'sheet-1', date_calculated: '2024-10-04', assets: 2 ** 60 },
    ]);
    expect(read.text).toContain('"assets":1152921504606846976');
  });

  it('commits the offsets of the query group soon after its output', async () => {
    const group = '_confluent-ksql-default_query_CSAS_BALANCE_SHEET_EVENTS_1';
    await waitUntil(
      'the committed offset',
      async () => {
        const offsets = await stack.kafka.committedOffsets(group, ['cdc']);
        return offsets.reduce((sum, { offset }) => sum + Number(offset), 0) === 2 ? true : undefined;
      },
      { timeoutMs: 10_000 },
    );
  });

  it('goes on where it was after a restart', async () => {
    await stack.restart();
    const { body } = await stack.ksql('SHOW QUERIES;');
    expect(body[0].queries).toMatchObject([{ id: 'CSAS_BALANCE_SHEET_EVENTS_1', state: 'RUNNING' }]);
    await stack.produce('cdc', [['sheet-2', null]]);
    const records = await stack.consume('public', 3);
    expect(records).toHaveLength(3);
    expect(records.some(({ key }) => key?.toString() === 'sheet-2')).toBe(true);
  });

  it('skips nothing that it can’t read only because the registry is away', async () => {
    await stack.stopRegistry();
    await stack.restart(); // it knows no schema any more
    const producer = stack.kafka.producer();
    await producer.send([{ topic: 'cdc', key: Buffer.from('sheet-3'), value: rowBytes(3n) }]);
    await producer.close();
    await waitUntil(
      'the query to fail',
      async () => {
        const { body } = await stack.ksql('SHOW QUERIES;');
        return body[0].queries[0].state === 'ERROR' ? true : undefined;
      },
      { timeoutMs: 20_000 },
    );
    await stack.startRegistry();
    const records = await stack.consume('public', 4);
    expect(records.some(({ key, value }) => key?.toString() === 'sheet-3' && value !== null)).toBe(true);
  });
});
