import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connectKafka } from '../../src/clients/kafka/client.js';
import type { KafkaAccess, KafkaClient } from '../../src/clients/kafka/contract.js';
import { javaProperties } from '../../src/kinds/topic/client-settings.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { waitUntil } from '../../src/support/retry.js';
import { Stack } from '../support/stack.js';
import { startRealConnect } from './stack/connect.js';
import { startRealKafkaCluster } from './stack/kafka-cluster.js';
import { startRealRegistry } from './stack/registry.js';
import { repositoryFolder } from './stack/repository.js';

const USER = { name: 'shop', password: 'a pass"word' };
const tlsFile = (name: string): string => join(repositoryFolder, 'test/fixtures/tls', name);

/** A cluster of three brokers, two workers of Connect on it, and a registry. */
async function startServers(life: Lifetime) {
  const dataDir = await mkdtemp(join(tmpdir(), 'evpipe-cluster-'));
  life.onEnd(() => rm(dataDir, { recursive: true, force: true }));
  const tls = {
    key: readFileSync(tlsFile('address-key.pem'), 'utf8'),
    cert: readFileSync(tlsFile('address-cert.pem'), 'utf8'),
  };
  const cluster = await startRealKafkaCluster({ dataDir: join(dataDir, 'kafka'), tls, user: USER });
  life.onEnd(() => cluster.stop());
  const access: KafkaAccess = {
    bootstrapServers: cluster.bootstrapServers,
    ssl: { ca: tlsFile('address-cert.pem') },
    sasl: { mechanism: 'scram-sha-512', username: USER.name, password: USER.password },
  };
  const registry = await startRealRegistry({ dataDir: join(dataDir, 'registry') });
  life.onEnd(() => registry.stop());
  const workers = [];
  for (const name of ['connect-1', 'connect-2']) {
    const config = { ...workerConfig(access), ...TOPICS };
    const { bootstrapServers } = access;
    const worker = await startRealConnect({ dataDir: join(dataDir, name), bootstrapServers, config });
    life.onEnd(() => worker.stop('SIGKILL'));
    workers.push(worker);
  }
  return { cluster, access, registry, workers };
}

/** What evpipe says to Java, for the worker itself and for the clients of its connectors. */
function workerConfig(access: KafkaAccess): Record<string, string> {
  const { 'bootstrap.servers': _, ...login } = javaProperties(access);
  const prefixed = ['', 'producer.', 'consumer.', 'admin.'].flatMap((prefix) =>
    Object.entries(login).map(([name, value]) => [`${prefix}${name}`, value] as const),
  );
  return Object.fromEntries(prefixed);
}

const TOPICS = {
  'config.storage.replication.factor': '-1',
  'offset.storage.replication.factor': '-1',
  'status.storage.replication.factor': '-1',
  // What a dead worker ran goes to the other at once.
  'scheduled.rebalance.max.delay.ms': '0',
};

const targetOf = ({ access, registry, workers }: Awaited<ReturnType<typeof startServers>>): string => `
targets:
  cluster:
    base: embedded
    kafka: ${JSON.stringify({ ...access, replication: 3, minInsyncReplicas: 2 })}
    schemaRegistry: { url: ${registry.url} }
    connect: { url: ${workers[0]?.url} }
`;

/** Of the broker that leads partition 0. */
async function leaderOf(kafka: KafkaClient, topic: string): Promise<number> {
  return (await kafka.describeTopic(topic))?.partitions[0]?.leader ?? -1;
}

async function recordsIn(kafka: KafkaClient, topic: string): Promise<bigint> {
  if ((await kafka.describeTopic(topic)) === undefined) return 0n;
  const [first, last] = [await kafka.offsets(topic, 'earliest'), await kafka.offsets(topic, 'latest')];
  return last.reduce((sum, { offset }, at) => sum + offset - (first[at]?.offset ?? 0n), 0n);
}

/** Exit codes: a busy machine may take longer to elect leaders than a check waits for progress. */
const LAGGING_AT_MOST = [0, 5];

