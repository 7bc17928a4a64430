import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import { readToEnd } from '../../../../src/clients/kafka/read-topic.js';
import { startSchemaRegistry } from '../../../../src/embedded/schema-registry/server.js';
import { silentLog } from '../../../../src/support/log.js';
import { type Answer, askRegistry, field, record } from '../../../support/asked-registry.js';
import { freshName, startTestKafka, type TestKafka } from '../../../support/kafka.js';

type RunningRegistry = Awaited<ReturnType<typeof startSchemaRegistry>>;

let kafka: TestKafka;
let registry: RunningRegistry;
let subject: string;

const start = (port = 0): Promise<RunningRegistry> =>
  startSchemaRegistry({ host: '127.0.0.1', port, bootstrapServers: kafka.bootstrapServers, log: silentLog });

beforeAll(async () => {
  kafka = await startTestKafka();
  registry = await start();
});

afterAll(async () => {
  await registry.stop();
  await kafka.stop();
});

beforeEach(() => {
  subject = freshName('subject');
});

const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  askRegistry(registry.port, method, path, body, headers);
const register = (schema: unknown, of = subject) => ask('POST', `/subjects/${encodeURIComponent(of)}/versions`, schema);

describe('registering', () => {
  test('gives an id, the same for the same schema whatever its spaces and subject', async () => {
    const first = await register({ schema: '{"type":"record", "name":"Same", "fields":[]}' });
    expect(first).toMatchObject({ status: 200, type: 'application/vnd.schemaregistry.v1+json' });
    expect((await register({ schema: '{ "name":"Same","fields":[],"type":"record" }' })).body).toEqual(first.body);
    expect((await register({ schema: '{"type":"record","name":"Same","fields":[]}' }, `${subject}-2`)).body).toEqual(
      first.body,
    );
    expect((await register(record(field(subject.replaceAll('-', '_'))), `${subject}-3`)).body.id).toBeGreaterThan(
      first.body.id,
    );
    expect((await ask('GET', `/schemas/ids/${first.body.id}/subjects`)).body).toEqual(
      expect.arrayContaining([subject, `${subject}-2`]),
    );
  });

  test('counts versions, which are found by number, as latest, by schema and by id', async () => {
    const one = (await register(record(field('a')))).body.id;
    const two = (await register(record(field('a'), field('b', 'int', { default: 0 })))).body.id;
    expect((await ask('GET', `/subjects/${subject}/versions`)).body).toEqual([1, 2]);
    const second = { subject, version: 2, id: two, schema: expect.stringContaining('"b"') };
    expect((await ask('GET', `/subjects/${subject}/versions/2`)).body).toEqual(second);
    expect((await ask('GET', `/subjects/${subject}/versions/latest`)).body).toEqual(second);
    expect((await ask('POST', `/subjects/${subject}`, record(field('a')))).body).toMatchObject({ version: 1, id: one });
    expect((await ask('GET', `/schemas/ids/${one}`)).body).toEqual(record(field('a')));
    expect((await ask('GET', `/subjects/${subject}/versions/1/schema`)).body).toMatchObject({ name: 'R' });
    expect((await ask('GET', '/subjects')).body).toContain(subject);
  });

  test('takes names that have to be encoded', async () => {
    const name = `${subject}/ä %`;
    await register(record(), name);
    expect((await ask('GET', `/subjects/${encodeURIComponent(name)}/versions`)).body).toEqual([1]);
  });

  test('of a schema that refers to the latest version of another one, by -1', async () => {
    const address = (street: string) => ({ type: 'record', name: 'Place', fields: [field(street, 'string')] });
    const home = `${subject}-place`;
    await ask('PUT', `/config/${home}`, { compatibility: 'NONE' });
    await register({ schema: JSON.stringify(address('street')) }, home);
    await register({ schema: JSON.stringify(address('road')) }, home);
    const person = {
      schema: JSON.stringify({ type: 'record', name: 'Guest', fields: [field('at', 'Place')] }),
      references: [{ name: 'Place', subject: home, version: -1 }],
    };
    const { body } = await register(person, `${subject}-guest`);
    expect((await ask('GET', `/schemas/ids/${body.id}`)).body.references).toEqual([
      { name: 'Place', subject: home, version: 2 },
    ]);
    expect((await ask('POST', `/subjects/${subject}-guest`, person)).body).toMatchObject({ id: body.id, version: 1 });
    const nowhere = { ...person, references: [{ name: 'Place', subject: 'nowhere', version: -1 }] };
    expect((await register(nowhere, `${subject}-guest`)).body).toMatchObject({ error_code: 42201 });
  });

  test('with metadata and rules, which the next version takes over', async () => {
    const of = `${subject}-tagged`;
    const metadata = { properties: { owner: 'shop' } };
    const ruleSet = { domainRules: [{ name: 'checkId', kind: 'CONDITION', type: 'CEL', mode: 'WRITE', expr: 'true' }] };
    const first = record(field('a'));
    const plain = (await register(first, of)).body.id;
    const tagged = (await register({ ...first, metadata, ruleSet }, of)).body.id;
    expect(tagged).not.toBe(plain);
    expect((await ask('GET', `/subjects/${of}/versions/2`)).body).toMatchObject({ id: tagged, metadata, ruleSet });
    expect((await ask('GET', `/schemas/ids/${tagged}`)).body).toMatchObject({ metadata, ruleSet });
    expect((await ask('GET', `/schemas/ids/${plain}`)).body).not.toHaveProperty('metadata');
    expect((await register(first, of)).body.id).toBe(tagged);
    expect((await ask('POST', `/subjects/${of}`, { ...first, metadata: {} })).body.error_code).toBe(40403);
    await register(record(field('a'), field('b', ['null', 'int'], { default: null })), of);
    expect((await ask('GET', `/subjects/${of}/versions/latest`)).body).toMatchObject({ version: 3, metadata, ruleSet });
  });

  test('of a schema that refers to another one', async () => {
    const address = { type: 'record', name: 'shop.Address', fields: [field('street', 'string')] };
    await register({ schema: JSON.stringify(address) }, `${subject}-address`);
    const references = [{ name: 'shop.Address', subject: `${subject}-address`, version: 1 }];
    const person = { type: 'record', name: 'shop.Person', fields: [field('home', 'Address')] };
    const { body } = await register({ schema: JSON.stringify(person), references });
    expect((await ask('GET', `/schemas/ids/${body.id}`)).body).toMatchObject({ references });
    expect((await ask('GET', `/subjects/${subject}-address/versions/1/referencedby`)).body).toEqual([body.id]);
    expect((await ask('DELETE', `/subjects/${subject}-address`)).body).toMatchObject({ error_code: 42206 });
    expect((await register({ schema: JSON.stringify(person) }, `${subject}-x`)).body).toMatchObject({
      error_code: 42201,
      message: expect.stringContaining('"Address" is not a defined name'),
    });
  });

  test.each([
    [{ schema: '{"type":"rec"}' }, 422, 42201],
    [{ schema: '' }, 422, 42201],
    [{ schema: '"string"', schemaType: 'PROTOBUF' }, 422, 42201],
    ['{', 400, 400],
    [{ schema: '"string"', id: 7 }, 422, 42205],
  ])('refuses %j', async (body, status, code) => {
    expect(await register(body)).toMatchObject({ status, body: { error_code: code, message: expect.any(String) } });
    expect(await ask('GET', `/subjects/${subject}/versions`)).toMatchObject({ status: 404 });
  });
});

