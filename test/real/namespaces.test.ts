import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectAmqp } from 'amqplib';
import { expect, it } from 'vitest';
import { openConnect } from '../../src/clients/connect/client.js';
import { connectKafka } from '../../src/clients/kafka/client.js';
import { startAmqp } from '../../src/embedded/amqp/server.js';
import { startConnect } from '../../src/embedded/connect/server.js';
import { startKafka } from '../../src/embedded/kafka/index.js';
import { startKsqldb } from '../../src/embedded/ksqldb/server.js';
import { startSchemaRegistry } from '../../src/embedded/schema-registry/server.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { silentLog } from '../../src/support/log.js';
import { type Ended, sandbox } from '../support/evpipe.js';

const HOST = '127.0.0.1';

/** Servers that nobody's `up` has started; they are told apart by their addresses only. */
async function sharedServers(life: Lifetime) {
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-shared-'));
  life.onEnd(() => rmSync(dataDir, { recursive: true, force: true }));
  const { bootstrapServers, stop } = await startKafka({ dataDir: join(dataDir, 'kafka') });
  life.onEnd(stop);
  const registry = await startSchemaRegistry({ host: HOST, port: 0, bootstrapServers, log: silentLog });
  life.onEnd(() => registry.stop());
  const connect = await startConnect({ host: HOST, port: 0, kafka: { bootstrapServers } });
  life.onEnd(() => connect.stop());
  const urlOf = ({ port }: { readonly port: number }) => `http://${HOST}:${port}`;
  const ksqldb = await startKsqldb({
    host: HOST,
    port: 0,
    kafka: { bootstrapServers },
    schemaRegistry: { url: urlOf(registry) },
    connect: { url: urlOf(connect) },
    log: silentLog,
  });
  life.onEnd(() => ksqldb.stop());
  const amqp = await startAmqp({ dataDir: join(dataDir, 'amqp') });
  life.onEnd(() => amqp.stop());
  return {
    kafka: { bootstrapServers },
    schemaRegistry: { url: urlOf(registry) },
    connect: { url: urlOf(connect) },
    ksqldb: { url: urlOf(ksqldb) },
    rabbitmq: {
      url: `amqp://guest:guest@${HOST}:${amqp.port}`,
      management: `http://${HOST}:${amqp.managementPort}`,
    },
  };
}

type Servers = Awaited<ReturnType<typeof sharedServers>>;

/** What others have on these servers, under names that no prefix keeps apart. */
async function plant({ kafka: { bootstrapServers }, schemaRegistry, rabbitmq }: Servers): Promise<void> {
  const kafka = connectKafka({ bootstrapServers, clientId: 'others' });
  await kafka.createTopic({ name: 'foreign', partitions: 1 });
  await kafka.commitOffsets('foreign', [{ topic: 'foreign', partition: 0, offset: 0n }]);
  await kafka.close();
  await fetch(`${schemaRegistry.url}/subjects/foreign-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: '"string"' }),
  });
  const connection = await connectAmqp(rabbitmq.url);
  await (await connection.createChannel()).assertQueue('foreign');
  await connection.close();
}

/** The names of all that is on the servers, as `topic orders`, without the servers' own. */
async function namesOn(servers: Servers): Promise<readonly string[]> {
  const kafka = connectKafka({ ...servers.kafka, clientId: 'test' });
  const topics = (await kafka.listTopics()).map(({ name }) => name);
  const groups = (await kafka.listGroups()).map(({ group }) => group);
  await kafka.close();
  const subjects = (await (await fetch(`${servers.schemaRegistry.url}/subjects`)).json()) as readonly string[];
  const connectors = await openConnect(servers.connect).connectors();
  const queues = await fetch(`${servers.rabbitmq.management}/api/queues`, {
    headers: { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` },
  });
  const names = (kind: string, all: readonly string[]) =>
    all.filter((name) => !/^(_|connect-)/.test(name)).map((name) => `${kind} ${name}`);
  return [
    ...names('topic', topics),
    ...names('group', groups),
    ...names('subject', subjects),
    ...names('connector', connectors),
    ...names(
      'queue',
      ((await queues.json()) as readonly { readonly name: string }[]).map(({ name }) => name),
    ),
  ].sort();
}

const PLANTED = ['group foreign', 'queue foreign', 'subject foreign-value', 'topic foreign'];

const PIPELINES: readonly { readonly pipeline: string; readonly uses: readonly (keyof Servers)[] }[] = [
  { pipeline: 'person-planning', uses: ['kafka', 'schemaRegistry', 'connect', 'ksqldb'] },
  { pipeline: 'customer-replication', uses: ['kafka', 'connect'] },
  { pipeline: 'monolith-split', uses: ['kafka'] },
  { pipeline: 'notification-hub', uses: ['rabbitmq'] },
  { pipeline: 'pizza-orders', uses: ['kafka', 'ksqldb'] },
];

it.each(PIPELINES)('two people bring $pipeline up on the same servers, and neither notices the other', async (one) => {
  const life = new Lifetime();
  try {
    const servers = await sharedServers(life);
    await plant(servers);
    const box = await sandbox(one.pipeline);
    const used = Object.fromEntries(one.uses.map((name) => [name, servers[name]]));
    const at = (namespace: string) => ({ base: 'embedded', ...used, namespace });
    writeFileSync(join(box.folder, 'shared.yaml'), JSON.stringify({ targets: { ann: at('ann'), bob: at('bob') } }));
    const run = (who: string, command: string, ...more: string[]): Promise<Ended> =>
      box.run(command, '-f', 'evpipe.yaml', '-f', 'shared.yaml', '--target', who, '--yes', ...more);
    const succeeds = async (ended: Promise<Ended>): Promise<string> => {
      const { code, stdout, stderr } = await ended;
      expect(code, stdout + stderr).toBe(0);
      return stdout;
    };
    life.onEnd(() => rmSync(box.folder, { recursive: true, force: true }));
    for (const who of ['ann', 'bob']) life.onEnd(async () => void (await run(who, 'down', '--volumes')));

    for (const who of ['ann', 'bob']) await succeeds(run(who, 'up', '--seed', '--timeout', '120s'));
    const names = await namesOn(servers);
    const of = (who: string) => names.filter((name) => name.includes(`${who}_`) || name.includes(`${who}-`));
    expect(names.filter((name) => ![...PLANTED, ...of('ann'), ...of('bob')].includes(name))).toEqual([]);
    expect(of('ann').length).toBeGreaterThan(0);
    expect(of('bob')).toEqual(of('ann').map((name) => name.replace('ann', 'bob')));
    for (const who of ['ann', 'bob']) {
      await succeeds(run(who, 'smoke', '--timeout', '60s'));
      expect(await succeeds(run(who, 'plan'))).toContain('Nothing to change');
    }

    await succeeds(run('ann', 'down', '--volumes'));
    await succeeds(run('bob', 'smoke', '--timeout', '60s'));
    await succeeds(run('bob', 'reset'));
    expect(await namesOn(servers)).toEqual(expect.arrayContaining(PLANTED));
  } finally {
    await life.end();
  }
});