/** What verify-consistency says in the end; at no time is anything inconsistent. */
async function consistentAtLast(pipeline: Stack): Promise<string> {
  const settled = async () => {
    const verified = await pipeline.run('verify-consistency', '--timeout', '60s', ...CLUSTER);
    return verified.code === 5 ? undefined : verified;
  };
  const verified = await waitUntil('nothing to lag', settled, {
    timeoutMs: 300_000,
    pauseMs: 5_000,
    maxPauseMs: 5_000,
  });
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  return verified.stdout;
}

/** Undefined: not yet. */
async function isShared(kafka: KafkaClient): Promise<true | undefined> {
  const { members } = await kafka.describeGroup('planning-person');
  return (members.length === 2 && members.every(({ partitions }) => partitions.length > 0)) || undefined;
}

/** The service that runs twice. */
const SHARED = 'planning-person-consumer';
const EVENTS = 'public_person_entity_events';
const CLUSTER = ['--target', 'cluster'] as const;

it('person-planning is consistent on three brokers with TLS and SCRAM and two Connect workers, with two of a service, though a broker and a worker are killed', async () => {
  const life = new Lifetime();
  try {
    const servers = await startServers(life);
    const pipeline = await Stack.prepare('person-planning');
    life.onEnd(() => rm(join(pipeline.box.folder, '..'), { recursive: true, force: true }));
    const file = join(pipeline.box.folder, 'evpipe.yaml');
    const declared = await readFile(file, 'utf8');
    await writeFile(file, `${declared.replace(`  ${SHARED}:\n`, `  ${SHARED}:\n    copies: 2\n`)}${targetOf(servers)}`);
    life.onEnd(async () => void (await pipeline.run('down', '--volumes', '--yes', ...CLUSTER)));
    const kafka = connectKafka({ ...servers.access, clientId: 'test' });
    life.onEnd(() => kafka.close());

    const up = pipeline.box.start('up', '--seed', '--timeout', '300s', ...CLUSTER);
    let isOver = false;
    void up.ended.finally(() => (isOver = true));
    const begun = async (): Promise<boolean> => isOver || (await recordsIn(kafka, EVENTS)) > 0n;
    await waitUntil('the first events', async () => (await begun()) || undefined, {
      timeoutMs: 300_000,
      maxPauseMs: 200,
    });
    expect(isOver, up.output()).toBe(false);
    await servers.cluster.kill(await leaderOf(kafka, EVENTS));
    const ended = await up.ended;
    expect(LAGGING_AT_MOST, ended.stderr + ended.stdout + pipeline.log('ksqldb')).toContain(ended.code);
    expect(await consistentAtLast(pipeline)).toMatch(/✓ consistent: 200 rows.*✓ consistent: 500 rows/s);

    await waitUntil('both copies of the service to have partitions', async () => isShared(kafka), {
      timeoutMs: 120_000,
      maxPauseMs: 500,
    });

    const planned = await pipeline.run('plan', ...CLUSTER);
    expect(planned.stdout, planned.stderr).toContain('Nothing to change');
    const topics = await kafka.listTopics();
    const few = topics.filter(({ partitions }) => partitions.some(({ replicas }) => replicas.length !== 3));
    expect(few.map(({ name }) => name)).toEqual([]);
    const ledger = await kafka.topicConfig('_evpipe_person-planning');
    expect(ledger).toContainEqual(
      expect.objectContaining({ name: 'min.insync.replicas', value: '2', source: 'topic' }),
    );

    // The worker that evpipe does not talk to.
    await servers.workers[1]?.stop('SIGKILL');
    const created = await fetch(`${await pipeline.url('person')}/api/persons`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ first_name: 'Grace', last_name: 'Hopper', date_of_birth: '1906-12-09' }),
    });
    expect(created.status).toBe(201);
    expect(await consistentAtLast(pipeline)).toMatch(/✓ consistent: 201 rows.*✓ consistent: 500 rows/s);
  } finally {
    await life.end();
  }
});
