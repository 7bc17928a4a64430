import { connectKafka } from '../../clients/kafka/client.js';
import type { KafkaAccess } from '../../clients/kafka/contract.js';
import type { Login } from '../../http/callers.js';
import type { RunningServer } from '../../support/child.js';
import { systemClock } from '../../support/clock.js';
import { Lifetime } from '../../support/lifetime.js';
import { listen } from '../../support/listen.js';
import { type Log, silentLog } from '../../support/log.js';
import { RestFailure } from './rest/failure.js';
import { restServer } from './rest/http.js';
import { Herder } from './worker/herder.js';
import { Stores } from './worker/stores.js';
import { workerOptions } from './worker/worker-options.js';

export interface ConnectOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Names besides those of loopback that clients call it by. */
  readonly allowedHosts?: readonly string[];
  /** Asked of every client. */
  readonly login?: Login;
  readonly kafka: KafkaAccess;
  /** What `${env:NAME}` in configurations means; nothing else of the process' environment is visible. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folders below which `${file:…}` and `${directory:…}` may read; default none. */
  readonly allowedPaths?: readonly string[];
  /** Never read by them. */
  readonly stateFolder?: string;
  readonly offsetFlushIntervalMs?: number;
  /** WORKER_OPTIONS, and the options of the converters. */
  readonly workerConfig?: Readonly<Record<string, string>>;
  readonly clock?: () => number;
  readonly random?: () => number;
}

/**
 * A Kafka Connect worker: the REST API of Connect 4.1 and the Debezium connector for PostgreSQL. Its state is in
 * Kafka (connect-configs, connect-offsets, connect-status), so it has no folder of its own.
 */
export async function startConnect(options: ConnectOptions, log: Log = silentLog): Promise<RunningServer> {
  const life = new Lifetime();
  const clock = options.clock ?? systemClock.now;
  try {
    const kafka = connectKafka({ ...options.kafka, clientId: 'connect' });
    life.onEnd(() => kafka.close());
    const workerConfig = workerOptions(options.workerConfig, options.env);
    const { clusterId } = await kafka.describeCluster();
    const stores = await Stores.open(kafka, workerConfig, log);
    life.onEnd(() => stores.close());
    const { env = {}, allowedPaths = [], stateFolder } = options;
    const providers = { env, allowedPaths, stateFolder };
    const advertised = workerConfig['rest.advertised.host.name'] ?? '';
    const allowedHosts = [...(options.allowedHosts ?? []), ...(advertised === '' ? [] : [advertised])];
    let herder: Herder | undefined;
    const loggers = new Map([['root', { level: 'INFO', last_modified: null as number | null }]]);
    const { server } = restServer(
      {
        get herder() {
          if (herder === undefined) throw new RestFailure(503, 'Worker is still starting up.');
          return herder;
        },
        stores,
        clusterId,
        loggers,
        clock,
      },
      { log, allowedHosts, login: options.login },
    );
    const port = await listen(server, options);
    const workerId = `${advertised || options.host}:${port}`;
    let onLost: (failure: unknown) => void = () => {};
    const failed = new Promise<unknown>((resolve) => {
      onLost = resolve;
    });
    const starting = new Herder({
      kafka,
      stores,
      log,
      clock,
      random: options.random ?? Math.random,
      workerConfig,
      offsetFlushIntervalMs: options.offsetFlushIntervalMs ?? 1000,
      providers,
      workerId,
      onLost,
    });
    life.onEnd(() => starting.stop());
    life.onEnd(async () => {
      server.close();
      server.closeAllConnections();
    });
    await starting.start();
    herder = starting;
    log.info('listening', { url: `http://${workerId}`, kafka: options.kafka.bootstrapServers });
    return { port, failed, stop: () => life.end() };
  } catch (failure) {
    await life.end();
    throw failure;
  }
}