describe('compatibility', () => {
  const old = record(field('a'));
  const wider = record(field('a'), field('b'));

  test('is BACKWARD unless said otherwise; a refusal names field and path', async () => {
    await register(old);
    const { status, body } = await register(wider);
    expect(status).toBe(409);
    expect(body.error_code).toBe(409);
    expect(body.message).toContain(`incompatible with an earlier schema for subject "${subject}"`);
    expect(body.message).toContain("The field 'b' at path '/fields/1' in the new schema has no default value");
  });

  test('is tried without registering, with the reasons where they are asked for', async () => {
    await register(old);
    const path = `/compatibility/subjects/${subject}/versions/latest`;
    expect((await ask('POST', path, wider)).body).toEqual({ is_compatible: false });
    const verbose = (await ask('POST', `${path}?verbose=true`, wider)).body;
    expect(verbose.is_compatible).toBe(false);
    expect(verbose.messages[0]).toContain("errorType:'READER_FIELD_MISSING_DEFAULT_VALUE'");
    expect((await ask('POST', `${path}?verbose=true`, old)).body).toEqual({ is_compatible: true, messages: [] });
    expect((await ask('POST', `/compatibility/subjects/${subject}-none/versions`, old)).body).toEqual({
      is_compatible: true,
    });
  });

  // Removing a field is backward compatible, adding one without default forward, a default makes it full.
  test.each([
    ['BACKWARD', record(), 200],
    ['BACKWARD', wider, 409],
    ['FORWARD', record(), 409],
    ['FORWARD', wider, 200],
    ['FULL', wider, 409],
    ['FULL', record(field('a'), field('b', 'int', { default: 1 })), 200],
    ['NONE', { schema: '"string"' }, 200],
  ])('%s, then %j', async (compatibility, next, status) => {
    await register(old);
    expect((await ask('PUT', `/config/${subject}`, { compatibility })).body).toEqual({ compatibility });
    expect((await register(next)).status).toBe(status);
  });

  test('TRANSITIVE looks at all earlier versions, else only at the last one', async () => {
    await ask('PUT', `/config/${subject}`, { compatibility: 'NONE' });
    await register(record(field('a', 'string')));
    await register(record());
    const next = record(field('a', 'int', { default: 0 }));
    const check = async (compatibility: string) => {
      await ask('PUT', `/config/${subject}`, { compatibility });
      return (await ask('POST', `/compatibility/subjects/${subject}/versions`, next)).body.is_compatible;
    };
    expect(await check('BACKWARD')).toBe(true);
    expect(await check('BACKWARD_TRANSITIVE')).toBe(false);
  });

  test('levels are set for one subject or for all', async () => {
    expect((await ask('GET', `/config/${subject}`)).body).toEqual({
      error_code: 40408,
      message: `Subject '${subject}' does not have subject-level compatibility configured`,
    });
    expect((await ask('GET', `/config/${subject}?defaultToGlobal=true`)).body).toEqual({
      compatibilityLevel: 'BACKWARD',
    });
    await ask('PUT', `/config/${subject}`, { compatibility: 'full' });
    expect((await ask('GET', `/config/${subject}`)).body).toEqual({ compatibilityLevel: 'FULL' });
    expect((await ask('DELETE', `/config/${subject}`)).body).toEqual({ compatibilityLevel: 'FULL' });
    expect((await ask('GET', `/config/${subject}`)).status).toBe(404);
    expect((await ask('PUT', '/config', { compatibility: 'SIDEWAYS' })).body.error_code).toBe(42203);
  });
});

