import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startSchemaRegistry } from '../../../../src/embedded/schema-registry/server.js';
import { decodeFileDescriptor } from '../../../../src/protocol/protobuf/file-descriptor.js';
import { silentLog } from '../../../../src/support/log.js';
import { askRegistry } from '../../../support/asked-registry.js';
import { freshName, startTestKafka, type TestKafka } from '../../../support/kafka.js';

/** Python's client sends and reads Protobuf schemas as serialized descriptors; others send text. Here both use one registry. */

let kafka: TestKafka;
let registry: Awaited<ReturnType<typeof startSchemaRegistry>>;
let subject: string;

beforeAll(async () => {
  kafka = await startTestKafka();
  const { bootstrapServers } = kafka;
  registry = await startSchemaRegistry({ host: '127.0.0.1', port: 0, bootstrapServers, log: silentLog });
});

afterAll(async () => {
  await registry.stop();
  await kafka.stop();
});

beforeEach(() => {
  subject = freshName('subject');
});

const ask = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) =>
  askRegistry(registry.port, method, path, body);

const protobuf = (schema: string, references: readonly object[] = []) => ({
  schemaType: 'PROTOBUF',
  schema,
  references,
});
const register = (schema: object, of = subject) => ask('POST', `/subjects/${of}/versions`, schema);

/** What protoc makes of them. */
const MONEY = {
  text: 'syntax = "proto3"; package shop; message Money { int64 cents = 1; string currency = 2; }',
  descriptor: 'Cgxjb21tb24ucHJvdG8SBHNob3AiKAoFTW9uZXkSDQoFY2VudHMYASABKAMSEAoIY3VycmVuY3kYAiABKAliBnByb3RvMw==',
};
const PRICED = {
  text: 'syntax = "proto3"; package shop; import public "common.proto"; message Priced { Money price = 1; .shop.Money reduced = 2; }',
  descriptor:
    'CgxwcmljZWQucHJvdG8SBHNob3AaDGNvbW1vbi5wcm90byJCCgZQcmljZWQSGgoFcHJpY2UYASABKAsyCy5zaG9wLk1vbmV5EhwKB3JlZHVjZWQYAiABKAsyCy5zaG9wLk1vbmV5UABiBnByb3RvMw==',
};

test.each([
  ['text', 'descriptor'],
  ['descriptor', 'text'],
] as const)('takes a schema as %s first, and as %s under the same id', async (first, second) => {
  const { id } = (await register(protobuf(MONEY[first]))).body;
  expect((await register(protobuf(MONEY[second]))).body).toEqual({ id });
  expect((await register(protobuf(MONEY[second]), `${subject}-other`)).body).toEqual({ id });
  expect((await ask('POST', `/subjects/${subject}`, protobuf(MONEY[second]))).body).toMatchObject({ id, version: 1 });
  expect((await ask('GET', `/subjects/${subject}/versions`)).body).toEqual([1]);
  expect((await ask('GET', `/schemas/ids/${id}`)).body.schema).toMatch(/^syntax = "proto3";\npackage shop;/);
});

test('tells schemas that differ apart, and judges descriptors by what they hold', async () => {
  const { id } = (await register(protobuf(MONEY.text))).body;
  const other = await register(protobuf(MONEY.text.replace('cents', 'amount')));
  expect(other.status).toBe(200);
  expect(other.body.id).not.toBe(id);
  const check = `/compatibility/subjects/${subject}/versions/latest?verbose=true`;
  expect((await ask('POST', check, protobuf(MONEY.descriptor))).body).toEqual({ is_compatible: true, messages: [] });
  const changed = `${subject}-changed`;
  await register(protobuf(MONEY.text.replace('int64', 'string')), changed);
  expect((await register(protobuf(MONEY.descriptor), changed)).status).toBe(409);
});

test('resolves references of descriptors, and gives both back serialized', async () => {
  const common = `${subject}-common`;
  await register(protobuf(MONEY.descriptor), common);
  expect((await register(protobuf(PRICED.descriptor))).status).toBe(422);
  const references = [{ name: 'common.proto', subject: common, version: 1 }];
  const { id } = (await register(protobuf(PRICED.descriptor, references))).body;
  expect((await register(protobuf(PRICED.text, references))).body).toEqual({ id });

  const expected = decodeFileDescriptor(Buffer.from(PRICED.descriptor, 'base64'));
  const paths = [`/schemas/ids/${id}`, `/subjects/${subject}/versions/1`, `/subjects/${subject}/versions/latest`];
  for (const path of [...paths, `/subjects/${subject}/metadata`]) {
    const { body } = await ask('GET', `${path}?format=serialized`);
    expect(body.references).toEqual(references);
    expect(decodeFileDescriptor(Buffer.from(body.schema, 'base64'))).toEqual({ ...expected, name: 'default' });
  }
  for (const path of paths.slice(0, 2)) {
    const { body } = await ask('GET', `${path}/schema?format=serialized`);
    expect(decodeFileDescriptor(Buffer.from(body, 'base64')).dependency).toEqual(['common.proto']);
  }
  const found = await ask('POST', `/subjects/${subject}?format=serialized`, protobuf(PRICED.text, references));
  expect(decodeFileDescriptor(Buffer.from(found.body.schema, 'base64')).messageType).toEqual(expected.messageType);
});

test.each([
  ['no descriptor', Buffer.from('descriptor').toString('base64'), 'not a serialized FileDescriptorProto'],
  ['a name that is none', Buffer.from([0x12, 3, 0x61, 0x3b, 0x62]).toString('base64'), 'invalid name "a;b"'],
  ['what is too large', Buffer.alloc((1 << 20) + 1).toString('base64'), 'larger than 1048576 bytes'],
])('refuses %s in Base64', async (_, schema, message) => {
  const { status, body } = await register(protobuf(schema));
  expect({ status, code: body.error_code }).toEqual({ status: 422, code: 42201 });
  expect(body.message).toContain(message);
});
