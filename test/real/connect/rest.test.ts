import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitUntil } from '../../../src/support/retry.js';
import { type TestDatabase, World } from '../../servers/embedded/connect/world.js';
import { type RealStack, startRealStack } from '../stack/stack.js';

let stack: RealStack;
let world: World;
let database: TestDatabase;
beforeAll(async () => {
  stack = await startRealStack({ kafka: true, connect: true });
  world = await World.start(stack.kafka.bootstrapServers);
  database = await world.database('CREATE TABLE t (id int PRIMARY KEY)');
});
afterAll(async () => {
  await world?.stop();
  await stack?.stop();
});

/** NAME and PREFIX stand for what each side calls its own. A body that is a text goes as it is. */
type Call = readonly [method: string, path: string, body?: unknown, contentType?: string | null];
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const SIDES = ['real', 'ours'] as const;
type Side = (typeof SIDES)[number];
const named = (side: Side, text: string): string =>
  text.replaceAll('NAME', `rest-${side}`).replaceAll('PREFIX', `${side}_rest`);
const unnamed = (side: Side, text: string): string =>
  text.replaceAll(`rest-${side}`, 'NAME').replaceAll(`${side}_rest`, 'PREFIX');

async function ask(side: Side, [method, path, body, contentType]: Call): Promise<Answer> {
  const url = side === 'real' ? stack.connect.url : world.url;
  const type = contentType === undefined && body !== undefined ? 'application/json' : contentType;
  const response = await fetch(`${url}${named(side, path)}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: Buffer.from(named(side, typeof body === 'string' ? body : JSON.stringify(body))) }),
    headers: type === undefined || type === null ? {} : { 'content-type': type },
  });
  // The real worker shows passwords as they were sent; ours hides them, which is the one difference that is wanted.
  const text = unnamed(side, await response.text()).replaceAll(world.postgres.password, '[hidden]');
  return { status: response.status, body: text === '' ? undefined : withoutClassPath(JSON.parse(text)) };
}

/** Where a plugin was loaded from, and what wrapped a failure, is each worker's own. */
function withoutClassPath(body: { message?: string }): unknown {
  if (typeof body.message !== 'string') return body;
  return {
    ...body,
    message: body.message
      .replace(/, available connectors are: .*/s, '')
      .replaceAll(/org\.apache\.kafka\.connect\.\S*Exception: /g, ''),
  };
}

const both = async (call: Call): Promise<readonly [real: Answer, ours: Answer]> => {
  const [real, ours] = await Promise.all(SIDES.map((side) => ask(side, call)));
  return [real as Answer, ours as Answer];
};

const titled = (calls: readonly Call[]) =>
  calls.map((call) => [`${call[0]} ${call[1]} ${JSON.stringify(call.slice(2))}`, call] as const);

const CLASS = 'io.debezium.connector.postgresql.PostgresConnector';
const OFFSET = (offset: unknown) => ({ offsets: [{ partition: { server: 'PREFIX' }, offset }] });

it.each(
  titled([
    ['GET', '/nothing'],
    ['DELETE', '/connectors'],
    ['GET', '/connectors/missing'],
    ['GET', '/connectors/missing/status'],
    ['GET', '/connectors/missing/config'],
    ['GET', '/connectors/missing/tasks'],
    ['GET', '/connectors/missing/tasks/0/status'],
    ['GET', '/connectors/missing/topics'],
    ['GET', '/connectors/missing/offsets'],
    ['PUT', '/connectors/missing/pause'],
    ['PUT', '/connectors/missing/resume'],
    ['PUT', '/connectors/missing/stop'],
    ['POST', '/connectors/missing/restart'],
    ['POST', '/connectors/missing/restart?includeTasks=true'],
    ['POST', '/connectors/missing/tasks/0/restart'],
    ['DELETE', '/connectors/missing'],
    ['DELETE', '/connectors/missing/offsets'],
    ['PATCH', '/connectors/missing/config', { a: 'b' }],
    ['PATCH', '/connectors/missing/offsets', OFFSET({ lsn: 1 })],
    ['PUT', '/connectors/missing/topics/reset'],
    ['POST', '/connectors', { name: 'x', config: {} }],
    ['POST', '/connectors', { name: 'x', config: { 'connector.class': 'Nope' } }],
    ['POST', '/connectors', { name: 'x', config: { name: 'y', 'connector.class': CLASS } }],
    ['POST', '/connectors', { name: 'x', config: { 'connector.class': CLASS } }],
    ['POST', '/connectors', { name: 'x', config: {} }, 'text/plain'],
    ['POST', '/connectors', { name: 'x', config: {} }, null],
    ['PUT', '/connectors/x/config', {}],
    ['PUT', '/connectors/x/config', { name: 'y' }],
    ['PUT', '/connectors/x/config', { name: 'x' }, null],
    ['PUT', '/connector-plugins/Nope/config/validate', { 'connector.class': 'Nope' }],
    ['PUT', '/connector-plugins/PostgresConnector/config/validate', { 'connector.class': 'Other' }],
    ['PUT', '/connector-plugins/PostgresConnector/config/validate', {}],
    ['GET', '/connector-plugins/Nope/config'],
    ['GET', '/admin/loggers/org.nothing'],
    ['PUT', '/admin/loggers/org.nothing', { level: 'LOUD' }],
    ['PUT', '/admin/loggers/org.nothing', {}],
    ['PUT', '/admin/loggers/org.nothing?scope=cluster', { level: 'WARN' }],
  ]),
)('%s is refused as by Connect', async (_, call) => {
  const [real, ours] = await both(call);
  expect(ours).toEqual(real);
});

// Connect answers these with 500 and what Java's libraries threw; a client that is told 400 learns the same, and why.
it.each(
  titled([
    ['POST', '/connectors', '{'],
    ['POST', '/connectors', '[]'],
    ['POST', '/connectors'],
    ['POST', '/connectors', {}],
    ['POST', '/connectors', { name: 'x' }],
    ['POST', '/connectors', { name: 'x', unknown: 1, config: {} }],
    ['POST', '/connectors', { name: 'x', initial_state: 'SLEEPING', config: { 'connector.class': CLASS } }],
    ['PUT', '/connectors/x/config'],
    ['PUT', '/connectors/x/config', 'null'],
    ['PUT', '/connectors/x/config', { a: {} }],
    ['PUT', '/connector-plugins/PostgresConnector/config/validate'],
  ]),
)('%s is a defect of the request', async (_, call) => {
  const [real, ours] = await both(call);
  expect([real.status, ours.status]).toEqual([500, 400]);
});

it('leads a connector through its life as Connect does', async () => {
  const config = {
    ...world.config(database),
    'slot.name': 'PREFIX',
    'publication.name': 'PREFIX',
    'topic.prefix': 'PREFIX',
  };
  const isRunning = (side: Side) =>
    waitUntil(
      `${side} to run its task`,
      async () => {
        const { body } = await ask(side, ['GET', '/connectors/NAME/status']);
        const tasks = (body as { tasks?: { state: string }[] }).tasks;
        return tasks?.length === 1 && tasks[0]?.state === 'RUNNING' ? true : undefined;
      },
      { timeoutMs: 60_000 },
    );
  const calls: readonly Call[] = [
    ['PUT', '/connectors/NAME/config', config],
    ['GET', '/connectors/NAME/tasks'],
    ['GET', '/connectors/NAME'],
    ['POST', '/connectors', { name: 'NAME', config }],
    ['PUT', '/connectors/NAME/config', config],
    ['GET', '/connectors/NAME/tasks/7/status'],
    ['GET', '/connectors/NAME/tasks/x/status'],
    ['POST', '/connectors/NAME/tasks/7/restart'],
    ['POST', '/connectors/NAME/tasks/x/restart'],
    ['DELETE', '/connectors/NAME/offsets'],
    ['PATCH', '/connectors/NAME/offsets', {}],
    ['PATCH', '/connectors/NAME/offsets', { offsets: [] }],
    ['PATCH', '/connectors/NAME/offsets', OFFSET({ lsn: 1 })],
    ['POST', '/connectors/NAME/restart?includeTasks=maybe'],
    ['PUT', '/connectors/NAME/pause', '{}', 'text/plain'],
    ['PUT', '/connectors/NAME/pause'],
    ['PUT', '/connectors/NAME/topics/reset'],
    ['PUT', '/connectors/NAME/stop'],
    ['PATCH', '/connectors/NAME/offsets', OFFSET({ lsn: 1, nothing: 'text' })],
    ['PATCH', '/connectors/NAME/offsets', OFFSET(null)],
    ['PATCH', '/connectors/NAME/offsets', OFFSET(undefined)],
    ['PATCH', '/connectors/NAME/config', { 'heartbeat.interval.ms': '3000' }],
    ['DELETE', '/connectors/NAME'],
    ['DELETE', '/connectors/NAME'],
  ];
  for (const call of calls) {
    const [real, ours] = await both(call);
    expect(ours, call.slice(0, 2).join(' ')).toEqual(real);
    if (call[0] === 'PUT' && call[1] === '/connectors/NAME/config') await Promise.all(SIDES.map(isRunning));
  }
});

it('shows and changes the offsets of a sink as Connect does', async () => {
  await world.kafka.createTopic({ name: 'sunk', partitions: 1 });
  const producer = world.kafka.producer();
  await producer.send([1, 2, 3].map(() => ({ topic: 'sunk', key: null, value: null })));
  await producer.close();
  const config = {
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    topics: 'sunk',
    'connection.url': `jdbc:postgresql://127.0.0.1:${world.postgres.port}/${database.name}`,
    'connection.username': 'postgres',
    'connection.password': world.postgres.password,
  };
  const place = { kafka_topic: 'sunk', kafka_partition: 0 };
  const change = (partition: unknown, offset: unknown): Call => [
    'PATCH',
    '/connectors/NAME-sink/offsets',
    { offsets: [{ partition, offset }] },
  ];
  const read: Call = ['GET', '/connectors/NAME-sink/offsets'];
  const stopped: readonly Call[] = [
    read,
    change(null, { kafka_offset: 1 }),
    change({ topic: 'sunk' }, { kafka_offset: 1 }),
    change({ ...place, kafka_topic: null }, { kafka_offset: 1 }),
    change({ ...place, kafka_partition: null }, { kafka_offset: 1 }),
    change({ ...place, kafka_partition: 'x' }, { kafka_offset: 1 }),
    change(place, { offset: 1 }),
    change(place, { kafka_offset: null }),
    change(place, { kafka_offset: 'x' }),
    change(place, { kafka_offset: 2 }),
    read,
    change(place, null),
    read,
    change(place, { kafka_offset: '1' }),
    read,
    ['DELETE', '/connectors/NAME-sink/offsets'],
    read,
  ];
  await both(['POST', '/connectors', { name: 'NAME-sink', initial_state: 'STOPPED', config }]);
  for (const call of stopped) {
    const [real, ours] = await both(call);
    expect(ours, JSON.stringify(call)).toEqual(real);
  }
});

it.each([
  ['exactly.once.support', 'required'],
  ['exactly.once.support', 'Requested'],
  ['exactly.once.support', 'always'],
  ['transaction.boundary', 'connector'],
  ['transaction.boundary', 'INTERVAL'],
  ['transaction.boundary', 'never'],
  ['transaction.boundary.interval.ms', '0'],
  ['transaction.boundary.interval.ms', '-1'],
  ['transaction.boundary.interval.ms', 'x'],
])('says of %s=%s what Connect says', async (option, value) => {
  const config = { ...world.config(database), name: 'NAME', [option]: value };
  const answers = await both(['PUT', '/connector-plugins/PostgresConnector/config/validate', config]);
  const [real, ours] = answers.map(({ body }) =>
    (body as { configs: { value: { name: string; errors: string[] } }[] }).configs
      .filter((one) => one.value.name === option)
      .map((one) => one.value.errors),
  );
  expect(ours).toEqual(real);
});
