import { tmpdir } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { connectKafka } from '../../clients/kafka/client.js';
import type { KafkaAccess, KafkaClient } from '../../clients/kafka/contract.js';
import type { Login } from '../../http/callers.js';
import type { HttpAddress } from '../../http/client.js';
import { StateMemory } from '../../ksql/rows/state-memory.js';
import type { RunningServer } from '../../support/child.js';
import { systemClock } from '../../support/clock.js';
import type { Log } from '../../support/log.js';
import { waitUntil } from '../../support/retry.js';
import { CommandLog } from './command-log.js';
import { Engine } from './engine.js';
import { EngineGroup } from './engine-group.js';
import { Peers } from './peers.js';
import { RestServer } from './rest/server.js';
import { PersistentQuery } from './runtime/persistent-query.js';
import { StateFile } from './runtime/state-file.js';
import { followCommands, restore } from './statements/execute.js';
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
  /** Others may run engines with this service id on that Kafka: they share its queries. */
  readonly isShared?: boolean;
  /** host:port at which the others reach this one; default: where it listens. */
  readonly advertised?: string;
  /** Where state lies that memory has no room for; default: the system's temporary folder. */
  readonly dataDir?: string;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly random?: () => number;
}

/** How long Kafka may take to answer at start-up: it may be starting too. */
const KAFKA_WITHIN_MS = 60_000;

/**
 * So much of the heap's limit is for the states of queries, unless ALTER SYSTEM sets another bound. Most of it are objects, which
 * need as much again while they are collected; tables of keys and what steps know about their entries come on top.
 */
const STATE_SHARE = 0.25;

/** A ksqlDB server: all its memory is the command topic in Kafka and the topics of its queries. */
export async function startKsqldb(options: KsqldbOptions): Promise<RunningServer> {
  const { log, serviceId = 'default_' } = options;
  const kafka = connectKafka({ ...options.kafka, clientId: 'ksqldb' });
  const commands = new CommandLog(kafka, serviceId, log, options.isShared);
  let onLost: (failure: unknown) => void = () => {};
  const failed = new Promise<unknown>((resolve) => {
    onLost = resolve;
  });
  const sharing = options.isShared === true ? share({ ...options, serviceId }, kafka, onLost) : undefined;
  const stateFile = new StateFile(options.dataDir ?? tmpdir());
  const engine = new Engine({
    serviceId,
    kafka,
    registry: options.schemaRegistry && new HttpRegistry(options.schemaRegistry),
    connect: options.connect && new ConnectWorker(options.connect),
    commands,
    ...sharing,
    createQuery: (query) => new PersistentQuery(query),
    memory: new StateMemory(getHeapStatistics().heap_size_limit * STATE_SHARE, stateFile),
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
  const stopping = new AbortController();
  let following: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopping.abort();
    await following;
    await rest.close();
    await engine.stop();
    stateFile.close();
    await sharing?.group.leave();
    sharing?.peers.close();
    await commands.close();
    await kafka.close();
  };
  try {
    await waitUntil('Kafka', readClusterId, { timeoutMs: KAFKA_WITHIN_MS });
    await restore(engine, await commands.open());
    const port = await rest.listen(options.host, options.port);
    if (sharing !== undefined) {
      const logged = commands.follow(engine.sequence, stopping.signal);
      following = followCommands(engine, logged).catch((failure) => {
        if (!engine.terminated) onLost(failure); // else its topic is gone
      });
      await sharing.group.enter(options.advertised ?? `${options.host}:${port}`, engine);
    }
    log.info('the ksqlDB engine is listening', { host: options.host, port, queries: engine.queries.size });
    return { port, failed, stop };
  } catch (failure) {
    await stop().catch(() => {});
    throw failure;
  }
}

/** What an engine needs to share the queries of its service. */
function share(
  { serviceId, log, login }: KsqldbOptions & { readonly serviceId: string },
  kafka: KafkaClient,
  onLost: (failure: unknown) => void,
) {
  const group = new EngineGroup({ kafka, serviceId, log, onLost });
  return { group, peers: new Peers(group, login) };
}
