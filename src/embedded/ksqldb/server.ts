import { connectKafka } from '../../clients/kafka/client.js';
import type { KafkaAccess } from '../../clients/kafka/contract.js';
import type { Login } from '../../http/callers.js';
import type { HttpAddress } from '../../http/client.js';
import type { RunningServer } from '../../support/child.js';
import { systemClock } from '../../support/clock.js';
import type { Log } from '../../support/log.js';
import { waitUntil } from '../../support/retry.js';
import { CommandLog } from './command-log.js';
import { Engine } from './engine.js';
import { engineGroup } from './engine-group.js';
import { RestServer } from './rest/server.js';
import { PersistentQuery } from './runtime/persistent-query.js';
import { restore } from './statements/execute.js';
import { ConnectWorker } from './upstream/connect.js';
import { HttpRegistry } from './upstream/registry.js';

export interface KsqldbOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Names besides those of loopback that clients call it by. */
  readonly allowedHosts?: readonly string[];
  /** Asked of every client. */
  readonly login?: Login;
  readonly kafka: KafkaAccess;
  readonly schemaRegistry?: HttpAddress;
  readonly connect?: HttpAddress;
  /** Part of the names of the command topic and of the queries' groups. */
  readonly serviceId?: string;
  /** Others may run an engine with this service id on that Kafka: the second one does not start. */
  readonly isShared?: boolean;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly random?: () => number;
}

/** How long Kafka may take to answer at start-up: it may be starting too. */
const KAFKA_WITHIN_MS = 60_000;

/** A ksqlDB server: all its memory is the command topic in Kafka and the topics of its queries. */
export async function startKsqldb(options: KsqldbOptions): Promise<RunningServer> {
  const { log, serviceId = 'default_' } = options;
  const kafka = connectKafka({ ...options.kafka, clientId: 'ksqldb' });
  const commands = new CommandLog(kafka, serviceId, log);
  const engine = new Engine({
    serviceId,
    kafka,
    registry: options.schemaRegistry && new HttpRegistry(options.schemaRegistry),
    connect: options.connect && new ConnectWorker(options.connect),
    commands,
    createQuery: (query) => new PersistentQuery(query),
    world: { now: options.clock ?? systemClock.now, random: options.random ?? Math.random },
    log,
  });
  let clusterId: string | undefined;
  const readClusterId = async (): Promise<string> => {
    clusterId ??= (await kafka.describeCluster()).clusterId;
    return clusterId;
  };
  const rest = new RestServer(engine, {
    clusterId: readClusterId,
    commandTopic: commands.topic,
    allowedHosts: options.allowedHosts,
    login: options.login,
  });
  let onLost: (failure: unknown) => void = () => {};
  const failed = new Promise<unknown>((resolve) => {
    onLost = resolve;
  });
  const address = `${options.host}:${options.port}`;
  const group = options.isShared === true ? engineGroup({ kafka, serviceId, address, log, onLost }) : undefined;
  try {
    await waitUntil('Kafka', readClusterId, { timeoutMs: KAFKA_WITHIN_MS });
    await group?.enter();
    await restore(engine, await commands.open());
    const port = await rest.listen(options.host, options.port);
    log.info('the ksqlDB engine is listening', { host: options.host, port, queries: engine.queries.size });
    return {
      port,
      failed,
      async stop() {
        await rest.close();
        await engine.stop();
        await group?.leave();
        await commands.close();
        await kafka.close();
      },
    };
  } catch (failure) {
    await engine.stop().catch(() => {});
    await group?.leave();
    await kafka.close().catch(() => {});
    throw failure;
  }
}
