import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import getPort from 'get-port';
import { Kafka, logLevel } from 'kafkajs';
import { downloadRealStack } from './download.js';
import { type Jvm, startJvm, untilItAnswers } from './jvm.js';
import { withArchive } from './quick-start.js';

const run = promisify(execFile);

export interface RealKafkaOptions {
  /** Kept: stop and start again with the same folder and port to restart the broker. */
  readonly dataDir: string;
  readonly port?: number | undefined;
  readonly heapMb?: number | undefined;
  /** For benches: it takes longer to start, and is quicker then. */
  readonly asInProduction?: true | undefined;
  /** Further listeners, host:port by their security protocol, which is their name too. */
  readonly listeners?: Readonly<Record<string, string>> | undefined;
  /** System properties of its JVM. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** More of server.properties; wins over what stands below. */
  readonly config?: Readonly<Record<string, string>> | undefined;
}

export interface RealKafka {
  readonly bootstrapServers: string;
  readonly port: number;
  readonly jvm: Jvm;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Apache Kafka, one KRaft node that is broker and controller, on 127.0.0.1. Resolves once it describes itself. */
export async function startRealKafka(options: RealKafkaOptions): Promise<RealKafka> {
  const stack = await downloadRealStack();
  const classpath = kafkaJars(stack);
  const port = options.port ?? (await getPort({ host: '127.0.0.1' }));
  const controllerPort = await getPort({ host: '127.0.0.1' });
  const protocols = ['PLAINTEXT', ...Object.keys(options.listeners ?? {})];
  const listeners = [
    ['PLAINTEXT', `127.0.0.1:${port}`],
    ['CONTROLLER', `127.0.0.1:${controllerPort}`],
    ...Object.entries(options.listeners ?? {}),
  ];
  const config = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: listeners.map(([name, address]) => `${name}://${address}`).join(','),
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,${protocols.map((name) => `${name}:${name}`).join(',')}`,
    'log.dirs': join(options.dataDir, 'log'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    ...options.config,
  };
  const file = join(options.dataDir, 'server.properties');
  await mkdir(options.dataDir, { recursive: true });
  await writeFile(file, properties(config));
  if (!existsSync(join(options.dataDir, 'log', 'meta.properties'))) {
    await formatStorage(stack, file);
  }
  const main = ['kafka.Kafka', file] as const;
  const jvm = await startJvm({
    name: 'kafka',
    dataDir: options.dataDir,
    classpath,
    main,
    heapMb: options.heapMb ?? 512,
    archive: options.asInProduction ? undefined : kafkaArchive(stack),
    properties: options.properties ?? {},
  });
  const bootstrapServers = `127.0.0.1:${port}`;
  await untilItAnswers(jvm, 'Kafka', () => describeCluster(bootstrapServers, 1));
  return { bootstrapServers, port, jvm, stop: (signal) => jvm.stop(signal) };
}

export const kafkaJars = (stack: string): string => join(stack, 'kafka', '*');
/** Of the broker and of the tools. */
export const kafkaArchive = (stack: string): string => join(stack, 'kafka.jsa');

/** Writes what a node's log folder begins with. */
export async function formatStorage(stack: string, file: string, ...more: readonly string[]): Promise<void> {
  const flags = withArchive(kafkaArchive(stack));
  const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file, ...more];
  await run('java', [...flags, '-cp', kafkaJars(stack), ...format]);
}

/** Any 16 bytes in base64 will do. */
const CLUSTER_ID = 'ZXZwaXBlLXJlYWwtc3RhYw';

/** Throws until so many brokers are registered. */
export async function describeCluster(bootstrapServers: string, wanted: number): Promise<void> {
  const brokers = [bootstrapServers];
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    if (cluster.brokers.length !== wanted)
      throw new Error(`${cluster.brokers.length} of ${wanted} brokers are registered`);
  } finally {
    await admin.disconnect();
  }
}

/** A Java properties file. */
export function properties(config: Readonly<Record<string, string>>): string {
  return Object.entries(config)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('');
}
