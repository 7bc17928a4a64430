import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSchemaRegistry } from '../../src/embedded/schema-registry/server.js';
import { silentLog } from '../../src/support/log.js';
import { freshName, startTestKafka, type TestKafka } from '../support/kafka.js';
import { type Python, pythonWith } from './stack/python.js';

/** Python's serializers register and read Protobuf schemas as serialized descriptors, those they refer to as well. */

let kafka: TestKafka;
let registry: Awaited<ReturnType<typeof startSchemaRegistry>>;
let python: Python;

beforeAll(async () => {
  python = await pythonWith('confluent-kafka[protobuf,schemaregistry]==2.16.1');
  kafka = await startTestKafka();
  const { bootstrapServers } = kafka;
  registry = await startSchemaRegistry({ host: '127.0.0.1', port: 0, bootstrapServers, log: silentLog });
});

afterAll(async () => {
  await registry?.stop();
  await kafka?.stop();
});

/** What protoc makes of the two files. */
const DESCRIPTORS = [
  'Cgxjb21tb24ucHJvdG8SBHNob3AiKAoFTW9uZXkSDQoFY2VudHMYASABKAMSEAoIY3VycmVuY3kYAiABKAliBnByb3RvMw==',
  'CgxwcmljZWQucHJvdG8SBHNob3AaDGNvbW1vbi5wcm90byJCCgZQcmljZWQSGgoFcHJpY2UYASABKAsyCy5zaG9wLk1vbmV5EhwKB3JlZHVjZWQYAiABKAsyCy5zaG9wLk1vbmV5UABiBnByb3RvMw==',
];
const PRICED = `syntax = "proto3"; package shop;
import public "common.proto";
message Priced { Money price = 1; Money reduced = 2; }`;

it('writes and reads a record whose schema refers to another one, under the id of its text', async () => {
  const url = `http://127.0.0.1:${registry.port}`;
  const topic = freshName('priced');
  const script = fileURLToPath(new URL('python-protobuf/orders.py', import.meta.url));
  const { stdout } = await promisify(execFile)(
    'python3',
    [script, kafka.bootstrapServers, url, topic, ...DESCRIPTORS],
    { env: { ...process.env, ...python.env } },
  );
  const { id, value } = JSON.parse(stdout) as { readonly id: number; readonly value: unknown };
  expect(value).toEqual({ price: { cents: '250', currency: 'EUR' } });

  const references = [{ name: 'common.proto', subject: 'common.proto', version: 1 }];
  const registered = await fetch(`${url}/subjects/${topic}-value/versions`, {
    method: 'POST',
    body: JSON.stringify({ schemaType: 'PROTOBUF', schema: PRICED, references }),
  });
  expect(await registered.json()).toEqual({ id });
});
