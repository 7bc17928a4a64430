import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startConnect } from '../../../../src/embedded/connect/server.js';
import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { Lifetime } from '../../../../src/support/lifetime.js';
import { type KsqlStack, startStack } from './stack.js';

describe('connectors made by statements', () => {
  const lifetime = new Lifetime();
  let stack: KsqlStack;

  beforeAll(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'evpipe-ksqldb-connect-'));
    lifetime.onEnd(() => rm(dataDir, { recursive: true, force: true }));
    const broker = await startKafka({ dataDir });
    lifetime.onEnd(() => broker.stop());
    const worker = await startConnect({ host: '127.0.0.1', port: 0, kafka: broker });
    lifetime.onEnd(() => worker.stop());
    stack = await startStack({ connect: { url: `http://127.0.0.1:${worker.port}` } });
    lifetime.onEnd(() => stack.end());
  });
  afterAll(() => lifetime.end());

  const create = (name: string) => `CREATE SOURCE CONNECTOR ${name} WITH (
    'connector.class' = 'io.debezium.connector.postgresql.PostgresConnector',
    'database.hostname' = '127.0.0.1', 'database.port' = '1', 'database.user' = 'u', 'database.password' = 'p',
    'database.dbname' = 'd', 'topic.prefix' = 't', 'plugin.name' = 'pgoutput', 'tasks.max' = 1);`;

  it("passes the worker's refusal on, in its own words", async () => {
    const { status, body } = await stack.ksql(
      "CREATE SOURCE CONNECTOR bad WITH ('connector.class' = 'no.such.Class');",
    );
    expect(status).toBe(400);
    expect(body.message).toMatch(/^Failed to create connector: .*no\.such\.Class/s);
  });

  it('lists what the worker runs, and drops nothing that is not there', async () => {
    expect((await stack.ksql('SHOW CONNECTORS;')).body).toMatchObject([{ '@type': 'connector_list', connectors: [] }]);
    expect((await stack.ksql('DROP CONNECTOR IF EXISTS `nobody`;')).body).toMatchObject([
      { '@type': 'warning_entity' },
    ]);
    expect((await stack.ksql('DROP CONNECTOR `nobody`;')).status).toBe(400);
    const { body } = await stack.ksql('SHOW CONNECTOR PLUGINS;');
    expect(JSON.stringify(body)).toContain('io.debezium.connector.postgresql.PostgresConnector');
  });

  it('refuses a connector whose database does not answer', async () => {
    const { status, body } = await stack.ksql(create('`accounting-cdc`'));
    expect(status).toBe(400);
    expect(body.message).toMatch(/^Failed to create connector: .*ECONNREFUSED 127\.0\.0\.1:1/s);
  });
});
