import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
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

describe('contexts', () => {
  const contexts = async () => (await ask('GET', '/contexts')).body;
  const setLevel = (of: string, compatibility: string) => ask('PUT', `/config/${of}`, { compatibility });

  test('have ids, subjects, levels and modes of their own, by qualified names and below their path', async () => {
    const context = `.${freshName('context')}`;
    const qualified = `:${context}:${subject}`;
    await register(record(field('home')));
    const { body: first } = await register(record(field('a')), qualified);
    expect(first).toEqual({ id: 1 });
    expect(await contexts()).toEqual(expect.arrayContaining(['.', context]));

    const version = { subject: qualified, version: 1, id: 1, ...record(field('a')) };
    expect((await ask('GET', `/subjects/${qualified}/versions/1`)).body).toEqual(version);
    expect((await ask('GET', `/contexts/${context}/subjects/${subject}/versions/1`)).body).toEqual(version);
    expect((await ask('GET', `/contexts/${context}/subjects`)).body).toEqual([qualified]);
    expect((await ask('GET', `/subjects?subjectPrefix=:${context}:`)).body).toEqual([qualified]);
    expect((await ask('GET', `/subjects?subjectPrefix=${subject}`)).body).toEqual([subject]);
    expect((await ask('GET', `/subjects?subjectPrefix=:*:${subject}`)).body).toEqual([qualified, subject]);
    expect((await ask('GET', '/subjects')).body).toEqual(expect.arrayContaining([qualified, subject]));

    await setLevel(`:${context}:`, 'NONE');
    expect((await ask('GET', `/config/${qualified}?defaultToGlobal=true`)).body).toEqual({
      compatibilityLevel: 'NONE',
    });
    expect((await ask('GET', `/contexts/${context}/config`)).body).toEqual({ compatibilityLevel: 'NONE' });
    expect((await ask('GET', '/config')).body).toEqual({ compatibilityLevel: 'BACKWARD' });
    const other = await ask('POST', `/contexts/${context}/subjects/${subject}/versions`, record(field('a', 'string')));
    expect(other.body).toEqual({ id: 2 });

    await ask('PUT', `/contexts/${context}/mode`, { mode: 'READONLY' });
    expect(await register(record(field('b')), qualified)).toMatchObject({ status: 422, body: { error_code: 42205 } });
    expect((await register(record(field('home'), field('b', 'int', { default: 1 })))).status).toBe(200);
  });

  test('are where ids are looked up, by the subject that goes with them', async () => {
    const context = `.${freshName('context')}`;
    const qualified = `:${context}:${subject}`;
    const { id: taken } = (await register(record(field('home')))).body;
    await ask('PUT', `/mode/${qualified}`, { mode: 'IMPORT' });
    await register({ ...record(field('away')), id: taken }, qualified);
    const far = taken + 1000;
    await register({ ...record(field('far')), id: far }, qualified);

    const fieldOf = async (path: string) => {
      const { body } = await ask('GET', path);
      return body.schema === undefined ? body.error_code : JSON.parse(body.schema).fields[0].name;
    };
    expect(await fieldOf(`/schemas/ids/${taken}`)).toBe('home');
    expect(await fieldOf(`/schemas/ids/${taken}?subject=${subject}`)).toBe('home');
    expect(await fieldOf(`/schemas/ids/${taken}?subject=${qualified}`)).toBe('away');
    expect(await fieldOf(`/contexts/${context}/schemas/ids/${taken}`)).toBe('away');
    expect(await fieldOf(`/schemas/ids/${far}`)).toBe(40403);
    expect(await fieldOf(`/schemas/ids/${far}?subject=${subject}`)).toBe('far');
    expect((await ask('GET', `/schemas/ids/${taken}/versions?subject=:${context}:`)).body).toEqual([
      { subject: qualified, version: 1 },
    ]);
    expect((await ask('GET', `/contexts/${context}/schemas/ids/${taken}?fetchMaxId=true`)).body.maxId).toBe(far);
  });

  test('are where references without one are looked up', async () => {
    const context = `.${freshName('context')}`;
    const inner = { schema: '{"type":"record","name":"Inner","fields":[]}' };
    await register(inner, `:${context}:inner`);
    const outer = {
      ...record(field('inner', 'Inner')),
      references: [{ name: 'Inner', subject: 'inner', version: 1 }],
    };
    expect((await register(outer, subject)).status).toBe(422);
    const { body } = await register(outer, `:${context}:${subject}`);
    expect((await ask('GET', `/contexts/${context}/subjects/inner/versions/1/referencedby`)).body).toEqual([body.id]);
    expect((await ask('DELETE', `/subjects/:${context}:inner`)).body.error_code).toBe(42206);
  });

  test('are written to the topic and read from it by the next registry', async () => {
    const context = `.${freshName('context')}`;
    await register(record(field('a')), `:${context}:${subject}`);
    await setLevel(`:${context}:`, 'FULL');
    await registry.stop();
    registry = await start();
    expect(await contexts()).toContain(context);
    expect((await ask('GET', `/contexts/${context}/schemas/ids/1/subjects`)).body).toEqual([`:${context}:${subject}`]);
    expect((await ask('GET', `/contexts/${context}/config`)).body).toEqual({ compatibilityLevel: 'FULL' });
  });
});

