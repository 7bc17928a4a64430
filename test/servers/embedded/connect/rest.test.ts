import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../src/support/retry.js';
import { WAIT_MS, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});

const TABLE = 'CREATE TABLE t (id int PRIMARY KEY)';
const TABLES = { 'table.include.list': 'public.t' };

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: Connect's own placeholders
describe('the REST API', () => {
  it('says who it is, and lists its plugins', async () => {
    expect((await world.ask('GET', '/')).body).toMatchObject({
      version: expect.stringMatching(/^4\.1/),
      kafka_cluster_id: expect.any(String),
    });
    const { body } = await world.ask('GET', '/connector-plugins');
    expect(body).toContainEqual({
      class: 'io.debezium.connector.postgresql.PostgresConnector',
      type: 'source',
      version: '3.4.0.Final',
    });
    expect((await world.ask('GET', '/health')).status).toBe(200);
    expect((await world.ask('GET', '/nothing')).body).toEqual({ error_code: 404, message: 'HTTP 404 Not Found' });
  });

  it('creates, pauses, resumes, stops, resets and deletes a connector', async () => {
    const database = await world.database(TABLE, 'INSERT INTO t VALUES (1)');
    const config = world.config(database, TABLES);
    const created = await world.ask('POST', '/connectors', { name: 'life', config });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      name: 'life',
      config: { ...config, name: 'life', 'database.password': '[hidden]' },
      tasks: [],
      type: 'source',
    });
    expect(await world.ask('POST', '/connectors', { name: 'life', config })).toEqual({
      status: 409,
      body: { error_code: 409, message: 'Connector life already exists' },
    });
    await world.streaming('life', config);
    expect((await world.ask('PUT', '/connectors/life/config', config)).status).toBe(200);
    expect((await world.ask('GET', '/connectors?expand=status&expand=info')).body.life.status.connector.state).toBe(
      'RUNNING',
    );
    const topic = `${database.name}.public.t`;
    await world.records(topic, 1);
    expect((await world.ask('GET', '/connectors/life/topics')).body.life.topics).toContain(topic);

    expect((await world.ask('PUT', '/connectors/life/pause')).status).toBe(202);
    expect((await world.ask('GET', '/connectors/life/status')).body.tasks[0].state).toBe('PAUSED');
    await database.client.query('INSERT INTO t VALUES (2)');
    expect((await world.ask('DELETE', '/connectors/life/offsets')).status).toBe(400);
    expect((await world.ask('PUT', '/connectors/life/resume')).status).toBe(202);
    await world.records(topic, 2);

    expect((await world.ask('PUT', '/connectors/life/stop')).status).toBe(204);
    expect((await world.ask('GET', '/connectors/life/status')).body).toMatchObject({
      connector: { state: 'STOPPED' },
      tasks: [],
    });
    for (const offsets of [[], [null], ['a'], [{ partition: 'a' }], [{ partition: {}, offset: [5] }]])
      expect((await world.ask('PATCH', '/connectors/life/offsets', { offsets })).status).toBe(400);
    expect((await world.ask('DELETE', '/connectors/life/offsets')).body.message).toContain('reset successfully');
    expect((await world.ask('GET', '/connectors/life/offsets')).body).toEqual({ offsets: [] });
    // Without offsets the rows are read again: a slot that is there already loses nothing and doubles nothing.
    expect((await world.ask('PUT', '/connectors/life/resume')).status).toBe(202);
    await world.records(topic, 4);
    await database.client.query('INSERT INTO t VALUES (3)');
    const records = await world.records(topic, 5);
    expect(records).toHaveLength(5);

    expect((await world.ask('DELETE', '/connectors/life')).status).toBe(204);
    expect((await world.ask('GET', '/connectors/life')).body).toEqual({
      error_code: 404,
      message: 'Connector life not found',
    });
    expect((await world.ask('GET', '/connectors/life/status')).body.message).toBe('No status found for connector life');
    expect((await world.ask('PUT', '/connectors/life/pause')).body.message).toBe('Unknown connector life');
    expect((await world.ask('POST', '/connectors/life/restart')).body.message).toBe('Unknown connector: life');
  });

  it('refuses an invalid configuration with every problem, and validates by option', async () => {
    const database = await world.database();
    const config = {
      ...world.config(database, TABLES),
      'database.port': 'x',
      'table.include.list': '(',
      'slot.name': 'A B',
    };
    const refused = await world.ask('PUT', '/connectors/bad/config', config);
    expect(refused.status).toBe(400);
    expect(refused.body.message).toContain('contains the following 4 error(s)');
    const { body } = await world.ask('PUT', '/connector-plugins/PostgresConnector/config/validate', {
      name: 'bad',
      ...config,
    });
    const errors = Object.fromEntries(
      body.configs
        .filter((one: { value: { errors: string[] } }) => one.value.errors.length > 0)
        .map((one: { value: { name: string; errors: string[] } }) => [one.value.name, one.value.errors.length]),
    );
    expect(errors).toEqual({ 'database.port': 2, 'table.include.list': 1, 'slot.name': 1 });
    expect(body.error_count).toBe(4);
    expect((await world.ask('GET', '/connectors/bad')).status).toBe(404);
    const wrong = await world.ask('PUT', '/connectors/bad/config', {
      ...world.config(database, TABLES),
      'database.password': 'wrong',
    });
    expect(wrong.body.message).toContain('password authentication failed');
  });

  it('resolves ${env:…}, accepts the option names of Debezium 1.9, and survives its own restart', async () => {
    const database = await world.database(TABLE);
    const { 'topic.prefix': prefix, ...rest } = world.config(database, TABLES);
    const config = { ...rest, 'database.server.name': `${prefix}`, 'heartbeat.action.query': "SELECT '${env:SECRET}'" };
    await world.run('older', config);
    await world.restartWorker();
    await world.streaming('older', config);
    expect((await world.ask('GET', '/connectors/older/config')).body['heartbeat.action.query']).toBe(
      "SELECT '${env:SECRET}'",
    );
    const missing = await world.ask('PUT', '/connectors/m/config', { ...config, 'database.user': '${env:NOBODY}' });
    expect(missing.body.message).toContain('${env:NOBODY}');
  });
});

