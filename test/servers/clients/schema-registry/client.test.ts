import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import avsc from 'avsc';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectSchemaRegistry, type SchemaRegistryClient } from '../../../../src/clients/schema-registry/client.js';
import { detect, ValueDecoder } from '../../../../src/clients/schema-registry/decode-value.js';
import { startSchemaRegistry } from '../../../../src/embedded/schema-registry/server.js';
import { frameValue } from '../../../../src/protocol/confluent/framing.js';
import { silentLog } from '../../../../src/support/log.js';
import { freshName, startTestKafka, type TestKafka } from '../../../support/kafka.js';

let kafka: TestKafka;
let registry: Awaited<ReturnType<typeof startSchemaRegistry>>;
let client: SchemaRegistryClient;

beforeAll(async () => {
  kafka = await startTestKafka();
  const { bootstrapServers } = kafka;
  registry = await startSchemaRegistry({ host: '127.0.0.1', port: 0, bootstrapServers, log: silentLog });
  client = connectSchemaRegistry({ url: `http://127.0.0.1:${registry.port}/` });
});

afterAll(async () => {
  await registry.stop();
  await kafka.stop();
});

const record = (...fields: unknown[]) => ({ schema: JSON.stringify({ type: 'record', name: 'R', fields }) });
const withA = record({ name: 'a', type: 'long' });
const withB = record({ name: 'a', type: 'long' }, { name: 'b', type: 'int' });

describe('the client', () => {
  test('registers, looks up and deletes; what does not exist is empty, not an error', async () => {
    const subject = freshName('a/b');
    expect(await client.versions(subject)).toEqual([]);
    expect(await client.version(subject, 'latest')).toBeUndefined();
    expect(await client.lookUp(subject, withA)).toBeUndefined();
    const id = await client.register(subject, withA);
    expect(await client.register(subject, withA)).toBe(id);
    expect(await client.lookUp(subject, withA)).toMatchObject({ subject, version: 1, id, schemaType: 'AVRO' });
    expect(await client.lookUp(subject, withB)).toBeUndefined();
    expect(await client.listSubjects()).toContain(subject);
    expect(await client.schemaById(id)).toEqual({ id, schema: withA.schema, schemaType: 'AVRO', references: [] });
    expect(await client.schemaById(999_999)).toBeUndefined();
    expect(await client.deleteSubject(subject, { permanent: true })).toEqual([1]);
    expect(await client.deleteSubject(subject, { permanent: true })).toEqual([]);
    expect(await client.versions(subject)).toEqual([]);
  });

  test("tells a refused schema in the registry's words, tested before or not", async () => {
    const subject = freshName('subject');
    expect(await client.testCompatibility(subject, withA)).toEqual({ compatible: true, messages: [] });
    await client.register(subject, withA);
    const { compatible, messages } = await client.testCompatibility(subject, withB);
    expect(compatible).toBe(false);
    expect(messages[0]).toContain("The field 'b' at path '/fields/1'");
    await expect(client.register(subject, withB)).rejects.toMatchObject({
      code: 'EVPIPE_SCHEMA_REGISTRY_409',
      message: expect.stringContaining("The field 'b' at path '/fields/1'"),
    });
    await expect(client.register(subject, { schema: '{"type":"rec"}' })).rejects.toMatchObject({
      code: 'EVPIPE_SCHEMA_REGISTRY_42201',
    });
  });

  test("sets a subject's own level", async () => {
    const subject = freshName('subject');
    expect(await client.compatibility(subject)).toBeUndefined();
    await client.setCompatibility(subject, 'FORWARD');
    expect(await client.compatibility(subject)).toBe('FORWARD');
  });

  test('says that nobody answers, within its time', async () => {
    const nowhere = connectSchemaRegistry({ url: 'http://127.0.0.1:1', timeoutMs: 200 });
    await expect(nowhere.listSubjects()).rejects.toMatchObject({
      code: 'EVPIPE_SCHEMA_REGISTRY_UNREACHABLE',
      kind: 'unreachable',
    });
  });

  test('says that somebody else answers', async () => {
    const server = createServer((_, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const other = connectSchemaRegistry({ url: `http://127.0.0.1:${port}` });
    await expect(other.listSubjects()).rejects.toMatchObject({ code: 'EVPIPE_SCHEMA_REGISTRY_ANSWER' });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('values', () => {
  test('framed with a schema are decoded, and say which', async () => {
    const topic = freshName('orders');
    const id = await client.register(`${topic}-value`, withA);
    await client.register(`${freshName('another')}-value`, withA);
    const decoder = new ValueDecoder(client);
    const bytes = frameValue(id, avsc.Type.forSchema(JSON.parse(withA.schema)).toBuffer({ a: 42 }));
    const decoded = {
      kind: 'avro',
      value: { a: 42n },
      schemaId: id,
      schemaType: 'AVRO',
      subject: `${topic}-value`,
    };
    expect(await decoder.decode(bytes, { topic, part: 'value' })).toEqual(decoded);
    expect(decoder.decode(bytes, { topic, part: 'value' })).toEqual(decoded); // at once now
    expect(await decoder.decode(bytes.subarray(0, 5))).toMatchObject({
      kind: 'binary',
      problem: expect.stringContaining(`is not a value of schema ${id}`),
    });
  });

  test('of schemas that refer to others are decoded too', async () => {
    const subject = freshName('address');
    await client.register(subject, {
      schema: '{"type":"record","name":"n.Address","fields":[{"name":"zip","type":"string"}]}',
    });
    const id = await client.register(freshName('person'), {
      schema: '{"type":"record","name":"n.Person","fields":[{"name":"home","type":"Address"}]}',
      references: [{ name: 'n.Address', subject, version: 1 }],
    });
    const value = await new ValueDecoder(client).decode(frameValue(id, Buffer.from([6, 49, 50, 51])));
    expect(value).toMatchObject({ kind: 'avro', value: { home: { zip: '123' } } });
  });

  test('whose id the registry does not know stay as they are, and say why', async () => {
    const decoded = await new ValueDecoder(client).decode(frameValue(888_888, Buffer.from('x')));
    expect(decoded).toMatchObject({ kind: 'binary', schemaId: 888_888, problem: expect.stringContaining('888888') });
  });

  test.each([
    ['{"a":1}', 'json', { a: 1 }],
    ['"text"', 'json', 'text'],
    ['{"id":12345678901234567890}', 'json', { id: 12345678901234567890n }],
    ['{broken', 'text', '{broken'],
    ['grün', 'text', 'grün'],
    ['', 'text', ''],
    ['\0\u0001', 'binary', 'AAE='],
  ])('%j without a schema is %s', (text, kind, value) => {
    expect(detect(Buffer.from(text))).toEqual({ kind, value });
  });

  test('that are no UTF-8 are binary, and null is null', () => {
    expect(detect(Buffer.from([0xff, 0xfe]))).toEqual({ kind: 'binary', value: '//4=' });
    expect(new ValueDecoder(undefined).decode(null)).toEqual({ kind: 'null', value: null });
  });
});