describe('what is set for a subject', () => {
  const set = (config: object, of = subject) => ask('PUT', `/config/${of}`, config);

  test('is kept where the next request says nothing of it, and given back with the level', async () => {
    expect((await set({ compatibility: 'full', normalize: true })).body).toEqual({
      compatibility: 'FULL',
      normalize: true,
    });
    await set({ compatibilityGroup: 'major' });
    const all = { compatibilityLevel: 'FULL', normalize: true, compatibilityGroup: 'major' };
    expect((await ask('GET', `/config/${subject}`)).body).toEqual(all);
    expect((await ask('DELETE', `/config/${subject}`)).body).toEqual(all);
    expect((await set({ validateFields: true })).body).toMatchObject({
      error_code: 42201,
      message: expect.stringContaining('validateFields'),
    });
  });

  test('may be an alias: requests for it are answered for the other subject', async () => {
    const alias = `${subject}-alias`;
    await set({ alias: subject }, alias);
    const { body } = await register(record(field('a')), alias);
    expect((await ask('GET', `/subjects/${alias}/versions/latest`)).body).toMatchObject({ subject, id: body.id });
    expect((await ask('POST', `/subjects/${alias}`, record(field('a')))).body).toMatchObject({ subject, version: 1 });
    expect((await ask('GET', `/config/${alias}`)).body).toEqual({ alias: subject });
    const path = `/compatibility/subjects/${alias}/versions/latest`;
    expect((await ask('POST', path, record(field('a', 'string')))).body).toEqual({ is_compatible: false });
    expect((await ask('GET', '/subjects')).body).not.toContain(alias);
  });

  test('normalizes every schema, if so said', async () => {
    await set({ normalize: true });
    const loose = '{"type":"record","name":"R","fields":[{"type":{"type":"int"},"name":"a"}]}';
    const { body } = await register({ schema: loose });
    expect((await register(record(field('a')))).body).toEqual(body);
  });

  test('compares versions of one compatibility group only', async () => {
    await set({ compatibilityGroup: 'major' });
    const of = (major: string, schema: object) => ({ ...schema, metadata: { properties: { major } } });
    expect((await register(of('1', record(field('a'))))).status).toBe(200);
    expect((await register(of('1', record(field('a', 'string'))))).status).toBe(409);
    expect((await register(of('2', record(field('a', 'string'))))).status).toBe(200);
    expect((await register(of('2', record(field('a', 'int'))))).status).toBe(409);
    const latest = await ask('GET', `/subjects/${subject}/metadata?key=major&value=1`);
    expect(latest.body).toMatchObject({ version: 1, metadata: { properties: { major: '1' } } });
  });

  test('adds to the metadata and rules of schemas, below what they say or above it', async () => {
    const rule = (name: string, expr: string) => ({ name, kind: 'CONDITION', type: 'CEL', mode: 'WRITE', expr });
    await set({
      defaultMetadata: { properties: { owner: 'nobody', team: 'a' }, tags: { 'R.a': ['PII'] } },
      overrideMetadata: { properties: { checked: 'yes' }, sensitive: ['R.a'] },
      defaultRuleSet: { domainRules: [rule('size', 'true'), rule('kept', 'true')] },
    });
    await register({
      ...record(field('a')),
      metadata: { properties: { owner: 'me', checked: 'no' } },
      ruleSet: { domainRules: [rule('size', 'false')] },
    });
    expect((await ask('GET', `/subjects/${subject}/versions/1`)).body).toMatchObject({
      metadata: {
        properties: { owner: 'me', team: 'a', checked: 'yes' },
        tags: { 'R.a': ['PII'] },
        sensitive: ['R.a'],
      },
      ruleSet: { domainRules: [rule('size', 'false'), rule('kept', 'true')] },
    });
  });
});

test('refuses forms of schemas that this registry does not have, by name', async () => {
  const file = { schema: 'syntax = "proto3"; message M { int32 a = 1; }', schemaType: 'PROTOBUF' };
  const { id } = (await register(file)).body;
  for (const path of [`/schemas/ids/${id}`, `/schemas/ids/${id}/schema`, `/subjects/${subject}/versions/1`]) {
    const refusal = await ask('GET', `${path}?format=ignore_extensions`);
    expect(refusal).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('format=ignore_extensions') },
    });
  }
});
