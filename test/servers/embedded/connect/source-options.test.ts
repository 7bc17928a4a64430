import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});

describe('options of the PostgreSQL connector', () => {
  it.each([
    ['heartbeat.interval.ms', { 'heartbeat.interval.ms': '-1' }, 'An non-negative integer is expected'],
    [
      'max.queue.size',
      { 'max.queue.size': '10', 'max.batch.size': '20' },
      'Must be larger than the maximum batch size',
    ],
    [
      'table.exclude.list',
      { 'table.include.list': 'public.a', 'table.exclude.list': 'public.b' },
      '"table.include.list" is already specified',
    ],
    ['topic.naming.strategy', { 'topic.naming.strategy': 'com.example.Mine' }, 'it has io.debezium.schema.'],
    ['converters', { converters: 'mine' }, 'change values with transforms'],
    ['signal.enabled.channels', { 'signal.enabled.channels': 'source,jmx' }, 'only source, kafka, file'],
    ['notification.enabled.channels', { 'notification.enabled.channels': 'sink' }, 'topic name must be provided'],
    [
      'post.processors',
      { 'post.processors': 'mine', 'mine.type': 'com.example.Mine' },
      'it has io.debezium.processors',
    ],
    [
      'exactly.once.support',
      { 'exactly.once.support': 'required' },
      'This worker does not have exactly-once source support enabled.',
    ],
    ['message.key.columns', { 'message.key.columns': 'public.a' }, 'has an invalid format'],
  ])('%s is refused by name', async (option, more, why) => {
    const database = await world.database();
    const config = { ...world.config(database, more), name: 'refused' };
    const { body } = await world.ask('PUT', '/connector-plugins/PostgresConnector/config/validate', config);
    const found = body.configs.find((one: { value: { name: string } }) => one.value.name === option);
    expect(found.value.errors).toEqual([expect.stringContaining(why)]);
    expect(body.error_count).toBe(1);
  });

  it('names records after their topic, without what topics do not allow', async () => {
    const database = await world.database(
      'CREATE SCHEMA "My Schema"',
      'CREATE TABLE "My Schema"."Order Items" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int DEFAULT 5)',
      'INSERT INTO "My Schema"."Order Items" (n) VALUES (1)',
    );
    const withSchemas = { 'value.converter.schemas.enable': 'true' };
    await world.run(
      'names',
      world.config(database, { 'table.include.list': 'My Schema\\.Order Items', ...withSchemas }),
    );
    const [record] = await world.records(`${database.name}.My_Schema.Order_Items`, 1);
    const [before] = json(record?.value ?? null).schema.fields;
    expect(before.name).toBe(`${database.name}.My_Schema.Order_Items.Value`);
    expect(before.fields[0]).toEqual({ type: 'int32', optional: false, field: 'id' });
    expect(before.fields[1]).toEqual({ type: 'int32', optional: true, default: 5, field: 'n' });
  });

  it('leaves out updates that change nothing, tells the types of columns, and names and makes topics as asked', async () => {
    const database = await world.database(
      'CREATE TABLE note (id int PRIMARY KEY, price numeric(8,2), seen int)',
      'ALTER TABLE note REPLICA IDENTITY FULL',
      'INSERT INTO note VALUES (1, 1.50, 0)',
    );
    const topic = `${database.name}.note`;
    await world.run(
      'noted',
      world.config(database, {
        'table.include.list': 'public.note',
        'column.exclude.list': 'public.note.seen',
        'skip.messages.without.change': 'true',
        'column.propagate.source.type': 'public.note.price',
        'topic.naming.strategy': 'io.debezium.schema.DefaultTopicNamingStrategy',
        'topic.creation.default.partitions': '1',
        'topic.creation.default.replication.factor': '1',
        'topic.creation.groups': 'notes',
        'topic.creation.notes.include': '.*note',
        'topic.creation.notes.partitions': '5',
        'value.converter.schemas.enable': 'true',
      }),
    );
    await database.client.query('UPDATE note SET seen = 1');
    await database.client.query('UPDATE note SET price = 2');
    const records = await world.records(topic, 2);
    expect(records.map((record) => json(record.value).payload.op)).toEqual(['r', 'u']);
    expect(json(records[0]?.value ?? null).schema.fields[0].fields[1].parameters).toEqual({
      scale: '2',
      'connect.decimal.precision': '8',
      '__debezium.source.column.type': 'NUMERIC',
      '__debezium.source.column.length': '8',
      '__debezium.source.column.scale': '2',
      '__debezium.source.column.name': 'price',
    });
    expect((await world.kafka.describeTopic(topic))?.partitions).toHaveLength(5);
  });

  it('masks and cuts columns and tells their types in values, not in keys', async () => {
    const database = await world.database(
      'CREATE TABLE person (code text PRIMARY KEY, at timestamp(3), id serial)',
      `INSERT INTO person VALUES ('secret')`,
    );
    const config = {
      'column.mask.with.3.chars': 'public.person.code',
      'column.propagate.source.type': '.*',
      'key.converter.schemas.enable': 'true',
      'value.converter.schemas.enable': 'true',
    };
    await world.run('person', world.config(database, { 'table.include.list': 'public.person', ...config }));
    await database.client.query(`INSERT INTO person VALUES ('other')`);
    const [first, second] = await world.records(`${database.name}.public.person`, 2);
    const key = json(first?.key ?? null);
    expect(key.payload).toEqual({ code: 'secret' });
    expect(key.schema.fields).toEqual([{ type: 'string', optional: false, field: 'code' }]);
    const read = json(first?.value ?? null);
    expect(read.payload.after.code).toBe('***');
    const told = (record: typeof first, column: number) =>
      json(record?.value ?? null).schema.fields[1].fields[column].parameters;
    const source = (name: string, type: string, length: string, scale: string) => ({
      '__debezium.source.column.type': type,
      '__debezium.source.column.length': length,
      '__debezium.source.column.scale': scale,
      '__debezium.source.column.name': name,
    });
    expect(told(first, 0)).toEqual({ ...source('code', 'TEXT', '2147483647', '0'), masked: 'true' });
    expect(told(first, 1)).toEqual(source('at', 'TIMESTAMP', '26', '3'));
    expect(told(first, 2)).toEqual(source('id', 'SERIAL', '10', '0'));
    expect(told(second, 2)).toEqual(source('id', 'INT4', '10', '0')); // relation messages have no defaults
  });
});
