import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import getPort from 'get-port';
import { Lifetime } from '../../../src/support/lifetime.js';
import { downloadRealStack } from './download.js';
import { startJvm, untilItAnswers } from './jvm.js';
import { describeCluster, formatStorage, kafkaArchive, kafkaJars, properties } from './kafka.js';

const BROKERS = [1, 2, 3] as const;
const HEAP_MB = 320;
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule';

export interface RealKafkaClusterOptions {
  readonly dataDir: string;
  /** Of the listener for clients, in PEM. */
  readonly tls: { readonly key: string; readonly cert: string };
  /** Who may log in there, by SCRAM-SHA-512. */
  readonly user: { readonly name: string; readonly password: string };
}

export interface RealKafkaCluster {
  /** Of SASL_SSL. */
  readonly bootstrapServers: string;
  /** Kills this broker with SIGKILL. */
  kill(broker: number): Promise<void>;
  stop(): Promise<void>;
}

interface Node {
  readonly id: number;
  readonly folder: string;
  readonly inside: string;
  readonly clients: string;
  readonly controller: string;
}

/** Three KRaft nodes of Apache Kafka on 127.0.0.1, each broker and controller: clients log in by SCRAM over TLS. Resolves once all are registered. */
export async function startRealKafkaCluster(options: RealKafkaClusterOptions): Promise<RealKafkaCluster> {
  const stack = await downloadRealStack();
  const nodes: Node[] = [];
  for (const id of BROKERS) {
    const [inside, clients, controller] = [await freeAddress(), await freeAddress(), await freeAddress()];
    nodes.push({ id, folder: join(options.dataDir, `broker-${id}`), inside, clients, controller });
  }
  const life = new Lifetime();
  try {
    const started = await Promise.all(
      nodes.map(async (node) => {
        const file = await configure(node, nodes, options);
        const { name, password } = options.user;
        const scram = `SCRAM-SHA-512=[name=${name},password=${password}]`;
        await formatStorage(stack, file, '--add-scram', scram);
        const main = ['kafka.Kafka', file] as const;
        const of = { name: 'kafka', dataDir: node.folder, classpath: kafkaJars(stack), archive: kafkaArchive(stack) };
        const jvm = await startJvm({ ...of, main, heapMb: HEAP_MB });
        life.onEnd(() => jvm.stop('SIGKILL'));
        return { id: node.id, inside: node.inside, jvm };
      }),
    );
    for (const { inside, jvm } of started)
      await untilItAnswers(jvm, 'Kafka', () => describeCluster(inside, BROKERS.length));
    return {
      bootstrapServers: nodes.map(({ clients }) => clients).join(','),
      kill: async (broker) => started.find(({ id }) => id === broker)?.jvm.stop('SIGKILL'),
      stop: () => life.end(),
    };
  } catch (failure) {
    await life.end();
    throw failure;
  }
}

const freeAddress = async (): Promise<string> => `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;

async function configure(node: Node, nodes: readonly Node[], { tls }: RealKafkaClusterOptions): Promise<string> {
  const config = {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    'controller.quorum.voters': nodes.map(({ id, controller }) => `${id}@${controller}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INSIDE',
    listeners: `INSIDE://${node.inside},CLIENTS://${node.clients},CONTROLLER://${node.controller}`,
    'advertised.listeners': `INSIDE://${node.inside},CLIENTS://${node.clients}`,
    'listener.security.protocol.map': 'INSIDE:PLAINTEXT,CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT',
    'listener.name.clients.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.clients.scram-sha-512.sasl.jaas.config': `${SCRAM} required;`,
    'listener.name.clients.ssl.keystore.type': 'PEM',
    'listener.name.clients.ssl.keystore.key': tls.key,
    'listener.name.clients.ssl.keystore.certificate.chain': tls.cert,
    'log.dirs': join(node.folder, 'log'),
    'default.replication.factor': '3',
    'min.insync.replicas': '2',
    'offsets.topic.replication.factor': '3',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '3',
    'transaction.state.log.min.isr': '2',
    'transaction.state.log.num.partitions': '4',
    'group.initial.rebalance.delay.ms': '0',
  };
  const file = join(node.folder, 'server.properties');
  await mkdir(node.folder, { recursive: true });
  await writeFile(file, properties(config));
  return file;
}