describe('deleting', () => {
  test('is soft first: hidden, but found with deleted=true, and its id stays', async () => {
    const { id } = (await register(record(field('soft')))).body;
    expect((await ask('DELETE', `/subjects/${subject}`)).body).toEqual([1]);
    expect((await ask('GET', '/subjects')).body).not.toContain(subject);
    expect((await ask('GET', '/subjects?deleted=true')).body).toContain(subject);
    expect((await ask('GET', `/subjects/${subject}/versions/1`)).body.error_code).toBe(40401);
    expect((await ask('GET', `/subjects/${subject}/versions/1?deleted=true`)).body).toMatchObject({ id });
    expect((await ask('GET', `/schemas/ids/${id}`)).status).toBe(200);
    expect((await ask('DELETE', `/subjects/${subject}`)).body.error_code).toBe(40404);
    expect((await register(record(field('soft')))).body.id).toBe(id);
    expect((await ask('GET', `/subjects/${subject}/versions`)).body).toEqual([2]);
  });

  test('for good comes after, and only after', async () => {
    const { id } = (await register(record(field('hard')))).body;
    expect((await ask('DELETE', `/subjects/${subject}?permanent=true`)).body.error_code).toBe(40405);
    await ask('DELETE', `/subjects/${subject}`);
    expect((await ask('DELETE', `/subjects/${subject}?permanent=true`)).body).toEqual([1]);
    expect((await ask('GET', `/schemas/ids/${id}`)).body.error_code).toBe(40403);
    expect((await ask('DELETE', `/subjects/${subject}`)).body.error_code).toBe(40401);
  });

  test('works for one version', async () => {
    await register(record());
    await register(record(field('a', 'int', { default: 0 })));
    const path = `/subjects/${subject}/versions`;
    expect((await ask('DELETE', `${path}/1?permanent=true`)).body.error_code).toBe(40407);
    expect((await ask('DELETE', `${path}/latest`)).body).toBe(2);
    expect((await ask('DELETE', `${path}/2`)).body.error_code).toBe(40406);
    expect((await ask('DELETE', `${path}/2?permanent=true`)).body).toBe(2);
    expect((await ask('DELETE', `${path}/9`)).body.error_code).toBe(40402);
    expect((await ask('DELETE', `${path}/x`)).body.error_code).toBe(42202);
    expect((await ask('GET', path)).body).toEqual([1]);
  });
});