describe('a secret in a configuration', () => {
  it('is shown nowhere, and a mask that comes back does not replace it', async () => {
    const database = await world.database(TABLE, 'INSERT INTO t VALUES (1)');
    const config = world.config(database, TABLES);
    const password = config['database.password'];
    expect((await world.ask('PUT', '/connectors/secretive/config', config)).status).toBe(201);
    for (const path of ['', '/config', '/tasks', '/status']) {
      const { status, body } = await world.ask('GET', `/connectors/secretive${path}`);
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toContain(password);
    }
    const shown = (await world.ask('GET', '/connectors/secretive/config')).body;
    expect(shown['database.password']).toBe('[hidden]');
    const again = await world.ask('PUT', '/connectors/secretive/config', { ...shown, 'poll.interval.ms': '100' });
    expect(again.status).toBe(200);
    expect((await world.ask('PATCH', '/connectors/secretive/config', { 'poll.interval.ms': '200' })).status).toBe(200);
    const plugin = `/connector-plugins/${config['connector.class']}/config/validate`;
    expect(JSON.stringify(await world.ask('PUT', plugin, shown))).not.toContain(password);
    const other = await world.ask('PUT', '/connectors/other/config', { ...shown, name: 'other' });
    expect(other).toMatchObject({ status: 400, body: { message: expect.stringContaining('database.password') } });
    await world.ask('DELETE', '/connectors/secretive');
  });
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: until here

describe('a task that fails', () => {
  it('says in its trace that no table matches', async () => {
    const database = await world.database();
    await world.ask('PUT', '/connectors/no-table/config', world.config(database, TABLES));
    const { trace } = await world.taskState('no-table', 'FAILED');
    expect(trace).toContain('io.debezium.DebeziumException: No table filters found for filtered publication');
    await database.client.query(TABLE);
    expect((await world.ask('POST', '/connectors/no-table/restart?includeTasks=true&onlyFailed=true')).status).toBe(
      202,
    );
    await world.taskState('no-table', 'RUNNING');
  });

  it('says that the publication is missing where it may not make one', async () => {
    const database = await world.database(TABLE);
    await world.ask(
      'PUT',
      '/connectors/no-pub/config',
      world.config(database, { ...TABLES, 'publication.autocreate.mode': 'disabled' }),
    );
    expect((await world.taskState('no-pub', 'FAILED')).trace).toContain('Publication autocreation is disabled');
  });

  it('never makes a slot again while its offsets remain', async () => {
    const database = await world.database(TABLE);
    const config = world.config(database, TABLES);
    await world.run('lost-slot', config);
    await database.client.query('INSERT INTO t VALUES (1)');
    await world.records(`${database.name}.public.t`, 1);
    await world.ask('PUT', '/connectors/lost-slot/pause');
    await waitUntil(
      'the slot to be free',
      async () =>
        (await database.client.query(`SELECT pg_drop_replication_slot('${config['slot.name']}')`)).rows.length === 1 ||
        undefined,
      { timeoutMs: WAIT_MS },
    );
    await world.ask('PUT', '/connectors/lost-slot/resume');
    expect((await world.taskState('lost-slot', 'FAILED')).trace).toContain('no longer available on the server');
    const again = { ...config, 'snapshot.mode': 'when_needed' };
    await world.run('lost-slot', again);
    await world.records(`${database.name}.public.t`, 2);
  });

  it('does not end over a lost connection: it goes on where it was', async () => {
    const database = await world.database(TABLE);
    const config = world.config(database, TABLES);
    await world.run('cut', config);
    const topic = `${database.name}.public.t`;
    // On a slow machine the first cut hits the snapshot's own connection: "snapshot … does not exist" once ended the task.
    for (let round = 0; round < 3; round++) {
      await database.client.query(
        `INSERT INTO t SELECT i FROM generate_series(${round * 100 + 1}, ${round * 100 + 100}) i`,
      );
      await database.client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
      );
    }
    const ids = (await world.records(topic, 300)).map((record) => JSON.parse(record.key?.toString() ?? '').id);
    expect(new Set(ids).size).toBe(300);
    expect((await world.ask('GET', '/connectors/cut/status')).body.tasks[0].state).toBe('RUNNING');
  });
});
