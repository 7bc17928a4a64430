import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import getPort from 'get-port';
import { downloadRealStack } from './download.js';
import { type Jvm, startJvm, untilItAnswers } from './jvm.js';
import { properties } from './kafka.js';

export interface RealConnectOptions {
  /** For its log; connectors, offsets and states live in Kafka. */
  readonly dataDir: string;
  readonly bootstrapServers: string;
  readonly port?: number | undefined;
  readonly heapMb?: number | undefined;
  /** For benches: it takes longer to start, and is quicker then. */
  readonly asInProduction?: true | undefined;
  /** What `${env:NAME}` in a connector's config means. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** More of the worker's properties; wins over what stands below. */
  readonly config?: Readonly<Record<string, string>> | undefined;
}

export interface RealConnect {
  readonly url: string;
  readonly port: number;
  readonly jvm: Jvm;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter';

/** Kafka Connect, one distributed worker with Debezium's PostgreSQL and JDBC connectors. Resolves once it lists connectors. */
export async function startRealConnect(options: RealConnectOptions): Promise<RealConnect> {
  const stack = await downloadRealStack();
  const port = options.port ?? (await getPort({ host: '127.0.0.1' }));
  const config = {
    'bootstrap.servers': options.bootstrapServers,
    'group.id': 'connect',
    listeners: `http://127.0.0.1:${port}`,
    'key.converter': JSON_CONVERTER,
    'value.converter': JSON_CONVERTER,
    'config.storage.topic': 'connect-configs',
    'config.storage.replication.factor': '1',
    'offset.storage.topic': 'connect-offsets',
    'offset.storage.replication.factor': '1',
    'offset.storage.partitions': '1',
    'status.storage.topic': 'connect-status',
    'status.storage.replication.factor': '1',
    'status.storage.partitions': '1',
    'offset.flush.interval.ms': '1000',
    'plugin.path': join(stack, 'plugins'),
    'plugin.discovery': 'service_load',
    'config.providers': 'env,file',
    'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
    'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
    ...options.config,
  };
  const file = join(options.dataDir, 'connect.properties');
  await mkdir(options.dataDir, { recursive: true });
  await writeFile(file, properties(config));
  const jvm = await startJvm({
    name: 'connect',
    dataDir: options.dataDir,
    classpath: join(stack, 'kafka', '*'),
    main: ['org.apache.kafka.connect.cli.ConnectDistributed', file],
    heapMb: options.heapMb ?? 512,
    archive: options.asInProduction ? undefined : join(stack, 'connect.jsa'),
    env: options.env ?? {},
  });
  const url = `http://127.0.0.1:${port}`;
  await untilItAnswers(jvm, 'Connect', async () => {
    const response = await fetch(`${url}/connectors`);
    if (!response.ok) throw new Error(`status ${response.status}`);
  });
  return { url, port, jvm, stop: (signal) => jvm.stop(signal) };
}