describe('schemas of type PROTOBUF', () => {
  const proto = (text: string, more = {}) => ({
    schema: `syntax = "proto3"; ${text}`,
    schemaType: 'PROTOBUF',
    ...more,
  });

  test('are stored in one layout, found by what they mean, and answered with their type', async () => {
    const { id } = (await register(proto('message Shop{string a=1;}'))).body;
    const schema = 'syntax = "proto3";\n\nmessage Shop {\n  string a = 1;\n}\n';
    const stored = { subject, version: 1, id, schemaType: 'PROTOBUF', schema };
    expect((await ask('GET', `/subjects/${subject}/versions/latest`)).body).toEqual(stored);
    expect((await ask('GET', `/schemas/ids/${id}`)).body).toEqual({ schemaType: 'PROTOBUF', schema });
    expect(
      (await ask('POST', `/subjects/${subject}`, proto('message Shop { string a = 1; /* same */ }'))).body,
    ).toEqual(stored);
    expect((await ask('POST', `/subjects/${subject}`, { schema, schemaType: 'AVRO' })).body.error_code).toBe(42201);
  });

  test('import what their references name', async () => {
    await register(proto('package shop; message Line { int32 no = 1; }'), `${subject}-line`);
    const references = [{ name: 'line.proto', subject: `${subject}-line`, version: 1 }];
    const order = 'import "line.proto"; message Order { shop.Line line = 1; }';
    const { id } = (await register(proto(order, { references }))).body;
    expect((await ask('GET', `/schemas/ids/${id}`)).body).toMatchObject({ schemaType: 'PROTOBUF', references });
    const { body } = await register(proto(order), `${subject}-x`);
    expect(body).toMatchObject({
      error_code: 42201,
      message: expect.stringContaining('the imported file "line.proto" is not known'),
    });
  });

  test.each([
    ['message M { string a = 1; ', 'illegal end of input'],
    ['message M { Nothing a = 1; }', "no such Type or Enum 'Nothing'"],
    ['message M { string a = 1; string b = 1; }', 'duplicate id 1'],
  ])('%s is refused with the reason', async (text, reason) => {
    const { status, body } = await register(proto(text));
    expect([status, body.error_code]).toEqual([422, 42201]);
    expect(body.message).toMatch(new RegExp(`^Invalid schema .* of type PROTOBUF, details: .*${reason}`, 's'));
  });

  const small = proto('message M { string a = 1; }');
  const wide = proto('message M { string a = 1; message N {} }');
  test.each([
    ['BACKWARD', small, wide, []],
    ['BACKWARD', wide, small, ['{errorType:"MESSAGE_REMOVED", description:"the new schema has no message \'#/M/N\'"}']],
    ['FORWARD', small, wide, ['{errorType:"MESSAGE_REMOVED", description:"the old schema has no message \'#/M/N\'"}']],
    ['FORWARD', wide, small, []],
    ['FULL', wide, small, ['{errorType:"MESSAGE_REMOVED", description:"the new schema has no message \'#/M/N\'"}']],
    ['FULL', small, proto('message M { bytes b = 1; }'), []],
    ['NONE', wide, small, []],
    ['BACKWARD', small, record(), ['Incompatible because of different schema type']],
  ])('%s: %j, then %j', async (compatibility, first, next, reasons) => {
    await register(first);
    await ask('PUT', `/config/${subject}`, { compatibility });
    const path = `/compatibility/subjects/${subject}/versions/latest?verbose=true`;
    const { body } = await ask('POST', path, next);
    expect(body.is_compatible).toBe(reasons.length === 0);
    expect(body.messages.slice(0, reasons.length)).toEqual(reasons);
    expect((await register(next)).status).toBe(reasons.length === 0 ? 200 : 409);
  });
});

describe('schemas of type JSON', () => {
  const json = (schema: unknown, more = {}) => ({
    schema: typeof schema === 'string' ? schema : JSON.stringify(schema),
    schemaType: 'JSON',
    ...more,
  });
  const object = (properties: object, more = {}) => json({ type: 'object', properties, ...more });

  test('are stored without spaces, numbers as they were written, and answered with their type', async () => {
    const { id } = (await register(json('{ "type": "number", "maximum": 1.50 }'))).body;
    const schema = '{"type":"number","maximum":1.50}';
    const stored = { subject, version: 1, id, schemaType: 'JSON', schema };
    expect((await ask('GET', `/subjects/${subject}/versions/1`)).body).toEqual(stored);
    expect((await ask('GET', `/schemas/ids/${id}`)).body).toEqual({ schemaType: 'JSON', schema });
    const turned = json('{"maximum":1.50,"type":"number"}');
    expect((await ask('POST', `/subjects/${subject}`, turned)).body.error_code).toBe(40403);
    const path = `/subjects/${subject}-normal/versions?normalize=true`;
    const normal = (await ask('POST', path, turned)).body.id;
    expect((await ask('POST', path, json(schema))).body.id).toBe(normal);
  });

  test('refer to documents by name', async () => {
    await register(object({ street: { type: 'string' } }), `${subject}-home`);
    const references = [{ name: 'home.json', subject: `${subject}-home`, version: 1 }];
    const person = { home: { $ref: 'home.json' } };
    expect((await register(object(person))).body).toMatchObject({
      error_code: 42201,
      message: expect.stringContaining('"$ref": "home.json" names nothing'),
    });
    const { id } = (await register({ ...object(person), references })).body;
    expect((await ask('GET', `/schemas/ids/${id}`)).body).toMatchObject({ schemaType: 'JSON', references });
  });

  test.each([
    ['{', /of type JSON, details: .*JSON/],
    ['{"type":"strin"}', /of type JSON, details: #\/type must be equal to one of the allowed values/],
  ])('%s is refused with the reason', async (text, reason) => {
    const { status, body } = await register(json(text));
    expect([status, body.error_code]).toEqual([422, 42201]);
    expect(body.message).toMatch(reason);
  });

  const small = object({ a: { type: 'integer' } }, { additionalProperties: false });
  const wide = object({ a: { type: 'number' }, b: { type: 'string' } }, { additionalProperties: false });
  test.each([
    ['BACKWARD', small, wide, []],
    ['BACKWARD', wide, small, ['TYPE_NARROWED', 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL']],
    ['FORWARD', wide, small, []],
    ['FORWARD', small, wide, ['TYPE_NARROWED', 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL']],
    ['FULL', small, wide, ['TYPE_NARROWED', 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL']],
    ['NONE', small, wide, []],
  ])('%s: %j, then %j', async (compatibility, first, next, types) => {
    await register(first);
    await ask('PUT', `/config/${subject}`, { compatibility });
    const { body } = await ask('POST', `/compatibility/subjects/${subject}/versions?verbose=true`, next);
    expect(body.is_compatible).toBe(types.length === 0);
    const sides = compatibility === 'BACKWARD' ? ['old', 'new'] : ['new', 'old'];
    const told = types.map((type) =>
      expect.stringMatching(
        `^{errorType:"${type}", description:"values of the ${sides[0]} schema may break the ${sides[1]} schema`,
      ),
    );
    expect(body.messages.slice(0, types.length)).toEqual(told);
    expect((await register(next)).status).toBe(types.length === 0 ? 200 : 409);
  });
});

test('a read-only subject takes nothing, and IMPORT takes ids that are given', async () => {
  await ask('PUT', `/mode/${subject}`, { mode: 'READONLY' });
  expect((await register(record())).body).toEqual({
    error_code: 42205,
    message: `Subject ${subject} is in read-only mode`,
  });
  await ask('PUT', `/mode/${subject}`, { mode: 'IMPORT' });
  expect(
    (await register({ schema: '{"type":"enum","name":"Imported","symbols":["A"]}', id: 4711, version: 3 })).body,
  ).toEqual({
    id: 4711,
  });
  expect((await ask('DELETE', `/mode/${subject}`)).body).toEqual({ mode: 'IMPORT' });
  expect((await ask('GET', `/subjects/${subject}/versions`)).body).toEqual([3]);
  expect((await ask('GET', '/mode')).body).toEqual({ mode: 'READWRITE' });
});

test('what is not there is 404 in JSON, in the type that the client accepts', async () => {
  expect(await ask('GET', '/nothing', undefined, { accept: 'application/json' })).toMatchObject({
    status: 404,
    type: 'application/json',
    body: { error_code: 404 },
  });
  expect((await ask('PUT', '/subjects')).status).toBe(405);
  expect((await ask('GET', '/')).body).toEqual({});
  expect((await ask('GET', '/schemas/types')).body).toEqual(['JSON', 'PROTOBUF', 'AVRO']);
});

test('@kafkajs/confluent-schema-registry registers, encodes and decodes', async () => {
  const client = new SchemaRegistry({ host: `http://127.0.0.1:${registry.port}` });
  const schema = JSON.stringify({
    type: 'record',
    name: 'Greeting',
    namespace: 'a.b',
    fields: [field('text', 'string')],
  });
  const { id } = await client.register({ type: SchemaType.AVRO, schema }, { subject });
  const encoded = await client.encode(id, { text: 'hello' });
  const another = new SchemaRegistry({ host: `http://127.0.0.1:${registry.port}` });
  expect(await another.decode(encoded)).toEqual({ text: 'hello' });
  expect(await another.getLatestSchemaId(subject)).toBe(id);
  expect(await another.getRegistryIdBySchema(subject, { type: SchemaType.AVRO, schema })).toBe(id);
});

describe('the topic _schemas', () => {
  test("holds the records that Confluent's registry writes", async () => {
    const { id } = (await register(record(field('stored')))).body;
    await ask('PUT', `/config/${subject}`, { compatibility: 'FORWARD' });
    await ask('DELETE', `/subjects/${subject}`);
    const client = connectKafka({ bootstrapServers: kafka.bootstrapServers, clientId: 'test' });
    const found: unknown[] = [];
    for await (const batch of readToEnd(client, '_schemas')) {
      for (const { key, value } of batch.records) {
        if (key?.includes(`"${subject}"`)) found.push([key.toString(), value?.toString() ?? null]);
      }
    }
    await client.close();
    const { schema } = record(field('stored'));
    expect(found).toEqual([
      [
        `{"keytype":"SCHEMA","subject":"${subject}","version":1,"magic":1}`,
        JSON.stringify({ subject, version: 1, id, schema, deleted: false }),
      ],
      [`{"keytype":"CONFIG","subject":"${subject}","magic":0}`, '{"compatibilityLevel":"FORWARD"}'],
      [`{"keytype":"DELETE_SUBJECT","subject":"${subject}","magic":0}`, `{"subject":"${subject}","version":1}`],
      [`{"keytype":"CONFIG","subject":"${subject}","magic":0}`, null],
    ]);
  });

  test('is all that a registry needs to go on: ids, versions, settings and deletions', async () => {
    const { id } = (await register(record(field('kept')))).body;
    await ask('PUT', `/config/${subject}`, { compatibility: 'FULL' });
    await register(record(), `${subject}-gone`);
    await ask('DELETE', `/subjects/${subject}-gone`);
    const { port } = registry;
    await registry.stop();
    registry = await start(port);
    expect((await ask('GET', `/subjects/${subject}/versions/latest`)).body).toMatchObject({ id, version: 1 });
    expect((await ask('GET', `/config/${subject}`)).body).toEqual({ compatibilityLevel: 'FULL' });
    expect((await ask('GET', '/subjects')).body).not.toContain(`${subject}-gone`);
    expect((await register(record(field('kept')))).body.id).toBe(id);
    expect((await register(record(field('next_after_restart')), `${subject}-2`)).body.id).toBeGreaterThan(id);
  });

  test('is shared by two registries: what one has answered the other knows', async () => {
    const first = registry;
    const second = await start();
    try {
      const { id } = (await register(record(field('shared')))).body;
      registry = second;
      expect((await register(record(field('shared')))).body.id).toBe(id);
    } finally {
      registry = first;
      await second.stop();
    }
  });
});
